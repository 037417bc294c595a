"""School days ahead: by the terms of the SIS, and where they do not reach, by the week."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from loaders.errors import SourceDown
from loaders.school_days import terms_between
from resolvers.context import Context

WITHIN = 2
_REACH = timedelta(days=120)
_DAY = timedelta(days=1)
_SATURDAY = 5


class SchoolDayBasis(Enum):
    """By what school days were counted."""

    TERMS = "TERMS"
    WEEKDAYS = "WEEKDAYS"


@dataclass(frozen=True, slots=True)
class ReplyBy:
    """The day by which the desk answers whoever writes today, and by what that was counted."""

    on: date
    basis: SchoolDayBasis


async def reply_by(context: Context) -> ReplyBy:
    """The second school day after today: Mondays to Fridays in a term of any school.

    Where no term reaches so far, or the SIS is away, Mondays to Fridays alone count.
    """
    today = context.today
    try:
        (rows,) = await context.source.fetch([terms_between(today + _DAY, today + _REACH)])
    except SourceDown:
        return ReplyBy(_ahead(today), SchoolDayBasis.WEEKDAYS)
    start, end = rows.columns.index("starts_on"), rows.columns.index("ends_on")
    spans = [(row[start], row[end]) for row in rows.rows]
    found = _nth(today, spans)
    if found is None:
        return ReplyBy(_ahead(today), SchoolDayBasis.WEEKDAYS)
    return ReplyBy(found, SchoolDayBasis.TERMS)


def _nth(today: date, spans: list[tuple[date, date]]) -> date | None:
    days = (today + n * _DAY for n in range(1, _REACH.days + 1))
    counted = [day for day in days if day.weekday() < _SATURDAY and any(a <= day <= b for a, b in spans)]
    return counted[WITHIN - 1] if len(counted) >= WITHIN else None


def _ahead(today: date) -> date:
    found = _nth(today, [(today, today + _REACH)])
    assert found is not None
    return found
