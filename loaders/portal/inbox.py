"""Inboxes: what was sent to a guardian from here and is shown now, and what they have marked of the SIS's own messages.

One place decides what is shown: what was not withdrawn and is within its days, and concerns nobody or one of the
students to whom the guardian has a right as it is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from loaders.contract import MessageScope
from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a guardian's messages: every part that is given must hold; of `numbers`, only these."""

    unread: bool | None = None
    scopes: Sequence[MessageScope] | None = None
    about: Sequence[str] | None = None
    pinned: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    numbers: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in an inbox: pinned ones first, then the newest, of one instant the greater number.

    The number 0 stands behind all of its instant.
    """

    pinned: bool
    sent_at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as one guardian has it; `students` are those whom it concerns, theirs or no longer."""

    number: int
    scope: MessageScope
    content_sealed: str
    language: str
    pinned: bool
    sender_name: str
    sender_role: str
    sent_at: datetime
    shown_until_at: datetime | None
    students: tuple[str, ...]
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, by the SIS's key, the students whose messages they may read, and when."""

    guardian: str
    students: Sequence[str]
    now: datetime


Marks = Mapping[str, datetime | None]

_COLUMNS = (
    "message.id as number, message.scope, message.content_sealed, message.language, delivery.pinned, "
    "message.sender_name, message.sender_role, delivery.sent_at, message.shown_until_at, delivery.students, "
    "delivery.read_at"
)
_NOTHING = "null, null, null, null, null, null, null, null, null, null"


async def inbox(
    store: Reading, reader: Reader, wanted: Wanted, after: Place | None, limit: int
) -> tuple[list[Delivered], Marks]:
    """The first messages behind a place, and all that the guardian has marked of the SIS's messages; one statement."""
    body, params = _shown(reader, wanted, after)
    found = await store.rows(
        f"select 1 as part, null as message_id, page.* from (select {_COLUMNS} {body} "
        "order by delivery.pinned desc, delivery.sent_at desc, delivery.message_id desc limit :n) as page "
        f"union all select 2, message_mark.message_id, {_NOTHING}, message_mark.read_at from message_mark "
        "where message_mark.guardian_id = :guardian_id",
        {**params, "n": limit},
    )
    marks = {row["message_id"]: row["read_at"] for row in found if row["part"] == 2}
    page = [_delivered(row) for row in found if row["part"] == 1]
    # A union has no order of its own.
    page.sort(key=lambda each: (each.pinned, each.sent_at, each.number), reverse=True)
    return page, marks


async def counted(store: Reading, reader: Reader, wanted: Wanted) -> tuple[int, Marks]:
    """How many messages there are in all, and what is marked of the SIS's; one statement."""
    body, params = _shown(reader, wanted, None)
    found = await store.rows(
        f"select 1 as part, null as message_id, null as read_at, count(*) as n {body} union all "
        "select 2, message_mark.message_id, message_mark.read_at, 0 from message_mark "
        "where message_mark.guardian_id = :guardian_id",
        params,
    )
    marks = {row["message_id"]: row["read_at"] for row in found if row["part"] == 2}
    return sum(row["n"] for row in found), marks


async def mark_deliveries(transaction: Transaction, guardian: str, numbers: Sequence[int], at: datetime | None) -> None:
    """Notes messages of here as read at that instant, or as unread; what was read before stays read as it was."""
    among, params = _among("message_id", numbers)
    unread = "read_at is null" if at is not None else "read_at is not null"
    await transaction.execute(
        f"update message_delivery set read_at = :mark_at where guardian_id = :guardian_id and {unread} and {among}",
        {"mark_at": at, "guardian_id": guardian, **params},
    )


async def mark_messages(transaction: Transaction, guardian: str, messages: Sequence[str], at: datetime | None) -> None:
    """Notes messages of the SIS as read at that instant, or as unread."""
    for message in messages:
        await transaction.execute(
            "insert into message_mark (guardian_id, message_id, read_at) values (:guardian_id, :message_id, :mark_at) "
            "on conflict (guardian_id, message_id) do update set read_at = "
            "case when excluded.read_at is null then null else coalesce(message_mark.read_at, excluded.read_at) end",
            {"guardian_id": guardian, "message_id": message, "mark_at": at},
        )


async def count_change(transaction: Transaction) -> None:
    """Counts a change of what stands in inboxes, in its own transaction."""
    await transaction.execute(
        "insert into inbox_version (id, changes) values (1, 1) "
        "on conflict (id) do update set changes = inbox_version.changes + 1",
        {},
    )


async def inbox_version(store: Reading, now: datetime) -> tuple[int, datetime | None]:
    """How many changes there have been, and when the clock next takes a message out of sight; one statement."""
    (row,) = await store.rows(
        "select coalesce(max(changes), 0) as changes, (select min(shown_until_at) from posted_message "
        "where shown_until_at > :now_at) as ends_at from inbox_version",
        {"now_at": now},
    )
    return int(row["changes"]), row["ends_at"]


def _shown(reader: Reader, wanted: Wanted, after: Place | None) -> tuple[str, dict[str, Any]]:
    """What is shown to the reader, from `from` on; everything is bound one by one, a family has few students."""
    mine, params = _among("about.student_id", reader.students, "mine")
    conditions = [
        "delivery.guardian_id = :guardian_id",
        "message.withdrawn_at is null",
        "(message.shown_until_at is null or message.shown_until_at > :now_at)",
        "(delivery.students = '[]' or "
        f"exists (select 1 from message_student as about where {_OF_DELIVERY} and {mine}))",
    ]
    params |= {"guardian_id": reader.guardian, "now_at": reader.now}
    if wanted.unread is not None:
        conditions.append(f"delivery.read_at is {'' if wanted.unread else 'not '}null")
    if wanted.pinned is not None:
        conditions.append(f"delivery.pinned = {int(wanted.pinned)}")
    if wanted.since is not None:
        conditions.append("delivery.sent_at >= :since_at")
        params["since_at"] = wanted.since
    if wanted.until is not None:
        conditions.append("delivery.sent_at < :until_at")
        params["until_at"] = wanted.until
    for column, values, name in (
        ("message.scope", None if wanted.scopes is None else [scope.value for scope in wanted.scopes], "scope"),
        ("message.id", wanted.numbers, "number"),
    ):
        if values is not None:
            among, bound = _among(column, values, name)
            conditions.append(among)
            params |= bound
    if wanted.about is not None:
        among, bound = _among("about.student_id", wanted.about, "about")
        conditions.append(
            f"exists (select 1 from message_student as about where {_OF_DELIVERY} and {among} and {mine})"
        )
        params |= bound
    if after is not None:
        conditions.append(_behind(after))
        params |= {"after_at": after.sent_at, "after_number": after.number}
    return (
        "from message_delivery as delivery join posted_message as message on message.id = delivery.message_id "
        f"where {' and '.join(conditions)}",
        params,
    )


_OF_DELIVERY = "about.guardian_id = delivery.guardian_id and about.message_id = delivery.message_id"


def _behind(after: Place) -> str:
    behind = (
        f"(delivery.pinned = {int(after.pinned)} and (delivery.sent_at < :after_at "
        "or (delivery.sent_at = :after_at and delivery.message_id < :after_number)))"
    )
    return f"(delivery.pinned = 0 or {behind})" if after.pinned else behind


def _among(column: str, values: Sequence[Any], name: str = "value") -> tuple[str, dict[str, Any]]:
    names = [f"{name}_{number}" for number in range(len(values))]
    condition = f"{column} in ({', '.join(f':{each}' for each in names)})" if names else "1 = 0"
    return condition, dict(zip(names, values, strict=True))


def _delivered(row: Row) -> Delivered:
    return Delivered(
        number=row["number"],
        scope=MessageScope(row["scope"]),
        content_sealed=row["content_sealed"],
        language=row["language"],
        pinned=bool(row["pinned"]),
        sender_name=row["sender_name"],
        sender_role=row["sender_role"],
        sent_at=row["sent_at"],
        shown_until_at=row["shown_until_at"],
        students=tuple(orjson.loads(row["students"])),
        read_at=row["read_at"],
    )
