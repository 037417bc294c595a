"""The enumerations of the API: the domain's own, each value described."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from loaders.contract import (
    AttendanceExcuse,
    AttendanceStatus,
    CalculationMethod,
    GradeKind,
    GradeLevel,
    MessageScope,
    RelationshipKind,
    Rounding,
    TermKind,
)
from loaders.scores import ScoreFlag, ScoreState
from resolvers.access import Area, AreaReason, AreaState
from resolvers.arithmetic import Exclusion
from resolvers.attendance_summary import AttendanceGroup
from resolvers.calculation import Agreement
from resolvers.context import ClientKind
from resolvers.timetable import MeetingStatus

E = TypeVar("E", bound=Enum)


def described(cls: type[E], name: str, description: str, values: Mapping[E, str]) -> None:
    """Make an enumeration of the domain one of the API; every value must be described."""
    strawberry.enum(cls, name=name, description=description)
    definition: StrawberryEnumDefinition = cls.__strawberry_definition__  # type: ignore[attr-defined]
    by_name = {member.name: text for member, text in values.items()}
    for value in definition.values:
        value.description = by_name[value.name]


described(
    TermKind,
    "TermKind",
    "What part of a school year a term is.",
    {
        TermKind.YEAR: "A whole school year.",
        TermKind.SEMESTER: "One of two halves of a year.",
        TermKind.TRIMESTER: "One of three thirds of a year.",
        TermKind.QUARTER: "One of four quarters of a year.",
        TermKind.TERM: "A part of a year that the school calls a term.",
        TermKind.PROGRESS: "A progress period within a quarter.",
    },
)
described(
    GradeLevel,
    "GradeLevel",
    "The grade a student is in, by the CEDS codes that OneRoster uses. Read a value you do not know as OTHER.",
    {
        GradeLevel.IT: "Infant or toddler.",
        GradeLevel.PR: "Preschool.",
        GradeLevel.PK: "Prekindergarten.",
        GradeLevel.TK: "Transitional kindergarten.",
        GradeLevel.KG: "Kindergarten.",
        **{level: f"Grade {int(level.value[1:])}." for level in GradeLevel if level.value[1:].isdigit()},
        GradeLevel.PS: "Postsecondary.",
        GradeLevel.UG: "Ungraded.",
        GradeLevel.OTHER: "Something else, or not known.",
    },
)
described(
    RelationshipKind,
    "RelationshipKind",
    "How a guardian is related to a student. Read a value you do not know as OTHER.",
    {
        RelationshipKind.MOTHER: "The mother.",
        RelationshipKind.FATHER: "The father.",
        RelationshipKind.PARENT: "A parent.",
        RelationshipKind.STEPPARENT: "A step-parent.",
        RelationshipKind.GRANDPARENT: "A grandparent.",
        RelationshipKind.FOSTER_PARENT: "A foster parent.",
        RelationshipKind.GUARDIAN: "A guardian.",
        RelationshipKind.RELATIVE: "Another relative.",
        RelationshipKind.OTHER: "Something else, or the source does not say.",
    },
)
described(
    GradeKind,
    "GradeKind",
    "Whether a grade is the school's word or the state of a book.",
    {
        GradeKind.POSTED: "Posted by the school for a term.",
        GradeKind.IN_PROGRESS: "As the teacher's book stands; it will change.",
    },
)
described(
    ScoreState,
    "ScoreState",
    "What is to be said of a score before its number.",
    {
        ScoreState.NOT_DUE: "Not due yet, and nothing entered.",
        ScoreState.UNGRADED: "Due, and nothing entered: not a zero.",
        ScoreState.SCORED: "Scored.",
        ScoreState.EXEMPT: "The student need not do it.",
        ScoreState.HIDDEN: "Entered, but not released to families yet; see releasesAt.",
    },
)
described(
    ScoreFlag,
    "ScoreFlag",
    "A mark that a teacher puts on a score.",
    {
        ScoreFlag.LATE: "Handed in late.",
        ScoreFlag.MISSING: "Not handed in.",
        ScoreFlag.INCOMPLETE: "Handed in incomplete.",
        ScoreFlag.DROPPED: "Left out of the grade.",
        ScoreFlag.EXEMPT: "The student need not do it.",
        ScoreFlag.TURNED_IN: "Handed in.",
        ScoreFlag.CHEATED: "Not the student's own work.",
    },
)
described(
    CalculationMethod,
    "CalculationMethod",
    "How the source makes a grade.",
    {
        CalculationMethod.WEIGHTED_CATEGORIES: "The percentages of the categories, by their weights.",
        CalculationMethod.TOTAL_POINTS: "All points earned of all points possible.",
        CalculationMethod.PERCENT_AVERAGE: "The mean of the percentages of the work.",
        CalculationMethod.COMPOSITE: "Other grades, by their weights.",
        CalculationMethod.STANDARDS: "Levels by standard; there is no number to work out.",
        CalculationMethod.MANUAL: "The teacher's own judgement; there is no number to work out.",
    },
)
described(
    Rounding,
    "Rounding",
    "How a percentage is rounded.",
    {
        Rounding.HALF_UP: "To the nearest, halves upwards.",
        Rounding.UP: "Always upwards.",
        Rounding.DOWN: "Always downwards.",
    },
)
described(
    Exclusion,
    "ExclusionReason",
    "Why something does not stand in a grade.",
    {
        Exclusion.EXEMPT: "The student is excused from it.",
        Exclusion.DROPPED: "It is one of the lowest, which are left out.",
        Exclusion.UNGRADED: "No score is entered yet.",
        Exclusion.NOT_DUE: "It is not due yet, and no score is entered.",
        Exclusion.HIDDEN: "There is a score or grade that is not released yet.",
        Exclusion.NO_NUMBER: "What is entered is no number.",
        Exclusion.NO_POINTS_POSSIBLE: "It has no points possible to measure it by.",
        Exclusion.NO_CATEGORY: "It is of no category, and only categories have weights.",
        Exclusion.NO_WEIGHT: "It has no weight.",
        Exclusion.EMPTY: "Nothing in it counts yet; its weight is spread over the others.",
    },
)
described(
    Agreement,
    "GradeAgreement",
    "Whether a calculation comes to what the source says.",
    {
        Agreement.MATCHES_SOURCE: "It does.",
        Agreement.DIFFERS: "It does not: the book has changed since, or the teacher set the grade.",
        Agreement.NOT_AVAILABLE: "There is nothing to compare, or the source may count what is not released yet.",
    },
)
described(
    AttendanceStatus,
    "AttendanceStatus",
    "Where the student was.",
    {
        AttendanceStatus.PRESENT: "There.",
        AttendanceStatus.ABSENT: "Not there.",
        AttendanceStatus.TARDY: "Came late.",
        AttendanceStatus.EARLY_RELEASE: "Left early.",
    },
)
described(
    AttendanceExcuse,
    "AttendanceExcuse",
    "Whether the school excuses it.",
    {
        AttendanceExcuse.EXCUSED: "Excused.",
        AttendanceExcuse.UNEXCUSED: "Not excused.",
        AttendanceExcuse.EXEMPT: "A school activity: not counted as missed.",
        AttendanceExcuse.UNKNOWN: "The office has not said yet, or the source does not.",
    },
)
described(
    AttendanceGroup,
    "AttendanceGroup",
    "By what an attendance summary adds up.",
    {
        AttendanceGroup.TERM: "By term.",
        AttendanceGroup.COURSE: "By course.",
        AttendanceGroup.MONTH: "By calendar month.",
    },
)
described(
    MeetingStatus,
    "MeetingStatus",
    "How a meeting stands in a student's schedule.",
    {
        MeetingStatus.ACTIVE: "It goes on.",
        MeetingStatus.ADDED: "The student joined after the term began, not more than fourteen days ago.",
        MeetingStatus.DROPPED: "The student has left the course.",
    },
)
described(
    MessageScope,
    "MessageScope",
    "To whom a message was addressed.",
    {
        MessageScope.DISTRICT: "All families of the district.",
        MessageScope.SCHOOL: "All families of a school.",
        MessageScope.COURSE: "The families of a course.",
        MessageScope.STUDENT: "The guardians of a student.",
        MessageScope.PERSONAL: "This guardian alone.",
    },
)
described(
    Area,
    "AreaName",
    "The parts of a student's record for which rights are given apart.",
    {
        Area.GRADES: "Courses, grades, assignments and scores.",
        Area.ATTENDANCE: "Attendance.",
        Area.HEALTH: "Immunizations.",
        Area.DOCUMENTS: "Report cards and other documents.",
        Area.TRANSCRIPT: "The unofficial transcript.",
        Area.SCHEDULE: "The schedule.",
        Area.MESSAGES: "Messages that concern the student.",
        Area.REGISTRATION: "Online registration.",
    },
)
described(
    AreaState,
    "AreaState",
    "Whether an area can be read now.",
    {AreaState.OPEN: "It can be read.", AreaState.CLOSED: "It cannot; its fields are null."},
)
described(
    AreaReason,
    "AreaReason",
    "Why an area is closed.",
    {
        AreaReason.NO_RIGHT: "The viewer has no right to it.",
        AreaReason.SCHOOL_SETTING: "The school has switched it off.",
        AreaReason.GRADING_WINDOW: "The school closes it while grades are being made.",
        AreaReason.SUMMER: "The school closes it over the summer.",
        AreaReason.REGISTRATION_WINDOW: "No window is open in which the school takes registrations.",
        AreaReason.ELIGIBLE_STUDENT: "The student is of age and the right is theirs.",
        AreaReason.SOURCE_DOWN: "The school's system does not answer; try again later.",
        AreaReason.NOT_PROVIDED: "The school's system does not hold it.",
    },
)
described(
    ClientKind,
    "ClientKind",
    "What kind of client a session is for.",
    {
        ClientKind.WEB: "A browser: the session is an HttpOnly cookie.",
        ClientKind.MOBILE: "An app: the session is a bearer token with a refresh token.",
    },
)
