"""Coming of age: the instant at which a student turns eighteen, where the school is."""

from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

AGE = 18
#: No zone's day is further than this from another's.
_DAY = timedelta(days=1)


def eighteenth_birthday(born_on: date) -> date:
    """The day on which somebody is eighteen; who was born on the 29th of February is so on the 1st of March."""
    try:
        return born_on.replace(year=born_on.year + AGE)
    except ValueError:
        return date(born_on.year + AGE, 3, 1)


@lru_cache(maxsize=64)
def born_by(today: date) -> date:
    """Who was born later is under age today, wherever it is today."""
    later = today + _DAY
    try:
        return later.replace(year=later.year - AGE)
    except ValueError:
        return date(later.year - AGE, 2, 28)


@lru_cache(maxsize=256)
def zone_of(name: str | None, otherwise: tzinfo) -> tzinfo:
    """The zone of that name; the other where it has none that is known."""
    try:
        return ZoneInfo(name) if name else otherwise
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant at which a day begins there."""
    return datetime.combine(day, time(), zone)
