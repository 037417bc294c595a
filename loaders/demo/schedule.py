"""When the made district's schools are open and their sections meet.

High schools turn between A and B days, on which the periods come in another order; all other schools go by weekdays.
Above grade five Wednesdays start late. One day lately snow kept everybody at home.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from loaders.demo.calendar import DAY, SchoolYear
from loaders.demo.courses import Courses, Section
from loaders.demo.people import People, School
from loaders.demo.store import write

_SATURDAY, _WEDNESDAY = 5, 2
A_DAY, B_DAY = "A Day", "B Day"

#: The hours of the six periods and the one after them, in the order in which they come.
_USUAL = (
    ("08:00", "08:50"), ("08:55", "09:45"), ("09:50", "10:40"), ("10:45", "11:35"), ("12:10", "13:00"),
    ("13:05", "13:55"), ("14:05", "14:50"),
)  # fmt: skip
_LATE = (
    ("10:00", "10:35"), ("10:40", "11:15"), ("11:20", "11:55"), ("12:30", "13:05"), ("13:10", "13:45"),
    ("13:50", "14:25"),
)  # fmt: skip
_PERIODS_OF = {A_DAY: (1, 2, 3, 4, 5, 6, 7), B_DAY: (4, 5, 6, 1, 2, 3, 7)}
_AFTER_HOURS = 7

_ELEMENTARY = {
    "Reading": ("12345", "08:30", "09:30"),
    "Writing": ("12345", "09:35", "10:15"),
    "Mathematics": ("12345", "10:30", "11:30"),
    "Science": ("135", "12:15", "13:00"),
    "Social Studies": ("24", "12:15", "13:00"),
    "Art and Music": ("24", "13:10", "14:10"),
}

_SINGERS = 12
_JOINED_DAYS_AGO = 5


@dataclass(frozen=True, slots=True)
class _Meeting:
    section_id: int
    period: int | None
    weekdays: str | None
    day_name: str | None
    hours: tuple[str, str]
    room: str | None = None


def write_schedule(
    connection: sqlite3.Connection,
    schools: list[School],
    people: People,
    courses: Courses,
    year: SchoolYear,
    rng: Random,
) -> None:
    """Write the calendars, the meetings, and a choir in each school above grade five that some joined lately.

    The demo parent's eldest is among them. What was recorded for the day of the snow goes.
    """
    _write_calendars(connection, schools, year)
    meetings = [meeting for section in courses.sections for meeting in _meetings(section)]
    meetings += _write_choirs(connection, schools, people, courses, year, rng)
    write(
        connection,
        "meeting",
        "id section_id period_id period weekdays day_names starts_at ends_at room",
        (
            (n, m.section_id, m.period, m.period and f"Period {m.period}", m.weekdays, m.day_name, *m.hours, m.room)
            for n, m in enumerate(meetings, 1)
        ),
    )
    if year.snow_day is not None:
        for relation in ("attendance", "attendance_day"):
            connection.execute(f"delete from {relation} where on_date = ?", (str(year.snow_day),))


def _rotates(school: School) -> bool:
    return school.grades.stop > 9


def _write_calendars(connection: sqlite3.Connection, schools: list[School], year: SchoolYear) -> None:
    bells: dict[tuple[int, str], int] = {}
    for school in schools:
        if not school.elementary:
            for name in (A_DAY, B_DAY) if _rotates(school) else (A_DAY,):
                bells[school.id, name] = len(bells) + 1
    write(
        connection,
        "bell_schedule",
        "id school_id name",
        ((bell, school, "Late start") for (school, _), bell in bells.items()),
    )
    write(
        connection,
        "bell_period",
        "bell_schedule_id period_id starts_at ends_at",
        (
            (bell, period, *hours)
            for (_, name), bell in bells.items()
            for period, hours in zip(_PERIODS_OF[name], _LATE, strict=False)
        ),
    )
    write(
        connection,
        "calendar_day",
        "school_id on_date is_school_day note day_name bell_schedule_id",
        (row for school in schools for row in _days(school, year, bells)),
    )


def _days(school: School, year: SchoolYear, bells: dict[tuple[int, str], int]) -> Iterator[tuple[Any, ...]]:
    """Mondays to Fridays; a day without school does not count in the rotation."""
    opened = 0
    for n in range((year.ends_on - year.starts_on).days + 1):
        day = year.starts_on + n * DAY
        if day.weekday() >= _SATURDAY:
            continue
        note = "Snow day" if day == year.snow_day else year.holidays.get(day)
        if note is not None:
            yield school.id, str(day), 0, note, None, None
            continue
        opened += 1
        name = (B_DAY if opened % 2 == 0 else A_DAY) if _rotates(school) else None
        late = bells.get((school.id, name or A_DAY)) if day.weekday() == _WEDNESDAY else None
        yield school.id, str(day), 1, None, name, late


def _meetings(section: Section) -> Iterator[_Meeting]:
    """The pattern of a section; science is in the laboratory on B days."""
    if not section.period:
        weekdays, *hours = _ELEMENTARY[section.title]
        yield _Meeting(section.id, None, weekdays, None, (hours[0], hours[1]))
    elif not _rotates(section.school):
        yield _Meeting(section.id, section.period, "12345", None, _USUAL[section.period - 1])
    else:
        for name in (A_DAY, B_DAY):
            hours_of_day = _USUAL[_PERIODS_OF[name].index(section.period)]
            room = f"Lab {section.teacher_id % 3 + 1}" if name == B_DAY and section.title == "Science" else None
            yield _Meeting(section.id, section.period, None, name, hours_of_day, room)


def _write_choirs(
    connection: sqlite3.Connection,
    schools: list[School],
    people: People,
    courses: Courses,
    year: SchoolYear,
    rng: Random,
) -> list[_Meeting]:
    """A choir after hours on the first day of the rotation, or on Tuesdays and Thursdays."""
    parent = people.cases["parent"].student_id
    meetings: list[_Meeting] = []
    # On the first day nobody can have joined late: whoever will joins on the second.
    joined_on = max(year.until_today()[-_JOINED_DAYS_AGO:][0], year.days[1])
    twins = Counter((student.family, student.grade) for student in people.students)
    for school in schools:
        if school.elementary:
            continue
        number = len(courses.sections) + len(meetings) + 1
        teacher = next(s.teacher_id for s in courses.sections if s.school is school and s.subject == "Arts")
        write(
            connection,
            "section",
            "id school_id term_id title course_number section_code subject room period",
            [
                (
                    number,
                    school.id,
                    school.year.id,
                    "Choir",
                    "MUS00",
                    "1",
                    "Arts",
                    "Auditorium",
                    f"Period {_AFTER_HOURS}",
                )
            ],
        )
        write(connection, "section_teacher", "section_id staff_id is_primary", [(number, teacher, 1)])
        own = [s for s in people.students if s.school is school and twins[s.family, s.grade] == 1]
        singers = {s.id for s in rng.sample(own, min(_SINGERS, len(own)))} | {s.id for s in own if s.id == parent}
        write(
            connection,
            "enrollment",
            "student_id section_id term_id starts_on ends_on",
            ((student, number, school.year.id, str(joined_on), None) for student in sorted(singers)),
        )
        weekdays, day_name = (None, A_DAY) if _rotates(school) else ("24", None)
        meetings.append(_Meeting(number, _AFTER_HOURS, weekdays, day_name, _USUAL[-1]))
    return meetings
