"""The orders by which families register students."""

from typing import Annotated

import strawberry
from strawberry import ID, Info

from resolvers.context import Context
from resolvers.portal.problems import Refused
from resolvers.registration import saving, starting, submitting, uploading
from resolvers.registration.reading import Seen
from schema.problems import Problems
from schema.registration_cases import RegistrationCase
from schema.registration_uploads import BeginUploadInput, BeginUploadResult, begin_upload
from schema.registrations import Registration


@strawberry.input(description="Whom to register, and for which school year.")
class StartRegistrationInput:
    school_year: int = strawberry.field(description="The year in which the school year ends.")
    student_id: ID | None = strawberry.field(
        default=None, description="A student of the viewer's; not said: a new one, whom the school does not know yet."
    )
    school_id: ID | None = strawberry.field(
        default=None, description="The school; the one that the student is at where it is not said. A new one needs it."
    )
    another: bool = strawberry.field(
        default=False, description="Begin one more new student's, although one at the school was begun already."
    )


@strawberry.input(description="What is filled into one field of one entry.")
class AnswerInput:
    field: str = strawberry.field(description="The field's id in the section.")
    entry: int = strawberry.field(default=0, description="In which entry of a section that has a list; the first is 0.")
    values: list[str] = strawberry.field(
        description="Its values as text: none, one, or several where the kind has them. 60 of 12,000 characters at the "
        "most."
    )

    def __repr__(self) -> str:
        return "AnswerInput()"


@strawberry.input(description="A whole section as it shall be.")
class SaveRegistrationInput:
    id: ID = strawberry.field(description="The registration's id.")
    section: str = strawberry.field(description="The section's id in the form.")
    version: int = strawberry.field(description="The version that the section had when it was read.")
    answers: list[AnswerInput] = strawberry.field(
        description="All that is filled in: what is left out is empty from now on."
    )

    def __repr__(self) -> str:
        return "SaveRegistrationInput()"


@strawberry.input(description="A signature under a registration.")
class SubmitRegistrationInput:
    id: ID = strawberry.field(description="The registration's id.")
    signature: str = strawberry.field(
        description="The viewer's full name, typed; case, accents and spaces do not matter."
    )
    answers_version: str = strawberry.field(
        description="`Registration.answersVersion` of what was shown to the signer."
    )
    language: str | None = strawberry.field(
        default=None, description="The language of the statement that was shown, by BCP 47; the form's first without."
    )

    def __repr__(self) -> str:
        return "SubmitRegistrationInput()"


@strawberry.type(description="The order was carried out.")
class RegistrationSuccess:
    registration: Registration = strawberry.field(description="The registration as it is now.")
    case: RegistrationCase | None = strawberry.field(
        default=None, description="The same as the office has it; null for families."
    )


RegistrationResult = Annotated[
    RegistrationSuccess | Problems,
    strawberry.union("RegistrationResult", description="The registration as it is now, or why it was refused."),
]


@strawberry.type(description="The orders of families who register students.")
class RegistrationMutations:
    @strawberry.mutation(
        description="Begin a registration, or open the one that was begun: a second start gives the same. A student's "
        "starts with what the school has on record, a new one's empty; a sibling's household is copied."
    )
    async def start_registration(
        self,
        info: Info[Context, None],
        input: Annotated[StartRegistrationInput, strawberry.argument(description="Whom, and for when.")],
    ) -> RegistrationResult:
        order = starting.StartRegistration(input.school_year, input.student_id, input.school_id, input.another)
        return _result(info.context, await starting.start_registration(info.context, order))

    @strawberry.mutation(
        description="Save one section as it is, incomplete or wrong as it may be: its `faults` say what is wrong. "
        "`VERSION_CHANGED` where it was saved by somebody else since it was read: nothing is overwritten."
    )
    async def save_registration(
        self,
        info: Info[Context, None],
        input: Annotated[SaveRegistrationInput, strawberry.argument(description="The section as it shall be.")],
    ) -> RegistrationResult:
        answers = [saving.Answer(each.field, each.entry, each.values) for each in input.answers]
        order = saving.SaveRegistration(input.id, input.section, input.version, answers)
        return _result(info.context, await saving.save_registration(info.context, order))

    @strawberry.mutation(
        description="Sign and submit a registration that is complete; it is locked then, and a receipt goes out by "
        "mail."
    )
    async def submit_registration(
        self,
        info: Info[Context, None],
        input: Annotated[SubmitRegistrationInput, strawberry.argument(description="The signature.")],
    ) -> RegistrationResult:
        order = submitting.SubmitRegistration(input.id, input.signature, input.answers_version, input.language)
        return _result(info.context, await submitting.submit_registration(info.context, order))

    @strawberry.mutation(
        description="Take a registration back for good, before the school has decided or exported it; for the guardian "
        "who began or signed it."
    )
    async def withdraw_registration(
        self,
        info: Info[Context, None],
        id: Annotated[ID, strawberry.argument(description="The registration's id.")],
    ) -> RegistrationResult:
        return _result(info.context, await submitting.withdraw_registration(info.context, id))

    @strawberry.mutation(
        description="Announce a document for a field of kind DOCUMENT, and get the address to send it to. Its id is a "
        "value of the field from the moment that it is here."
    )
    async def begin_upload(
        self,
        info: Info[Context, None],
        input: Annotated[BeginUploadInput, strawberry.argument(description="The document.")],
    ) -> BeginUploadResult:
        return await begin_upload(info.context, input)

    @strawberry.mutation(
        description="Take a document away for good, while the registration can be changed; a field that names it is "
        "empty then."
    )
    async def remove_upload(
        self,
        info: Info[Context, None],
        id: Annotated[ID, strawberry.argument(description="`RegistrationUpload.id`.")],
    ) -> RegistrationResult:
        return _result(info.context, await uploading.remove_upload(info.context, id))


def _result(context: Context, done: Seen | Refused) -> RegistrationSuccess | Problems:
    if isinstance(done, Refused):
        return Problems.of(done)
    return RegistrationSuccess(registration=Registration.of(done, context))
