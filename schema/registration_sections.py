"""What is filled into the sections of a registration, and what is still wrong with it."""

from typing import Annotated

import strawberry
from strawberry import Info, Private

from loaders.registration.form import RuleCode
from resolvers.context import Context
from resolvers.registration import reading
from resolvers.registration.reading import Filled, Seen
from resolvers.registration.saving import editable_fields
from resolvers.registration.wording import said
from schema.levels import SIZE

Language = Annotated[
    str | None,
    strawberry.argument(
        description="The language, by BCP 47; where it is not said, the one that the school has of the viewer."
    ),
]


@strawberry.type(description="The values of one field in one entry of a section.")
class RegistrationAnswer:
    field: str = strawberry.field(description="Which field.")
    values: list[str] = strawberry.field(
        description="As they were typed: none, one, or several where the kind has them."
    )


@strawberry.type(description="One entry of a section: the only one, or one of a list.")
class RegistrationEntry:
    answers: list[RegistrationAnswer] = strawberry.field(description="What is filled in, field by field.")


@strawberry.type(description="A demand that is not met.")
class RegistrationFault:
    section: str = strawberry.field(description="In which section.")
    entry: int = strawberry.field(description="In which of its entries; the first is 0.")
    field: str | None = strawberry.field(description="In which field; null where the section as a whole is meant.")
    rule: RuleCode = strawberry.field(description="Which demand.")
    bound: str = strawberry.field(description="Its bound as text; of KIND the kind.")
    message: str = strawberry.field(description="What is demanded, in a sentence that can be shown.")


@strawberry.type(description="One section as the viewer sees it filled in.")
class RegistrationSection:
    seen: Private[Seen]
    filled: Private[Filled]
    id: str = strawberry.field(description="The name of the section in the form.")
    household: str | None = strawberry.field(
        description="Whose household it is, by the guardian's key in the school's system: told to staff alone."
    )
    version: int = strawberry.field(description="What `saveRegistration` takes; 0 where nothing was saved yet.")
    complete: bool = strawberry.field(description="Whether it has no faults.")
    entries: list[RegistrationEntry] = strawberry.field(description="What is filled in.", metadata={SIZE: 2})

    @strawberry.field(description="What is still wrong with it; an empty list can be submitted.")
    async def faults(self, info: Info[Context, None], language: Language = None) -> list[RegistrationFault]:
        spoken = await reading.language_for(info.context, language) if self.filled.faults else None
        return [
            RegistrationFault(
                section=fault.section,
                entry=fault.entry,
                field=fault.field,
                rule=fault.rule.code,
                bound=fault.rule.value,
                message=said(fault.rule, spoken),
            )
            for fault in self.filled.faults
        ]

    @strawberry.field(
        description="The fields that the viewer may change now. All of a draft; of what the school has sent back those "
        "that it has asked for, and what is wrong by now; none of what is locked, and none for staff."
    )
    async def editable_fields(self, info: Info[Context, None]) -> list[str]:
        return await editable_fields(info.context, self.seen, self.filled.section)

    @classmethod
    def of(cls, seen: Seen, filled: Filled, *, staff: bool) -> "RegistrationSection":
        """The section as clients see it."""
        return cls(
            seen=seen,
            filled=filled,
            id=filled.section.id,
            household=(filled.guardian_id or None) if staff else None,
            version=filled.version,
            complete=not filled.faults,
            entries=[
                RegistrationEntry(
                    answers=[RegistrationAnswer(field=name, values=list(values)) for name, values in entry.items()]
                )
                for entry in filled.entries
            ],
        )
