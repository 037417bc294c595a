"""Messages from staff, as the source keeps them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import unescape

import nh3

from loaders.contract import Kind, MessageScope
from loaders.dialect import Dialect, gathered
from loaders.ids import node_id
from loaders.statement import Computed, Key, Order, Shape, Statement, Template, Value, derived, side_by_side

_BLOCK_ENDS = re.compile(r"<\s*(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^>]*>", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-z/!][^>]*>|&(?:#\d+|#x[0-9a-f]+|[a-z]+);", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages: every part that is given must hold; an empty list lets nothing through."""

    unread: bool | None = None
    scopes: tuple[MessageScope, ...] | None = None
    students: tuple[Key, ...] | None = None
    pinned: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    #: Each of these stands in the subject, the text or the sender's name, however it is cased or accented.
    words: tuple[str, ...] = ()


def sanitized(body: str) -> str:
    """The body as HTML that holds no script, style, event handler, form or foreign frame."""
    return nh3.clean(body) if _MARKUP.search(body) else nh3.clean_text(body).replace("&#10;", "\n")


#: What staff may write with: no pictures, which would tell another site who reads, no tables of a site's own making.
_PLAIN_TAGS = (
    "a b blockquote br code em h1 h2 h3 h4 hr i li ol p pre s span strong sub sup table tbody td th thead tr u ul"
)
_WRITTEN = frozenset(_PLAIN_TAGS.split())
_LINKS = ("http://", "https://", "mailto:", "tel:")


def purified(body: str) -> str:
    """What staff have written as HTML of a few plain tags: links out of here, and nothing else that could load."""
    if not _MARKUP.search(body):
        return sanitized(body)
    return nh3.clean(
        body,
        tags=_WRITTEN,
        attributes={"a": {"href"}},
        attribute_filter=_outward,
        clean_content_tags={"script", "style"},
    )


def _outward(tag: str, name: str, value: str) -> str | None:
    """A link's address where it leads out of here; what leads into the portal, or says no scheme, is left out."""
    return value if value.strip().lower().startswith(_LINKS) else None


def as_text(body: str) -> str:
    """The body as plain text, blocks as lines."""
    if not _MARKUP.search(body):
        return body.strip()
    bare = nh3.clean(_BLOCK_ENDS.sub("\n", body), tags=set(), clean_content_tags={"script", "style"})
    return re.sub(r"\n\s*\n+", "\n\n", unescape(bare)).strip()


MESSAGE = Shape(
    {
        "guardian_key": Computed("received.guardian_id", Kind.KEY),
        "message_key": "message.id",
        "scope": "message.scope",
        "subject": "message.subject",
        "raw_body": "message.body",
        "sender_name": "message.sender_name",
        "sender_role": "message.sender_role",
        "sent_at": "message.sent_at",
        "read_at": Computed("received.read_at", Kind.INSTANT),
    },
    {
        "key": derived(side_by_side, "guardian_key", "message_key"),
        "id": derived(lambda key: node_id("Message", key), "message_key"),
        "body": derived(sanitized, "raw_body"),
        "body_text": derived(as_text, "raw_body"),
        "read": derived(lambda read_at: read_at is not None, "read_at"),
        # What only messages that are sent from here have.
        "language": derived(lambda key: None, "message_key"),
        "pinned": derived(lambda key: False, "message_key"),
        "ends_at": derived(lambda key: None, "message_key"),
    },
)

#: The same with the students concerned, as keys that each end in END; of a message about nobody, the end alone.
END = "\x1e"
_MESSAGE_ABOUT = Shape(
    {**MESSAGE.columns, "concerned": Computed("received.concerned", Kind.TEXT)},
    MESSAGE.derived,
)

# A message about a student is the guardian's for as long as the right to that student holds.
_MESSAGES = """from (
    select message_recipient.guardian_id, message_recipient.message_id, max(message_recipient.read_at) as read_at<also>
    from {message_recipient} as message_recipient
    where message_recipient.guardian_id in :guardian_ids
      and (message_recipient.student_id is null or message_recipient.student_id in :student_ids)
    group by message_recipient.guardian_id, message_recipient.message_id) as received
join {message} as message on message.id = received.message_id
where message.sent_at <= :now"""

NEWEST_FIRST = (
    Order("message.sent_at", "sent_at", descending=True),
    Order("message.id", "message_key", descending=True),
)


_OF_GUARDIANS = Template(
    MESSAGE, _MESSAGES.replace("<also>", ""), key="guardian_key", order=NEWEST_FIRST, lone="guardian_ids"
)

_BY_KEY = _OF_GUARDIANS.having("message.id in :message_ids").varied(key="message_key", order=())

_CONCERNING = (
    "exists (select 1 from {message_recipient} as concerned where concerned.message_id = message.id\n"
    "    and concerned.guardian_id = received.guardian_id and concerned.student_id in :only_students)"
)


_NEXT = Template(
    Shape({"key": Computed("1", Kind.INTEGER), "sent_at": Computed("min(message.sent_at)", Kind.INSTANT)}),
    "from {message} as message\nwhere message.sent_at > :now",
    key="key",
)


def next_message(now: datetime) -> Statement:
    """One row: when the next message of all will be there to be read; null where none is waiting."""
    return _NEXT(now=now)


def messages_of_guardians(
    guardians: Sequence[Key], students: Sequence[Key], now: datetime, wanted: MessageFilter
) -> Statement:
    """The messages of each guardian that concern nobody, or one of these students; the newest first."""
    statement = _OF_GUARDIANS(guardian_ids=guardians, student_ids=students, now=now)
    if wanted.unread is not None:
        statement = statement.having(f"received.read_at is {'' if wanted.unread else 'not '}null")
    return _narrowed(statement, wanted)


@dataclass(frozen=True, slots=True)
class Marked:
    """Which of the source's messages a guardian has marked here as read, and which as unread; both overrule it."""

    read: Sequence[Key] = ()
    unread: Sequence[Key] = ()


def inbox_messages(
    dialect: Dialect, guardian: Key, students: Sequence[Key], now: datetime, wanted: MessageFilter, marked: Marked
) -> Statement:
    """The messages of a guardian as an inbox shows them, with the students concerned; the newest first."""
    statement = _inbox(dialect)(guardian_ids=[guardian], student_ids=students, now=now)
    if wanted.unread is not None:
        # One engine takes an empty set for a null, of which nothing can be denied.
        unread, params = "received.read_at is null", dict[str, Value]()
        if marked.read:
            unread, params = f"{unread} and not (message.id in :read_ids)", {"read_ids": marked.read}
        if marked.unread:
            unread, params = f"({unread}) or message.id in :unread_ids", {**params, "unread_ids": marked.unread}
        statement = statement.having(f"({unread})" if wanted.unread else f"not ({unread})", **params)
    return _narrowed(statement, wanted)


def inbox_message(
    dialect: Dialect, guardian: Key, students: Sequence[Key], now: datetime, keys: Sequence[Key]
) -> Statement:
    """Of a guardian's messages those of these keys, with the students concerned."""
    return _inbox(dialect)(guardian_ids=[guardian], student_ids=students, now=now).having(
        "message.id in :message_ids", message_ids=keys
    )


@lru_cache
def _inbox(dialect: Dialect) -> Template:
    concerned = gathered(dialect, ("message_recipient.student_id",), "", END)
    body = _MESSAGES.replace("<also>", f",\n        {concerned} as concerned")
    return Template(_MESSAGE_ABOUT, body, key="guardian_key", order=NEWEST_FIRST, lone="guardian_ids")


def _narrowed(statement: Statement, wanted: MessageFilter) -> Statement:
    if wanted.pinned:
        statement = statement.having("1 = 0")
    if wanted.since is not None:
        statement = statement.having("message.sent_at >= :sent_since", sent_since=wanted.since)
    if wanted.until is not None:
        statement = statement.having("message.sent_at < :sent_until", sent_until=wanted.until)
    if wanted.scopes is not None:
        statement = statement.having("message.scope in :scopes", scopes=[scope.value for scope in wanted.scopes])
    if wanted.students is not None:
        statement = statement.having(_CONCERNING, only_students=wanted.students)
    return statement


def found(words: Sequence[str], *texts: str | None) -> bool:
    """Whether each of the words stands in one of the texts, however it is cased or accented."""
    plain = [folded(text) for text in texts if text]
    return all(any(word in text for text in plain) for word in words)


def folded(text: str) -> str:
    """The text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def messages(guardian: Key, students: Sequence[Key], now: datetime, keys: Sequence[Key]) -> Statement:
    """Of one guardian's messages those of these keys, one row each."""
    return _BY_KEY(guardian_ids=[guardian], student_ids=students, now=now, message_ids=keys)
