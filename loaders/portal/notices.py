"""Notices: of each thing that a rule may have to tell an account one row for good, waiting, told or passed over.

Nothing that was told is told again, for the row says so; it is named by keys, versions and tags, never by content.
"""

from dataclasses import dataclass
from datetime import date, datetime

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class NewNotice:
    """Something has happened to a thing; `seq` is its place in the change log, 0 for what is in none."""

    account_id: int
    kind: str
    student_id: str
    entity: str
    seq: int
    version_before: str
    version: str
    previous_sealed: str | None
    happened_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingNotice:
    """What waits to be told: all that has happened to a thing since it was last told or passed over."""

    id: int
    account_id: int
    kind: str
    student_id: str
    entity: str
    seq: int
    version_before: str
    version: str
    previous_sealed: str | None
    first_at: datetime
    last_at: datetime
    seen_tag: str | None
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """How far the change log was gone through, since which day, and when the record was last looked through."""

    epoch: str
    seq: int
    begun_on: date
    looked_on: date | None


async def place(store: Reading) -> Place | None:
    """Where deciding stands; None before it has ever begun."""
    found = await store.rows("select epoch, seq, begun_on, looked_on from notification_place where id = 1", {})
    if not found:
        return None
    row = found[0]
    looked = row["looked_on"]
    return Place(row["epoch"], row["seq"], _day(row["begun_on"]), None if looked is None else _day(looked))


async def begin_at(transaction: Transaction, epoch: str, seq: int, today: date) -> None:
    """Begins at a place of a log, of which nothing before is told; the first day of all stays the first."""
    await transaction.execute(
        "insert into notification_place (id, epoch, seq, begun_on, looked_on) values (1, :epoch, :seq, :today_on, "
        "null) on conflict (id) do update set epoch = :epoch, seq = :seq",
        {"epoch": epoch, "seq": seq, "today_on": today},
    )


async def go_on_at(transaction: Transaction, seq: int) -> None:
    """The log was gone through up to there."""
    await transaction.execute("update notification_place set seq = :seq where id = 1", {"seq": seq})


async def note_look(transaction: Transaction, today: date) -> None:
    """The record was looked through on that day."""
    await transaction.execute("update notification_place set looked_on = :today_on where id = 1", {"today_on": today})


async def put_notice(transaction: Transaction, notice: NewNotice) -> bool:
    """Lets a thing wait to be told; what waits already goes on waiting, with what was before as it was.

    False where that is known: an older change of the log, or the same version of what comes from elsewhere. What was
    passed over may come again.
    """
    changed = await transaction.execute(
        "insert into notice (account_id, kind, student_id, entity, state, seq, version_before, version, "
        "previous_sealed, first_at, last_at, due_at) values (:account_id, :kind, :student_id, :entity, 'WAITING', "
        ":seq, :version_before, :version, :previous_sealed, :happened_at, :happened_at, :due_at) "
        "on conflict (account_id, kind, student_id, entity) do update set "
        "version_before = case when notice.state = 'WAITING' then notice.version_before "
        "else excluded.version_before end, "
        "previous_sealed = case when notice.state = 'WAITING' then notice.previous_sealed "
        "else excluded.previous_sealed end, "
        "first_at = case when notice.state = 'WAITING' then notice.first_at else excluded.first_at end, "
        "state = 'WAITING', seq = excluded.seq, version = excluded.version, last_at = excluded.last_at, "
        "due_at = excluded.due_at "
        "where excluded.seq > notice.seq or (excluded.seq = 0 and (excluded.version <> notice.version "
        "or notice.state = 'PASSED'))",
        {
            "account_id": notice.account_id,
            "kind": notice.kind,
            "student_id": notice.student_id,
            "entity": notice.entity,
            "seq": notice.seq,
            "version_before": notice.version_before,
            "version": notice.version,
            "previous_sealed": notice.previous_sealed,
            "happened_at": notice.happened_at,
            "due_at": notice.due_at,
        },
    )
    return changed == 1


async def due_accounts(store: Reading, now: datetime, limit: int) -> list[int]:
    """Accounts that may have something to be told now, the longest due first; those of the first `limit` notices."""
    found = await store.rows(
        "select account_id from notice where state = 'WAITING' and due_at <= :now_at order by due_at, id limit :n",
        {"now_at": now, "n": limit},
    )
    return list(dict.fromkeys(row["account_id"] for row in found))


async def waiting_of(store: Reading, account_id: int, limit: int) -> list[WaitingNotice]:
    """What waits to be told to an account, the longest waiting first."""
    found = await store.rows(
        "select id, account_id, kind, student_id, entity, seq, version_before, version, previous_sealed, first_at, "
        "last_at, seen_tag, told_at from notice where account_id = :account_id and state = 'WAITING' "
        "order by first_at, id limit :n",
        {"account_id": account_id, "n": limit},
    )
    return [WaitingNotice(**row) for row in found]


async def put_off(transaction: Transaction, notice: WaitingNotice, due_at: datetime) -> None:
    """Looks at a notice again at that instant, unless more has happened to it meanwhile."""
    await transaction.execute(
        "update notice set due_at = :due_at where id = :id and state = 'WAITING' and seq = :seq and version = :version",
        {"id": notice.id, "seq": notice.seq, "version": notice.version, "due_at": due_at},
    )


async def close(
    transaction: Transaction, notice: WaitingNotice, *, seen_tag: str | None, told_at: datetime | None
) -> bool:
    """The notice was told at that instant, or passed over (None); False where more has happened to it meanwhile."""
    changed = await transaction.execute(
        "update notice set state = :state, seen_tag = :seen_tag, told_at = coalesce(:told_at, told_at), "
        "previous_sealed = null where id = :id and state = 'WAITING' and seq = :seq and version = :version",
        {
            "id": notice.id,
            "seq": notice.seq,
            "version": notice.version,
            "state": "PASSED" if told_at is None else "TOLD",
            "seen_tag": seen_tag,
            "told_at": told_at,
        },
    )
    return changed == 1


async def look_again(transaction: Transaction, account_id: int, now: datetime) -> None:
    """What waits for an account is weighed anew: it wants to be told otherwise."""
    await transaction.execute(
        "update notice set due_at = :now_at where account_id = :account_id and state = 'WAITING' and due_at > :now_at",
        {"account_id": account_id, "now_at": now},
    )


async def forget_notices(transaction: Transaction, before: datetime) -> int:
    """Deletes what was told or passed over, and to which nothing has happened since that instant; how many."""
    return await transaction.execute(
        "delete from notice where state <> 'WAITING' and last_at < :before_at", {"before_at": before}
    )


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
