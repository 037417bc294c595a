"""The clock of the school's day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo


def clock(
    today: date | None, zone: tzinfo, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Callable[[], datetime]:
    """What tells the time: the machine, or where `today` is named, one that pretends it is that day in the zone."""
    if today is None:
        return now
    real = now()
    shift = datetime.combine(today, real.astimezone(zone).time(), zone).astimezone(UTC) - real
    return lambda: now() + shift
