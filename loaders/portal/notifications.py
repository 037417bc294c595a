"""Notifications: what an account was told, each a few words of what and how many, and whether it was read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class NewNotification:
    """What is told: how many things of which kind, of which student (empty: of none), and their ids.

    One that is not `listed` went by other channels alone.
    """

    account_id: int
    kind: str
    student_id: str
    corrects: bool
    number: int
    subject_ids: Sequence[str]
    listed: bool
    told_at: datetime


@dataclass(frozen=True, slots=True)
class StoredNotification(NewNotification):
    """A notification with its number, and when it was read."""

    id: int
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visible:
    """Which notifications may be seen: of each of these kinds those of these students, and these kinds of none."""

    of_students: Sequence[tuple[str, Sequence[str]]]
    of_none: Sequence[str]


async def add_notification(transaction: Transaction, new: NewNotification) -> int:
    """Adds a notification and says its id."""
    return await transaction.insert(
        "insert into notification (account_id, kind, student_id, corrects, number, subject_ids, listed, told_at) "
        "values (:account_id, :kind, :student_id, :corrects, :number, :subject_ids, :listed, :told_at) returning id",
        {
            "account_id": new.account_id,
            "kind": new.kind,
            "student_id": new.student_id,
            "corrects": int(new.corrects),
            "number": new.number,
            "subject_ids": json.dumps(list(new.subject_ids)),
            "listed": int(new.listed),
            "told_at": new.told_at,
        },
    )


async def notifications_of(
    store: Reading, account_id: int, visible: Visible, before: int | None, limit: int, *, unread: bool | None = None
) -> list[StoredNotification]:
    """The listed notifications of an account that may be seen, the newest first, behind one of them."""
    where, params = _which(visible, unread)
    behind = "" if before is None else " and id < :before"
    found = await store.rows(
        "select id, account_id, kind, student_id, corrects, number, subject_ids, listed, told_at, read_at "
        f"from notification where account_id = :account_id and listed = 1 and {where}{behind} "
        "order by id desc limit :n",
        {"account_id": account_id, "before": before, "n": limit, **params},
    )
    return [_notification(row) for row in found]


async def count_notifications(store: Reading, account_id: int, visible: Visible, *, unread: bool | None = None) -> int:
    """How many there are."""
    where, params = _which(visible, unread)
    (row,) = await store.rows(
        f"select count(*) as n from notification where account_id = :account_id and listed = 1 and {where}",
        {"account_id": account_id, **params},
    )
    return int(row["n"])


async def mark_read(transaction: Transaction, account_id: int, ids: Sequence[int], read_at: datetime | None) -> int:
    """Notes when these notifications of an account were read, the first time counting, or that they were not."""
    names = {f"id_{number}": each for number, each in enumerate(ids)}
    if not names:
        return 0
    kept = "coalesce(read_at, :read_at)" if read_at is not None else ":read_at"
    return await transaction.execute(
        f"update notification set read_at = {kept} where account_id = :account_id and listed = 1 "
        f"and id in ({', '.join(f':{name}' for name in names)})",
        {"account_id": account_id, "read_at": read_at, **names},
    )


async def forget_notifications(transaction: Transaction, before: datetime) -> int:
    """Deletes the notifications that were told before that instant; how many."""
    return await transaction.execute("delete from notification where told_at < :before_at", {"before_at": before})


def _which(visible: Visible, unread: bool | None) -> tuple[str, dict[str, object]]:
    conditions, params = ["1 = 0"], dict[str, object]()
    for number, (kind, students) in enumerate(visible.of_students):
        names = {f"student_{number}_{place}": student for place, student in enumerate(students)}
        if names:
            among = ", ".join(f":{name}" for name in names)
            conditions.append(f"(kind = :kind_{number} and student_id in ({among}))")
            params |= {f"kind_{number}": kind, **names}
    for number, kind in enumerate(visible.of_none):
        conditions.append(f"(kind = :own_{number} and student_id = '')")
        params[f"own_{number}"] = kind
    state = "" if unread is None else f" and read_at is {'' if unread else 'not '}null"
    return f"({' or '.join(conditions)}){state}", params


def _notification(row: Row) -> StoredNotification:
    return StoredNotification(
        account_id=row["account_id"],
        kind=row["kind"],
        student_id=row["student_id"],
        corrects=bool(row["corrects"]),
        number=row["number"],
        subject_ids=tuple(json.loads(row["subject_ids"])),
        listed=bool(row["listed"]),
        told_at=row["told_at"],
        id=row["id"],
        read_at=row["read_at"],
    )
