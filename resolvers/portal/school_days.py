"""School days ahead: by the schools' calendars, else by their terms, and where those do not reach, by the week."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from loaders.errors import SourceDown
from loaders.school_days import days_between, terms_between
from resolvers.context import Context

WITHIN = 2
_REACH = timedelta(days=120)
_DAY = timedelta(days=1)
_SATURDAY = 5


class SchoolDayBasis(Enum):
    """By what school days were counted."""

    CALENDAR = "CALENDAR"
    TERMS = "TERMS"
    WEEKDAYS = "WEEKDAYS"


@dataclass(frozen=True, slots=True)
class ReplyBy:
    """The day by which the desk answers whoever writes today, and by what that was counted."""

    on: date
    basis: SchoolDayBasis


async def reply_by(context: Context) -> ReplyBy:
    """The second day after today on which any school has school.

    Where the calendars do not reach so far, Mondays to Fridays in a term of any school count; where no term does, or
    the SIS is away, Mondays to Fridays alone.
    """
    return await school_days_ahead(context, WITHIN)


async def school_days_ahead(context: Context, count: int) -> ReplyBy:
    """The day that is so many school days after today, counted as `reply_by` does."""
    today = context.today
    ahead = [today + n * _DAY for n in range(1, _REACH.days + 1)]
    try:
        for basis, days in ((SchoolDayBasis.CALENDAR, _by_calendar), (SchoolDayBasis.TERMS, _by_terms)):
            found = sorted(await days(context, ahead))[:count]
            if len(found) == count:
                return ReplyBy(found[-1], basis)
    except SourceDown:
        pass
    return ReplyBy(_weekdays(ahead)[count - 1], SchoolDayBasis.WEEKDAYS)


async def _by_calendar(context: Context, ahead: list[date]) -> Collection[date]:
    if not context.source.adapter.has("calendar_day"):
        return ()
    (rows,) = await context.source.fetch([days_between(ahead[0], ahead[-1])])
    on, school = rows.columns.index("on_date"), rows.columns.index("is_school_day")
    return {row[on] for row in rows.rows if row[school]}


async def _by_terms(context: Context, ahead: list[date]) -> Collection[date]:
    (rows,) = await context.source.fetch([terms_between(ahead[0], ahead[-1])])
    start, end = rows.columns.index("starts_on"), rows.columns.index("ends_on")
    return [day for day in _weekdays(ahead) if any(row[start] <= day <= row[end] for row in rows.rows)]


def _weekdays(days: list[date]) -> list[date]:
    return [day for day in days if day.weekday() < _SATURDAY]
