"""Second factors: of an account one secret at the most, sealed, and the hashes of its recovery codes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The secret as it is sealed, since when it holds (None: begun, not confirmed), and the last step that was taken.

    A step is a count of 30 seconds since 1970 (RFC 6238).
    """

    secret_sealed: str = field(repr=False)
    confirmed_at: datetime | None
    last_step: int


async def second_factor_of(store: Reading, account_id: int) -> SecondFactor | None:
    """The account's second factor, confirmed or only begun."""
    found = await store.rows(
        "select secret_sealed, confirmed_at, last_step from second_factor where account_id = :account_id",
        {"account_id": account_id},
    )
    return SecondFactor(**found[0]) if found else None


async def begin_second_factor(transaction: Transaction, account_id: int, secret_sealed: str, now: datetime) -> None:
    """Puts a secret that is yet to be confirmed in the place of whatever was there."""
    await end_second_factor(transaction, account_id)
    await transaction.execute(
        "insert into second_factor (account_id, secret_sealed, made_at) values (:account_id, :secret_sealed, :now_at)",
        {"account_id": account_id, "secret_sealed": secret_sealed, "now_at": now},
    )


async def confirm_second_factor(transaction: Transaction, account_id: int, now: datetime) -> None:
    """From now on it is the account's second factor."""
    await transaction.execute(
        "update second_factor set confirmed_at = :now_at where account_id = :account_id and confirmed_at is null",
        {"account_id": account_id, "now_at": now},
    )


async def take_step(transaction: Transaction, account_id: int, step: int) -> bool:
    """Takes the code of a step; False where that step or a later one was taken before."""
    changed = await transaction.execute(
        "update second_factor set last_step = :step where account_id = :account_id and last_step < :step",
        {"account_id": account_id, "step": step},
    )
    return changed == 1


async def end_second_factor(transaction: Transaction, account_id: int) -> None:
    """The account has no second factor any more, and none of its recovery codes opens anything."""
    for table in ("recovery_code", "second_factor"):
        await transaction.execute(
            f"delete from {table} where account_id = :account_id",
            {"account_id": account_id},
        )


async def put_recovery_codes(transaction: Transaction, account_id: int, hashes: Iterable[str], now: datetime) -> None:
    """Puts these codes in the place of the ones before."""
    await transaction.execute("delete from recovery_code where account_id = :account_id", {"account_id": account_id})
    for code_hash in hashes:
        await transaction.execute(
            "insert into recovery_code (account_id, code_hash, made_at) values (:account_id, :code_hash, :now_at)",
            {"account_id": account_id, "code_hash": code_hash, "now_at": now},
        )


async def take_recovery_code(transaction: Transaction, account_id: int, code_hash: str, now: datetime) -> bool:
    """Uses a recovery code up; False where it is none of the account's, or was used before."""
    changed = await transaction.execute(
        "update recovery_code set used_at = :now_at "
        "where account_id = :account_id and code_hash = :code_hash and used_at is null",
        {"account_id": account_id, "code_hash": code_hash, "now_at": now},
    )
    return changed == 1


async def recovery_codes_left(store: Reading, account_id: int) -> int:
    """How many recovery codes are still good."""
    (row,) = await store.rows(
        "select count(*) as n from recovery_code where account_id = :account_id and used_at is null",
        {"account_id": account_id},
    )
    return int(row["n"])
