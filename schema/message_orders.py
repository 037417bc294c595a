"""Messages as staff send them and families mark them."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry import ID, Info, Private
from strawberry.dataloader import DataLoader

from loaders.contract import MessageScope
from loaders.ids import node_id
from loaders.portal.posted_messages import PostedMessage, SendingState
from loaders.posted import Posted
from resolvers.context import Context
from resolvers.mailroom import Content
from resolvers.portal import message_order as orders
from resolvers.portal import sent_messages as sent
from resolvers.portal.message_files import file_number
from resolvers.portal.problems import Refused
from resolvers.portal.read_marks import mark_messages_read
from schema.batching import After, First
from schema.connections import Connection
from schema.enums import described
from schema.listings import connection
from schema.problems import Problems

described(
    SendingState,
    "SendingState",
    "How far a message of staff's is.",
    {
        SendingState.WAITING: "Its hour has not come, or others are sent before it.",
        SendingState.SENDING: "It is being given out.",
        SendingState.SENT: "Everybody has it who may have it.",
        SendingState.WITHDRAWN: "It was taken back: nobody sees it any more.",
        SendingState.FAILED: "It was given up half way: who has it keeps it. Withdraw it, and send it anew.",
    },
)


@strawberry.type(description="A message that staff have ordered, and how far it is.")
class SentMessage:
    message: Private[PostedMessage]
    content: Private[Content]
    message_id: ID = strawberry.field(description="By which it is found and withdrawn.")
    state: SendingState = strawberry.field(description="How far it is.")
    scope: MessageScope = strawberry.field(description="To whom it is addressed.")
    target_id: str | None = strawberry.field(
        description="The key in the school's system of the school, section, student or guardian; null for the district."
    )
    subject: str = strawberry.field(description="The subject.")
    body: str = strawberry.field(description="The body as families get it: sanitized HTML.")
    body_text: str = strawberry.field(description="The body as plain text.")
    language: str = strawberry.field(description="The language of the text, by BCP 47.")
    pinned: bool = strawberry.field(description="Whether it stands above the others for as long as it is shown.")
    sender_name: str = strawberry.field(description="Who sent it.")
    ordered_at: datetime = strawberry.field(description="When it was ordered.")
    sent_at: datetime = strawberry.field(description="From when on it is given out.")
    ends_at: datetime | None = strawberry.field(description="When it goes out of sight, if ever.")
    total: int | None = strawberry.field(
        description="How many guardians are addressed; null until the first of them has it. Once it is sent, those who "
        "have it and those from whom it is withheld."
    )
    done: int = strawberry.field(description="How many guardians have it.")
    failed: int = strawberry.field(
        description="How many may not have it: messages are closed to them, or they are kept from the student."
    )
    finished_at: datetime | None = strawberry.field(description="When it was sent, or given up.")
    withdrawn_at: datetime | None = strawberry.field(description="When it was taken back.")

    @strawberry.field(description="How many guardians have read it.")
    async def read_count(self, info: Info[Context, None]) -> int:
        context = info.context
        place = ("reads of messages",)
        if place not in context.loads:
            context.loads[place] = DataLoader(load_fn=partial(sent.read_counts, context))
        count: int = await context.loads[place].load(self.message.id)
        return count

    @classmethod
    def of(cls, context: Context, message: PostedMessage) -> "SentMessage":
        """The message as staff see it."""
        content = sent.content_of(context, message)
        return cls(
            message=message,
            content=content,
            message_id=ID(node_id("Message", *Posted(message.id).texts)),
            state=message.state,
            scope=message.scope,
            target_id=message.target_id,
            subject=content.subject,
            body=content.body,
            body_text=content.body_text,
            language=message.language,
            pinned=message.pinned,
            sender_name=message.sender_name,
            ordered_at=message.ordered_at,
            sent_at=message.sent_at,
            ends_at=message.shown_until_at,
            total=message.total,
            done=message.delivered,
            failed=message.withheld,
            finished_at=message.finished_at,
            withdrawn_at=message.withdrawn_at,
        )


@strawberry.input(description="What to send to whom. Each scope names its target, and nothing else.")
class SendMessageInput:
    scope: MessageScope = strawberry.field(
        description="To whom: DISTRICT is for ADMIN; OFFICE writes to the families of its schools, a TEACHER to the "
        "own courses, their students and these students' guardians."
    )
    school_id: ID | None = strawberry.field(default=None, description="SCHOOL: the school's id.")
    section_id: str | None = strawberry.field(
        default=None, description="COURSE: the section's key in the school's system."
    )
    student_id: str | None = strawberry.field(
        default=None,
        description="STUDENT: the student's key in the school's system. With PERSONAL, the student whom it is about.",
    )
    guardian_id: str | None = strawberry.field(
        default=None, description="PERSONAL: the guardian's key in the school's system."
    )
    subject: str = strawberry.field(description="The subject, 200 characters at the most.")
    body: str = strawberry.field(
        description="Plain text or HTML, 20,000 characters at the most. Of HTML, plain tags and links are kept."
    )
    language: str = strawberry.field(description="The language of the text, by BCP 47: `en`, `es`, `zh-Hant`.")
    pinned: bool = strawberry.field(
        default=False, description="Whether it stands above the others; it needs `showUntil`."
    )
    show_from: datetime | None = strawberry.field(default=None, description="From when on; now if not said.")
    show_until: datetime | None = strawberry.field(
        default=None, description="Until when it is shown; for good if not said."
    )
    file_ids: list[ID] = strawberry.field(
        default_factory=list,
        description="Files to be sent along, five at the most: each the `fileId` that `POST /message-files?name=…` has "
        "answered to its bytes (PDF, JPEG, PNG or HEIC, 5 MB at the most), a day ago at the longest.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of the client's own: what the same sender orders again under it is not sent again, and "
        "answers with what was ordered first. 100 characters at the most.",
    )


@strawberry.type(description="The message is ordered; it is given out in the background.")
class SendMessageSuccess:
    message: SentMessage = strawberry.field(description="The message, and how far it is.")


@strawberry.type(description="The messages are marked.")
class MarkMessagesReadSuccess:
    ids: list[ID] = strawberry.field(description="The ids of the messages, each once.")


SendMessageResult = Annotated[
    SendMessageSuccess | Problems,
    strawberry.union("SendMessageResult", description="The message, or why it was not ordered."),
]
MarkMessagesReadResult = Annotated[
    MarkMessagesReadSuccess | Problems,
    strawberry.union("MarkMessagesReadResult", description="What is marked, or why nothing is."),
]


@strawberry.type(description="The orders on messages.")
class MessageMutations:
    @strawberry.mutation(
        description="Mark messages of the viewer's as read, or as unread: all of them, or none where one is not the "
        "viewer's to read. What was read before stays read as of then."
    )
    async def mark_messages_read(
        self,
        info: Info[Context, None],
        ids: Annotated[list[ID], strawberry.argument(description="The messages' ids, 100 at the most.")],
        read: Annotated[bool, strawberry.argument(description="Whether they are read.")] = True,
    ) -> MarkMessagesReadResult:
        done = await mark_messages_read(info.context, ids, read=read)
        return Problems.of(done) if isinstance(done, Refused) else MarkMessagesReadSuccess(ids=list(map(ID, done.ids)))

    @strawberry.mutation(
        description="Send a message. Who gets it is found as it is given out: every guardian whose portal right to a "
        "student of the target holds then, and for whom MESSAGES of that student is open. For OFFICE, ADMIN and "
        "TEACHER."
    )
    async def send_message(
        self,
        info: Info[Context, None],
        input: Annotated[SendMessageInput, strawberry.argument(description="What, and to whom.")],
    ) -> SendMessageResult:
        order = orders.SendMessage(
            scope=input.scope,
            subject=input.subject,
            body=input.body,
            language=input.language,
            school_id=input.school_id,
            section_id=input.section_id,
            student_id=input.student_id,
            guardian_id=input.guardian_id,
            pinned=input.pinned,
            show_from=input.show_from,
            show_until=input.show_until,
            idempotency_key=input.idempotency_key,
            file_numbers=tuple(file_number(id) for id in input.file_ids),
        )
        return _sent(info.context, await orders.send_message(info.context, order))

    @strawberry.mutation(
        description="Take a message back: it vanishes from every inbox, and nobody else gets it. One's own; for ADMIN, "
        "anybody's. For OFFICE, ADMIN and TEACHER."
    )
    async def withdraw_message(
        self, info: Info[Context, None], id: Annotated[ID, strawberry.argument(description="The message's id.")]
    ) -> SendMessageResult:
        return _sent(info.context, await orders.withdraw_message(info.context, id))


@strawberry.type(description="What staff have sent.")
class MessageDesk:
    @strawberry.field(
        description="The messages that the viewer has sent, for ADMIN those of everybody, the newest first. For "
        "OFFICE, ADMIN and TEACHER."
    )
    async def sent_messages(
        self, info: Info[Context, None], first: First = None, after: After = None
    ) -> Connection[SentMessage] | None:
        context = info.context
        page = await sent.sent_messages(context, first, after)
        return connection(page, lambda each: SentMessage.of(context, each), lambda: sent.sent_count(context))

    @strawberry.field(
        description="A message that the viewer has sent, for ADMIN anybody's; null where there is none. For OFFICE, "
        "ADMIN and TEACHER."
    )
    async def sent_message(
        self, info: Info[Context, None], id: Annotated[ID, strawberry.argument(description="The message's id.")]
    ) -> SentMessage | None:
        found = await sent.sent_message(info.context, id)
        return None if found is None else SentMessage.of(info.context, found)


def _sent(context: Context, done: PostedMessage | Refused) -> SendMessageSuccess | Problems:
    if isinstance(done, Refused):
        return Problems.of(done)
    return SendMessageSuccess(message=SentMessage.of(context, done))
