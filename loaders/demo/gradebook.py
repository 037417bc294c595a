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
from loaders.demo.people import Student, Term
from loaders.demo.scale import letter_of
from loaders.demo.store import write

_STUDENTS_AT_ONCE = 500
_SCORE = (
    "student_id assignment_id section_id points percent letter late missing incomplete exempt dropped turned_in "
    "cheated comment scored_at released releases_at"
)
_DROPPED = _SCORE.split().index("dropped")
_GRADE = (
    "id student_id section_id term_id kind task percent letter points points_possible comment missing_count "
    "updated_at posted_at released"
)
_COMMENTS = ("Well done.", "Please see me.", "Good progress.", "Show your work.", "Très bien!", "Revise and resubmit.")


@dataclass(frozen=True)
class Showcase:
    """The demo parent's eldest: the seat whose scores, and the seat whose grade, are awkward on purpose."""

    scores: Seat
    grade: Seat


@dataclass
class _Tally:
    """What counts of one student's quarter in one section."""

    points: list[float] = field(default_factory=lambda: [0.0] * len(CATEGORIES))
    possible: list[float] = field(default_factory=lambda: [0.0] * len(CATEGORIES))
    droppable: list[tuple[float, list[Any]]] = field(default_factory=list)
    missing: int = 0
    scored_at: str = ""

    def percent(self) -> float | None:
        """The weighted mean over the categories that have work; None where nothing counts yet."""
        shares = [
            (category.weight, points / possible)
            for category, points, possible in zip(CATEGORIES, self.points, self.possible, strict=True)
            if possible
        ]
        weight = sum(weight for weight, _ in shares)
        return round(100 * sum(weight * share for weight, share in shares) / weight, 2) if weight else None


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
                    hidden = seat is showcase.grade
                    grades.extend((next(ids), *row) for row in _grades(seat, tallies, year, rng, hidden=hidden))
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
        tally.points[work.category] += points
        if not work.extra_credit:
            tally.possible[work.category] += possible
            if CATEGORIES[work.category].drop_lowest:
                tally.droppable.append((points, row))
    for tally in tallies.values():
        _drop_lowest(tally)
    return tallies


def _drop_lowest(tally: _Tally) -> None:
    """The lowest of two or more quizzes of a quarter does not count; all quizzes have the same points."""
    if len(tally.droppable) < 2:
        return
    points, row = min(tally.droppable, key=lambda found: found[0])
    row[_DROPPED] = 1
    quizzes = next(n for n, category in enumerate(CATEGORIES) if category.drop_lowest)
    tally.points[quizzes] -= points
    tally.possible[quizzes] -= CATEGORIES[quizzes].points


def _grades(
    seat: Seat, tallies: dict[int, _Tally], year: SchoolYear, rng: Random, *, hidden: bool
) -> Iterator[tuple[Any, ...]]:
    """The grades of one seat; `hidden` keeps back the latest quarter that is posted, or else the one in progress."""
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
        percent = tally.percent()
        numbers = (percent, None if percent is None else letter_of(percent), sum(tally.points), sum(tally.possible))
        comment = rng.choice(_COMMENTS) if rng.random() < 0.05 else None
        released = int(quarter is not kept_back)
        if quarter.ends_on < today:
            if percent is not None:
                posted.setdefault(quarter.parent_id, []).append(percent)
                at = _posted_at(quarter, year)
                yield (*_place(seat, quarter, GradeKind.POSTED, "Quarter Grade"), *numbers, comment, tally.missing,
                       at, at, released)  # fmt: skip
        else:
            yield (*_place(seat, quarter, GradeKind.IN_PROGRESS, "Progress"), *numbers, comment, tally.missing,
                   tally.scored_at or None, None, released)  # fmt: skip
    for semester in section.school.semesters:
        percents = posted.get(semester.id)
        if percents and semester.ends_on < today:
            percent = round(sum(percents) / len(percents), 2)
            at = _posted_at(semester, year)
            yield (*_place(seat, semester, GradeKind.POSTED, "Semester Grade"), percent, letter_of(percent), None, None,
                   None, None, at, at, 1)  # fmt: skip


def _place(seat: Seat, term: Term, kind: GradeKind, task: str) -> tuple[Any, ...]:
    return seat.student.id, seat.section.id, term.id, kind.value, task


def _posted_at(term: Term, year: SchoolYear) -> str:
    return instant(min(term.ends_on + timedelta(days=5), year.today), 7)
