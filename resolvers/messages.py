"""Messages from staff to a parent."""

from collections.abc import Sequence

from loaders import messages
from loaders.messages import MessageFilter
from loaders.statement import Key, Statement
from resolvers.access import scope_of
from resolvers.context import Batch
from resolvers.paging import Page, Paged, count_of, paged


async def messages_of_parents(keys: Sequence[Key], batch: Batch, page: Page, wanted: MessageFilter) -> Paged | None:
    """A page of each parent's messages."""
    scope = await scope_of(batch.context)
    if not _provided(batch):
        return None
    statement = messages.messages_of_guardians(keys, scope.students, batch.context.moment, wanted)
    return paged(batch.context, statement, page)


async def unread_counts(keys: Sequence[Key], batch: Batch) -> list[int]:
    """How many messages of each parent are unread."""
    scope = await scope_of(batch.context)
    if not _provided(batch):
        return [0 for _ in keys]
    unread = messages.messages_of_guardians(keys, scope.students, batch.context.moment, MessageFilter(unread=True))
    (rows,) = await batch.context.source.fetch([count_of(unread)])
    found, at = rows.by_key(), rows.columns.index("total")
    return [found[key][0][at] if key in found else 0 for key in keys]


async def messages_by_id(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """Of these messages those addressed to the viewer."""
    viewer = batch.context.viewer
    if viewer is None or viewer.guardian_key is None or not _provided(batch):
        return None
    scope = await scope_of(batch.context)
    return messages.messages(viewer.guardian_key, scope.students, batch.context.moment, keys)


def _provided(batch: Batch) -> bool:
    return batch.context.source.adapter.has("message", "message_recipient")
