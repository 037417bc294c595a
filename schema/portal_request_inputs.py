"""What is filled in of a portal request: the form by the parent; the check, decision and search by the office."""

import strawberry
from strawberry import ID

from loaders.contract import GradeLevel, RelationshipKind
from loaders.portal.portal_requests import KeyDelivery, PhotoIdKind
from schema import enums as enums
from schema.enums import described
from schema.scalars import EmailAddress

described(
    KeyDelivery,
    "KeyDelivery",
    "How an activation key reaches its guardian.",
    {KeyDelivery.EMAIL: "By e-mail.", KeyDelivery.POST: "In a letter."},
)
described(
    PhotoIdKind,
    "PhotoIdKind",
    "The kind of a photo ID. Its number is asked for, and kept, nowhere.",
    {
        PhotoIdKind.DRIVERS_LICENSE: "A driver's license.",
        PhotoIdKind.PASSPORT: "A passport.",
        PhotoIdKind.STATE_ID: "An identity card of a state.",
        PhotoIdKind.MILITARY_ID: "A military identity card.",
        PhotoIdKind.OTHER: "Any other photo ID that the school accepts.",
    },
)


@strawberry.input(description="A student, as the parent names them.")
class RequestedStudentInput:
    name: str = strawberry.field(description="The student's full name, up to 120 characters.")
    school_name: str = strawberry.field(description="The student's school, up to 120 characters.")
    grade_level: GradeLevel | None = strawberry.field(default=None, description="The student's grade level.")


@strawberry.input(description="The portal request form. It is signed at the school, before a member of staff.")
class PortalRequestInput:
    name: str = strawberry.field(description="The parent's full name, up to 120 characters.")
    relationship: RelationshipKind = strawberry.field(description="How the parent is related to the students.")
    students: list[RequestedStudentInput] = strawberry.field(description="The students, 1 to 12.")
    home_address: str = strawberry.field(description="The postal address, line by line, up to 400 characters.")
    phone: str = strawberry.field(description="A phone number, up to 40 characters.")
    email: EmailAddress | None = strawberry.field(
        default=None, description="An e-mail address; needed where the key is to go by e-mail."
    )
    delivery: KeyDelivery = strawberry.field(description="How the key is to come.")
    language: str | None = strawberry.field(
        default=None, description="The language to write in, as a BCP 47 tag; English where it is not ours."
    )

    def __repr__(self) -> str:
        return f"PortalRequestInput(delivery={self.delivery})"


@strawberry.input(description="What staff saw at the counter. There is no place for the number of an ID.")
class IdentityCheckInput:
    reference: str = strawberry.field(description="The request's reference; case, spaces and dashes do not matter.")
    id_kind: PhotoIdKind = strawberry.field(description="The kind of photo ID that was seen.")
    signature_witnessed: bool = strawberry.field(description="Whether the form was signed before the member of staff.")
    guardian_id: str = strawberry.field(description="The guardian's key in the SIS: `sourcedId` of `staff.guardians`.")


@strawberry.input(description="What the office decided.")
class DecisionInput:
    reference: str = strawberry.field(description="The request's reference; case, spaces and dashes do not matter.")
    approve: bool = strawberry.field(description="Whether the key is sent (true) or the request denied (false).")
    reason: str | None = strawberry.field(
        default=None, description="Why the request is denied, up to 500 characters; the parent is told so by e-mail."
    )


@strawberry.input(description="Whom the office looks for. Every word must begin a name.")
class GuardianSearchInput:
    name: str = strawberry.field(description="Words of the guardian's name, up to four, of two letters at the least.")
    student_name: str | None = strawberry.field(default=None, description="Words of a student's name, likewise.")
    school_id: ID | None = strawberry.field(default=None, description="A school that a student attends or attended.")
