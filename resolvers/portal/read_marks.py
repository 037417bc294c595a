"""What a guardian has read: noted here for the messages of both origins, each guardian for themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from loaders.portal.inbox import count_change, mark_deliveries, mark_messages
from loaders.posted import Posted
from loaders.statement import Key
from resolvers import arguments
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.mailroom import renew_inboxes
from resolvers.messages import received
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed

MOST_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class MessagesMarked:
    """The ids of the messages that are marked now."""

    ids: tuple[str, ...]


async def mark_messages_read(context: Context, ids: Sequence[str], *, read: bool) -> MessagesMarked | Refused:
    """Marks the viewer's messages as read, or as unread: all of them, or none where one is not shown to the viewer.

    What was read before stays read as of then. BadUserInput beyond a hundred.
    """
    guardian = context.guardian()
    if len(ids) > MOST_MESSAGES:
        raise BadUserInput(f"`ids` holds {len(ids)} ids: name {MOST_MESSAGES} at the most.")
    wanted = list(dict.fromkeys(ids))
    keys = arguments.message_keys(context, wanted)
    shown = await received(context, [key for key in keys if key is not None]) if any(keys) else set()
    missing = [n for n, key in enumerate(keys) if key is None or key not in shown]
    if missing:
        words = "No message of yours has this id."
        return Refused(tuple(Problem(ProblemCode.MESSAGE_NOT_FOUND, words, ("ids", str(n))) for n in missing))
    numbers = [key.number for key in keys if isinstance(key, Posted)]
    own = [str(key) for key in keys if key is not None and not isinstance(key, Posted)]
    await undisturbed(_do_mark(context, guardian, numbers, own, read=read))
    return MessagesMarked(tuple(wanted))


async def _do_mark(context: Context, guardian: Key, numbers: Sequence[int], own: Sequence[str], *, read: bool) -> None:
    portal: Portal = context.portal
    at = context.source.now().astimezone(UTC).replace(microsecond=0) if read else None
    async with portal.writer.transaction() as transaction:
        if numbers:
            await mark_deliveries(transaction, str(guardian), numbers, at)
        await mark_messages(transaction, str(guardian), own, at)
        if numbers or own:
            await count_change(transaction)
    await renew_inboxes(context.source)
    # What this operation reads next is as it is now.
    context.loads.clear()
