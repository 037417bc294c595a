"""Documents about a student."""

import datetime
from typing import Any

import strawberry
from strawberry import ID, Private

from loaders.contract import DocumentKind
from resolvers import terms
from resolvers.context import Batch
from resolvers.documents import Paper
from resolvers.portal.document_links import first_views_of_documents, urls_of_documents
from schema.batching import batched
from schema.enums import described
from schema.node import Node
from schema.scalars import URL
from schema.schools import Term

described(
    DocumentKind,
    "DocumentKind",
    "What a document is. Read a value you do not know as OTHER.",
    {
        DocumentKind.REPORT_CARD: "A report card: the grades of a term or year.",
        DocumentKind.PROGRESS_REPORT: "A report within a term.",
        DocumentKind.SCHEDULE: "A schedule.",
        DocumentKind.TRANSCRIPT: "A transcript; unofficial where it was printed here.",
        DocumentKind.LETTER: "A letter to the family.",
        DocumentKind.FORM: "A form.",
        DocumentKind.OTHER: "Something else.",
    },
)


@strawberry.type(
    description="A PDF about a student: issued by the school, or printed here from the record when it is fetched; or a "
    "file that came with a message."
)
class Document(Node):
    link_key: Private[Any]
    term_key: Private[Any]
    kind: DocumentKind = strawberry.field(description="What it is.")
    title: str = strawberry.field(description="The title.")
    issued_on: datetime.date | None = strawberry.field(
        description="The day the school issued it; null for what is printed here."
    )
    version: int = strawberry.field(
        description="Which version it is: 1 at first, a higher one where the school corrected it."
    )
    supersedes: ID | None = strawberry.field(description="The id of the document that this one corrects.")
    current: bool = strawberry.field(description="Whether no other document corrects this one.")
    printed: bool = strawberry.field(
        description="Whether it is printed here from the record as it stands, and is not a file of the school's."
    )
    bytes: int | None = strawberry.field(description="Its size, where the source says.")
    media_type: str = strawberry.field(description="What kind of file it is: application/pdf, or what came as such.")

    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        """Whether a value is a document: one of these, or a paper as the resolvers make it."""
        return isinstance(value, cls | Paper)

    @batched("term_key", shared=True)
    def term(keys: Any, batch: Batch) -> Term | None:
        """The term it is for."""
        return terms.terms_of_keys(keys, batch)

    @batched("link_key")
    def url(keys: Any, batch: Batch) -> URL:
        """Where to fetch it: good once, for five minutes, in this session; the rights are asked again then."""
        return urls_of_documents(keys, batch)

    @batched("link_key")
    def first_viewed_at(keys: Any, batch: Batch) -> datetime.datetime | None:
        """When the viewer first fetched it; null where never."""
        return first_views_of_documents(keys, batch)
