"""Makes the demo district: a home store full of invented families, current as of a given day."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from loaders.contract import RELATIONS
from loaders.demo.assignments import plan_assignments, write_assignments
from loaders.demo.attendance import write_attendance
from loaders.demo.calendar import school_year
from loaders.demo.case_families import CASE_STUDENTS, add_case_families
from loaders.demo.cases import find_cases, write_cases
from loaders.demo.census import Census
from loaders.demo.courses import Courses, Seat, plan_courses, write_courses
from loaders.demo.documents import write_documents
from loaders.demo.families import add_families, write_people
from loaders.demo.gradebook import Showcase, write_gradebook
from loaders.demo.grading import write_grading
from loaders.demo.immunizations import write_immunizations
from loaders.demo.messages import write_messages
from loaders.demo.people import Case
from loaders.demo.rights import write_rights
from loaders.demo.schedule import write_schedule
from loaders.demo.schools import plan_schools, write_schools
from loaders.demo.standards import write_standards
from loaders.demo.transcript import write_transcripts
from loaders.home import create_home

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class District:
    """What was made: rows per relation, and by name the awkward cases, which table `demo_case` also holds."""

    path: Path
    today: date
    counts: Mapping[str, int]
    cases: Mapping[str, Case]


def make_district(
    path: str | Path, *, students: int = 500, seed: int = 1, today: date, progress: Progress | None = None
) -> District:
    """Make a district current as of `today` in a home store at `path`, taking the place of what is there.

    The same students, seed and day make the same rows. The store appears whole or not at all; `progress` hears what
    is being made, and how much of how much is done. ValueError where there is no room for the awkward cases.
    """
    if students < CASE_STUDENTS:
        raise ValueError(f"A made district has at least {CASE_STUDENTS} students: its awkward cases.")
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".making", dir=target.parent)
    os.close(handle)
    making = Path(name)
    try:
        with closing(sqlite3.connect(making)) as connection:
            create_home(connection)
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma synchronous = off")
            cases = _fill(connection, students, seed, today, progress or _silent)
            connection.commit()
            counts = {relation: _count(connection, relation) for relation in RELATIONS}
            connection.execute("pragma journal_mode = wal")
        _put(making, target)
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{making}{suffix}").unlink(missing_ok=True)
    return District(target, today, counts, cases)


def _fill(connection: sqlite3.Connection, students: int, seed: int, today: date, progress: Progress) -> dict[str, Case]:
    year = school_year(today)
    schools = plan_schools(students, year)
    census = Census(year, schools, _rng(seed, "people"))
    add_case_families(census)
    add_families(census, students)
    people = census.people
    courses = plan_courses(schools, people, year, _rng(seed, "courses"))
    write_schools(connection, schools, year)
    write_people(connection, people, year)
    write_courses(connection, courses, _rng(seed, "staff"))
    progress("people and courses", students, students)
    eldest = people.students[(people.cases["parent"].student_id or 1) - 1]
    showcase = Showcase(*(_seat(courses, eldest.id, title) for title in ("Mathematics", "English", "Spanish")))
    works = plan_assignments(courses, year, _rng(seed, "assignments"), showcase.scores.section)
    write_assignments(connection, courses, works)
    write_grading(connection, courses)
    write_gradebook(
        connection, people.students, courses, works, year, _rng(seed, "gradebook"), showcase,
        lambda done, total: progress("scores and grades", done, total),
    )  # fmt: skip
    write_transcripts(connection, people.students, courses, year, _rng(seed, "transcript"))
    write_documents(connection, [each for each in people.students if each.family == eldest.family], year)
    write_standards(connection, people.students, courses, year, _rng(seed, "standards"))
    write_attendance(connection, people.students, courses, year, _rng(seed, "attendance"), eldest)
    progress("attendance", students, students)
    write_messages(connection, schools, people, courses, year, _rng(seed, "messages"))
    progress("messages", students, students)
    write_immunizations(connection, people, year, _rng(seed, "immunizations"))
    write_rights(connection, people, year)
    write_schedule(connection, schools, people, courses, year, _rng(seed, "schedule"))
    cases = find_cases(connection, str(today), people.cases)
    write_cases(connection, cases)
    connection.execute("analyze")
    return cases


def _rng(seed: int, part: str) -> Random:
    """A source of chance for one part, so that a change in one part leaves the others as they are."""
    return Random(f"{seed} {part}")


def _seat(courses: Courses, student_id: int, title: str) -> Seat:
    return next(seat for seat in courses.seats[student_id] if seat.section.title == title)


def _count(connection: sqlite3.Connection, relation: str) -> int:
    found = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(found[0])


def _put(making: Path, target: Path) -> None:
    """Rename, after the journal of a store that was there before: it must never be taken for the new one's."""
    making.chmod(0o644)
    for suffix in ("-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    os.replace(making, target)


def _silent(stage: str, done: int, total: int) -> None:
    pass
