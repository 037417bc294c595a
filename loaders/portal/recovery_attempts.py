"""Attempts at what opens an account without its password: counted by account and kind, over a day."""

from datetime import datetime
from enum import Enum

from loaders.portal.transaction import Reading, Transaction


class AttemptKind(Enum):
    """What was attempted: a user name or a link by mail, the image step, a code of a second factor."""

    USERNAME = "USERNAME"
    LINK = "LINK"
    IMAGES = "IMAGES"
    CODE = "CODE"


async def note_attempt(
    transaction: Transaction, account_id: int | None, kind: AttemptKind, address: str, now: datetime, *, succeeded: bool
) -> None:
    """Writes an attempt down, in the transaction that counted those before."""
    await transaction.execute(
        "insert into recovery_attempt (account_id, kind, happened_at, succeeded, address) "
        "values (:account_id, :kind, :now_at, :succeeded, :address)",
        {
            "account_id": account_id,
            "kind": kind.value,
            "now_at": now,
            "succeeded": int(succeeded),
            "address": address,
        },
    )


async def attempts_since(
    store: Reading, account_id: int, kind: AttemptKind, since: datetime, *, failed: bool = False
) -> list[datetime]:
    """When attempts of that kind at the account were made since that instant, earliest first; on wish, failed ones."""
    found = await store.rows(
        "select happened_at from recovery_attempt where account_id = :account_id and kind = :kind "
        "and happened_at > :since_at and succeeded <= :most order by happened_at, id",
        {"account_id": account_id, "kind": kind.value, "since_at": since, "most": 0 if failed else 1},
    )
    return [row["happened_at"] for row in found]


async def forget_attempts(transaction: Transaction, before: datetime) -> int:
    """Deletes the attempts made before that instant; how many."""
    return await transaction.execute(
        "delete from recovery_attempt where happened_at < :before_at", {"before_at": before}
    )
