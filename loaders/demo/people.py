"""Who is in the made district: the records that its other parts are made around."""

from dataclasses import dataclass, field
from datetime import date

from loaders.contract import GradeLevel, RelationshipKind, TermKind

LEVELS: tuple[GradeLevel, ...] = (
    GradeLevel.KG,
    *(GradeLevel(f"G{grade:02}") for grade in range(1, 13)),
)


@dataclass(frozen=True)
class Term:
    """A year, semester or quarter of one school."""

    id: int
    school_id: int
    name: str
    kind: TermKind
    starts_on: date
    ends_on: date
    parent_id: int | None


@dataclass(frozen=True)
class School:
    """A school, its grades (0 is kindergarten), and its terms."""

    id: int
    name: str
    grades: range
    year: Term
    semesters: tuple[Term, ...]
    quarters: tuple[Term, ...]

    @property
    def elementary(self) -> bool:
        """Whether it is a K-5 school, where a homeroom teacher teaches every subject."""
        return self.grades.stop <= 6


@dataclass(frozen=True)
class Student:
    """A student; `family` says who are siblings, `grade` counts from 0 for kindergarten."""

    id: int
    family: int
    given_name: str
    family_name: str
    preferred_name: str | None
    birth_date: date
    grade: int
    school: School


@dataclass(frozen=True)
class Guardian:
    """A guardian, with or without students."""

    id: int
    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    language: str


@dataclass(frozen=True)
class Link:
    """A guardian's right to one student."""

    guardian: Guardian
    student: Student
    relationship: RelationshipKind
    portal_access: bool
    lives_with: bool
    priority: int
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class Case:
    """An awkward case of the made district, by the people it happens to."""

    name: str
    guardian_id: int | None
    student_id: int | None
    note: str


@dataclass
class People:
    """Everybody: filled by the families, read by all that follows."""

    students: list[Student] = field(default_factory=list)
    guardians: list[Guardian] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    second_schools: dict[int, School] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
