"""Credits, grade point averages and rank: what a transcript's courses add up to, always in exact decimals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from loaders.contract import GradeLevel, TermKind

#: A rank among fewer students than these would tell on the others.
LEAST_CLASS = 10
PLACES = Decimal("0.001")

_FINEST_FIRST = (
    TermKind.PROGRESS,
    TermKind.QUARTER,
    TermKind.TRIMESTER,
    TermKind.SEMESTER,
    TermKind.TERM,
    TermKind.YEAR,
)


class GpaKind(Enum):
    """Whether courses of a higher level weigh more."""

    UNWEIGHTED = "UNWEIGHTED"
    WEIGHTED = "WEIGHTED"


class GpaBasis(Enum):
    """Whose arithmetic an average is."""

    SOURCE = "SOURCE"
    COMPUTED = "COMPUTED"


@dataclass(frozen=True, slots=True)
class Entry:
    """A course of one term, as the transcript has it."""

    school_year: int
    grade_level: GradeLevel | None
    school_name: str | None
    term_name: str | None
    term_kind: TermKind | None
    title: str
    code: str | None
    credit_area: str | None
    letter: str | None
    percent: Decimal | None
    credit_attempted: Decimal | None
    credit_earned: Decimal | None
    gpa_points: Decimal | None
    gpa_scale: Decimal | None
    weighted_gpa_points: Decimal | None
    weighted_gpa_scale: Decimal | None
    weighted_by: str | None
    transfer: bool
    repeat_code: str | None
    left_out_of_gpa: bool
    in_progress: bool


@dataclass(frozen=True, slots=True)
class Record:
    """The last averages and rank of a student that the source has worked out."""

    as_of: date
    gpa: Decimal | None
    gpa_scale: Decimal | None
    weighted_gpa: Decimal | None
    weighted_gpa_scale: Decimal | None
    class_rank: int | None
    class_size: int | None
    rank_shown: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """What graduation asks in one area of credit, and what the source counts towards it."""

    area: str
    required: Decimal | None
    earned: Decimal | None
    in_progress: Decimal | None


@dataclass(frozen=True, slots=True)
class Gpa:
    """A grade point average, to three places, on its own scale."""

    kind: GpaKind
    value: Decimal
    scale: Decimal
    basis: GpaBasis
    as_of: date | None


@dataclass(frozen=True, slots=True)
class CreditArea:
    """Credits in one area; `name` is None for courses of which the source names none."""

    name: str | None
    required: Decimal | None
    earned: Decimal
    in_progress: Decimal


@dataclass(frozen=True, slots=True)
class ClassRank:
    """The place among those of the class who have an average; equal averages share one."""

    value: int
    of: int
    as_of: date


def counted_once(entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose credits add up: of a course with grades for quarters and semesters alike the quarters'.

    The finest terms, because they are posted first. What is in progress stays beside them.
    """
    finest: dict[tuple[object, ...], int] = {}
    for entry in entries:
        if not entry.in_progress:
            course = _course(entry)
            finest[course] = min(finest.get(course, len(_FINEST_FIRST)), _fineness(entry))
    return [entry for entry in entries if entry.in_progress or _fineness(entry) == finest[_course(entry)]]


def gpa_of(kind: GpaKind, record: Record | None, counted: Sequence[Entry]) -> Gpa | None:
    """The source's own average; else computed where every course that counts has points on one and the same scale.

    Σ(points · credit attempted) / Σ(credit attempted), and None where that would leave a course out in silence.
    """
    weighted = kind is GpaKind.WEIGHTED
    if record is not None:
        value, scale = (record.weighted_gpa, record.weighted_gpa_scale) if weighted else (record.gpa, record.gpa_scale)
        if value is not None and scale is not None:
            return Gpa(kind, _rounded(value), scale.normalize(), GpaBasis.SOURCE, record.as_of)
    graded = [each for each in counted if not each.in_progress and not each.left_out_of_gpa and each.credit_attempted]
    scales: set[Decimal] = set()
    points = credit = Decimal(0)
    for each in graded:
        its, scale = (
            (each.weighted_gpa_points, each.weighted_gpa_scale) if weighted else (each.gpa_points, each.gpa_scale)
        )
        if its is None or scale is None or each.credit_attempted is None:
            return None
        scales.add(scale.normalize())
        points += its * each.credit_attempted
        credit += each.credit_attempted
    if len(scales) != 1 or not credit:
        return None
    return Gpa(kind, _rounded(points / credit), scales.pop(), GpaBasis.COMPUTED, None)


def credits_by_area(counted: Sequence[Entry], requirements: Sequence[Requirement]) -> list[CreditArea]:
    """Credits by area: those that graduation asks for, in the school's order, then the others as courses name them."""
    earned: dict[str | None, Decimal] = {}
    going: dict[str | None, Decimal] = {}
    for entry in counted:
        at = going if entry.in_progress else earned
        credit = entry.credit_attempted if entry.in_progress else entry.credit_earned
        at[entry.credit_area] = at.get(entry.credit_area, Decimal(0)) + (credit or 0)
    asked = {requirement.area: requirement for requirement in requirements}
    areas = []
    for name in dict.fromkeys([*asked, *(entry.credit_area for entry in counted)]):
        known = asked.get(name) if name is not None else None
        sums = earned.get(name, Decimal(0)), going.get(name, Decimal(0))
        areas.append(
            CreditArea(
                name,
                None if known is None else known.required,
                sums[0] if known is None or known.earned is None else known.earned,
                sums[1] if known is None or known.in_progress is None else known.in_progress,
            )
        )
    return areas


def rank_of(record: Record | None) -> ClassRank | None:
    """The rank that the school lets families see; None where it does not, or where the class is tiny."""
    if record is None or not record.rank_shown or record.class_rank is None or record.class_size is None:
        return None
    return ClassRank(record.class_rank, record.class_size, record.as_of) if record.class_size >= LEAST_CLASS else None


def _course(entry: Entry) -> tuple[object, ...]:
    return entry.school_year, entry.school_name, entry.code, entry.title


def _fineness(entry: Entry) -> int:
    return len(_FINEST_FIRST) if entry.term_kind is None else _FINEST_FIRST.index(entry.term_kind)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(PLACES, ROUND_HALF_UP)
