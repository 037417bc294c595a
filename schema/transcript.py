"""The unofficial transcript."""

import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry import Private

from loaders.contract import GradeLevel
from resolvers.credits import GpaBasis, GpaKind
from schema import enums as enums
from schema.documents import Document
from schema.enums import described

described(
    GpaKind,
    "GpaKind",
    "Whether courses of a higher level weigh more.",
    {
        GpaKind.UNWEIGHTED: "Every course alike.",
        GpaKind.WEIGHTED: "With the school's own weights for honors, AP and the like.",
    },
)
described(
    GpaBasis,
    "GpaBasis",
    "Whose arithmetic a grade point average is.",
    {
        GpaBasis.SOURCE: "The student information system's own figure.",
        GpaBasis.COMPUTED: "Computed here from the points and credits of the courses, the source having none.",
    },
)


@strawberry.type(description="A course of one term on a transcript.")
class TranscriptCourse:
    title: str = strawberry.field(description="The course's title then.")
    code: str | None = strawberry.field(description="The course's code.")
    credit_area: str | None = strawberry.field(description="The subject to which its credit counts.")
    letter: str | None = strawberry.field(description="The letter, by the school's own scale.")
    percent: Decimal | None = strawberry.field(description="Percent.")
    credit_attempted: Decimal | None = strawberry.field(description="Credits that the course could bring.")
    credit_earned: Decimal | None = strawberry.field(description="Credits that it has brought.")
    gpa_points: Decimal | None = strawberry.field(description="Its points in the unweighted average.")
    gpa_scale: Decimal | None = strawberry.field(description="The highest of these points on the school's scale.")
    weighted_gpa_points: Decimal | None = strawberry.field(description="Its points in the weighted average.")
    weighted_gpa_scale: Decimal | None = strawberry.field(description="The scale of the weighted points.")
    weighted_by: str | None = strawberry.field(description="Why its points weigh more, in the school's words.")
    left_out_of_gpa: bool = strawberry.field(description="Whether it stands in no average.")
    transfer: bool = strawberry.field(description="Whether it was taken at a school elsewhere.")
    repeat_code: str | None = strawberry.field(description="The school's word where a course was taken again.")
    in_progress: bool = strawberry.field(description="Whether it is taken now, so that it has no grade yet.")


@strawberry.type(description="A term at one school on a transcript.")
class TranscriptTerm:
    name: str | None = strawberry.field(description="The term's name then, where the source has it.")
    school_name: str | None = strawberry.field(description="The school's name then.")
    courses: list[TranscriptCourse] = strawberry.field(description="The courses, by title.")


@strawberry.type(description="A school year on a transcript.")
class TranscriptYear:
    school_year: int = strawberry.field(description="The calendar year in which it ends.")
    grade_level: GradeLevel | None = strawberry.field(description="The grade the student was in, where it is known.")
    terms: list[TranscriptTerm] = strawberry.field(description="The terms in their order.")


@strawberry.type(description="A grade point average, never without its scale: not every school counts to 4.")
class Gpa:
    kind: GpaKind = strawberry.field(description="Whether it is weighted.")
    value: Decimal = strawberry.field(description="The average, to three places.")
    scale: Decimal = strawberry.field(description="The scale on which it stands, from the source.")
    basis: GpaBasis = strawberry.field(description="Whose arithmetic it is.")
    as_of: datetime.date | None = strawberry.field(description="Of which day the source's figure is.")


@strawberry.type(description="Credits in one area, and what graduation asks there.")
class CreditArea:
    name: str | None = strawberry.field(description="The area; null for courses of which the source names none.")
    required: Decimal | None = strawberry.field(description="Credits that graduation asks for, where the source says.")
    earned: Decimal = strawberry.field(description="Credits earned.")
    in_progress: Decimal = strawberry.field(description="Credits of courses that are taken now.")


@strawberry.type(description="The place in the class by average; there only where the school shows it.")
class ClassRank:
    value: int = strawberry.field(description="The place; equal averages share one.")
    of: int = strawberry.field(description="How many have an average.")
    as_of: datetime.date = strawberry.field(description="Of which day it is.")


@strawberry.type(
    description="A student's transcript as this gateway reads it. It is unofficial: an official one comes sealed from "
    "the school."
)
class Transcript:
    student_key: Private[Any]
    official: bool = strawberry.field(description="Whether it is an official transcript, which it never is.")
    years: list[TranscriptYear] = strawberry.field(description="The school years, the first one first.")
    gpa: list[Gpa] = strawberry.field(
        description="The averages that the source has or that follow from every course's points; none otherwise."
    )
    credits: list[CreditArea] = strawberry.field(description="Credits by area, in the school's order.")
    rank: ClassRank | None = strawberry.field(
        description="The place in the class; null where the school does not show it, or the class is tiny."
    )
    document: Document = strawberry.field(description="The same as a PDF, marked as unofficial on every page.")
