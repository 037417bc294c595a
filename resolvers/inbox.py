"""One inbox of two origins: the messages that were sent from here, and those that the source keeps.

Both are read in one order, pinned ones first and then the newest, each by its own keys; a cursor names a place in that
order, whichever origin stands there. What a guardian has read is known here for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from typing import Any

from loaders import messages
from loaders.ids import node_id
from loaders.messages import END, MESSAGE, Marked, MessageFilter
from loaders.portal import inbox as rows
from loaders.portal.inbox import Delivered, Reader, Wanted
from loaders.posted import MessageKey, Posted
from loaders.rows import Rows
from loaders.statement import Key, Statement
from loaders.valued import among, valued
from resolvers.context import Context
from resolvers.inbox_places import Spot, behind_spot, place_of, spot_of, text_of
from resolvers.mailroom import Mailroom
from resolvers.paging import Gathered, Page, count_of

#: How many messages are looked through at once for words, which no database can find in what is sealed.
SCANNED = 200
_CURSOR = "place"
_ALWAYS = ("guardian_key", "message_key")
_SEARCHED = ("subject", "body_text", "sender_name")
_CONCERNED = "whom messages concern"


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as the viewer has it: where it stands, whom it concerns, and its values by their columns."""

    spot: Spot
    students: tuple[Key, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Inbox:
    """A guardian's inbox as the viewer may read it at an instant; `room` is None where nothing was sent from here."""

    context: Context
    room: Mailroom | None
    guardian: Key
    students: Sequence[Key]
    now: datetime
    marks: dict[str, datetime | None] = field(default_factory=dict)

    async def page(self, page: Page, wanted: MessageFilter, columns: Sequence[str] | None) -> Gathered:
        """A page of the inbox; BadUserInput where `after` is no cursor of it."""
        after = None if page.after is None else spot_of(self.context, page.after)
        names = _columns(columns)
        found = await self._first(after, page.first + 1, wanted, names)
        _note(self.context, self.guardian, found)

        async def count() -> Mapping[Any, int]:
            return {self.guardian: await self.count(wanted)}

        return Gathered(_rows(found, names, "guardian_key"), page.first, [_CURSOR], count)

    async def count(self, wanted: MessageFilter) -> int:
        """How many messages there are in all."""
        if wanted.words:
            return len(await self._first(None, None, wanted, _ALWAYS))
        total = 0
        if self.room is not None:
            total, marks = await rows.counted(self.room.store, self._reader(), _wanted(wanted))
            self.marks.update(marks)
        if _provided(self.context):
            (found,) = await self.context.source.fetch([count_of(self._statement(wanted))])
            at = found.columns.index("total")
            total += sum(row[at] for row in found.rows)
        return total

    async def by_keys(self, keys: Sequence[MessageKey], columns: Sequence[str] | None) -> Rows:
        """Of the messages of these keys those that the viewer may read, by their key."""
        names = _columns(columns)
        found = await self.entries(keys, names)
        return _rows(found, names, "message_key")

    async def entries(self, keys: Sequence[MessageKey], names: Sequence[str] = _ALWAYS) -> list[Entry]:
        """The messages of these keys that the viewer may read, in no order that means anything."""
        numbers = [key.number for key in keys if isinstance(key, Posted)]
        own = [key for key in keys if not isinstance(key, Posted)]
        found: list[Entry] = []
        if self.room is not None:
            # What is marked of the source's is read along.
            posted, marks = await rows.inbox(
                self.room.store, self._reader(), Wanted(numbers=numbers), None, max(1, len(numbers))
            )
            self.marks.update(marks)
            found += [self._of_here(each, names) for each in posted]
        if own and _provided(self.context):
            dialect = self.context.source.relations.dialect
            statement = messages.inbox_message(dialect, self.guardian, self.students, self.now, own)
            found += await self._of_source(statement, names)
        _note(self.context, self.guardian, found)
        return found

    async def _first(
        self, after: Spot | None, limit: int | None, wanted: MessageFilter, names: Sequence[str]
    ) -> list[Entry]:
        """The first entries behind a spot; all of them without a limit."""
        if not wanted.words:
            return await self._next(after, limit or SCANNED, wanted, names)
        found: list[Entry] = []
        searched = tuple(dict.fromkeys([*names, *_SEARCHED]))
        while limit is None or len(found) < limit:
            entries = await self._next(after, SCANNED, wanted, searched)
            found += [
                each for each in entries if messages.found(wanted.words, *[each.values[name] for name in _SEARCHED])
            ]
            if len(entries) < SCANNED:
                break
            after = entries[-1].spot
        return found[:limit]

    async def _next(self, after: Spot | None, limit: int, wanted: MessageFilter, names: Sequence[str]) -> list[Entry]:
        here: list[Entry] = []
        if self.room is not None:
            place = None if after is None else place_of(after)
            posted, marks = await rows.inbox(self.room.store, self._reader(), _wanted(wanted), place, limit)
            self.marks.update(marks)
            here = [self._of_here(each, names) for each in posted]
        if not _provided(self.context):
            return here
        statement = behind_spot(self._statement(wanted), after).cut(limit)
        own = await self._of_source(statement, names)
        return list(merge(here, own, key=lambda entry: entry.spot.order, reverse=True))[:limit]

    def _statement(self, wanted: MessageFilter) -> Statement:
        parse = self.context.source.adapter.parse_key
        keys = {text: parse("message", text) for text in self.marks}
        marked = Marked(
            [key for text, key in keys.items() if key is not None and self.marks[text] is not None],
            [key for text, key in keys.items() if key is not None and self.marks[text] is None],
        )
        dialect = self.context.source.relations.dialect
        return messages.inbox_messages(dialect, self.guardian, self.students, self.now, wanted, marked)

    async def _of_source(self, statement: Statement, names: Sequence[str]) -> list[Entry]:
        asked = tuple(dict.fromkeys([*names, "message_key", "sent_at", "read_at", "concerned"]))
        (found,) = await self.context.source.fetch([statement], [asked])
        return [self._entry(values) for values in among(found, asked)]

    def _entry(self, values: dict[str, Any]) -> Entry:
        key = values["message_key"]
        if str(key) in self.marks:
            at = self.marks[str(key)]
            # What the source says was read earlier is not read anew by a mark.
            values["read_at"] = (values["read_at"] or at) if at is not None else None
            values["read"] = values["read_at"] is not None
        parse = self.context.source.adapter.parse_key
        students = [parse("student", text) for text in values["concerned"].split(END) if text]
        known = tuple(dict.fromkeys([student for student in students if student is not None]))
        return Entry(Spot(False, values["sent_at"], key), known, values)

    def _of_here(self, message: Delivered, names: Sequence[str]) -> Entry:
        assert self.room is not None
        key = Posted(message.number)
        parse = self.context.source.adapter.parse_key
        students = [parse("student", text) for text in message.students]
        values: dict[str, Any] = {
            "guardian_key": self.guardian,
            "message_key": key,
            "key": (self.guardian, key),
            "id": node_id("Message", *key.texts),
            "scope": message.scope,
            "sender_name": message.sender_name,
            "sender_role": message.sender_role,
            "sent_at": message.sent_at,
            "read_at": message.read_at,
            "read": message.read_at is not None,
            "language": message.language,
            "pinned": message.pinned,
            "ends_at": message.shown_until_at,
        }
        if not _CONTENT.isdisjoint(names):
            content = self.room.open(message.content_sealed)
            values |= {"subject": content.subject, "raw_body": content.body}
            values |= {"body": content.body, "body_text": content.body_text}
        spot = Spot(message.pinned, message.sent_at, key)
        return Entry(spot, tuple(student for student in students if student is not None), values)

    def _reader(self) -> Reader:
        return Reader(str(self.guardian), [str(student) for student in self.students], self.now)


async def concerned(inbox: Inbox, keys: Sequence[tuple[Key, MessageKey]]) -> dict[tuple[Key, MessageKey], list[Key]]:
    """Whom each (guardian, message) pair concerns, of the students of the inbox; nobody where it is not shown."""
    known: dict[Any, tuple[Key, ...]] = inbox.context.loads.setdefault(_CONCERNED, {})
    missing = [message for guardian, message in keys if (guardian, message) not in known and guardian == inbox.guardian]
    if missing:
        await inbox.entries(missing)
    mine = frozenset(inbox.students)
    return {key: sorted((s for s in known.get(key, ()) if s in mine), key=_in_order) for key in keys}


def _note(context: Context, guardian: Key, found: Sequence[Entry]) -> None:
    """Takes note of whom messages concern: somebody will ask for it."""
    known = context.loads.setdefault(_CONCERNED, {})
    known.update({(guardian, entry.spot.key): entry.students for entry in found})


def _in_order(key: Key) -> tuple[bool, Any]:
    return (False, key) if isinstance(key, int) else (True, str(key))


_CONTENT = frozenset({"subject", "raw_body", "body", "body_text"})


def _columns(wanted: Sequence[str] | None) -> tuple[str, ...]:
    return MESSAGE.names if wanted is None else tuple(dict.fromkeys([*_ALWAYS, *wanted]))


def _rows(found: Sequence[Entry], names: Sequence[str], key: str) -> Rows:
    columns = (*names, _CURSOR)
    return valued(columns, (key,), [(*[each.values[name] for name in names], text_of(each.spot)) for each in found])


def _wanted(wanted: MessageFilter) -> Wanted:
    return Wanted(
        unread=wanted.unread,
        scopes=wanted.scopes,
        about=None if wanted.students is None else [str(student) for student in wanted.students],
        pinned=wanted.pinned,
        since=wanted.since,
        until=wanted.until,
    )


def _provided(context: Context) -> bool:
    return context.source.adapter.has("message", "message_recipient")
