"""The outbox of push: what devices are to be told, and what became of each; nothing twice to the same device."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class NewPush:
    """A push to be, to one device; what it says is sealed.

    `event_key` names what happened and `rule_key` why it is told. `student_id` and `area` say whose record it tells
    of; both None where it tells of none.
    """

    device_id: int
    account_id: int
    event_key: str
    rule_key: str
    student_id: str | None
    area: str | None
    payload_sealed: str
    urgency: str
    posted_at: datetime
    worthless_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingPush:
    """A push that waits; `next_try_at` is when, and tells whether somebody else has taken it since."""

    id: int
    device_id: int
    account_id: int
    event_key: str
    rule_key: str
    student_id: str | None
    area: str | None
    payload_sealed: str
    urgency: str
    posted_at: datetime
    worthless_at: datetime
    tries: int
    next_try_at: datetime


async def add_push(transaction: Transaction, push: NewPush) -> bool:
    """Puts a push into the outbox; False where this device was told, or is being told, of that event by that rule."""
    added = await transaction.rows(
        "insert into push (state, device_id, account_id, event_key, rule_key, student_id, area, payload_sealed, "
        "urgency, posted_at, worthless_at, next_try_at) values ('WAITING', :device_id, :account_id, :event_key, "
        ":rule_key, :student_id, :area, :payload_sealed, :urgency, :posted_at, :worthless_at, :posted_at) "
        "on conflict (device_id, event_key, rule_key) do nothing returning id",
        {
            "device_id": push.device_id,
            "account_id": push.account_id,
            "event_key": push.event_key,
            "rule_key": push.rule_key,
            "student_id": push.student_id,
            "area": push.area,
            "payload_sealed": push.payload_sealed,
            "urgency": push.urgency,
            "posted_at": push.posted_at,
            "worthless_at": push.worthless_at,
        },
    )
    return bool(added)


async def due_pushes(store: Reading, now: datetime, limit: int) -> list[WaitingPush]:
    """The pushes whose time has come, the longest due first."""
    found = await store.rows(
        "select id, device_id, account_id, event_key, rule_key, student_id, area, payload_sealed, urgency, posted_at, "
        "worthless_at, tries, next_try_at from push where state = 'WAITING' and next_try_at <= :now_at "
        "order by next_try_at, id limit :n",
        {"now_at": now, "n": limit},
    )
    return [_waiting(row) for row in found]


async def next_push_due_at(store: Reading) -> datetime | None:
    """When the next push that waits is to be tried; None where none waits."""
    found = await store.rows("select min(next_try_at) as due_at from push where state = 'WAITING'", {})
    due: datetime | None = found[0]["due_at"]
    return due


async def take_push(transaction: Transaction, push: WaitingPush, until: datetime) -> bool:
    """Takes a push for one try, which is over at the latest `until`; False where another process has taken it."""
    changed = await transaction.execute(
        "update push set tries = tries + 1, next_try_at = :until_at "
        "where id = :id and state = 'WAITING' and next_try_at = :seen_at",
        {"id": push.id, "until_at": until, "seen_at": push.next_try_at},
    )
    return changed == 1


async def try_push_later(transaction: Transaction, push_id: int, next_try_at: datetime, error: str) -> None:
    """Leaves a push for another try."""
    await transaction.execute(
        "update push set next_try_at = :next_try_at, last_error = :error where id = :id and state = 'WAITING'",
        {"id": push_id, "next_try_at": next_try_at, "error": error},
    )


async def finish_push(
    transaction: Transaction, push_id: int, state: str, now: datetime, error: str | None = None
) -> bool:
    """A push was SENT, has FAILED for good, or was DROPPED unsent; False where it had already ended."""
    changed = await transaction.execute(
        "update push set state = :state, finished_at = :now_at, last_error = :error, payload_sealed = null "
        "where id = :id and state = 'WAITING'",
        {"id": push_id, "state": state, "now_at": now, "error": error},
    )
    return changed == 1


async def revive_push(transaction: Transaction, push_id: int, payload_sealed: str, now: datetime) -> bool:
    """Lets a push that has failed be tried anew; False where there is none."""
    changed = await transaction.execute(
        "update push set state = 'WAITING', finished_at = null, payload_sealed = :payload_sealed, tries = 0, "
        "next_try_at = :now_at where id = :id and state = 'FAILED'",
        {"id": push_id, "payload_sealed": payload_sealed, "now_at": now},
    )
    return changed == 1


async def forget_pushes(transaction: Transaction, before: datetime) -> int:
    """Deletes the pushes that were done with before that instant; how many."""
    return await transaction.execute("delete from push where finished_at < :before_at", {"before_at": before})


def _waiting(row: Row) -> WaitingPush:
    return WaitingPush(
        id=row["id"],
        device_id=row["device_id"],
        account_id=row["account_id"],
        event_key=row["event_key"],
        rule_key=row["rule_key"],
        student_id=row["student_id"],
        area=row["area"],
        payload_sealed=row["payload_sealed"],
        urgency=row["urgency"],
        posted_at=row["posted_at"],
        worthless_at=row["worthless_at"],
        tries=row["tries"],
        next_try_at=row["next_try_at"],
    )
