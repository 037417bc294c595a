"""Who is there: students, guardians, what binds them, and staff."""

from enum import Enum

from loaders.contract.writing import Kind, Relation, flag, key, may, must, one_of


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


class Area(Enum):
    """The areas of a student's record that a source can withhold from a guardian."""

    # Each is asked about again and again, and is one object: Python's own hash of an enumeration's member is a call.
    __hash__ = object.__hash__

    GRADES = "GRADES"
    ATTENDANCE = "ATTENDANCE"
    HEALTH = "HEALTH"
    DOCUMENTS = "DOCUMENTS"
    TRANSCRIPT = "TRANSCRIPT"
    SCHEDULE = "SCHEDULE"
    MESSAGES = "MESSAGES"
    REGISTRATION = "REGISTRATION"


RELATIONS = (
    Relation(
        "student",
        (
            key("id", "student"),
            may("student_number", Kind.TEXT),
            must("given_name", Kind.TEXT),
            must("family_name", Kind.TEXT),
            may("preferred_name", Kind.TEXT),
            may("birth_date", Kind.DATE),
        ),
        key=("id",),
        asked_by=("id",),
    ),
    Relation(
        "school_enrollment",
        (
            key("id", "school_enrollment"),
            key("student_id", "student"),
            key("school_id", "school"),
            must("school_year", Kind.INTEGER, "the year in which it ends"),
            one_of("grade_level", GradeLevel),
            may("starts_on", Kind.DATE),
            may("ends_on", Kind.DATE, "the last day, included"),
            flag("is_primary", "the school a family would name first; one per student and day"),
        ),
        key=("id",),
        asked_by=("student_id",),
    ),
    Relation(
        "guardian",
        (
            key("id", "guardian"),
            must("given_name", Kind.TEXT),
            must("family_name", Kind.TEXT),
            may("email", Kind.TEXT),
            may("phone", Kind.TEXT),
            may("preferred_language", Kind.TEXT, "BCP 47"),
        ),
        key=("id",),
        asked_by=("id",),
    ),
    Relation(
        "guardian_student",
        (
            key("guardian_id", "guardian"),
            key("student_id", "student"),
            one_of("relationship", RelationshipKind),
            must(
                "portal_access",
                Kind.BOOLEAN,
                "1 where the school grants this guardian the portal for this student",
            ),
            flag("legal_guardian"),
            flag("lives_with"),
            may("contact_priority", Kind.INTEGER),
            may("starts_on", Kind.DATE),
            may("ends_on", Kind.DATE, "the last day, included"),
            flag(
                "adult_right",
                "1 where the right goes on after the student's eighteenth birthday: by consent, or as a tax dependent",
            ),
        ),
        key=("guardian_id", "student_id"),
        asked_by=("guardian_id", "student_id"),
    ),
    Relation(
        "withheld_area",
        (
            key("guardian_id", "guardian"),
            key("student_id", "student"),
            one_of("area", Area, "what this guardian may not see of this student on the row's days"),
            may("starts_on", Kind.DATE),
            may("ends_on", Kind.DATE, "the last day, included"),
        ),
        key=("guardian_id", "student_id", "area"),
        asked_by=("guardian_id",),
    ),
    Relation(
        "staff",
        (
            key("id", "staff"),
            must("given_name", Kind.TEXT),
            must("family_name", Kind.TEXT),
            may("email", Kind.TEXT, "an address that families may write to"),
        ),
        key=("id",),
        asked_by=("id",),
    ),
)
