"""The made district's calendar: its school year, its school days, and local wall time as instants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("America/New_York")
DAY = timedelta(days=1)

_MONDAY, _THURSDAY, _FRIDAY = 0, 3, 4


@dataclass(frozen=True)
class SchoolYear:
    """The school year that holds `today`, or in the summer the one just ended.

    `days` are its school days as they were planned, `holidays` say why there is none on the others.
    """

    today: date
    ends_in: int
    days: tuple[date, ...]
    holidays: Mapping[date, str]

    @property
    def starts_on(self) -> date:
        """The first school day."""
        return self.days[0]

    @property
    def ends_on(self) -> date:
        """The last school day."""
        return self.days[-1]

    @property
    def last_day(self) -> date:
        """The last school day up to today."""
        return self.until_today()[-1]

    @property
    def snow_day(self) -> date | None:
        """A planned school day two weeks ago on which the schools stayed closed; None at the very beginning."""
        past = self.until_today()
        return past[-10] if len(past) > 20 else None

    def until_today(self) -> tuple[date, ...]:
        """The school days from the first to today, today included; never empty."""
        return tuple(day for day in self.days if day <= self.today)


def school_year(today: date) -> SchoolYear:
    """The school year from mid-August to early June that holds `today`; in the summer the one just ended."""
    ends_in = today.year + 1 if today >= _first_day(today.year) else today.year
    first, last = _first_day(ends_in - 1), _at_or_after(date(ends_in, 6, 3), _FRIDAY)
    closed = _holidays(ends_in)
    span = (first + n * DAY for n in range((last - first).days + 1))
    days = tuple(day for day in span if day.weekday() <= _FRIDAY and day not in closed)
    return SchoolYear(today, ends_in, days, closed)


def instant(day: date, hour: int, minute: int = 0) -> str:
    """A day's local wall time as an ISO text in UTC."""
    hours, minutes = divmod(hour * 60 + minute - _offset(day), 60)
    return f"{day + timedelta(days=hours // 24)}T{hours % 24:02}:{minutes:02}:00Z"


def years_before(day: date, years: int) -> date:
    """The same day that many years before; the 29th of February becomes the 28th."""
    return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)


@lru_cache(maxsize=1024)
def _offset(day: date) -> int:
    """Minutes by which local time is ahead of UTC at the day's noon."""
    ahead = datetime.combine(day, time(12), TIME_ZONE).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds()) // 60


def _first_day(year: int) -> date:
    return _at_or_after(date(year, 8, 12), _MONDAY)


def _at_or_after(day: date, weekday: int) -> date:
    return day + (weekday - day.weekday()) % 7 * DAY


def _holidays(ends_in: int) -> dict[date, str]:
    thanksgiving = _at_or_after(date(ends_in - 1, 11, 22), _THURSDAY)
    spring = _at_or_after(date(ends_in, 3, 28), _MONDAY)
    winter = date(ends_in - 1, 12, 23)
    return {
        _at_or_after(date(ends_in - 1, 9, 1), _MONDAY): "Labor Day",
        **{thanksgiving + n * DAY: "Thanksgiving break" for n in (-1, 0, 1)},
        **{winter + n * DAY: "Winter break" for n in range(11)},
        _at_or_after(date(ends_in, 1, 15), _MONDAY): "Martin Luther King Jr. Day",
        **{spring + n * DAY: "Spring break" for n in range(5)},
        _at_or_after(date(ends_in, 5, 25), _MONDAY): "Memorial Day",
    }
