"""Messages from school staff."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID, Private

from loaders.contract import MessageScope
from loaders.messages import MessageFilter as Wanted
from resolvers import arguments, attachments, messages
from resolvers.context import Batch, Context
from schema import enums as enums
from schema.batching import batched, embedded
from schema.documents import Document
from schema.node import Node

if TYPE_CHECKING:
    from schema.people import Student

LazyStudent = Annotated["Student", strawberry.lazy("schema.people")]


@strawberry.type(description="Who sent a message.")
class MessageSender:
    name: str | None = strawberry.field(description="The sender's name, where the school shows it.")
    role: str | None = strawberry.field(description="The sender's role, where the school shows it.")


@strawberry.type(description="A message from school staff.")
class Message(Node):
    key: Private[Any]
    message_key: Private[Any]
    subject: str = strawberry.field(description="The subject.")
    body: str = strawberry.field(description="The body as sanitized HTML: no script, style, form or foreign frame.")
    body_text: str = strawberry.field(description="The body as plain text.")
    scope: MessageScope = strawberry.field(description="To whom it was addressed.")
    sent_at: datetime.datetime = strawberry.field(description="When it was sent.")
    read: bool = strawberry.field(description="Whether the viewer has read it.")
    read_at: datetime.datetime | None = strawberry.field(description="When the viewer read it.")
    language: str | None = strawberry.field(description="The language of the text, by BCP 47, where that is known.")
    pinned: bool = strawberry.field(description="Whether it stands above the others for as long as it is shown.")
    ends_at: datetime.datetime | None = strawberry.field(description="When it goes out of sight; null for what stays.")
    sender: MessageSender = embedded({"name": "sender_name", "role": "sender_role"}, description="Who sent it.")(
        MessageSender
    )

    @batched("key", size=2)
    def students(keys: Any, batch: Batch) -> list[LazyStudent]:
        """The viewer's students whom it concerns; none where it concerns nobody in particular."""
        return messages.students_of_messages(keys, batch)

    @batched("message_key", size=2)
    def attachments(keys: Any, batch: Batch) -> list[Document]:
        """The files that came with it, in the order in which they were sent."""
        return attachments.attachments_of_messages(keys, batch)


@strawberry.input(description="Which messages: every part that is given must hold.")
class MessageFilter:
    unread: bool | None = strawberry.field(default=None, description="Only unread ones, or only read ones.")
    scopes: list[MessageScope] | None = strawberry.field(default=None, description="Addressed to one of these.")
    student_ids: list[ID] | None = strawberry.field(default=None, description="Concerning one of these students.")
    pinned: bool | None = strawberry.field(default=None, description="Only pinned ones, or only others.")
    since: datetime.datetime | None = strawberry.field(default=None, description="Sent at this instant or later.")
    until: datetime.datetime | None = strawberry.field(default=None, description="Sent before this instant.")
    search: str | None = strawberry.field(
        default=None,
        description="Words, each of which stands in the subject, the text or the sender's name, however it is cased or "
        "accented; eight at the most.",
    )


def wanted_messages(context: Context, given: MessageFilter | None) -> Wanted:
    """A client's filter with its ids read; BadUserInput naming the part that cannot be what it says."""
    if given is None:
        return Wanted()
    return Wanted(
        unread=given.unread,
        scopes=None if given.scopes is None else tuple(given.scopes),
        students=None
        if given.student_ids is None
        else arguments.student_keys(context, given.student_ids, "studentIds"),
        pinned=given.pinned,
        since=None if given.since is None else arguments.within_reach(given.since),
        until=None if given.until is None else arguments.within_reach(given.until),
        words=() if given.search is None else arguments.search_words(given.search, "search"),
    )
