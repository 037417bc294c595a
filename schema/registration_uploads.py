"""Documents that belong to a registration, as those see them who may, and the orders that hand them in."""

import datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID, Private

from loaders.portal.registration_uploads import UploadState
from resolvers.context import Batch, Context
from resolvers.portal.problems import Refused
from resolvers.registration import uploading
from resolvers.registration.upload_links import urls_of_uploads
from resolvers.registration.uploads import Document
from schema.batching import batched
from schema.enums import described
from schema.problems import Problems
from schema.scalars import URL

described(
    UploadState,
    "RegistrationUploadState",
    "How far a document is. Read a value you do not know as RECEIVED.",
    {
        UploadState.EXPECTED: "It was announced and is yet to be sent.",
        UploadState.RECEIVED: "It is here, and is yet to be scanned for viruses; the school does not see it before.",
        UploadState.CLEAN: "It is here, and was found clean where the district scans for viruses.",
        UploadState.REFUSED: "A virus was found in it: it is gone, and answers no field.",
        UploadState.REMOVED: "It was taken away.",
    },
)


@strawberry.type(description="A document that a family hands in with a registration.")
class RegistrationUpload:
    link_key: Private[Any]
    id: ID = strawberry.field(description="What a field of kind DOCUMENT takes among its values.")
    section: str = strawberry.field(description="For which section of the form.")
    field: str = strawberry.field(description="For which field in it.")
    name: str = strawberry.field(description="What the family's file is called.")
    media_type: str = strawberry.field(description="What it is, as its bytes say.")
    bytes: int = strawberry.field(description="Its size.")
    sha256: str | None = strawberry.field(description="The SHA-256 of its bytes, in hexadecimal; null before it came.")
    state: UploadState = strawberry.field(description="How far it is.")
    received_at: datetime.datetime | None = strawberry.field(description="When it came; null before that.")
    scanned_at: datetime.datetime | None = strawberry.field(
        description="When a scanner last looked at it; null where none has."
    )

    @batched("link_key")
    def url(keys: Any, batch: Batch) -> URL | None:
        """Where to fetch it: good once, for five minutes, in this session; rights are asked again. Null: not here."""
        return urls_of_uploads(keys, batch)

    @classmethod
    def of(cls, document: Document) -> "RegistrationUpload":
        """The document as clients see it."""
        upload = document.upload
        there = upload.state in (UploadState.RECEIVED, UploadState.CLEAN)
        return cls(
            link_key=upload.id if there else None,
            id=ID(str(upload.id)),
            section=upload.section,
            field=upload.field,
            name=document.name,
            media_type=upload.media_type,
            bytes=upload.bytes,
            sha256=upload.sha256,
            state=upload.state,
            received_at=upload.received_at,
            scanned_at=upload.scanned_at,
        )


@strawberry.input(description="A document that is to be handed in.")
class BeginUploadInput:
    id: ID = strawberry.field(description="The registration's id.")
    section: str = strawberry.field(description="The section's id in the form.")
    field: str = strawberry.field(description="The id of a field of kind DOCUMENT in it.")
    file_name: str = strawberry.field(description="What the file is called; up to 200 characters.")
    media_type: str = strawberry.field(description="What it is: one of the field's MEDIA_TYPES.")
    bytes: int = strawberry.field(description="Its exact size, within the field's MAX_BYTES.")

    def __repr__(self) -> str:
        return "BeginUploadInput()"


@strawberry.type(description="A document is expected.")
class BeginUploadSuccess:
    upload: RegistrationUpload = strawberry.field(
        description="The document; its `id` answers the field once it is here."
    )
    url: URL = strawberry.field(
        description="Where to send it: by PUT, in this session, with its media type as Content-Type and its bytes as "
        "the body. Good for 15 minutes, and until one was taken, which is answered by 201; 422 says in a sentence why "
        "a file is not taken."
    )


BeginUploadResult = Annotated[
    BeginUploadSuccess | Problems,
    strawberry.union("BeginUploadResult", description="Where to send the document, or why it is not taken."),
]


async def begin_upload(context: Context, given: BeginUploadInput) -> BeginUploadSuccess | Problems:
    """Announces a document."""
    order = uploading.BeginUpload(
        given.id, given.section, given.field, given.file_name, given.media_type, given.bytes
    )  # fmt: skip
    done = await uploading.begin_upload(context, order)
    if isinstance(done, Refused):
        return Problems.of(done)
    return BeginUploadSuccess(upload=RegistrationUpload.of(done.document), url=URL(done.url))
