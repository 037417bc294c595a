"""The gradebook of the made district: scores for work that is due, and the grades that follow from them."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from loaders.contract import GradeKind
from loaders.demo.assignments import CATEGORIES, EXEMPT_AT, EXTRA_CREDIT_AT, MISSING_AT, Work
from loaders.demo.calendar import DAY, SchoolYear, instant
from loaders.demo.courses import Courses, Seat
from loaders.demo.grading import QUARTER_TASK, SEMESTER_TASK, Counted, grade_of, letter_in, rounded
from loaders.demo.people import Student, Term
from loaders.demo.store import write

_STUDENTS_AT_ONCE = 500
_SCORE = (
    "student_id assignment_id section_id points percent letter late missing incomplete exempt dropped turned_in "
    "cheated comment scored_at released releases_at"
)
_DROPPED = _SCORE.split().index("dropped")
_GRADE = (
    "id student_id section_id term_id kind task percent letter points points_possible comment missing_count "
    "ungraded_count credits_attempted credits_earned updated_at posted_at released"
)
#: What the teacher gave by hand, in percent.
RAISED_BY = 2
SEMESTER_CREDIT = 0.5
_FIRST_GRADE_WITH_CREDITS = 9
_COMMENTS = ("Well done.", "Please see me.", "Good progress.", "Show your work.", "Très bien!", "Revise and resubmit.")


@dataclass(frozen=True)
class Showcase:
    """The demo parent's eldest: seats that are awkward on purpose.

    One for its scores, one for a grade that is kept back, and one for a grade that the teacher raised by hand.
    """

    scores: Seat
    grade: Seat
    raised: Seat


@dataclass
class _Tally:
    """What counts of one student's quarter in one section."""

    counted: list[Counted] = field(default_factory=list)
    droppable: list[tuple[float, list[Any], Counted]] = field(default_factory=list)
    missing: int = 0
    ungraded: int = 0
    scored_at: str = ""

    @property
    def points(self) -> float:
        """All points earned."""
        return float(sum(each.points for each in self.counted))

    @property
    def possible(self) -> float:
        """All points possible, extra credit aside."""
        return float(sum(each.possible for each in self.counted if not each.extra))


def write_gradebook(
    connection: sqlite3.Connection,
    students: Sequence[Student],
    courses: Courses,
    works: dict[int, list[Work]],
    year: SchoolYear,
    rng: Random,
    showcase: Showcase,
    progress: Callable[[int, int], None],
) -> None:
    """Write scores and grades, student by student, in the order in which the store keeps them."""
    ids = count(1)
    for start in range(0, len(students), _STUDENTS_AT_ONCE):
        scores: list[list[Any]] = []
        grades: list[tuple[Any, ...]] = []
        for student in students[start : start + _STUDENTS_AT_ONCE]:
            skill = 0.6 + 0.38 * rng.random() ** 0.7
            for seat in courses.seats[student.id]:
                tallies = _scores(seat, works[seat.section.id], year, rng, skill, scores, shown=seat is showcase.scores)
                if seat.ends_on is None:
                    rows = _grades(
                        seat, tallies, year, rng, hidden=seat is showcase.grade, raised=seat is showcase.raised
                    )
                    grades.extend((next(ids), *row) for row in rows)
        write(connection, "score", _SCORE, scores)
        write(connection, "grade", _GRADE, grades)
        progress(min(start + _STUDENTS_AT_ONCE, len(students)), len(students))


def _scores(
    seat: Seat, works: list[Work], year: SchoolYear, rng: Random, skill: float, rows: list[list[Any]], *, shown: bool
) -> dict[int, _Tally]:
    tallies: dict[int, _Tally] = {}
    student_id, section_id, random = seat.student.id, seat.section.id, rng.random
    due = [work for work in works if work.due and (seat.ends_on is None or work.due_on <= seat.ends_on)]
    for n, work in enumerate(due):
        tally = tallies.setdefault(work.quarter, _Tally())
        if not work.visible and not shown:
            continue
        chance = 0.5 if shown else random()
        unreleased = shown and n == len(due) - 1
        exempt = n == EXEMPT_AT if shown else chance < 0.012
        missing = n == MISSING_AT if shown else 0.012 <= chance < 0.04
        cheated = 0.04 <= chance < 0.041
        late = 0.041 <= chance < 0.09
        incomplete = 0.09 <= chance < 0.095
        if work.recent and not shown and chance >= 0.5:
            tally.ungraded += work.due_on < year.today
            if chance >= 0.8:
                rows.append(
                    [student_id, work.id, section_id, None, None, None, 0, 0, 0, 0, 0, 1, 0, None, None, 1, None]
                )
            continue
        possible = work.points
        points: float | None
        if exempt or incomplete:
            points = None
        elif missing or cheated:
            points = 0
        elif shown and n == EXTRA_CREDIT_AT:
            points = possible + 2
        else:
            points = round(2 * possible * min(1.0, max(0.0, skill + 0.3 * (random() - 0.5)))) / 2
        if late and points:
            points = round(1.8 * points) / 2
        if not (shown or points is None) and work.recent and chance > 0.48:
            unreleased = True
        row = [
            student_id, work.id, section_id, points,
            None if points is None else round(100 * points / possible, 2),
            "Ex" if exempt else "Inc" if incomplete else None,
            int(late), int(missing), int(incomplete), int(exempt), 0, int(not (missing or exempt)), int(cheated),
            rng.choice(_COMMENTS) if random() < 0.03 else None,
            work.scored_at, int(not unreleased),
            instant(year.today + 5 * DAY, 8) if unreleased else None,
        ]  # fmt: skip
        rows.append(row)
        if unreleased or not work.visible:
            continue
        tally.missing += missing
        tally.scored_at = max(tally.scored_at, work.scored_at)
        if points is None:
            continue
        category = CATEGORIES[work.category]
        counted = Counted(work.category, category.weight, points, possible, work.extra_credit)
        tally.counted.append(counted)
        if category.drop_lowest and not work.extra_credit:
            tally.droppable.append((points, row, counted))
    for tally in tallies.values():
        _drop_lowest(tally)
    return tallies


def _drop_lowest(tally: _Tally) -> None:
    """The lowest of two or more quizzes of a quarter does not count; all quizzes have the same points."""
    if len(tally.droppable) < 2:
        return
    _, row, counted = min(tally.droppable, key=lambda found: found[0])
    row[_DROPPED] = 1
    tally.counted = [each for each in tally.counted if each is not counted]


def _grades(
    seat: Seat, tallies: dict[int, _Tally], year: SchoolYear, rng: Random, *, hidden: bool, raised: bool
) -> Iterator[tuple[Any, ...]]:
    """The grades of one seat; `hidden` keeps back the latest quarter that is posted, or else the one in progress.

    Of a `raised` one the teacher gave two percent more for the first quarter than the book says.
    """
    section, today = seat.section, year.today
    quarters = [
        (n, quarter)
        for n, quarter in enumerate(section.school.quarters)
        if section.term.starts_on <= quarter.starts_on <= section.term.ends_on and quarter.starts_on <= today
    ]
    ended = [quarter for _, quarter in quarters if quarter.ends_on < today]
    kept_back = ((ended or [quarter for _, quarter in quarters])[-1]) if hidden else None
    posted: dict[int | None, list[float]] = {}
    for n, quarter in quarters:
        tally = tallies.get(n, _Tally())
        percent, letter = grade_of(section, tally.counted)
        if raised and n == 0 and percent is not None:
            percent = rounded(percent + RAISED_BY)
            letter = letter_in(section, percent)
        numbers = (percent, letter, tally.points, tally.possible)
        comment = rng.choice(_COMMENTS) if rng.random() < 0.05 else None
        released = int(quarter is not kept_back)
        if quarter.ends_on < today:
            if letter is not None:
                if percent is not None:
                    posted.setdefault(quarter.parent_id, []).append(percent)
                at = _posted_at(quarter, year)
                yield (*_place(seat, quarter, GradeKind.POSTED, QUARTER_TASK), *numbers, comment, tally.missing,
                       tally.ungraded, None, None, at, at, released)  # fmt: skip
        else:
            yield (*_place(seat, quarter, GradeKind.IN_PROGRESS, "Progress"), *numbers, comment, tally.missing,
                   tally.ungraded, None, None, tally.scored_at or None, None, released)  # fmt: skip
    for semester in section.school.semesters:
        percents = posted.get(semester.id)
        if percents and semester.ends_on < today:
            exact = sum(percents) / len(percents)
            at = _posted_at(semester, year)
            credit = None if section.grade < _FIRST_GRADE_WITH_CREDITS else SEMESTER_CREDIT
            earned = None if credit is None else credit if letter_in(section, exact) != "F" else 0
            yield (*_place(seat, semester, GradeKind.POSTED, SEMESTER_TASK), rounded(exact), letter_in(section, exact),
                   None, None, None, None, None, credit, earned, at, at, 1)  # fmt: skip


def _place(seat: Seat, term: Term, kind: GradeKind, task: str) -> tuple[Any, ...]:
    return seat.student.id, seat.section.id, term.id, kind.value, task


def _posted_at(term: Term, year: SchoolYear) -> str:
    return instant(min(term.ends_on + timedelta(days=5), year.today), 7)
