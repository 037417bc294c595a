"""Recovery addresses: set, confirmed, replaced or taken back; of an account, one holds at the most."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class NewRecoveryEmail:
    """An address to be, and the hash of the link that will confirm it."""

    account_id: int
    email: str
    email_key: str
    confirm_hash: str
    confirm_expires_at: datetime
    set_at: datetime


@dataclass(frozen=True, slots=True)
class RecoveryEmail:
    """An address that an account has, waits for, or had; `confirmed_at` without `ended_at` is one that holds."""

    id: int
    account_id: int
    email: str
    email_key: str
    confirm_expires_at: datetime | None
    confirmed_at: datetime | None
    undo_expires_at: datetime | None
    ended_at: datetime | None


_SELECT = """
select id, account_id, email, email_key, confirm_expires_at, confirmed_at, undo_expires_at, ended_at
from recovery_email
"""
_HOLDS = "confirmed_at is not null and ended_at is null"


async def recovery_address(store: Reading, account_id: int) -> str | None:
    """The address that the account's holder has confirmed and that holds now."""
    found = await recovery_email_of(store, account_id)
    return found.email if found else None


async def recovery_email_of(store: Reading, account_id: int) -> RecoveryEmail | None:
    """The recovery address that holds now."""
    found = await store.rows(f"{_SELECT} where account_id = :account_id and {_HOLDS}", {"account_id": account_id})
    return _recovery_email(found[0]) if found else None


async def waiting_recovery_email(store: Reading, account_id: int, now: datetime) -> RecoveryEmail | None:
    """The address that waits to be confirmed by its link."""
    found = await store.rows(
        f"{_SELECT} where account_id = :account_id and confirmed_at is null and ended_at is null "
        "and confirm_expires_at > :now_at order by id desc",
        {"account_id": account_id, "now_at": now},
    )
    return _recovery_email(found[0]) if found else None


async def accounts_reached_by(store: Reading, email_key: str, limit: int) -> list[int]:
    """The accounts whose recovery address this is, the oldest account first."""
    found = await store.rows(
        f"select account_id from recovery_email where email_key = :email_key and {_HOLDS} order by account_id limit :n",
        {"email_key": email_key, "n": limit},
    )
    return [row["account_id"] for row in found]


async def recovery_email_to_confirm(store: Reading, confirm_hash: str) -> RecoveryEmail | None:
    """The address that a link confirms, whatever has become of it."""
    found = await store.rows(f"{_SELECT} where confirm_hash = :hash", {"hash": confirm_hash})
    return _recovery_email(found[0]) if found else None


async def recovery_email_to_undo(store: Reading, undo_hash: str) -> RecoveryEmail | None:
    """The address that a link takes back, whatever has become of it."""
    found = await store.rows(f"{_SELECT} where undo_hash = :hash", {"hash": undo_hash})
    return _recovery_email(found[0]) if found else None


async def replaced_at(store: Reading, account_id: int, instant: datetime) -> RecoveryEmail | None:
    """The address in whose place another came at that instant."""
    found = await store.rows(
        f"{_SELECT} where account_id = :account_id and end_reason = 'REPLACED' and ended_at = :at_at order by id desc",
        {"account_id": account_id, "at_at": instant},
    )
    return _recovery_email(found[0]) if found else None


async def add_recovery_email(transaction: Transaction, email: NewRecoveryEmail) -> int:
    """Adds an address that waits to be confirmed, in the place of one that still waited; its id."""
    await end_waiting(transaction, email.account_id, "SUPERSEDED", email.set_at)
    return await transaction.insert(
        "insert into recovery_email (account_id, email, email_key, set_at, confirm_hash, confirm_expires_at) "
        "values (:account_id, :email, :email_key, :set_at, :confirm_hash, :confirm_expires_at) returning id",
        {
            "account_id": email.account_id,
            "email": email.email,
            "email_key": email.email_key,
            "set_at": email.set_at,
            "confirm_hash": email.confirm_hash,
            "confirm_expires_at": email.confirm_expires_at,
        },
    )


async def end_waiting(transaction: Transaction, account_id: int, reason: str, now: datetime) -> None:
    """The account's addresses that still waited to be confirmed wait no more."""
    await transaction.execute(
        "update recovery_email set ended_at = :now_at, end_reason = :reason "
        "where account_id = :account_id and confirmed_at is null and ended_at is null",
        {"account_id": account_id, "reason": reason, "now_at": now},
    )


async def end_recovery_email(transaction: Transaction, account_id: int, reason: str, now: datetime) -> None:
    """The address that holds holds no more."""
    await transaction.execute(
        "update recovery_email set ended_at = :now_at, end_reason = :reason "
        f"where account_id = :account_id and {_HOLDS}",
        {"account_id": account_id, "reason": reason, "now_at": now},
    )


async def confirm(
    transaction: Transaction, email_id: int, now: datetime, undo_hash: str | None, undo_expires_at: datetime | None
) -> bool:
    """The address holds from now on; False where it was confirmed or ended before."""
    changed = await transaction.execute(
        "update recovery_email set confirmed_at = :now_at, undo_hash = :undo_hash, undo_expires_at = :undo_expires_at "
        "where id = :id and confirmed_at is null and ended_at is null",
        {"id": email_id, "now_at": now, "undo_hash": undo_hash, "undo_expires_at": undo_expires_at},
    )
    return changed == 1


async def restore(transaction: Transaction, email_id: int) -> None:
    """An address that was replaced holds again."""
    await transaction.execute(
        "update recovery_email set ended_at = null, end_reason = null where id = :id and confirmed_at is not null",
        {"id": email_id},
    )


async def forget_undos(transaction: Transaction, account_id: int, from_id: int) -> None:
    """No link takes back what came with this address or after it any more."""
    await transaction.execute(
        "update recovery_email set undo_hash = null, undo_expires_at = null "
        "where account_id = :account_id and id >= :id",
        {"account_id": account_id, "id": from_id},
    )


async def forget_links(transaction: Transaction, before: datetime) -> int:
    """Empties the hashes of links whose time was over before that instant; how many."""
    return sum([await _forget_links(transaction, link, before) for link in ("confirm", "undo")])


async def _forget_links(transaction: Transaction, link: str, before: datetime) -> int:
    return await transaction.execute(
        f"update recovery_email set {link}_hash = null where {link}_hash is not null "
        f"and {link}_expires_at < :before_at",
        {"before_at": before},
    )


def _recovery_email(row: Row) -> RecoveryEmail:
    return RecoveryEmail(**row)
