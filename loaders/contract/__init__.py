"""The contract: the relations that the gateway reads, whatever the student information system behind it.

An adapter answers each relation it has with one SELECT whose columns carry these names. Names follow OneRoster
and Ed-Fi where they have one. Booleans travel as the integers 1 and 0, enumerations as the texts below, so
that one SELECT runs on PostgreSQL, MariaDB and SQLite alike.
"""

from loaders.contract import (
    attendance,
    courses,
    documents,
    gradebook,
    grading,
    health,
    messages,
    people,
    schedule,
    schools,
)
from loaders.contract.attendance import AttendanceExcuse, AttendanceStatus
from loaders.contract.documents import DocumentKind
from loaders.contract.gradebook import GradeKind
from loaders.contract.grading import CalculationMethod, Rounding
from loaders.contract.health import EVERY_GROUP, ComplianceStatus, ExemptionKind
from loaders.contract.messages import MessageScope
from loaders.contract.people import Area, GradeLevel, RelationshipKind
from loaders.contract.schools import TermKind
from loaders.contract.writing import Column, Kind, Relation

__all__ = [
    "ESSENTIAL",
    "EVERY_GROUP",
    "RELATIONS",
    "Area",
    "AttendanceExcuse",
    "AttendanceStatus",
    "CalculationMethod",
    "Column",
    "ComplianceStatus",
    "DocumentKind",
    "ExemptionKind",
    "GradeKind",
    "GradeLevel",
    "Kind",
    "MessageScope",
    "Relation",
    "RelationshipKind",
    "Rounding",
    "TermKind",
]

RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for subject in (schools, people, courses, schedule, gradebook, grading, attendance, health, messages, documents)
    for relation in subject.RELATIONS
}

#: Relations without which a source cannot say who may see whom; every other one may be absent and closes its area.
ESSENTIAL: frozenset[str] = frozenset(
    {"school", "term", "student", "school_enrollment", "guardian", "guardian_student"}
)
