"""The orders by which the office works on registrations."""

from typing import Annotated

import strawberry
from strawberry import ID, Info

from loaders.portal.registrations import RegistrationState
from resolvers.context import Context
from resolvers.portal.problems import Refused
from resolvers.portal.service import Portal
from resolvers.registration import office, review
from resolvers.registration.office import OpenCase
from resolvers.registration.review import AskedChange, ReviewRegistration
from schema.problems import Problems
from schema.registration_cases import RegistrationCase
from schema.registration_orders import RegistrationResult, RegistrationSuccess
from schema.registrations import Registration


@strawberry.input(description="Something that the family is asked to change.")
class RegistrationNoteInput:
    section: str = strawberry.field(description="The section's id in the form.")
    household: str | None = strawberry.field(
        default=None,
        description="Of a household's section whose, by the guardian's key in the school's system: no other guardian "
        "reads the note. Every household if not said.",
    )
    entry: int | None = strawberry.field(default=None, description="In which entry of a list; the first is 0.")
    field: str | None = strawberry.field(
        default=None, description="The field's id; the section as a whole if not said. What is not named stays locked."
    )
    text: str = strawberry.field(description="What is to be changed, up to 2,000 characters.")

    def __repr__(self) -> str:
        return "RegistrationNoteInput()"


@strawberry.input(description="What a reviewer decides about a registration.")
class ReviewRegistrationInput:
    id: ID = strawberry.field(description="The registration's id.")
    version: int = strawberry.field(description="`RegistrationCase.version` of what was looked at.")
    state: RegistrationState = strawberry.field(
        description="`IN_REVIEW`, `NEEDS_CHANGES`, `HOLD`, `APPROVED` or `DENIED`."
    )
    message: str | None = strawberry.field(
        default=None,
        description="What the family is told, up to 2,000 characters; needed for `HOLD` and `DENIED`, and for "
        "`NEEDS_CHANGES` without notes.",
    )
    notes: list[RegistrationNoteInput] = strawberry.field(
        default_factory=list,
        description="With `NEEDS_CHANGES`: what is to be changed. Only that is unlocked; without notes everything is.",
    )
    remark: str | None = strawberry.field(
        default=None, description="What is noted for the office alone, up to 2,000 characters."
    )

    def __repr__(self) -> str:
        return "ReviewRegistrationInput()"


@strawberry.input(description="Who is to have a registration.")
class AssignRegistrationInput:
    id: ID = strawberry.field(description="The registration's id.")
    version: int = strawberry.field(description="`RegistrationCase.version` of what was looked at.")
    username: str | None = strawberry.field(
        default=None, description="The user name of a member of staff who works on the school's; nobody if not said."
    )


@strawberry.input(description="Something to note for the office.")
class RegistrationRemarkInput:
    id: ID = strawberry.field(description="The registration's id.")
    text: str = strawberry.field(description="What is noted, up to 2,000 characters; no family reads it.")

    def __repr__(self) -> str:
        return "RegistrationRemarkInput()"


@strawberry.type(description="The orders of the office on registrations.")
class RegistrationReviewMutations:
    @strawberry.mutation(
        description="Review one student's registration: look at it, send it back, hold, approve or deny it. The "
        "guardians who may know of it are told by mail. `VERSION_CHANGED` where somebody was faster. For OFFICE."
    )
    async def review_registration(
        self,
        info: Info[Context, None],
        input: Annotated[ReviewRegistrationInput, strawberry.argument(description="Which, and what is decided.")],
    ) -> RegistrationResult:
        notes = [AskedChange(each.section, each.text, each.entry, each.field, each.household) for each in input.notes]
        order = ReviewRegistration(input.id, input.version, input.state, input.message, notes, input.remark)
        return await _result(info.context, await review.review_registration(info.context, order))

    @strawberry.mutation(description="Give a registration to a member of staff, or to nobody. For OFFICE.")
    async def assign_registration(
        self,
        info: Info[Context, None],
        input: Annotated[AssignRegistrationInput, strawberry.argument(description="Which, and to whom.")],
    ) -> RegistrationResult:
        done = await review.assign_registration(info.context, input.id, input.version, input.username)
        return await _result(info.context, done)

    @strawberry.mutation(description="Note something about a registration for the office alone. For OFFICE.")
    async def remark_on_registration(
        self,
        info: Info[Context, None],
        input: Annotated[RegistrationRemarkInput, strawberry.argument(description="On which, and what.")],
    ) -> RegistrationResult:
        return await _result(info.context, await review.remark_on_registration(info.context, input.id, input.text))


async def _result(context: Context, done: OpenCase | Refused) -> RegistrationResult:
    if isinstance(done, Refused):
        return Problems.of(done)
    portal: Portal = context.portal
    seen = await office.seen_by_office(context, portal.writer, done.registration)
    return RegistrationSuccess(registration=Registration.of(seen, context), case=RegistrationCase.of(done, context))
