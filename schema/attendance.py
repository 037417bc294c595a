"""Attendance, by period and added up."""

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID, Private

from loaders.attendance import AttendanceDayFilter as WantedDays
from loaders.attendance import AttendanceFilter as Wanted
from loaders.contract import AttendanceExcuse, AttendanceStatus
from resolvers import arguments, attendance, courses, people, terms
from resolvers.access import Area
from resolvers.context import Batch, Context
from schema import enums as enums
from schema.batching import batched
from schema.gradebook import Course
from schema.node import Node
from schema.schools import Term

if TYPE_CHECKING:
    from schema.people import Student

LazyStudent = Annotated["Student", strawberry.lazy("schema.people")]


@strawberry.type(description="One mark of attendance: where the student was, and whether the school excuses it.")
class Attendance(Node):
    student_key: Private[Any]
    course_key: Private[Any]
    on_date: datetime.date = strawberry.field(name="date", description="The day.")
    period: str | None = strawberry.field(description="The period; null for a mark of the whole day.")
    status: AttendanceStatus = strawberry.field(description="Where the student was.")
    excuse: AttendanceExcuse = strawberry.field(description="Whether the school excuses it.")
    source_code: str | None = strawberry.field(description="The source's own code.")
    source_label: str | None = strawberry.field(description="The source's own words for the code.")
    minutes_missed: int | None = strawberry.field(description="Minutes missed, where the source counts them.")
    comment: str | None = strawberry.field(description="The school's comment.")
    recorded_by: str | None = strawberry.field(description="Who recorded it: TEACHER or OFFICE, or as the source says.")
    confirmed: bool | None = strawberry.field(description="Whether the office has confirmed it; null if not known.")
    updated_at: datetime.datetime | None = strawberry.field(description="When the source last changed it.")

    @batched("course_key", shared=True)
    def course(keys: Any, batch: Batch) -> Course | None:
        """The course in whose period it was."""
        return courses.courses_of_pairs(keys, batch)

    @batched("student_key", shared=True)
    def student(keys: Any, batch: Batch) -> LazyStudent:
        """The student."""
        return people.students_by_key(keys, batch)


@strawberry.type(description="One day of attendance as a whole: what part of it was missed, and its marks.")
class AttendanceDay:
    key: Private[Any]
    student_key: Private[Any]
    on_date: datetime.date = strawberry.field(name="date", description="The day.")
    absent_part: Decimal = strawberry.field(
        description="The part of the day missed by the school's rule: 0, 0.5 or 1; a school activity is not missed."
    )
    minutes_present: int | None = strawberry.field(description="Minutes present, where the source counts them.")

    @batched("key", area=Area.ATTENDANCE, size=7, shared=True)
    def marks(keys: Any, batch: Batch) -> list[Attendance] | None:
        """The marks of the day, by period; null while the area is closed."""
        return attendance.marks_of_days(keys, batch)


@strawberry.input(description="Which days: every part that is given must hold.")
class AttendanceDayFilter:
    from_on: datetime.date | None = strawberry.field(name="from", default=None, description="On this day or later.")
    to_on: datetime.date | None = strawberry.field(name="to", default=None, description="On this day or earlier.")
    missed: bool | None = strawberry.field(
        default=None, description="Only days of which a part was missed (true), or of which none was (false)."
    )


def wanted_days(given: AttendanceDayFilter | None) -> WantedDays:
    """A client's filter as the loaders take it."""
    return WantedDays() if given is None else WantedDays(given.from_on, given.to_on, given.missed)


@strawberry.input(description="Which marks: every part that is given must hold.")
class AttendanceFilter:
    from_on: datetime.date | None = strawberry.field(name="from", default=None, description="On this day or later.")
    to_on: datetime.date | None = strawberry.field(name="to", default=None, description="On this day or earlier.")
    statuses: list[AttendanceStatus] | None = strawberry.field(default=None, description="Of one of these statuses.")
    excuses: list[AttendanceExcuse] | None = strawberry.field(default=None, description="Of one of these excuses.")
    course_id: ID | None = strawberry.field(default=None, description="In this course.")
    term_id: ID | None = strawberry.field(default=None, description="In this term.")


def wanted_attendance(context: Context, given: AttendanceFilter | None) -> Wanted:
    """A client's filter with its ids read; BadUserInput naming the part that cannot be what it says."""
    if given is None:
        return Wanted()
    return Wanted(
        from_on=given.from_on,
        to_on=given.to_on,
        statuses=None if given.statuses is None else tuple(given.statuses),
        excuses=None if given.excuses is None else tuple(given.excuses),
        course=None if given.course_id is None else arguments.course_pair(context, given.course_id, "courseId"),
        term=arguments.term_key(context, given.term_id),
    )


@strawberry.type(description="Attendance added up. Periods and days are counted apart: they are not the same.")
class AttendanceSummary:
    term_key: Private[Any]
    course_key: Private[Any]
    key: str = strawberry.field(description="What it adds up, stable within the student: a term, a course, a month.")
    absent_periods: int = strawberry.field(description="Class periods missed, school activities not counted.")
    absent_days: Decimal | None = strawberry.field(
        description="Days missed, halves included; of a course, those on which a class was missed. Null if not counted."
    )
    tardies: int = strawberry.field(description="Times the student came late.")
    early_releases: int = strawberry.field(description="Times the student left early.")
    excused: int = strawberry.field(description="How many of these marks are excused.")
    unexcused: int = strawberry.field(description="How many of these marks are not excused.")
    days_enrolled: int | None = strawberry.field(
        description="Days of school up to today while the student was enrolled, by the calendar; null without one."
    )

    @batched("term_key", shared=True)
    def term(keys: Any, batch: Batch) -> Term | None:
        """The term, where summaries are by term."""
        return terms.terms_of_keys(keys, batch)

    @batched("course_key", shared=True)
    def course(keys: Any, batch: Batch) -> Course | None:
        """The course, where summaries are by course."""
        return courses.courses_of_pairs(keys, batch)
