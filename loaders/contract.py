"""The contract: the relations that the gateway reads, whatever the student information system behind it.

An adapter answers each relation it has with one SELECT whose columns carry these names. Names follow OneRoster
and Ed-Fi where they have one. Booleans travel as the integers 1 and 0, enumerations as the texts below, so
that one SELECT runs on PostgreSQL, MariaDB and SQLite alike.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Kind(StrEnum):
    """How a column's value is read; each engine's own representation ends at the row parser."""

    KEY = "key"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    ENUM = "enum"


class TermKind(Enum):
    """OneRoster's session types, and the progress period that RosarioSIS and Ed-Fi have below the quarter."""

    YEAR = "YEAR"
    SEMESTER = "SEMESTER"
    TRIMESTER = "TRIMESTER"
    QUARTER = "QUARTER"
    TERM = "TERM"
    PROGRESS = "PROGRESS"


class GradeLevel(Enum):
    """CEDS entry grade levels, as OneRoster lists them."""

    IT = "IT"
    PR = "PR"
    PK = "PK"
    TK = "TK"
    KG = "KG"
    G01 = "G01"
    G02 = "G02"
    G03 = "G03"
    G04 = "G04"
    G05 = "G05"
    G06 = "G06"
    G07 = "G07"
    G08 = "G08"
    G09 = "G09"
    G10 = "G10"
    G11 = "G11"
    G12 = "G12"
    G13 = "G13"
    PS = "PS"
    UG = "UG"
    OTHER = "OTHER"


class RelationshipKind(Enum):
    """How a guardian is related to a student; OTHER where the source says something else, or nothing."""

    MOTHER = "MOTHER"
    FATHER = "FATHER"
    PARENT = "PARENT"
    STEPPARENT = "STEPPARENT"
    GRANDPARENT = "GRANDPARENT"
    FOSTER_PARENT = "FOSTER_PARENT"
    GUARDIAN = "GUARDIAN"
    RELATIVE = "RELATIVE"
    OTHER = "OTHER"


class GradeKind(Enum):
    """POSTED by the school, or IN_PROGRESS in the teacher's book: side by side, never merged."""

    POSTED = "POSTED"
    IN_PROGRESS = "IN_PROGRESS"


class AttendanceStatus(Enum):
    """The first axis of an attendance event: where the student was."""

    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    TARDY = "TARDY"
    EARLY_RELEASE = "EARLY_RELEASE"


class AttendanceExcuse(Enum):
    """The second axis: whether the school excuses it; UNKNOWN until the office has acted."""

    EXCUSED = "EXCUSED"
    UNEXCUSED = "UNEXCUSED"
    EXEMPT = "EXEMPT"
    UNKNOWN = "UNKNOWN"


class MessageScope(Enum):
    """To whom a message was addressed."""

    DISTRICT = "DISTRICT"
    SCHOOL = "SCHOOL"
    COURSE = "COURSE"
    STUDENT = "STUDENT"
    PERSONAL = "PERSONAL"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a relation.

    `required` columns must be in the SELECT, the others may be missing from it altogether (and read as null).
    A column that is not `nullable` never holds null. `of` names the entity whose key a KEY column holds.
    """

    name: str
    kind: Kind
    required: bool = False
    nullable: bool = True
    of: str | None = None
    values: type[Enum] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation: its columns, the columns that identify a row, and those by which the gateway asks in batches."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    asked_by: tuple[str, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where the relation has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")


def _key(name: str, of: str) -> Column:
    return Column(name, Kind.KEY, required=True, nullable=False, of=of)


def _reference(name: str, of: str, note: str = "") -> Column:
    return Column(name, Kind.KEY, of=of, note=note)


def _must(name: str, kind: Kind, note: str = "") -> Column:
    return Column(name, kind, required=True, nullable=False, note=note)


def _may(name: str, kind: Kind, note: str = "") -> Column:
    return Column(name, kind, note=note)


def _one_of(name: str, values: type[Enum], note: str = "") -> Column:
    return Column(name, Kind.ENUM, required=True, nullable=False, values=values, note=note)


def _flag(name: str, note: str = "") -> Column:
    return Column(name, Kind.BOOLEAN, note=note)


_TEXT, _DATE, _INSTANT = Kind.TEXT, Kind.DATE, Kind.INSTANT
_DECIMAL, _INTEGER, _BOOLEAN = Kind.DECIMAL, Kind.INTEGER, Kind.BOOLEAN

RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation(
            "school",
            (
                _key("id", "school"),
                _must("name", _TEXT),
                _may("phone", _TEXT),
                _may("time_zone", _TEXT, "IANA name"),
            ),
            key=("id",),
            asked_by=("id",),
        ),
        Relation(
            "term",
            (
                _key("id", "term"),
                _key("school_id", "school"),
                _must("name", _TEXT),
                _one_of("kind", TermKind),
                _must("starts_on", _DATE),
                _must("ends_on", _DATE, "the last day, included"),
                _must("school_year", _INTEGER, "the year in which it ends"),
                _reference("parent_id", "term"),
            ),
            key=("id",),
            asked_by=("id", "school_id"),
        ),
        Relation(
            "calendar_day",
            (
                _key("school_id", "school"),
                _must("on_date", _DATE, "a day that is not in it is no school day, as far as the calendar reaches"),
                _must("is_school_day", _BOOLEAN),
                _may("note", _TEXT, "why there is no school"),
            ),
            key=("school_id", "on_date"),
            asked_by=("school_id",),
        ),
        Relation(
            "student",
            (
                _key("id", "student"),
                _may("student_number", _TEXT),
                _must("given_name", _TEXT),
                _must("family_name", _TEXT),
                _may("preferred_name", _TEXT),
                _may("birth_date", _DATE),
            ),
            key=("id",),
            asked_by=("id",),
        ),
        Relation(
            "school_enrollment",
            (
                _key("id", "school_enrollment"),
                _key("student_id", "student"),
                _key("school_id", "school"),
                _must("school_year", _INTEGER, "the year in which it ends"),
                _one_of("grade_level", GradeLevel),
                _may("starts_on", _DATE),
                _may("ends_on", _DATE, "the last day, included"),
                _flag("is_primary", "the school a family would name first; one per student and day"),
            ),
            key=("id",),
            asked_by=("student_id",),
        ),
        Relation(
            "guardian",
            (
                _key("id", "guardian"),
                _must("given_name", _TEXT),
                _must("family_name", _TEXT),
                _may("email", _TEXT),
                _may("phone", _TEXT),
                _may("preferred_language", _TEXT, "BCP 47"),
            ),
            key=("id",),
            asked_by=("id",),
        ),
        Relation(
            "guardian_student",
            (
                _key("guardian_id", "guardian"),
                _key("student_id", "student"),
                _one_of("relationship", RelationshipKind),
                _must(
                    "portal_access",
                    _BOOLEAN,
                    "1 where the school grants this guardian the portal for this student",
                ),
                _flag("legal_guardian"),
                _flag("lives_with"),
                _may("contact_priority", _INTEGER),
                _may("starts_on", _DATE),
                _may("ends_on", _DATE, "the last day, included"),
            ),
            key=("guardian_id", "student_id"),
            asked_by=("guardian_id", "student_id"),
        ),
        Relation(
            "staff",
            (
                _key("id", "staff"),
                _must("given_name", _TEXT),
                _must("family_name", _TEXT),
                _may("email", _TEXT, "an address that families may write to"),
            ),
            key=("id",),
            asked_by=("id",),
        ),
        Relation(
            "section",
            (
                _key("id", "section"),
                _reference("school_id", "school"),
                _reference("term_id", "term", "the term in which it is taught"),
                _must("title", _TEXT),
                _may("course_number", _TEXT),
                _may("section_code", _TEXT),
                _may("subject", _TEXT),
                _may("room", _TEXT),
                _may("period", _TEXT, "the period's name as families know it"),
            ),
            key=("id",),
            asked_by=("id",),
        ),
        Relation(
            "section_teacher",
            (
                _key("section_id", "section"),
                _key("staff_id", "staff"),
                _flag("is_primary"),
            ),
            key=("section_id", "staff_id"),
            asked_by=("section_id",),
        ),
        Relation(
            "enrollment",
            (
                _key("student_id", "student"),
                _key("section_id", "section"),
                _reference("term_id", "term", "the term for which the student is in the section"),
                _may("starts_on", _DATE),
                _may("ends_on", _DATE, "the day the student left the section; null while enrolled"),
            ),
            key=("student_id", "section_id"),
            asked_by=("student_id",),
        ),
        Relation(
            "category",
            (
                _key("id", "category"),
                _key("section_id", "section"),
                _must("name", _TEXT),
                _may("weight", _DECIMAL, "percent of the grade"),
                _may("drop_lowest", _INTEGER),
            ),
            key=("id", "section_id"),
            asked_by=("section_id",),
        ),
        Relation(
            "assignment",
            (
                _key("id", "assignment"),
                _key("section_id", "section"),
                _reference("term_id", "term"),
                _reference("category_id", "category"),
                _must("title", _TEXT),
                _may("description", _TEXT, "HTML or plain text; sanitized before it leaves"),
                _may("assigned_on", _DATE),
                _may("due_on", _DATE),
                _may("due_at", _INSTANT),
                _may("points_possible", _DECIMAL),
                _flag("extra_credit"),
                _must("visible", _BOOLEAN, "1 where families may see it today"),
            ),
            key=("id", "section_id"),
            asked_by=("section_id",),
        ),
        Relation(
            "score",
            (
                _key("student_id", "student"),
                _key("assignment_id", "assignment"),
                _reference("section_id", "section"),
                _may("points", _DECIMAL),
                _may("percent", _DECIMAL),
                _may("letter", _TEXT, "what stands in the book where it is no number"),
                _flag("late"),
                _flag("missing"),
                _flag("incomplete"),
                _flag("exempt"),
                _flag("dropped"),
                _flag("turned_in"),
                _flag("cheated"),
                _may("comment", _TEXT),
                _may("scored_at", _INSTANT),
                _must("released", _BOOLEAN, "1 where families may see the score today"),
                _may("releases_at", _INSTANT, "when it will be released, where that is known"),
            ),
            key=("student_id", "assignment_id"),
            asked_by=("student_id",),
        ),
        Relation(
            "grade",
            (
                _key("id", "grade"),
                _key("student_id", "student"),
                _reference("section_id", "section"),
                _reference("term_id", "term"),
                _one_of("kind", GradeKind),
                _must("task", _TEXT, "Quarter Grade, Semester Grade, Progress"),
                _may("percent", _DECIMAL),
                _may("letter", _TEXT),
                _may("points", _DECIMAL),
                _may("points_possible", _DECIMAL),
                _may("comment", _TEXT),
                _may("missing_count", _INTEGER),
                _may("updated_at", _INSTANT),
                _may("posted_at", _INSTANT),
                _must("released", _BOOLEAN, "1 where families may see it today"),
            ),
            key=("id",),
            asked_by=("student_id",),
        ),
        Relation(
            "attendance",
            (
                _key("student_id", "student"),
                _must("on_date", _DATE),
                _key("period_id", "period"),
                _may("period", _TEXT, "the period's name; null for a mark of the whole day"),
                _reference("section_id", "section"),
                _one_of("status", AttendanceStatus),
                _one_of("excuse", AttendanceExcuse),
                _may("code", _TEXT, "the source's own code"),
                _may("label", _TEXT, "the source's own words for the code"),
                _may("minutes_missed", _INTEGER),
                _may("comment", _TEXT),
                _may("recorded_by", _TEXT, "TEACHER or OFFICE, or the name the source shows to families"),
                _flag("confirmed", "1 once the office has acted"),
                _may("updated_at", _INSTANT),
            ),
            key=("student_id", "on_date", "period_id"),
            asked_by=("student_id",),
        ),
        Relation(
            "attendance_day",
            (
                _key("student_id", "student"),
                _must("on_date", _DATE),
                _must("absent_part", _DECIMAL, "the part of the day missed: 0, 0.5 or 1"),
            ),
            key=("student_id", "on_date"),
            asked_by=("student_id",),
        ),
        Relation(
            "message",
            (
                _key("id", "message"),
                _one_of("scope", MessageScope),
                _must("subject", _TEXT),
                _must("body", _TEXT, "HTML or plain text; sanitized before it leaves"),
                _may("sender_name", _TEXT),
                _may("sender_role", _TEXT),
                _must("sent_at", _INSTANT),
            ),
            key=("id",),
            asked_by=("id",),
        ),
        Relation(
            "message_recipient",
            (
                _key("message_id", "message"),
                _key("guardian_id", "guardian"),
                _reference("student_id", "student", "whom it concerns; one row per student, null for none"),
                _may("read_at", _INSTANT),
            ),
            key=("message_id", "guardian_id", "student_id"),
            asked_by=("guardian_id",),
        ),
    )
}

#: Relations without which a source cannot say who may see whom; every other one may be absent and closes its area.
ESSENTIAL: frozenset[str] = frozenset(
    {"school", "term", "student", "school_enrollment", "guardian", "guardian_student"}
)
