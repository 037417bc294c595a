"""Messages from staff to a parent."""

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from loaders import messages, people
from loaders.messages import MessageFilter
from loaders.people import STUDENT
from loaders.posted import MessageKey, Posted
from loaders.rows import Rows
from loaders.statement import Key, Statement
from loaders.valued import among, valued
from resolvers.access import Area, readable
from resolvers.context import Batch, Context
from resolvers.inbox import Inbox, concerned
from resolvers.inbox_places import is_spot
from resolvers.mailroom import hear_of_inboxes, open_mailroom
from resolvers.paging import Gathered, Page, Paged, count_of, paged


async def messages_of_parents(
    keys: Sequence[Key], batch: Batch, page: Page, wanted: MessageFilter
) -> Paged | Gathered | None:
    """A page of each parent's messages: from one statement where the source alone has any, else gathered."""
    context = batch.context
    students = await readable(context, Area.MESSAGES)
    if is_spot(page.after) and open_mailroom(context) is None:
        # Another process gave the cursor, and has heard of messages from here before this one.
        await hear_of_inboxes(context)
    if open_mailroom(context) is not None or wanted.words or is_spot(page.after):
        return await (await _inbox(context, students)).page(page, wanted, batch.wanted)
    if not _provided(batch):
        return None
    statement = messages.messages_of_guardians(keys, students, await shown_until(context), wanted)
    return paged(context, statement, page)


async def unread_counts(keys: Sequence[Key], batch: Batch) -> list[int]:
    """How many messages of each parent are unread."""
    context = batch.context
    students = await readable(context, Area.MESSAGES)
    wanted = MessageFilter(unread=True)
    if open_mailroom(context) is not None:
        inbox = await _inbox(context, students)
        count = await inbox.count(wanted)
        return [count if key == inbox.guardian else 0 for key in keys]
    if not _provided(batch):
        return [0 for _ in keys]
    unread = messages.messages_of_guardians(keys, students, await shown_until(context), wanted)
    (rows,) = await context.source.fetch([count_of(unread)])
    found, at = rows.by_key(), rows.columns.index("total")
    return [found[key][0][at] if key in found else 0 for key in keys]


async def messages_by_id(keys: Sequence[MessageKey], batch: Batch) -> Statement | Rows | None:
    """Of these messages those addressed to the viewer."""
    context = batch.context
    viewer = context.viewer
    if viewer is None or viewer.guardian_key is None:
        return None
    here = any(isinstance(key, Posted) for key in keys)
    if here and open_mailroom(context) is None:
        await hear_of_inboxes(context)
    students = await readable(context, Area.MESSAGES)
    if here or open_mailroom(context) is not None:
        return await (await _inbox(context, students)).by_keys(keys, batch.wanted)
    if not _provided(batch):
        return None
    own = [key for key in keys if not isinstance(key, Posted)]
    return messages.messages(viewer.guardian_key, students, await shown_until(context), own)


async def received(context: Context, keys: Sequence[MessageKey]) -> set[MessageKey]:
    """Of these messages those that are shown to the viewer now."""
    found = await messages_by_id(keys, Batch(context, ("message_key",)))
    if found is None:
        return set()
    if not isinstance(found, Rows):
        (found,) = await context.source.fetch([found], [["message_key"]])
    return set(found.layout.values("message_key", found.raw))


async def students_of_messages(keys: Sequence[tuple[Key, MessageKey]], batch: Batch) -> Statement | Rows | None:
    """The viewer's students whom each (guardian, message) pair concerns."""
    context = batch.context
    students = await readable(context, Area.MESSAGES)
    if not students:
        return None
    if open_mailroom(context) is None and not any(isinstance(message, Posted) for _, message in keys):
        pairs = [(guardian, message) for guardian, message in keys if not isinstance(message, Posted)]
        return people.students_of_messages(pairs, students)
    found = await concerned(await _inbox(context, students), keys)
    named = list(dict.fromkeys([student for each in found.values() for student in each]))
    columns = tuple(STUDENT.names if batch.wanted is None else dict.fromkeys([*batch.wanted, "key"]))
    statement = people.students(named)
    # Most often the viewer's students were read with the scope.
    rows = context.known.answer(context.source.relations, statement, columns) if named else None
    if named and rows is None:
        (rows,) = await context.source.fetch([statement], [columns])
    known = {} if rows is None else {values["key"]: values for values in among(rows, columns)}
    own = tuple(name for name in columns if name not in ("guardian_key", "message_key"))
    return valued(
        ("guardian_key", "message_key", *own),
        ("guardian_key", "message_key"),
        [
            (guardian, message, *[known[student][name] for name in own])
            for (guardian, message), of_message in found.items()
            for student in of_message
            if student in known
        ],
    )


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


async def _inbox(context: Context, students: Sequence[Key]) -> Inbox:
    provided = context.source.adapter.has("message", "message_recipient")
    now = await shown_until(context) if provided else context.source.now()
    return Inbox(context, open_mailroom(context), context.guardian(), students, now)


def _provided(batch: Batch) -> bool:
    return batch.context.source.adapter.has("message", "message_recipient")
