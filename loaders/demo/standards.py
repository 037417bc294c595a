"""Standards of the made district's elementary schools: what is to be learnt, and the level each student has reached."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import count
from random import Random

from loaders.demo.calendar import SchoolYear, instant
from loaders.demo.courses import Courses
from loaders.demo.people import Student
from loaders.demo.store import write

#: Levels from the lowest, with what they mean.
LEVELS = (("1", "Beginning"), ("2", "Approaching"), ("3", "Meets the standard"), ("4", "Exceeds the standard"))

_STANDARDS = (
    ("Reading", "R.1", "Retells a story with its main events in order"),
    ("Reading", "R.2", "Reads aloud with accuracy and expression"),
    ("Writing", "W.1", "Writes complete sentences on one subject"),
    ("Writing", "W.2", "Revises a text after hearing what others say"),
    ("Mathematics", "M.1", "Adds and subtracts fluently"),
    ("Mathematics", "M.2", "Explains how a problem was solved"),
    ("Science", "S.1", "Describes what an experiment shows"),
    ("Social Studies", "H.1", "Tells how people in a community depend on each other"),
    ("Art and Music", "A.1", "Keeps a steady beat and follows a tune"),
    ("Art and Music", "A.2", "Uses color and line to show a feeling"),
)
_COMMENTS = ("Works with care.", "Needs a little help yet.", "Ready for more.")


def write_standards(
    connection: sqlite3.Connection, students: Sequence[Student], courses: Courses, year: SchoolYear, rng: Random
) -> None:
    """Write the standards, and the levels of elementary students for each quarter that has ended or goes on."""
    if not any(student.school.elementary for student in students):
        return
    write(
        connection,
        "standard",
        "id code name subject",
        ((n + 1, code, name, title) for n, (title, code, name) in enumerate(_STANDARDS)),
    )
    write(
        connection,
        "standard_grade",
        "id student_id standard_id section_id term_id level level_name comment updated_at released",
        _levels(students, courses, year, rng),
    )


def _levels(
    students: Sequence[Student], courses: Courses, year: SchoolYear, rng: Random
) -> Iterator[tuple[object, ...]]:
    ids = count(1)
    for student in students:
        if not student.school.elementary:
            continue
        quarters = [quarter for quarter in student.school.quarters if quarter.starts_on <= year.today]
        for seat in courses.seats[student.id]:
            for n, (title, _, _) in enumerate(_STANDARDS):
                if seat.section.title != title or seat.section.school is not student.school:
                    continue
                reached = rng.choices(range(len(LEVELS)), (1, 3, 5, 2))[0]
                for quarter in quarters:
                    level, name = LEVELS[reached]
                    comment = rng.choice(_COMMENTS) if rng.random() < 0.1 else None
                    at = instant(min(quarter.ends_on, year.today), 7)
                    yield next(ids), student.id, n + 1, seat.section.id, quarter.id, level, name, comment, at, 1
                    reached = min(reached + (rng.random() < 0.4), len(LEVELS) - 1)
