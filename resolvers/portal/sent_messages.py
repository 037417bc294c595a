"""Messages as their senders see them: how far each is, and how many have read it; never who."""

from collections.abc import Sequence

from loaders.portal import posted_messages as rows
from loaders.portal.posted_messages import PostedMessage
from loaders.portal.roles import StaffRole
from loaders.posted import Posted
from resolvers import arguments
from resolvers.context import Context
from resolvers.mailroom import Content, opened_content
from resolvers.paging import page_of
from resolvers.portal.listing import Listing, listing, number, place_in
from resolvers.portal.message_order import SENDERS
from resolvers.portal.service import Portal
from resolvers.staff import staff


async def sent_messages(context: Context, first: int | None, after: str | None) -> Listing[PostedMessage]:
    """What the viewer has sent, for ADMIN what everybody has, the newest first; for OFFICE, ADMIN and TEACHER."""
    sender = _sender(context)
    portal: Portal = context.portal
    page = page_of(first, after)
    place = place_in(page.after, number)
    found = await rows.messages_after(portal.writer, sender, None if place is None else place[0], page.first + 1)
    return listing([((each.id,), each) for each in found], page.first, earlier=place is not None)


async def sent_count(context: Context) -> int:
    """How many messages the viewer has sent, for ADMIN everybody."""
    sender = _sender(context)
    portal: Portal = context.portal
    return await rows.count_messages(portal.writer, sender)


async def sent_message(context: Context, id: str) -> PostedMessage | None:
    """One of those messages; None where it is not there or another's, alike."""
    sender = _sender(context)
    portal: Portal = context.portal
    (key,) = arguments.message_keys(context, [id])
    found = await rows.message_by_id(portal.writer, key.number) if isinstance(key, Posted) else None
    return found if found is not None and sender in (None, found.account_id) else None


async def read_counts(context: Context, numbers: Sequence[int]) -> list[int]:
    """How many guardians have read each of these messages, which are the viewer's."""
    portal: Portal = context.portal
    found = await rows.count_read(portal.writer, list(numbers))
    return [found.get(each, 0) for each in numbers]


def content_of(context: Context, message: PostedMessage) -> Content:
    """What a message says."""
    portal: Portal = context.portal
    return opened_content(portal.sealer, message.content_sealed)


def _sender(context: Context) -> int | None:
    """Whose messages the viewer sees: the own, or everybody's (None)."""
    viewer = staff(context, *SENDERS)
    return None if StaffRole.ADMIN in viewer.roles else viewer.account_id
