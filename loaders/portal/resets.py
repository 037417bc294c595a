"""Links to a new password: by the hash of their token, good for half an hour and a few tries."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class Reset:
    """A link to a new password as it is, and how many tries at the image step it has had."""

    id: int
    account_id: int
    made_at: datetime
    expires_at: datetime
    tries: int
    ended_at: datetime | None


_SELECT = "select id, account_id, made_at, expires_at, tries, ended_at from password_reset"


async def reset_by_token(store: Reading, token_hash: str) -> Reset | None:
    """The link of a token, whether or not it is still good."""
    found = await store.rows(f"{_SELECT} where token_hash = :hash", {"hash": token_hash})
    return _reset(found[0]) if found else None


async def add_reset(
    transaction: Transaction, account_id: int, token_hash: str, now: datetime, expires_at: datetime, address: str
) -> int:
    """Adds a link and says its id."""
    return await transaction.insert(
        "insert into password_reset (account_id, token_hash, made_at, expires_at, address) "
        "values (:account_id, :token_hash, :now_at, :expires_at, :address) returning id",
        {
            "account_id": account_id,
            "token_hash": token_hash,
            "now_at": now,
            "expires_at": expires_at,
            "address": address,
        },
    )


async def count_try(transaction: Transaction, reset_id: int, most: int) -> int | None:
    """Counts a try at the link, and says which it is; None where it has had as many already, or has ended."""
    found = await transaction.rows(
        "update password_reset set tries = tries + 1 where id = :id and tries < :most and ended_at is null "
        "returning tries",
        {"id": reset_id, "most": most},
    )
    return found[0]["tries"] if found else None


async def end_reset(transaction: Transaction, reset_id: int, reason: str, now: datetime) -> bool:
    """The link opens nothing any more; False where it had ended already."""
    changed = await transaction.execute(
        "update password_reset set ended_at = :now_at, end_reason = :reason where id = :id and ended_at is null",
        {"id": reset_id, "reason": reason, "now_at": now},
    )
    return changed == 1


async def end_resets(transaction: Transaction, account_id: int, reason: str, now: datetime) -> None:
    """None of the account's links opens anything any more."""
    await transaction.execute(
        "update password_reset set ended_at = :now_at, end_reason = :reason "
        "where account_id = :account_id and ended_at is null",
        {"account_id": account_id, "reason": reason, "now_at": now},
    )


async def forget_resets(transaction: Transaction, before: datetime) -> int:
    """Deletes the links whose time was over before that instant; how many."""
    return await transaction.execute("delete from password_reset where expires_at < :before_at", {"before_at": before})


def _reset(row: Row) -> Reset:
    return Reset(**row)
