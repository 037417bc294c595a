"""Registrations as families see them: the form, what is filled in, what is wrong with it, and how far it is."""

import datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID, Info, Private

from loaders.ids import node_id
from loaders.portal.registrations import RegistrationState
from resolvers import people
from resolvers.context import Batch, Context
from resolvers.registration import notes, reading
from resolvers.registration.reading import Seen
from resolvers.registration.receipts import own_receipts, urls_of_receipts
from resolvers.registration.states import NextAction, next_action
from resolvers.registration.subject import schools_of_registrations
from resolvers.registration.uploads import documents_of
from schema.batching import batched
from schema.enums import described
from schema.levels import SIZE
from schema.node import Node
from schema.registration_form import RegistrationForm
from schema.registration_sections import Language, RegistrationSection
from schema.registration_uploads import RegistrationUpload
from schema.scalars import URL
from schema.schools import School

described(
    RegistrationState,
    "RegistrationState",
    "How far a registration is. Read a value you do not know as IN_REVIEW.",
    {
        RegistrationState.DRAFT: "The family fills it in.",
        RegistrationState.SUBMITTED: "It was signed and submitted; nobody has looked at it yet.",
        RegistrationState.IN_REVIEW: "The school looks at it.",
        RegistrationState.NEEDS_CHANGES: "The school asks the family to change something.",
        RegistrationState.HOLD: "The school waits for something.",
        RegistrationState.APPROVED: "The school has approved it.",
        RegistrationState.DENIED: "The school has denied it.",
        RegistrationState.WITHDRAWN: "The family has taken it back.",
        RegistrationState.EXPORTED: "It has gone into the school's own system.",
    },
)
described(
    NextAction,
    "RegistrationAction",
    "What the family is to do next.",
    {
        NextAction.COMPLETE: "Fill in what is missing or wrong.",
        NextAction.SIGN: "Sign and submit it.",
        NextAction.WAIT: "Wait for the school.",
        NextAction.NOTHING: "Nothing more is to be done.",
    },
)


@strawberry.type(description="Who signed a registration, when, and under what.")
class RegistrationSignature:
    name: str | None = strawberry.field(description="The typed name; null where another guardian signed.")
    own: bool = strawberry.field(description="Whether the viewer signed it.")
    signed_at: datetime.datetime = strawberry.field(description="When.")
    statement: str = strawberry.field(description="The text that was signed.")


@strawberry.type(description="The receipt of what the viewer signed: every answer as it was shown, and the signature.")
class RegistrationReceipt:
    link_key: Private[int]
    signed_at: datetime.datetime = strawberry.field(description="When it was signed.")

    @batched(key="link_key")
    def url(keys: Any, batch: Batch) -> URL:
        """Where to fetch it as a PDF: good once, for five minutes, in this session; rights are asked again."""
        return urls_of_receipts(keys, batch)


@strawberry.type(description="Something that the school has written to the family about a registration.")
class RegistrationNote:
    state: RegistrationState = strawberry.field(description="The state into which the school brought it with that.")
    written_at: datetime.datetime = strawberry.field(description="When.")
    by: str | None = strawberry.field(description="What the member of staff is called.")
    section: str | None = strawberry.field(description="About which section; null for the registration as a whole.")
    entry: int | None = strawberry.field(description="About which entry of a list; null for all of them.")
    field: str | None = strawberry.field(description="About which field; null for the section as a whole.")
    text: str = strawberry.field(description="What was written.")


@strawberry.type(description="A state that a registration has reached.")
class RegistrationStep:
    state: RegistrationState = strawberry.field(description="Which.")
    happened_at: datetime.datetime = strawberry.field(description="When.")
    by: str | None = strawberry.field(description="What the member of staff is called who did it; null for a guardian.")
    own: bool = strawberry.field(description="Whether the viewer did it.")


@strawberry.type(description="A student's registration for a school year.")
class Registration(Node):
    seen: Private[Seen]
    student_key: Private[Any]
    school_key: Private[Any]
    state: RegistrationState = strawberry.field(description="How far it is.")
    school_year: int = strawberry.field(description="The year in which the school year ends.")
    started_at: datetime.datetime = strawberry.field(description="When it was begun.")
    changed_at: datetime.datetime = strawberry.field(description="When anything in it changed last.")
    submitted_at: datetime.datetime | None = strawberry.field(description="When it was submitted last.")
    form_changed: bool = strawberry.field(
        description="Whether the district has changed the form since it was filled in: faults are by the form as it is."
    )
    complete: bool = strawberry.field(description="Whether every section that the viewer sees is without faults.")
    next_action: NextAction = strawberry.field(description="What the family is to do next.")
    answers_version: str = strawberry.field(
        description="Another one as soon as the form or an answer is: what `submitRegistration` takes, so that nobody "
        "signs what they were not shown. Empty where the district has no form for the year any more."
    )
    sections: list[RegistrationSection] = strawberry.field(
        description="The student's sections, and those of the viewer's own household: what another household wrote of "
        "itself is not shown."
    )

    @batched(key="student_key")
    def student(keys: Any, batch: Batch) -> Annotated["Student", strawberry.lazy("schema.people")] | None:  # type: ignore[name-defined] # noqa: F821
        """The student; null for one whom the school does not know yet."""
        return people.students_by_key(keys, batch)

    @batched(key="school_key")
    def school(keys: Any, batch: Batch) -> School | None:
        """The school that it is for."""
        return schools_of_registrations(keys, batch)

    @strawberry.field(description="The form, to be drawn; null where the district has none for the year any more.")
    async def form(self, info: Info[Context, None], language: Language = None) -> RegistrationForm | None:
        form = self.seen.form
        return None if form is None else RegistrationForm.of(form, await reading.language_for(info.context, language))

    @strawberry.field(description="The last signature; null before there is one.")
    async def signature(self, info: Info[Context, None]) -> RegistrationSignature | None:
        found = await reading.signature_of(info.context, self.seen.registration)
        if found is None:
            return None
        signed = found.signature
        return RegistrationSignature(
            name=found.name, own=found.own, signed_at=signed.signed_at, statement=signed.statement
        )

    @strawberry.field(
        description="The receipts of what the viewer signed, in their order: one for each signature, of what it was "
        "given to."
    )
    async def receipts(self, info: Info[Context, None]) -> list[RegistrationReceipt]:
        return [
            RegistrationReceipt(link_key=each.id, signed_at=each.signed_at)
            for each in await own_receipts(info.context, self.seen.registration)
        ]

    @strawberry.field(
        description="The documents that were announced or handed in for it: the student's, and those of the viewer's "
        "own household."
    )
    async def uploads(self, info: Info[Context, None]) -> list[RegistrationUpload]:
        found = await documents_of(info.context, self.seen.registration, self.seen.form)
        return [RegistrationUpload.of(each) for each in found]

    @strawberry.field(description="The states that it has reached, in their order.")
    async def steps(self, info: Info[Context, None]) -> list[RegistrationStep]:
        return [
            RegistrationStep(state=step.state, happened_at=step.happened_at, by=step.by_name, own=own)
            for step, own in await reading.steps_of(info.context, self.seen.registration)
        ]

    @strawberry.field(
        description="What the school has written to the family, in its order: not what it noted for itself, and to a "
        "guardian nothing of another household."
    )
    async def notes(self, info: Info[Context, None]) -> list[RegistrationNote]:
        return [
            RegistrationNote(
                state=each.state,
                written_at=each.written_at,
                by=each.by,
                section=each.section,
                entry=each.entry,
                field=each.field,
                text=each.text,
            )
            for each in await notes.written_of(info.context, self.seen.registration)
        ]

    @classmethod
    def of(cls, seen: Seen, context: Context) -> "Registration":
        """The registration as the viewer sees it."""
        found, parse = seen.registration, context.source.adapter.parse_key
        staff = context.signed_in().guardian_key is None
        return cls(
            seen=seen,
            id=ID(node_id("Registration", found.id)),
            student_key=None if found.student_id is None else parse("student", found.student_id),
            school_key=parse("school", found.school_id),
            state=found.state,
            school_year=found.school_year,
            started_at=found.started_at,
            changed_at=found.changed_at,
            submitted_at=found.submitted_at,
            form_changed=seen.form_changed,
            complete=seen.complete,
            next_action=next_action(found.state, complete=seen.complete),
            answers_version=seen.mark,
            sections=[RegistrationSection.of(seen, filled, staff=staff) for filled in seen.sections],
        )


@strawberry.type(description="Whoever registers students.")
class Registrar:
    @strawberry.field(
        description="The registrations of the viewer's students whose right REGISTRATION the viewer has, and of new "
        "students whom the viewer has begun to register, the latest year first. Null where the district takes none "
        "here.",
        metadata={SIZE: 3},
    )
    async def registrations(
        self,
        info: Info[Context, None],
        school_year: Annotated[
            int | None, strawberry.argument(description="Of this school year, by the year in which it ends.")
        ] = None,
    ) -> list[Registration] | None:
        found = await reading.own_registrations(info.context, school_year)
        return None if found is None else [Registration.of(each, info.context) for each in found]

    @strawberry.field(
        description="The forms by which the district takes registrations, the latest year first, and when. Null where "
        "it takes none here."
    )
    async def registration_forms(
        self, info: Info[Context, None], language: Language = None
    ) -> list[RegistrationForm] | None:
        found = reading.forms_to_fill(info.context)
        if not found:
            return None
        spoken = await reading.language_for(info.context, language)
        return [RegistrationForm.of(form, spoken) for form in found]


async def registration_by_id(context: Context, id: str) -> Registration | None:
    """The registration of an id; None where it is not there or the viewer may not see it, alike."""
    found = await reading.registration_of_id(context, id)
    return None if found is None else Registration.of(found, context)
