"""Which days are in term, by the terms of all schools."""

from datetime import date

from loaders.statement import Shape, Statement, Template

_TERM = Shape({"starts_on": "term.starts_on", "ends_on": "term.ends_on"})

_TERMS_BETWEEN = Template(
    _TERM,
    "from {term} as term\nwhere term.starts_on <= :until_on and term.ends_on >= :from_on",
    key="starts_on",
    distinct=True,
    remembered=True,
)


def terms_between(first: date, last: date) -> Statement:
    """First and last days of the terms of any school that touch the days from the first to the last."""
    return _TERMS_BETWEEN(from_on=first, until_on=last)
