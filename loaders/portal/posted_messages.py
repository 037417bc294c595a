"""Messages that staff have ordered: what they say, how far they have been given out, and that they are given once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import orjson

from loaders.contract import MessageScope
from loaders.portal.transaction import Reading, Row, Transaction

#: How many rows one statement adds; a statement takes some hundred values on any engine.
AT_ONCE = 100


class SendingState(Enum):
    """How far a message is."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    WITHDRAWN = "WITHDRAWN"
    FAILED = "FAILED"


#: The states of what is still to be given out.
UNDER_WAY = frozenset({SendingState.WAITING, SendingState.SENDING})


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be; the keys are the SIS's as text, the content is sealed."""

    scope: MessageScope
    target_id: str | None
    about_id: str | None
    content_sealed: str
    language: str
    pinned: bool
    account_id: int
    sender_name: str
    sender_role: str
    idempotency_key: str | None
    ordered_at: datetime
    sent_at: datetime
    shown_until_at: datetime | None


@dataclass(frozen=True, slots=True)
class PostedMessage(NewMessage):
    """A message as it is; `place` is the guardian up to whom it was given, `total` is not known before it begins."""

    id: int
    state: SendingState
    place: str | None
    total: int | None
    delivered: int
    withheld: int
    finished_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """To whom a message is given, and the students whom it concerns, by the SIS's keys as text."""

    guardian_id: str
    students: tuple[str, ...]


_COLUMNS = (
    "id, state, scope, target_id, about_id, content_sealed, language, pinned, account_id, sender_name, sender_role, "
    "idempotency_key, ordered_at, sent_at, shown_until_at, place, total, delivered, withheld, finished_at, withdrawn_at"
)
_SELECT = f"select {_COLUMNS} from posted_message"


async def add_message(transaction: Transaction, message: NewMessage) -> int:
    """Adds a message that waits, and says its id; ConstraintBroken where the sender has used its key before."""
    return await transaction.insert(
        "insert into posted_message (state, scope, target_id, about_id, content_sealed, language, pinned, account_id, "
        "sender_name, sender_role, idempotency_key, ordered_at, sent_at, shown_until_at) values ('WAITING', :scope, "
        ":target_id, :about_id, :content_sealed, :language, :pinned, :account_id, :sender_name, :sender_role, "
        ":idempotency_key, :ordered_at, :sent_at, :shown_until_at) returning id",
        {
            "scope": message.scope.value,
            "target_id": message.target_id,
            "about_id": message.about_id,
            "content_sealed": message.content_sealed,
            "language": message.language,
            "pinned": int(message.pinned),
            "account_id": message.account_id,
            "sender_name": message.sender_name,
            "sender_role": message.sender_role,
            "idempotency_key": message.idempotency_key,
            "ordered_at": message.ordered_at,
            "sent_at": message.sent_at,
            "shown_until_at": message.shown_until_at,
        },
    )


async def message_by_id(store: Reading, message_id: int) -> PostedMessage | None:
    """The message of an id."""
    found = await store.rows(f"{_SELECT} where id = :id", {"id": message_id})
    return _message(found[0]) if found else None


async def message_by_key(store: Reading, account_id: int, key: str) -> PostedMessage | None:
    """The message that a sender has ordered under a key."""
    found = await store.rows(
        f"{_SELECT} where account_id = :account_id and idempotency_key = :key", {"account_id": account_id, "key": key}
    )
    return _message(found[0]) if found else None


async def messages_after(store: Reading, account_id: int | None, after: int | None, limit: int) -> list[PostedMessage]:
    """The messages of a sender, or of all, that were ordered before one of them; the newest first."""
    conditions = ["1 = 1"]
    params: dict[str, object] = {"n": limit}
    if account_id is not None:
        conditions.append("account_id = :account_id")
        params["account_id"] = account_id
    if after is not None:
        conditions.append("id < :after")
        params["after"] = after
    found = await store.rows(f"{_SELECT} where {' and '.join(conditions)} order by id desc limit :n", params)
    return [_message(row) for row in found]


async def count_messages(store: Reading, account_id: int | None) -> int:
    """How many messages a sender has ordered, or all have."""
    where, params = ("where account_id = :id", {"id": account_id}) if account_id is not None else ("", {})
    (row,) = await store.rows(f"select count(*) as n from posted_message {where}", params)
    return int(row["n"])


async def count_read(store: Reading, message_ids: Sequence[int]) -> dict[int, int]:
    """How many guardians have read each of these messages."""
    names = [f"id_{number}" for number in range(len(message_ids))]
    found = await store.rows(
        "select message_id, count(*) as n from message_delivery where read_at is not null "
        f"and message_id in ({', '.join(f':{name}' for name in names)}) group by message_id",
        dict(zip(names, message_ids, strict=True)),
    )
    return {row["message_id"]: int(row["n"]) for row in found}


async def next_to_send(store: Reading, now: datetime) -> PostedMessage | None:
    """The message to go on with: of those whose hour has come one that was begun, the oldest first."""
    found = await store.rows(
        f"{_SELECT} where state in ('WAITING', 'SENDING') and sent_at <= :now_at "
        "order by case state when 'SENDING' then 0 else 1 end, sent_at, id limit 1",
        {"now_at": now},
    )
    return _message(found[0]) if found else None


async def next_hour(store: Reading) -> datetime | None:
    """When the hour of the next message comes that is still to be sent; None where none is."""
    (row,) = await store.rows("select min(sent_at) as next_at from posted_message where state = 'WAITING'", {})
    next_at: datetime | None = row["next_at"]
    return next_at


async def advance(
    transaction: Transaction, message: PostedMessage, place: str, total: int, given: tuple[int, int]
) -> bool:
    """Notes how far a message is, with how many more got it and how many did not; False where somebody else has."""
    changed = await transaction.execute(
        "update posted_message set state = 'SENDING', place = :place, total = :total, "
        "delivered = delivered + :delivered, withheld = withheld + :withheld "
        "where id = :id and state in ('WAITING', 'SENDING') and coalesce(place, '') = :seen",
        {
            "id": message.id,
            "seen": message.place or "",
            "place": place,
            "total": total,
            "delivered": given[0],
            "withheld": given[1],
        },
    )
    return changed == 1


async def finish(transaction: Transaction, message: PostedMessage, now: datetime) -> bool:
    """Ends the sending of a message; False where somebody else has carried it on, or it was withdrawn."""
    changed = await transaction.execute(
        "update posted_message set state = 'SENT', total = delivered + withheld, finished_at = :now_at "
        "where id = :id and state in ('WAITING', 'SENDING') and coalesce(place, '') = :seen",
        {"id": message.id, "seen": message.place or "", "now_at": now},
    )
    return changed == 1


async def fail(transaction: Transaction, message_id: int, now: datetime) -> None:
    """Gives a message up that cannot be sent on."""
    await transaction.execute(
        "update posted_message set state = 'FAILED', finished_at = :now_at "
        "where id = :id and state in ('WAITING', 'SENDING')",
        {"id": message_id, "now_at": now},
    )


async def withdraw(transaction: Transaction, message_id: int, now: datetime) -> bool:
    """Takes a message back, from whom has it and from whom would have got it; False where it was before."""
    changed = await transaction.execute(
        "update posted_message set state = 'WITHDRAWN', withdrawn_at = :now_at where id = :id and withdrawn_at is null",
        {"id": message_id, "now_at": now},
    )
    return changed == 1


async def deliver(transaction: Transaction, message: PostedMessage, deliveries: Sequence[Delivery]) -> None:
    """Gives a message to guardians, each once."""
    for start in range(0, len(deliveries), AT_ONCE):
        some = deliveries[start : start + AT_ONCE]
        params: dict[str, object] = {"id": message.id, "pinned": int(message.pinned), "sent_at": message.sent_at}
        for n, each in enumerate(some):
            params |= {f"guardian_{n}": each.guardian_id, f"students_{n}": orjson.dumps(each.students).decode()}
        await transaction.execute(
            "insert into message_delivery (guardian_id, message_id, pinned, sent_at, students) values "
            + ", ".join(f"(:guardian_{n}, :id, :pinned, :sent_at, :students_{n})" for n in range(len(some)))
            + " on conflict do nothing",
            params,
        )
    pairs = [(each.guardian_id, student) for each in deliveries for student in each.students]
    for start in range(0, len(pairs), AT_ONCE):
        part = pairs[start : start + AT_ONCE]
        values: dict[str, object] = {"id": message.id}
        for n, (guardian, student) in enumerate(part):
            values |= {f"guardian_{n}": guardian, f"student_{n}": student}
        await transaction.execute(
            "insert into message_student (guardian_id, message_id, student_id) values "
            + ", ".join(f"(:guardian_{n}, :id, :student_{n})" for n in range(len(part)))
            + " on conflict do nothing",
            values,
        )


def _message(row: Row) -> PostedMessage:
    return PostedMessage(
        id=row["id"],
        state=SendingState(row["state"]),
        scope=MessageScope(row["scope"]),
        target_id=row["target_id"],
        about_id=row["about_id"],
        content_sealed=row["content_sealed"],
        language=row["language"],
        pinned=bool(row["pinned"]),
        account_id=row["account_id"],
        sender_name=row["sender_name"],
        sender_role=row["sender_role"],
        idempotency_key=row["idempotency_key"],
        ordered_at=row["ordered_at"],
        sent_at=row["sent_at"],
        shown_until_at=row["shown_until_at"],
        place=row["place"],
        total=row["total"],
        delivered=row["delivered"],
        withheld=row["withheld"],
        finished_at=row["finished_at"],
        withdrawn_at=row["withdrawn_at"],
    )
