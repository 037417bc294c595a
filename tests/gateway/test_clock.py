"""The clock of the school's day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.clock import clock


def test_a_pretended_day_is_that_day_where_the_school_is_at_every_hour_of_the_year() -> None:
    for zone in (ZoneInfo("America/Chicago"), ZoneInfo("Asia/Tokyo"), ZoneInfo("Pacific/Kiritimati")):
        for hours in range(0, 366 * 24, 7):
            real = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=31)
            there = clock(date(2026, 11, 23), zone, lambda real=real: real)().astimezone(zone)  # type: ignore[misc]
            assert (there.date(), there.minute) == (date(2026, 11, 23), real.astimezone(zone).minute)
    assert clock(None, UTC, lambda: real)() == real
