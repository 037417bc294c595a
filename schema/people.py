"""Students, parents and teachers."""

import datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID, Private

from loaders.contract import GradeLevel, RelationshipKind
from resolvers import (
    assignments,
    attendance,
    attendance_summary,
    courses,
    documents,
    grades,
    immunizations,
    messages,
    people,
    schedule,
    terms,
    transcript,
)
from resolvers.access import Area, AreaReason, AreaState
from resolvers.attendance_summary import AttendanceGroup
from resolvers.context import Batch, Context
from resolvers.paging import Page
from resolvers.portal.setup import security_of_viewer
from schema.access_log import AccessLogReader
from schema.attendance import (
    Attendance,
    AttendanceDay,
    AttendanceDayFilter,
    AttendanceFilter,
    AttendanceSummary,
    wanted_attendance,
    wanted_days,
)
from schema.batching import batched, connected
from schema.calendar_feeds import CalendarFeedOwner
from schema.changes import ChangeReader
from schema.connections import Connection
from schema.devices import DeviceOwner
from schema.documents import Document
from schema.gradebook import Assignment, Course, FilterArgument, wanted_assignments
from schema.grades import Grade
from schema.immunizations import ImmunizationRecord
from schema.messages import Message, MessageFilter, wanted_messages
from schema.node import Node
from schema.notifications import NotificationReader
from schema.registrations import Registrar
from schema.scalars import EmailAddress
from schema.schedule import Schedule
from schema.schools import School, SchoolEnrollment, Term
from schema.security import Security
from schema.session_list import SessionOwner
from schema.support import SupportAsker
from schema.transcript import Transcript

TermArgument = Annotated[ID | None, strawberry.argument(description="Of this term.")]


@strawberry.type(description="A teacher.")
class Teacher(Node):
    sourced_id: str = strawberry.field(description="The teacher's key in the source.")
    name: str = strawberry.field(description="The name, as families address it.")
    email: EmailAddress | None = strawberry.field(description="An address that families may write to.")


@strawberry.type(description="The viewer's own relationship to a student.")
class Relationship:
    kind: RelationshipKind = strawberry.field(description="How the viewer is related to the student.")
    legal_guardian: bool | None = strawberry.field(description="Whether the viewer is a legal guardian, if known.")
    lives_with: bool | None = strawberry.field(description="Whether the student lives with the viewer, if known.")
    contact_priority: int | None = strawberry.field(description="In which order the school calls; 1 comes first.")
    starts_on: datetime.date | None = strawberry.field(name="from", description="The first day of the portal right.")
    ends_on: datetime.date | None = strawberry.field(name="to", description="The last day of the portal right.")


@strawberry.type(
    name="Area", description="The state of one area of a student's record. A null elsewhere is explained here."
)
class AreaStatus:
    area: Area = strawberry.field(description="Which area.")
    state: AreaState = strawberry.field(description="Whether it can be read now.")
    reason: AreaReason | None = strawberry.field(description="Why it is closed; null while it is open.")
    as_of: datetime.datetime = strawberry.field(description="The instant for which this is known.")
    stale: bool = strawberry.field(description="Whether what is known is of an earlier time, the source being away.")
    reopens_at: datetime.datetime | None = strawberry.field(
        description="When the school opens it again; null where it has closed nothing, or has not said until when."
    )


@strawberry.type(description="A student, as one of the viewer's.")
class Student(Node):
    key: Private[Any]
    sourced_id: str = strawberry.field(description="The student's key in the source.")
    student_number: str | None = strawberry.field(description="The number by which the school knows the student.")
    given_name: str = strawberry.field(description="The name the student goes by.")
    family_name: str = strawberry.field(description="The family name.")
    name: str = strawberry.field(description="Given name and family name.")
    birth_date: datetime.date | None = strawberry.field(description="The date of birth.")

    @batched(shared=True)
    def grade_level(keys: Any, batch: Batch) -> GradeLevel:
        """The grade the student is in; the last one where the student is in none today."""
        return people.grade_levels(keys, batch)

    @batched(shared=True, of_student=True)
    def school(keys: Any, batch: Batch) -> School:
        """The school the student attends, the primary one of several; the last one where none is attended."""
        return terms.school_of_students(keys, batch)

    @batched(size=5, shared=True, of_student=True)
    def enrollments(keys: Any, batch: Batch) -> list[SchoolEnrollment]:
        """Where the student is and was enrolled, the present first."""
        return terms.enrollments_of_students(keys, batch)

    @batched()
    def relationship(keys: Any, batch: Batch) -> Relationship:
        """The viewer's own relationship to the student."""
        return people.relationships(keys, batch)

    @batched(size=8)
    def areas(keys: Any, batch: Batch) -> list[AreaStatus]:
        """The state of every area of the record: why something is null."""
        return people.areas(keys, batch)

    @batched(shared=True, of_student=True)
    def terms(keys: Any, batch: Batch) -> list[Term]:
        """The terms of the student's schools and years, in their order, a year before its parts."""
        return terms.terms_of_students(keys, batch)

    @batched(area=Area.GRADES, shared=True, of_student=True)
    def courses(keys: Any, batch: Batch, term_id: TermArgument = None) -> list[Course] | None:
        """The courses of a term; where none is named, of today's terms, or of the last ones out of term."""
        return courses.courses_of_students(keys, batch, term_id)

    @batched(area=Area.GRADES, size=40, shared=True, of_student=True)
    def grades(
        keys: Any,
        batch: Batch,
        term_id: TermArgument = None,
        course_id: Annotated[ID | None, strawberry.argument(description="Of this course.")] = None,
    ) -> list[Grade] | None:
        """The grades of all courses, the latest term first."""
        return grades.grades_of_students(keys, batch, term_id, course_id)

    @connected(area=Area.GRADES, shared=True, of_student=True)
    def assignments(
        keys: Any, batch: Batch, page: Page, filter: FilterArgument = None
    ) -> Connection[Assignment] | None:
        """The assignments of all courses, the latest due first."""
        return assignments.assignments_of_students(keys, batch, page, wanted_assignments(batch.context, filter))

    @connected(area=Area.ATTENDANCE, shared=True, of_student=True)
    def attendance(
        keys: Any,
        batch: Batch,
        page: Page,
        filter: Annotated[
            AttendanceFilter | None, strawberry.argument(description="Which marks; all where it is not said.")
        ] = None,
    ) -> Connection[Attendance] | None:
        """The marks of attendance, the latest first."""
        return attendance.attendance_of_students(keys, batch, page, wanted_attendance(batch.context, filter))

    @connected(area=Area.ATTENDANCE, shared=True, of_student=True)
    def attendance_days(
        keys: Any,
        batch: Batch,
        page: Page,
        filter: Annotated[
            AttendanceDayFilter | None, strawberry.argument(description="Which days; all where it is not said.")
        ] = None,
    ) -> Connection[AttendanceDay] | None:
        """The days of which the source says how much was missed, the latest first; null where it counts none."""
        return attendance.days_of_students(keys, batch, page, wanted_days(filter))

    @batched(area=Area.ATTENDANCE, shared=True, of_student=True)
    def attendance_summary(
        keys: Any,
        batch: Batch,
        group_by: Annotated[AttendanceGroup | None, strawberry.argument(description="By what it adds up.")] = (
            AttendanceGroup.TERM
        ),
    ) -> list[AttendanceSummary] | None:
        """Attendance of the school year up to today added up, in periods and in days."""
        return attendance_summary.summaries_of_students(keys, batch, group_by or AttendanceGroup.TERM)

    @batched(area=Area.SCHEDULE, shared=True)
    def schedule(
        keys: Any,
        batch: Batch,
        date: Annotated[datetime.date | None, strawberry.argument(description="Of this date.")] = None,
        term_id: Annotated[ID | None, strawberry.argument(description="The grid of this term.")] = None,
    ) -> Schedule | None:
        """The schedule of a date, today where the school is if none is named; or the grid of a term."""
        return schedule.schedules_of_students(keys, batch, date, term_id)

    @batched(area=Area.HEALTH, shared=True, size=3)
    def immunizations(keys: Any, batch: Batch) -> ImmunizationRecord | None:
        """The vaccines that the student was given, and what the school's system says of them."""
        return immunizations.immunizations_of_students(keys, batch)

    @batched(area=Area.DOCUMENTS, size=6, shared=True)
    def report_cards(keys: Any, batch: Batch) -> list[Document] | None:
        """The report cards, the latest first: those the school issued, by version, and one printed for every term."""
        return documents.report_cards_of_students(keys, batch)

    @batched(area=Area.DOCUMENTS, shared=True)
    def documents(keys: Any, batch: Batch) -> list[Document] | None:
        """All documents, report cards included, the latest first."""
        return documents.documents_of_students(keys, batch)

    @batched(area=Area.TRANSCRIPT, shared=True)
    def transcript(keys: Any, batch: Batch) -> Transcript | None:
        """The unofficial transcript: courses, credits and averages of all years."""
        return transcript.transcripts_of_students(keys, batch)


@strawberry.type(description="A parent or guardian: the viewer, nobody else.")
class Parent(
    Node,
    SessionOwner,
    AccessLogReader,
    SupportAsker,
    ChangeReader,
    CalendarFeedOwner,
    DeviceOwner,
    Registrar,
    NotificationReader,
):
    key: Private[Any]
    sourced_id: str = strawberry.field(description="The guardian's key in the source.")
    given_name: str = strawberry.field(description="The given name.")
    family_name: str = strawberry.field(description="The family name.")
    name: str = strawberry.field(description="Given name and family name.")
    email: EmailAddress | None = strawberry.field(description="The e-mail address that the school has.")
    phone: str | None = strawberry.field(description="The telephone number that the school has.")
    preferred_language: str | None = strawberry.field(description="The language the family prefers, by BCP 47.")

    @batched()
    def username(keys: Any, batch: Batch) -> str:
        """The user name with which the viewer logs in."""
        return people.username_of_parents(keys, batch)

    @strawberry.field(description="How the account can be recovered, and what its security set-up lacks.")
    async def security(self, info: strawberry.Info[Context, None]) -> Security:
        return Security.of(await security_of_viewer(info.context))

    @batched(size=4)
    def students(keys: Any, batch: Batch) -> list[Student]:
        """The students whose portal right holds today, eldest first."""
        return people.students_of_parents(keys, batch)

    @connected()
    def messages(
        keys: Any,
        batch: Batch,
        page: Page,
        filter: Annotated[
            MessageFilter | None, strawberry.argument(description="Which messages; all where it is not said.")
        ] = None,
    ) -> Connection[Message]:
        """The messages from staff, the newest first."""
        return messages.messages_of_parents(keys, batch, page, wanted_messages(batch.context, filter))

    @batched()
    def unread_message_count(keys: Any, batch: Batch) -> int:
        """How many messages are unread."""
        return messages.unread_counts(keys, batch)

    @connected()
    def assignments(keys: Any, batch: Batch, page: Page, filter: FilterArgument = None) -> Connection[Assignment]:
        """The assignments of all children, the latest due first: what is due soon, what is missing."""
        return assignments.assignments_of_parents(keys, batch, page, wanted_assignments(batch.context, filter))
