"""Transcripts of the made district's high-school students: earlier years, this one, credits, averages and rank."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from loaders.contract import TermKind
from loaders.demo.calendar import SchoolYear
from loaders.demo.courses import SECONDARY, Courses, Seat
from loaders.demo.people import LEVELS, Student
from loaders.demo.scale import letter_of
from loaders.demo.store import write

#: The first grade whose courses bring credit.
FIRST_GRADE = 9
SCALE, WEIGHTED_SCALE = 4.0, 5.0
HALF = 0.5

_POINTS = {
    "A+": 4.0, "A": 4.0, "A-": 3.7, "B+": 3.3, "B": 3.0, "B-": 2.7, "C+": 2.3, "C": 2.0, "C-": 1.7, "D+": 1.3,
    "D": 1.0, "D-": 0.7, "F": 0.0,
}  # fmt: skip
_WEIGHTS = {"Honors": 0.5, "AP": 1.0}
_REQUIRED = (
    ("Language Arts", 4.0), ("Mathematics", 4.0), ("Science", 3.0), ("Social Studies", 3.0), ("World Languages", 2.0),
    ("Health", 0.5), ("Arts", 1.0),
)  # fmt: skip
_ENTRY = (
    "student_id school_year grade_level school_name term_name term_kind term_ends_on course_code course_title "
    "credit_area letter percent credits_attempted credits_earned gpa_points gpa_scale weighted_gpa_points "
    "weighted_gpa_scale weighted_by transfer repeat_code left_out_of_gpa in_progress released"
)
_POSTED = """
select student_id, section_id, term_id, percent from grade
where task = 'Semester Grade' and kind = 'POSTED' and released = 1 and percent is not null
"""


@dataclass
class _Average:
    """What a student's courses come to so far, and the last day of the last term that counts."""

    points: float = 0.0
    weighted: float = 0.0
    credit: float = 0.0
    as_of: str = ""

    def of(self, points: float) -> float:
        return round(points / self.credit, 2)


@dataclass(frozen=True)
class _Taken:
    """A course in one semester."""

    student: Student
    school_year: int
    grade: int
    semester: int
    ends_on: str
    subject: str
    title: str
    code: str
    weighted_by: str | None


def write_transcripts(
    connection: sqlite3.Connection, students: Sequence[Student], courses: Courses, year: SchoolYear, rng: Random
) -> None:
    """Write transcript entries, academic records and what graduation asks, after the grades of this year."""
    posted = {row[:3]: row[3] for row in connection.execute(_POSTED)}
    averages: dict[int, _Average] = defaultdict(_Average)
    eldest = [student for student in students if student.grade >= FIRST_GRADE]
    rows: list[tuple[Any, ...]] = []
    for student in eldest:
        skill = 68 + 30 * rng.random() ** 0.7
        for grade in range(FIRST_GRADE, student.grade):
            rows += _earlier_year(student, grade, year, skill, rng, averages[student.id])
        for seat in courses.seats[student.id]:
            rows += _this_year(seat, year, posted, averages[student.id])
    write(connection, "transcript_entry", f"id {_ENTRY}", ((n, *row) for n, row in enumerate(rows, 1)))
    _write_records(connection, eldest, averages)
    write(
        connection,
        "credit_requirement",
        "student_id credit_area sequence credits_required",
        ((student.id, area, n, credit) for student in eldest for n, (area, credit) in enumerate(_REQUIRED, 1)),
    )


def _earlier_year(
    student: Student, grade: int, year: SchoolYear, skill: float, rng: Random, average: _Average
) -> Iterator[tuple[Any, ...]]:
    ends_in = year.ends_in - (student.grade - grade)
    for subject, title, semester in SECONDARY:
        weighted_by = None
        if subject in ("Language Arts", "Mathematics", "Science") and rng.random() < 0.3:
            weighted_by = "AP" if grade > FIRST_GRADE and rng.random() < 0.5 else "Honors"
        elsewhere = grade == FIRST_GRADE and subject == "World Languages" and rng.random() < 0.05
        for half in (semester,) if semester else (1, 2):
            taken = _Taken(
                student, ends_in, grade, half, f"{ends_in}-06-05" if half == 2 else f"{ends_in}-01-17", subject,
                f"{title} {grade}", f"{subject[:3].upper()}{grade:02}{semester}", weighted_by,
            )  # fmt: skip
            yield _elsewhere(taken) if elsewhere else _graded(taken, _percent(skill, rng), average)


def _this_year(
    seat: Seat, year: SchoolYear, posted: dict[tuple[int, int, int], float], average: _Average
) -> Iterator[tuple[Any, ...]]:
    student, section = seat.student, seat.section
    if seat.ends_on is not None or section.school is not student.school:
        return
    for n, semester in enumerate(section.school.semesters, 1):
        if not section.term.starts_on <= semester.starts_on <= section.term.ends_on:
            continue
        number = 0 if section.term is section.school.year else n
        taken = _Taken(
            student, year.ends_in, student.grade, n, str(semester.ends_on), section.subject,
            f"{section.title} {section.grade}", f"{section.subject[:3].upper()}{section.grade:02}{number}", None,
        )  # fmt: skip
        percent = posted.get((student.id, section.id, semester.id))
        if percent is not None:
            yield _graded(taken, percent, average)
        elif semester.ends_on >= year.today:
            yield (*_place(taken), None, None, HALF, None, None, None, None, None, None, 0, None, 0, 1, 1)


def _percent(skill: float, rng: Random) -> float:
    return round(min(100.0, max(45.0, rng.gauss(skill, 6))), 1)


def _graded(taken: _Taken, percent: float, average: _Average) -> tuple[Any, ...]:
    letter = letter_of(percent)
    points = _POINTS[letter]
    weighted = points + _WEIGHTS[taken.weighted_by] if taken.weighted_by and points else points
    average.points += HALF * points
    average.weighted += HALF * weighted
    average.credit += HALF
    average.as_of = max(average.as_of, taken.ends_on)
    earned = HALF if points else 0.0
    return (*_place(taken), letter, percent, HALF, earned, points, SCALE, weighted, WEIGHTED_SCALE, taken.weighted_by,
            0, None, 0, 0, 1)  # fmt: skip


def _elsewhere(taken: _Taken) -> tuple[Any, ...]:
    """A course taken at another school: it brings credit, and stands in no average."""
    return (*_place(taken), "P", None, HALF, HALF, None, None, None, None, None, 1, None, 1, 0, 1)


def _place(taken: _Taken) -> tuple[Any, ...]:
    student = taken.student
    return (
        student.id, taken.school_year, LEVELS[taken.grade].value, student.school.name, f"Semester {taken.semester}",
        TermKind.SEMESTER.value, taken.ends_on, taken.code, taken.title, taken.subject,
    )  # fmt: skip


def _write_records(connection: sqlite3.Connection, students: Sequence[Student], averages: dict[int, _Average]) -> None:
    """Averages, and ranks among those of one grade; of the schools the first alone shows them to families."""
    classes: dict[tuple[int, int], list[float]] = defaultdict(list)
    graded = [student for student in students if averages[student.id].credit]
    for student in graded:
        average = averages[student.id]
        classes[student.school.id, student.grade].append(average.of(average.weighted))
    shown = min((student.school.id for student in students), default=0)
    rows = []
    for n, student in enumerate(graded, 1):
        average, peers = averages[student.id], classes[student.school.id, student.grade]
        mine = average.of(average.weighted)
        rank = 1 + sum(other > mine for other in peers)
        rows.append((n, student.id, average.as_of, average.of(average.points), SCALE, mine, WEIGHTED_SCALE, rank,
                     len(peers), int(student.school.id == shown), 1))  # fmt: skip
    write(
        connection,
        "academic_record",
        "id student_id as_of_on gpa gpa_scale weighted_gpa weighted_gpa_scale class_rank class_size rank_shown "
        "released",
        rows,
    )
