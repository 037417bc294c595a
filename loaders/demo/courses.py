"""The courses of the made district: sections, who teaches them and who sits in them."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from random import Random

from loaders.demo.calendar import DAY, SchoolYear
from loaders.demo.names import address, any_origin, given_name
from loaders.demo.people import People, School, Student, Term
from loaders.demo.store import write

SEATS = 26

#: Subject and title; a course of a semester has the number of its semester.
_ELEMENTARY = (
    ("Language Arts", "Reading", 0),
    ("Language Arts", "Writing", 0),
    ("Mathematics", "Mathematics", 0),
    ("Science", "Science", 0),
    ("Social Studies", "Social Studies", 0),
    ("Arts", "Art and Music", 0),
)
SECONDARY = (
    ("Mathematics", "Mathematics", 0),
    ("Language Arts", "English", 0),
    ("Science", "Science", 0),
    ("Social Studies", "History", 0),
    ("World Languages", "Spanish", 0),
    ("Health", "Health", 1),
    ("Arts", "Studio Art", 2),
)
_PERIODS = 6


@dataclass
class Section:
    """A course as it is taught to one group; `period` is 0 where a homeroom teacher has the whole day."""

    id: int
    school: School
    term: Term
    subject: str
    title: str
    grade: int
    code: str
    period: int
    teacher_id: int
    seats: list["Seat"] = field(default_factory=list)


@dataclass(frozen=True)
class Seat:
    """One student's place in a section; `ends_on` where the student left it."""

    student: Student
    section: Section
    starts_on: date
    ends_on: date | None = None


@dataclass
class Courses:
    """All sections, and the seats of each student."""

    sections: list[Section] = field(default_factory=list)
    seats: dict[int, list[Seat]] = field(default_factory=lambda: defaultdict(list))


def plan_courses(schools: list[School], people: People, year: SchoolYear, rng: Random) -> Courses:
    """Six courses a year for every student, siblings of one grade in the same sections; one in a hundred leaves one."""
    courses, teachers = Courses(), _Teachers()
    classes: dict[tuple[int, int], list[Student]] = defaultdict(list)
    for student in people.students:
        classes[student.school.id, student.grade].append(student)
    for school in schools:
        for grade in school.grades:
            students = classes[school.id, grade]
            if school.elementary:
                _homerooms(courses, teachers, school, grade, students, rng)
            else:
                _subjects(courses, teachers, school, grade, students, rng)
    _visits(courses, people)
    _departures(courses, people, year, rng)
    return courses


def write_courses(connection: sqlite3.Connection, courses: Courses, rng: Random) -> None:
    """Write staff, sections, teachers and enrollments."""
    staff = max((section.teacher_id for section in courses.sections), default=0)
    write(connection, "staff", "id given_name family_name email", (_teacher(n + 1, rng) for n in range(staff)))
    write(
        connection,
        "section",
        "id school_id term_id title course_number section_code subject room period",
        (
            (s.id, s.school.id, s.term.id, f"{s.title} {s.grade or 'K'}",
             f"{s.subject[:3].upper()}{s.grade:02}{s.term.name[-1] if s.term is not s.school.year else 0}",
             s.code, s.subject, f"Room {100 + s.teacher_id % 60}", f"Period {s.period}" if s.period else None)
            for s in courses.sections
        ),
    )  # fmt: skip
    write(connection, "section_teacher", "section_id staff_id is_primary", _teachings(courses, staff, rng))
    write(
        connection,
        "enrollment",
        "student_id section_id term_id starts_on ends_on",
        (
            (seat.student.id, seat.section.id, seat.section.term.id, str(seat.starts_on),
             seat.ends_on and str(seat.ends_on))
            for seats in courses.seats.values()
            for seat in seats
        ),
    )  # fmt: skip


class _Teachers:
    """Hands out staff: the same person for the same post."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._posts: dict[tuple[object, ...], int] = {}

    def of(self, *post: object) -> int:
        if post not in self._posts:
            self._posts[post] = next(self._ids)
        return self._posts[post]


def _homerooms(
    courses: Courses, teachers: _Teachers, school: School, grade: int, students: list[Student], rng: Random
) -> None:
    for n, group in enumerate(_groups(students, rng)):
        teacher = teachers.of(school.id, "homeroom", grade, n)
        for subject, title, _ in _ELEMENTARY:
            number, code = len(courses.sections) + 1, f"{grade or 'K'}-{n + 1}"
            _open(courses, Section(number, school, school.year, subject, title, grade, code, 0, teacher), group)


def _subjects(
    courses: Courses, teachers: _Teachers, school: School, grade: int, students: list[Student], rng: Random
) -> None:
    for slot, (subject, title, semester) in enumerate(SECONDARY):
        # The two semester courses share a period; periods turn with the grade, so that no teacher is in two rooms.
        period = (min(slot, _PERIODS - 1) + grade) % _PERIODS + 1
        term = school.semesters[semester - 1] if semester else school.year
        for n, group in enumerate(_groups(students, rng)):
            teacher = teachers.of(school.id, subject, n, grade // _PERIODS)
            number, code = len(courses.sections) + 1, f"{grade}-{n + 1}"
            _open(courses, Section(number, school, term, subject, title, grade, code, period, teacher), group)


def _open(courses: Courses, section: Section, students: list[Student]) -> None:
    courses.sections.append(section)
    for student in students:
        _seat(courses, Seat(student, section, section.term.starts_on))


def _seat(courses: Courses, seat: Seat) -> None:
    seat.section.seats.append(seat)
    courses.seats[seat.student.id].append(seat)


def _groups(students: list[Student], rng: Random) -> list[list[Student]]:
    """The students in groups of about equal size, mixed, siblings together."""
    families: dict[int, list[Student]] = defaultdict(list)
    for student in students:
        families[student.family].append(student)
    mixed = list(families.values())
    rng.shuffle(mixed)
    groups: list[list[Student]] = [[] for _ in range(-(-len(students) // SEATS))]
    for siblings in mixed:
        min(groups, key=len).extend(siblings)
    return groups


def _visits(courses: Courses, people: People) -> None:
    """Who is at a second school takes its mathematics there, with the youngest."""
    for student_id, school in people.second_schools.items():
        student = people.students[student_id - 1]
        section = next(s for s in courses.sections if s.school is school and s.title == "Mathematics")
        _seat(courses, Seat(student, section, school.year.starts_on))


def _departures(courses: Courses, people: People, year: SchoolYear, rng: Random) -> None:
    """A course left: an early change of mind of some, and always of the demo parent's eldest."""
    parent = people.cases["parent"].student_id
    for student in people.students:
        if student.school.elementary or not (student.id == parent or rng.random() < 0.01):
            continue
        taken = {seat.section.id for seat in courses.seats[student.id]}
        other = next(
            (s for s in courses.sections
             if s.school is student.school and s.title == "Spanish" and s.grade != student.grade
             and s.id not in taken),
            None,
        )  # fmt: skip
        if other is not None:
            left_on = min(year.days[15], year.today - DAY)
            _seat(courses, Seat(student, other, min(other.term.starts_on, left_on), left_on))


def _teacher(number: int, rng: Random) -> tuple[int, str, str, str | None]:
    origin = any_origin(rng)
    given, family = given_name(rng, origin), rng.choice(origin.family)
    return number, given, family, None if rng.random() < 0.1 else address(given, family, 9000 + number)


def _teachings(courses: Courses, staff: int, rng: Random) -> list[tuple[int, int, int]]:
    rows = []
    for section in courses.sections:
        rows.append((section.id, section.teacher_id, 1))
        if section.period and rng.random() < 0.05:
            other = rng.randrange(staff) + 1
            if other != section.teacher_id:
                rows.append((section.id, other, 0))
    return rows
