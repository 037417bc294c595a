"""The portal's own messages beside the source: where they are kept, what opens them, and whether there are any.

No operation asks the store whether a district sends messages from here: how often inboxes have changed is known beside
the source, is renewed after each order here, and several times a second for those of other processes.
"""

from dataclasses import dataclass
from datetime import datetime

import orjson

from loaders.errors import MustWait
from loaders.portal.inbox import inbox_version
from loaders.portal.transaction import Reading
from loaders.source import Source
from resolvers.context import MOMENT, Context
from resolvers.portal.sealing import SealBroken, Sealer

#: What a message's content is sealed for.
SEALED_FOR = "a message"


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says: its subject, and its body as sanitized HTML and as plain text."""

    subject: str
    body: str
    body_text: str


class Mailroom:
    """The store of the portal's messages, and what is known of it: how often inboxes have changed, and when the clock
    next takes a message out of sight."""

    __slots__ = ("changes", "ends_at", "sealer", "store")

    def __init__(self, store: Reading, sealer: Sealer) -> None:
        self.store = store
        self.sealer = sealer
        self.changes = 0
        self.ends_at: datetime | None = None

    def open(self, content_sealed: str) -> Content:
        """What a message says; nothing where it was sealed with a key that is gone: the others can still be read."""
        return opened_content(self.sealer, content_sealed)


def sealed_content(sealer: Sealer, content: Content) -> str:
    """What a message says, sealed."""
    return sealer.seal(SEALED_FOR, orjson.dumps([content.subject, content.body, content.body_text]).decode())


def opened_content(sealer: Sealer, content_sealed: str) -> Content:
    """What a message says; nothing where it was sealed with a key that is gone."""
    try:
        return Content(*orjson.loads(sealer.open(SEALED_FOR, content_sealed)))
    except SealBroken:
        return Content("", "", "")


def mailroom_of(source: Source) -> Mailroom | None:
    """The mailroom beside this source; None where the district has none."""
    found: Mailroom | None = source.notes.get(Mailroom)
    return found


def put_mailroom(source: Source, store: Reading, sealer: Sealer) -> None:
    """Lets messages be sent from here beside those of the source."""
    source.notes[Mailroom] = Mailroom(store, sealer)


async def renew_inboxes(source: Source) -> None:
    """Lets hold here what has changed in inboxes, in this process or another."""
    room = mailroom_of(source)
    if room is None:
        return
    now = source.now()
    changes, ends_at = await inbox_version(room.store, now)
    if changes != room.changes or ends_at != room.ends_at:
        source.inboxes += 1
    room.changes, room.ends_at = changes, ends_at


async def hear_of_inboxes(context: Context) -> None:
    """Lets hold for an operation what may have changed in inboxes a moment ago."""
    if context.hurried:
        raise MustWait
    await renew_inboxes(context.source)


def open_mailroom(context: Context) -> Mailroom | None:
    """The mailroom, where messages were sent or marked here at all; None where only the source can have any.

    The answer holds until inboxes change, or the clock takes a message out of sight.
    """
    room = mailroom_of(context.source)
    if room is None:
        return None
    context.inboxes = context.source.inboxes
    if not room.changes:
        return None
    if context.hurried:
        raise MustWait
    if room.ends_at is not None:
        if room.ends_at > context.source.now():
            context.holds_until(room.ends_at)
        else:
            # It has just gone, and what comes next is not known yet.
            context.holds_until(context.source.now() + MOMENT)
    return room
