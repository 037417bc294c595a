"""Which days are school days: by the calendars of all schools, and by their terms."""

from datetime import date

from loaders.statement import Shape, Statement, Template

_DAY = Shape({"on_date": "calendar_day.on_date", "is_school_day": "calendar_day.is_school_day"})
_TERM = Shape({"starts_on": "term.starts_on", "ends_on": "term.ends_on"})

_DAYS_BETWEEN = Template(
    _DAY,
    "from {school} as school\njoin {calendar_day} as calendar_day on calendar_day.school_id = school.id\n"
    "where calendar_day.on_date >= :from_on and calendar_day.on_date <= :until_on",
    key="on_date",
    distinct=True,
)

_TERMS_BETWEEN = Template(
    _TERM,
    "from {term} as term\nwhere term.starts_on <= :until_on and term.ends_on >= :from_on",
    key="starts_on",
    distinct=True,
)


def days_between(first: date, last: date) -> Statement:
    """The days from the first to the last that stand in any school's calendar, and whether there is school."""
    return _DAYS_BETWEEN(from_on=first, until_on=last)


def terms_between(first: date, last: date) -> Statement:
    """First and last days of the terms of any school that touch the days from the first to the last."""
    return _TERMS_BETWEEN(from_on=first, until_on=last)
