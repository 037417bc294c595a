"""Timetables: which meetings a student has on a day, and the grid of a term, out of patterns and calendars.

Nothing is read here. A day belongs to the rotation by its school's calendar; only a source without a calendar has its
days told by the week.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum
from typing import Any, NamedTuple

from loaders.statement import Key

#: For how long a course that began after its term did is told as added.
ADDED_FOR = timedelta(days=14)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SATURDAY = 5


class MeetingStatus(Enum):
    """How a meeting stands in the student's timetable."""

    ACTIVE = "ACTIVE"
    ADDED = "ADDED"
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A section's meeting as one student has it; an empty set of days lets every day through."""

    course_key: tuple[Key, Key]
    section_key: Key
    school_key: Key | None
    meeting_key: Key
    title: str
    period_key: Key | None
    period: str | None
    room: str | None
    weekdays: frozenset[int]
    day_names: frozenset[str]
    starts_at: time | None
    ends_at: time | None
    enrolled_on: date | None
    dropped_on: date | None
    term_starts_on: date | None
    term_ends_on: date | None

    def holds_within(self, first: date, last: date) -> bool:
        """Whether the student is in the section, and the section taught, on any of these days; both are included."""
        begins = max(first, self.enrolled_on or first, self.term_starts_on or first)
        return begins <= min(last, self.dropped_on or last, self.term_ends_on or last)

    def falls_on(self, day: date, day_name: str | None) -> bool:
        """Whether the pattern names that day, by its weekday or its name in the rotation."""
        if self.weekdays and day.isoweekday() not in self.weekdays:
            return False
        return not self.day_names or day_name in self.day_names


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day at a school; `hours` are those of its bell schedule by period, empty on a day of usual hours."""

    on_date: date
    is_school_day: bool
    note: str | None = None
    day_name: str | None = None
    bell_schedule: str | None = None
    hours: Mapping[Key, tuple[time, time]] | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting, on a date or in the grid."""

    course_key: tuple[Key, Key]
    section_key: Key
    meeting_key: Key
    title: str
    period: str | None
    starts_at: time | None
    ends_at: time | None
    room: str | None
    status: MeetingStatus
    added_on: date | None
    dropped_on: date | None


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or a day of the grid, which has no date."""

    on_date: date | None
    day_name: str
    is_school_day: bool
    reason: str | None
    bell_schedule: str | None
    meetings: list[Meeting]


class GridDay(NamedTuple):
    """A column of the grid: a day of the rotation by its name, or a weekday by its number."""

    day_name: str | None
    weekday: int


Calendar = Mapping[date, CalendarDay]


def weekday_calendar(days: Iterable[date]) -> Calendar:
    """The calendar of a school whose source has none: Mondays to Fridays."""
    return {day: CalendarDay(day, day.weekday() < _SATURDAY) for day in days}


def timetable_of_day(
    day: date, patterns: Sequence[Pattern], schools: Sequence[Key], calendars: Mapping[Key, Calendar]
) -> Day:
    """A student's day: its meetings by their start, at each of the schools that has school.

    `schools` are the student's, the one to name first at the head: its calendar names the day and says why there is
    no school. A day that stands in no calendar is no school day.
    """
    days = [found for school in schools if (found := calendars.get(school, {}).get(day)) is not None]
    is_school_day = any(found.is_school_day for found in days)
    meetings = []
    for pattern in patterns:
        school = pattern.school_key if pattern.school_key is not None else (schools[0] if schools else None)
        found = calendars.get(school, {}).get(day) if school is not None else None
        if found is not None and found.is_school_day and _meets(pattern, found):
            meetings.append(_meeting(pattern, day, found.hours))
    open_days = [found for found in days if found.is_school_day]
    return Day(
        day,
        next((found.day_name for found in open_days if found.day_name), WEEKDAYS[day.weekday()]),
        is_school_day,
        None if is_school_day else next((found.note for found in days if found.note), None),
        next((found.bell_schedule for found in open_days if found.bell_schedule), None),
        sorted(meetings, key=_order),
    )


def grid(
    today: date, patterns: Sequence[Pattern], schools: Sequence[Key], calendars: Mapping[Key, Calendar]
) -> list[Day]:
    """A student's grid of the days that the calendars cover: those of the rotation by name, then the weekdays.

    A course that was dropped by `today` stands in it as DROPPED. A meeting of every day stands in each day of its
    school.
    """
    columns: dict[GridDay, list[Meeting]] = {}
    for school in dict.fromkeys([*schools, *(p.school_key for p in patterns if p.school_key is not None)]):
        own = [p for p in patterns if (p.school_key if p.school_key is not None else schools[0]) == school]
        for column in _columns(own, calendars.get(school, {})):
            found = columns.setdefault(column, [])
            found += [_meeting(pattern, today) for pattern in own if _stands_in(pattern, column)]
    return [
        Day(
            None, column.day_name or WEEKDAYS[column.weekday - 1], True, None, None, sorted(columns[column], key=_order)
        )
        for column in sorted(columns, key=lambda c: (c.day_name is None, len(c.day_name or ""), c))
    ]


def status_of(pattern: Pattern, day: date) -> MeetingStatus:
    """How the course stands on that day.

    DROPPED behind the student's last day in it; ADDED where the student joined after the first day of its term, for
    fourteen days from then, and before; else ACTIVE.
    """
    if pattern.dropped_on is not None and pattern.dropped_on < day:
        return MeetingStatus.DROPPED
    return MeetingStatus.ADDED if _added(pattern) and day - _joined(pattern) < ADDED_FOR else MeetingStatus.ACTIVE


def _joined(pattern: Pattern) -> date:
    return pattern.enrolled_on or date.min


def _added(pattern: Pattern) -> bool:
    return pattern.term_starts_on is not None and _joined(pattern) > pattern.term_starts_on


def _meets(pattern: Pattern, day: CalendarDay) -> bool:
    if not (pattern.holds_within(day.on_date, day.on_date) and pattern.falls_on(day.on_date, day.day_name)):
        return False
    return not day.hours or pattern.period_key is None or pattern.period_key in day.hours


def _columns(patterns: Sequence[Pattern], calendar: Calendar) -> list[GridDay]:
    """The days of a school's grid: those that its calendar has, and those that a pattern names."""
    names = {day.day_name for day in calendar.values() if day.is_school_day and day.day_name}
    names.update(name for pattern in patterns for name in pattern.day_names)
    weekdays = {d.on_date.isoweekday() for d in calendar.values() if d.is_school_day and not d.day_name}
    weekdays.update(weekday for pattern in patterns if not pattern.day_names for weekday in pattern.weekdays)
    return [*(GridDay(name, 0) for name in names), *(GridDay(None, weekday) for weekday in weekdays)]


def _stands_in(pattern: Pattern, column: GridDay) -> bool:
    if column.day_name is not None:
        return column.day_name in pattern.day_names if pattern.day_names else not pattern.weekdays
    return not pattern.day_names and (not pattern.weekdays or column.weekday in pattern.weekdays)


def _meeting(pattern: Pattern, day: date, hours: Mapping[Key, tuple[time, time]] | None = None) -> Meeting:
    starts_at, ends_at = pattern.starts_at, pattern.ends_at
    if hours and pattern.period_key is not None:
        starts_at, ends_at = hours[pattern.period_key]
    return Meeting(
        pattern.course_key,
        pattern.section_key,
        pattern.meeting_key,
        pattern.title,
        pattern.period,
        starts_at,
        ends_at,
        pattern.room,
        status_of(pattern, day),
        pattern.enrolled_on if _added(pattern) else None,
        pattern.dropped_on,
    )


def _order(meeting: Meeting) -> tuple[Any, ...]:
    """By the start; what has no time comes last. Shorter names of periods first, so that 10 stands behind 9."""
    start, period = meeting.starts_at, meeting.period or ""
    return (
        start is None,
        start or time.min,
        meeting.ends_at or time.max,
        len(period),
        period,
        meeting.title,
        str(meeting.section_key),
        str(meeting.meeting_key),
    )
