"""Messages from staff to a parent."""

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from loaders import messages
from loaders.messages import MessageFilter
from loaders.statement import Key, Statement
from resolvers.access import Area, readable
from resolvers.context import Batch, Context
from resolvers.paging import Page, Paged, count_of, paged


async def messages_of_parents(keys: Sequence[Key], batch: Batch, page: Page, wanted: MessageFilter) -> Paged | None:
    """A page of each parent's messages."""
    students = await readable(batch.context, Area.MESSAGES)
    if not _provided(batch):
        return None
    statement = messages.messages_of_guardians(keys, students, await shown_until(batch.context), wanted)
    return paged(batch.context, statement, page)


async def unread_counts(keys: Sequence[Key], batch: Batch) -> list[int]:
    """How many messages of each parent are unread."""
    students = await readable(batch.context, Area.MESSAGES)
    if not _provided(batch):
        return [0 for _ in keys]
    unread = messages.messages_of_guardians(
        keys, students, await shown_until(batch.context), MessageFilter(unread=True)
    )
    (rows,) = await batch.context.source.fetch([count_of(unread)])
    found, at = rows.by_key(), rows.columns.index("total")
    return [found[key][0][at] if key in found else 0 for key in keys]


async def messages_by_id(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """Of these messages those addressed to the viewer."""
    viewer = batch.context.viewer
    if viewer is None or viewer.guardian_key is None or not _provided(batch):
        return None
    students = await readable(batch.context, Area.MESSAGES)
    return messages.messages(viewer.guardian_key, students, await shown_until(batch.context), keys)


async def received(context: Context, keys: Sequence[Key]) -> set[Key]:
    """Of these messages those that are shown to the viewer now."""
    statement = await messages_by_id(keys, Batch(context))
    if statement is None:
        return set()
    (rows,) = await context.source.fetch([statement], [["message_key"]])
    return set(rows.layout.values("message_key", rows.raw))


async def shown_until(context: Context) -> datetime:
    """The current instant, until which messages are shown; the answer holds until the next message is to be seen.

    When that is, is asked under each mark of the source, but every five seconds at the most: where marks go by faster,
    an answer holds for two seconds.
    """
    mark, now = context.mark, context.source.now()
    if mark is None:
        return context.moment
    known: _Waiting | None = context.source.notes.get(_Waiting)
    if known is None or (not known.holds(mark, now) and now - known.asked_at > _PAUSE):
        (rows,) = await context.source.fetch([messages.next_message(now)])
        (until,) = rows.layout.values("sent_at", rows.raw)
        known = context.source.notes[_Waiting] = _Waiting(mark, now, until)
    if not known.holds(mark, now):
        return context.moment
    if known.until is not None:
        context.holds_until(known.until)
    return now


class _Waiting(NamedTuple):
    """Which messages are still to come, as was asked under a mark: when the first of them is to be seen."""

    mark: Hashable
    asked_at: datetime
    until: datetime | None

    def holds(self, mark: Hashable, now: datetime) -> bool:
        """Whether that is so now."""
        return self.mark == mark and (self.until is None or self.until > now)


_PAUSE = timedelta(seconds=5)


def _provided(batch: Batch) -> bool:
    return batch.context.source.adapter.has("message", "message_recipient")
