"""How the made district's teachers grade: each section's method and scale, and what semester grades are made of."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor

from loaders.contract import CalculationMethod, Rounding
from loaders.demo.courses import Courses, Section
from loaders.demo.scale import GRADE_POINTS, SCALE, letter_of
from loaders.demo.store import write

QUARTER_TASK, SEMESTER_TASK = "Quarter Grade", "Semester Grade"


@dataclass(frozen=True, slots=True)
class Counted:
    """A score that counts: its category's number and weight, its points of the possible ones."""

    category: int
    weight: int
    points: float
    possible: int
    extra: bool


_METHODS = {
    "Art and Music": CalculationMethod.STANDARDS,
    "Science": CalculationMethod.TOTAL_POINTS,
    "Health": CalculationMethod.TOTAL_POINTS,
    "History": CalculationMethod.PERCENT_AVERAGE,
    "Studio Art": CalculationMethod.MANUAL,
}
_ROUNDED_TO_WHOLE = "Spanish"
_LEVELS = ((85, "4"), (70, "3"), (55, "2"), (0, "1"))


def method_of(section: Section) -> CalculationMethod:
    """How the section's teacher grades."""
    return _METHODS.get(section.title, CalculationMethod.WEIGHTED_CATEGORIES)


def weighted(section: Section) -> bool:
    """Whether the section's categories have weights."""
    return method_of(section) is CalculationMethod.WEIGHTED_CATEGORIES


def grade_of(section: Section, counted: Sequence[Counted]) -> tuple[float | None, str | None]:
    """Percentage and letter by the section's method; without a percentage where it is graded by standards."""
    method = method_of(section)
    if method is CalculationMethod.PERCENT_AVERAGE:
        exact = _average(counted)
    elif method is CalculationMethod.TOTAL_POINTS:
        exact = _share(counted)
    else:
        exact = _by_weight(counted)
    if exact is None:
        return None, None
    if method is CalculationMethod.STANDARDS:
        return None, next(level for least, level in _LEVELS if exact >= least)
    return rounded(exact), letter_in(section, exact)


def letter_in(section: Section, exact: float) -> str:
    """The section's letter of a percentage, which is not rounded before, but in one subject."""
    return letter_of(rounded(exact, 1.0) if section.title == _ROUNDED_TO_WHOLE else exact + _NOISE)


def rounded(exact: float, scale: float = 100.0) -> float:
    """To hundredths, or to another part of one, halves upwards, whatever a float makes of them."""
    return floor(exact * scale + 0.5 + _NOISE) / scale


#: More than floats err by, and less than any two grades differ by.
_NOISE = 1e-9


def write_grading(connection: sqlite3.Connection, courses: Courses) -> None:
    """Write rules, scales and the parts of semester grades."""
    write(
        connection,
        "grading_rule",
        "section_id method decimals letter_rounding letter_decimals",
        (
            (section.id, method_of(section).value, 2,
             *((Rounding.HALF_UP.value, 0) if section.title == _ROUNDED_TO_WHOLE else (None, None)))
            for section in courses.sections
        ),
    )  # fmt: skip
    write(
        connection,
        "grading_scale",
        "section_id id letter cutoff points position",
        (
            (section.id, n + 1, letter, least, GRADE_POINTS[letter], n + 1)
            for section in courses.sections
            if method_of(section) is not CalculationMethod.STANDARDS
            for n, (least, letter) in enumerate(SCALE)
        ),
    )
    write(
        connection,
        "grade_part",
        "section_id term_id task part_term_id part_task weight",
        (part for section in courses.sections for part in _parts(section)),
    )


def _parts(section: Section) -> Iterator[tuple[object, ...]]:
    """A semester's grade is made of its quarters', half and half."""
    if method_of(section) is CalculationMethod.STANDARDS:
        return
    for semester in section.school.semesters:
        for quarter in section.school.quarters:
            if quarter.parent_id == semester.id:
                yield section.id, semester.id, SEMESTER_TASK, quarter.id, QUARTER_TASK, 50


def _by_weight(counted: Sequence[Counted]) -> float | None:
    points: dict[int, float] = {}
    possible: dict[int, int] = {}
    weights: dict[int, int] = {}
    for each in counted:
        weights[each.category] = each.weight
        points[each.category] = points.get(each.category, 0) + each.points
        if not each.extra:
            possible[each.category] = possible.get(each.category, 0) + each.possible
    weight = sum(weights[n] for n in possible)
    return sum(100 * weights[n] * points[n] / possible[n] for n in possible) / weight if weight else None


def _share(counted: Sequence[Counted]) -> float | None:
    possible = sum(each.possible for each in counted if not each.extra)
    return 100 * sum(each.points for each in counted) / possible if possible else None


def _average(counted: Sequence[Counted]) -> float | None:
    shares = [each.points / each.possible for each in counted if not each.extra]
    return 100 * sum(shares) / len(shares) if shares else None
