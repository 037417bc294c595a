"""Registrations as the office has them: the queue, whose each is, and what staff noted for themselves."""

import datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID, Info, Private

from loaders.ids import node_id
from loaders.portal.registrations import RegistrationState
from resolvers.context import Batch, Context
from resolvers.portal.service import Portal
from resolvers.registration import office
from resolvers.registration.office import OpenCase, Wanted
from resolvers.registration.subject import schools_of_registrations
from schema.batching import After, First, batched
from schema.connections import Connection
from schema.listings import connection
from schema.registrations import Registration
from schema.schools import School


@strawberry.type(description="What a member of staff noted for the office.")
class RegistrationRemark:
    written_at: datetime.datetime = strawberry.field(description="When.")
    by: str = strawberry.field(description="What the member of staff is called.")
    text: str = strawberry.field(description="What was noted; no family reads it.")


@strawberry.type(description="A registration as the office has it.")
class RegistrationCase:
    case: Private[OpenCase]
    school_key: Private[Any]
    registration_id: ID = strawberry.field(description="The registration's id.")
    state: RegistrationState = strawberry.field(description="How far it is.")
    version: int = strawberry.field(
        description="Another one whenever it was moved or given to somebody: what `reviewRegistration` takes."
    )
    school_year: int = strawberry.field(description="The year in which the school year ends.")
    student_id: str | None = strawberry.field(
        description="The student's key in the school's system; null for one whom it does not know."
    )
    student_name: str | None = strawberry.field(
        description="What the student is called: by the school's system, a new one by the family."
    )
    submitted_at: datetime.datetime | None = strawberry.field(description="When it was submitted last.")
    review_by: datetime.date | None = strawberry.field(
        description="The day by which it is to be looked at: ten school days after it was submitted."
    )
    overdue: bool = strawberry.field(description="Whether that day has passed and it still waits for the office.")
    assignee: str | None = strawberry.field(description="What the member of staff is called who has it.")
    mine: bool = strawberry.field(description="Whether the viewer has it.")

    @batched(key="school_key")
    def school(keys: Any, batch: Batch) -> School | None:
        """The school that it is for."""
        return schools_of_registrations(keys, batch)

    @strawberry.field(
        description="All that is filled in, of every household. The family reads in its access log who has opened it."
    )
    async def registration(self, info: Info[Context, None]) -> Registration:
        portal: Portal = info.context.portal
        seen = await office.seen_by_office(info.context, portal.writer, self.case.registration)
        return Registration.of(seen, info.context)

    @strawberry.field(description="What staff noted for themselves, in the order in which they wrote it.")
    async def remarks(self, info: Info[Context, None]) -> list[RegistrationRemark]:
        return [
            RegistrationRemark(written_at=each.written_at, by=each.by, text=text)
            for each, text in await office.remarks_of(info.context, self.case.registration)
        ]

    @classmethod
    def of(cls, found: OpenCase, context: Context) -> "RegistrationCase":
        """The case as clients see it."""
        registration, case = found.registration, found.case
        return cls(
            case=found,
            registration_id=ID(node_id("Registration", registration.id)),
            school_key=context.source.adapter.parse_key("school", registration.school_id),
            state=registration.state,
            version=registration.version,
            school_year=registration.school_year,
            student_id=registration.student_id,
            student_name=found.student,
            submitted_at=registration.submitted_at,
            review_by=case.review_by_on,
            overdue=found.overdue_on(context.today),
            assignee=case.assignee,
            mine=case.assignee_id is not None and case.assignee_id == context.signed_in().account_id,
        )


@strawberry.type(description="How many registrations of a school are in a state.")
class RegistrationCount:
    school_key: Private[Any]
    state: RegistrationState = strawberry.field(description="Which state.")
    count: int = strawberry.field(description="How many.")
    overdue: int = strawberry.field(description="How many of them should have been looked at by now.")

    @batched(key="school_key")
    def school(keys: Any, batch: Batch) -> School | None:
        """Which school."""
        return schools_of_registrations(keys, batch)


@strawberry.input(description="Which registrations are asked for; what is not said does not narrow.")
class RegistrationFilter:
    states: list[RegistrationState] | None = strawberry.field(
        default=None, description="In these states; without, those that wait for the office."
    )
    school_id: ID | None = strawberry.field(default=None, description="Of this school.")
    school_year: int | None = strawberry.field(default=None, description="Of this school year, by where it ends.")
    mine: bool = strawberry.field(default=False, description="Those that the viewer has.")
    unassigned: bool = strawberry.field(default=False, description="Those that nobody has.")
    overdue: bool = strawberry.field(default=False, description="Those that should have been looked at by now.")

    def wanted(self) -> Wanted:
        """The filter as the office understands it."""
        return Wanted(self.states, self.school_id, self.school_year, self.mine, self.unassigned, self.overdue)


@strawberry.type(description="The desk of whoever works on registrations.")
class RegistrationDesk:
    @strawberry.field(
        description="The registrations that families of the viewer's schools have submitted, that of the earliest "
        "`reviewBy` first. For OFFICE."
    )
    async def registrations(
        self,
        info: Info[Context, None],
        first: First = None,
        after: After = None,
        filter: Annotated[RegistrationFilter | None, strawberry.argument(description="Which of them.")] = None,
    ) -> Connection[RegistrationCase] | None:
        context = info.context
        wanted = Wanted() if filter is None else filter.wanted()
        page = await office.queue(context, wanted, first, after)
        return connection(
            page, lambda case: RegistrationCase.of(case, context), lambda: office.queue_count(context, wanted)
        )

    @strawberry.field(
        description="The registration of an id; null where it is not there or of another school, alike. For OFFICE."
    )
    async def registration(
        self,
        info: Info[Context, None],
        id: Annotated[ID, strawberry.argument(description="The registration's id.")],
    ) -> RegistrationCase | None:
        found = await office.case_to_see(info.context, id)
        return None if found is None else RegistrationCase.of(found, info.context)

    @strawberry.field(
        description="How many registrations there are of each of the viewer's schools, state by state. For OFFICE."
    )
    async def registration_counts(
        self,
        info: Info[Context, None],
        school_year: Annotated[
            int | None, strawberry.argument(description="Of this school year, by the year in which it ends.")
        ] = None,
    ) -> list[RegistrationCount] | None:
        parse = info.context.source.adapter.parse_key
        return [
            RegistrationCount(
                school_key=parse("school", each.school_id),
                state=each.state,
                count=each.registrations,
                overdue=each.overdue,
            )
            for each in await office.counts(info.context, school_year)
        ]
