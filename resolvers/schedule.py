"""Schedules of students: a day, today where none is named, or the grid of a term; and what is to be said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta, tzinfo

from loaders import people, schedule, schools
from loaders.contract import GradeLevel
from loaders.rows import Rows
from loaders.statement import Key, Statement
from resolvers.access import Scope, scope_of
from resolvers.arguments import term_key
from resolvers.context import Batch, Context
from resolvers.errors import BadUserInput
from resolvers.of_age import midnight, zone_of
from resolvers.portal.wording import language_of
from resolvers.timetable import Calendar, CalendarDay, Day, Pattern, grid, timetable_of_day, weekday_calendar

_DAY = timedelta(days=1)
_K5 = frozenset({GradeLevel.KG, GradeLevel.G01, GradeLevel.G02, GradeLevel.G03, GradeLevel.G04, GradeLevel.G05})
K5_SCHEDULE_NOT_ACCURATE = "K5_SCHEDULE_NOT_ACCURATE"
_K5_TEXTS = {
    "en": "Schedules for grades K-5 are not an accurate reflection of a student's day. "
    "Specific subject courses have been added for grading purposes.",
    "es": "Los horarios de los grados K-5 no reflejan con exactitud el día del estudiante. "
    "Se han añadido cursos de materias específicas para poder calificarlas.",
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A student's schedule."""

    student_key: Key
    days: list[Day]


@dataclass(frozen=True, slots=True)
class Notice:
    """What must be read before a schedule is believed."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """A school's time zone and the days of its calendar; None where its source has no calendars."""

    zone: tzinfo
    calendar: Calendar | None


async def schedules_of_students(
    keys: Sequence[Key], batch: Batch, on: date | None = None, term_id: str | None = None
) -> list[Schedule] | None:
    """The schedule of each student: of that day, or the grid of that term, or of today where the school is.

    BadUserInput where both are named.
    """
    context = batch.context
    if not provided(context):
        return None
    if on is not None and term_id is not None:
        raise BadUserInput("`date` and `termId` are both given: a day or the grid of a term, one of the two.")
    scope = await scope_of(context)
    term = term_key(context, term_id)
    if term is not None:
        return await _grids(context, scope, keys, term)
    # Today at a school is the district's, or a day beside it.
    first, last = (on, on) if on is not None else (context.today - _DAY, context.today + _DAY)
    patterns, days = await read_schedules(context, scope, keys, first, last)
    made = []
    for key in keys:
        attended = schools_of(scope, key)
        day = on if on is not None else _today(context, attended, days)
        calendars = {school: _calendar(days[school], day, day) for school in days}
        made.append(Schedule(key, [timetable_of_day(day, patterns.get(key, []), attended, calendars)]))
    return made


async def notices(keys: Sequence[Key], batch: Batch) -> list[Notice | None]:
    """What is to be said before the schedule of each student: for kindergarten to grade five, that it is not the day.

    In the language that the viewer prefers, if it is one of ours.
    """
    context = batch.context
    scope = await scope_of(context)
    young = [level in _K5 for level in scope.grade_levels(keys)]
    if not any(young):
        return [None for _ in keys]
    notice = Notice(K5_SCHEDULE_NOT_ACCURATE, _K5_TEXTS[await _language(context)])
    return [notice if each else None for each in young]


def provided(context: Context) -> bool:
    """Whether the source says when sections meet."""
    return context.source.adapter.has("meeting", "section", "enrollment")


def schools_of(scope: Scope, student: Key) -> list[Key]:
    """The schools of a student, the one that a family would name first at the head."""
    return list(dict.fromkeys([enrolled.school_key for enrolled in scope.enrolled.get(student, ())]))


async def read_schedules(
    context: Context, scope: Scope, students: Sequence[Key], first: date, last: date
) -> tuple[dict[Key, list[Pattern]], dict[Key, SchoolDays]]:
    """What the students' schedules from the first to the last day are made of, read in one trip."""
    attended = list(dict.fromkeys([school for student in students for school in schools_of(scope, student)]))
    asked = [schedule.meetings_of_students(students, first, last), _days(context, attended, first, last)]
    meetings, days = await context.source.fetch(asked, mark=context.mark)
    return _patterns(meetings), _school_days(context, days)


async def _grids(context: Context, scope: Scope, keys: Sequence[Key], term: Key) -> list[Schedule]:
    (rows,) = await context.source.fetch([schools.terms([term])], [["starts_on", "ends_on", "school_key"]])
    if not rows.rows:
        raise BadUserInput("`termId` is the id of no term: name one of the student's `terms`.")
    ((first, last, school),) = rows.layout.several(("starts_on", "ends_on", "school_key"), rows.raw)
    patterns, days = await read_schedules(context, scope, keys, first, last)
    made = []
    for key in keys:
        attended = schools_of(scope, key)
        if school not in attended:
            made.append(Schedule(key, []))
            continue
        today = _today(context, attended, days)
        calendars = {each: _calendar(days[each], first, last) for each in days}
        own = [pattern for pattern in patterns.get(key, []) if pattern.holds_within(first, last)]
        made.append(Schedule(key, grid(today, own, attended, calendars)))
    return made


def _days(context: Context, attended: Sequence[Key], first: date, last: date) -> Statement:
    adapter = context.source.adapter
    if not adapter.has("calendar_day"):
        return schedule.zones_of_schools(attended)
    if not adapter.has("bell_schedule", "bell_period"):
        return schedule.plain_days_of_schools(attended, first, last)
    return schedule.days_of_schools(attended, first, last)


def _today(context: Context, attended: Sequence[Key], days: dict[Key, SchoolDays]) -> date:
    """Today's date at the first of these schools; the answer holds until it ends there."""
    known = [days[school].zone for school in attended if school in days]
    zone = known[0] if known else context.source.adapter.time_zone
    today = context.source.now().astimezone(zone).date()
    context.holds_until(midnight(today + _DAY, zone))
    return today


def _calendar(days: SchoolDays, first: date, last: date) -> Calendar:
    if days.calendar is not None:
        return days.calendar
    return weekday_calendar(first + n * _DAY for n in range((last - first).days + 1))


_PATTERN = (
    "course_key", "section_key", "school_key", "meeting_key", "title", "period_key", "period", "room", "weekdays",
    "day_names", "starts_at", "ends_at", "enrolled_on", "dropped_on", "term_starts_on", "term_ends_on",
)  # fmt: skip
_AT_WEEKDAYS, _AT_NAMES = _PATTERN.index("weekdays"), _PATTERN.index("day_names")


def _patterns(rows: Rows) -> dict[Key, list[Pattern]]:
    """The patterns of each student."""
    found: dict[Key, list[Pattern]] = {}
    for key, row in zip(rows.keys, rows.layout.several(_PATTERN, rows.raw), strict=True):
        parts = list(row)
        parts[_AT_WEEKDAYS] = frozenset(int(digit) for digit in row[_AT_WEEKDAYS] or "" if digit.isdecimal())
        parts[_AT_NAMES] = frozenset(name for name in (row[_AT_NAMES] or "").split(";") if name)
        found.setdefault(key, []).append(Pattern(*parts))
    return found


def _school_days(context: Context, rows: Rows) -> dict[Key, SchoolDays]:
    """Each school's zone and days; several rows for one day are the periods of its bell schedule."""
    found: dict[Key, SchoolDays] = {}
    hours: dict[tuple[Key, date], dict[Key, tuple[time, time]]] = {}
    for row in (dict(zip(rows.columns, each, strict=True)) for each in rows.rows):
        school, day = row["school_key"], row.get("on_date")
        known = found.get(school)
        if known is None:
            calendar: dict[date, CalendarDay] | None = {} if "on_date" in row else None
            known = found[school] = SchoolDays(zone_of(row["time_zone"], context.source.adapter.time_zone), calendar)
        if day is None or known.calendar is None:
            continue
        of_day = hours.setdefault((school, day), {})
        if row.get("period_key") is not None:
            of_day[row["period_key"]] = (row["starts_at"], row["ends_at"])
        known.calendar[day] = CalendarDay(  # type: ignore[index]
            day, row["is_school_day"], row["note"], row["day_name"], row.get("bell_schedule"), of_day
        )
    return found


async def _language(context: Context) -> str:
    viewer = context.viewer
    if viewer is None or viewer.guardian_key is None:
        return language_of(None)
    statement, columns = people.guardians([viewer.guardian_key]), ["preferred_language"]
    rows = context.known.answer(context.source.relations, statement, columns)
    if rows is None:
        (rows,) = await context.source.fetch([statement], [columns])
    return language_of(next(iter(rows.layout.values("preferred_language", rows.raw)), None))
