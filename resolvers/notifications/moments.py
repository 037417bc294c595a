"""Moments: when what has settled is told, by digests, quiet hours and school hours, where the family lives.

Nothing is read here. Times of day are wall-clock times: on the days on which clocks are set, an hour that is skipped
begins where it would have, and one that comes twice begins with the first.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from loaders.portal.notification_rules import StoredHabits
from resolvers.notifications.rules import NotificationMode
from resolvers.of_age import zone_of

#: However often a thing goes on changing, it is told after so many settle windows.
LONGEST_WINDOWS = 6

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Habits:
    """When somebody is told, whatever the rule; `quiet` is from when until when nothing is told, over midnight or not.

    `digest_weekday` counts from Monday, 1, to Sunday, 7. Without a `time_zone` it is that of the student's school.
    With `shows_detail` what is told names the grade itself, and not only that there is one.
    """

    quiet: tuple[time, time] | None = (time(21), time(7))
    time_zone: str | None = None
    holds_in_school: bool = True
    shows_detail: bool = False
    digest_time: time = time(17)
    digest_weekday: int = 5


#: What holds for who has set nothing.
USUAL = Habits()


def habits_of(stored: StoredHabits | None) -> Habits:
    """The habits as they were kept; the usual ones where none were."""
    if stored is None:
        return USUAL
    quiet = None
    if stored.quiet_from is not None and stored.quiet_until is not None:
        quiet = time.fromisoformat(stored.quiet_from), time.fromisoformat(stored.quiet_until)
    return Habits(
        quiet,
        stored.time_zone,
        stored.holds_in_school,
        stored.shows_detail,
        time.fromisoformat(stored.digest_time),
        stored.digest_weekday,
    )


def kept_habits(habits: Habits) -> StoredHabits:
    """Habits as they are kept."""
    quiet_from, quiet_until = habits.quiet or (None, None)
    return StoredHabits(
        None if quiet_from is None else f"{quiet_from:%H:%M}",
        None if quiet_until is None else f"{quiet_until:%H:%M}",
        habits.time_zone,
        habits.holds_in_school,
        habits.shows_detail,
        f"{habits.digest_time:%H:%M}",
        habits.digest_weekday,
    )


def settled_at(first_at: datetime, last_at: datetime, window: timedelta) -> datetime:
    """When a thing that first and last changed then is taken for settled: a window after the last change.

    What never rests is taken for settled after six windows.
    """
    return min(last_at + window, first_at + LONGEST_WINDOWS * window)


def wanted_at(settled: datetime, mode: NotificationMode, habits: Habits, zone: tzinfo) -> datetime:
    """When what settled then is wanted: at once, or with the next digest."""
    match mode:
        case NotificationMode.DAILY:
            return _next(settled, habits.digest_time, zone, None)
        case NotificationMode.WEEKLY:
            return _next(settled, habits.digest_time, zone, habits.digest_weekday)
        case _:
            return settled


def after_quiet(at: datetime, habits: Habits, zone: tzinfo) -> datetime:
    """That instant, or, in a quiet hour, the instant at which the quiet ends."""
    if habits.quiet is None:
        return at
    begin, end = habits.quiet
    local = at.astimezone(zone)
    if not _within(local.time().replace(fold=0), begin, end):
        return at
    day = local.date()
    if begin > end and local.time().replace(fold=0) >= begin:
        day += _DAY
    over = instant_of(day, end, zone)
    # The clock was set back: that time of day comes once more.
    return over if over > at else instant_of(day, end, zone, fold=1)


def instant_of(day: date, clock: time, zone: tzinfo, *, fold: int = 0) -> datetime:
    """The instant of a time of day; where clocks skip it, the instant at which they do as much later."""
    return datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC)


def family_zone(habits: Habits, school_zone: tzinfo) -> tzinfo:
    """The zone in which the family lives: as it says, else the school's."""
    return zone_of(habits.time_zone, school_zone)


def _next(after: datetime, clock: time, zone: tzinfo, weekday: int | None) -> datetime:
    """The first such time of day at or after the instant, on that weekday if one is named."""
    day = after.astimezone(zone).date()
    while True:
        found = instant_of(day, clock, zone)
        if found >= after and weekday in (None, day.isoweekday()):
            return found
        day += _DAY


def _within(clock: time, begin: time, end: time) -> bool:
    if begin <= end:
        return begin <= clock < end
    return clock >= begin or clock < end
