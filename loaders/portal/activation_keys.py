"""Activation keys: known by their hash, each bound to one guardian; of a guardian, one lives at the most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction

#: How many guardians are bound in one statement, one by one.
_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be; `issued_by` is the account of the member of staff who ordered it."""

    key_hash: str
    guardian_id: str
    portal_request_id: int | None
    issued_by: int
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ActivationKey:
    """A key as it is."""

    id: int
    guardian_id: str
    portal_request_id: int | None
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    def lives(self, now: datetime) -> bool:
        """Whether an account can be made with it."""
        return self.used_at is None and self.revoked_at is None and now < self.expires_at


async def key_by_hash(store: Reading, key_hash: str) -> ActivationKey | None:
    """The key of a hash, whether or not it lives."""
    found = await store.rows(
        "select id, guardian_id, portal_request_id, expires_at, used_at, revoked_at from activation_key "
        "where key_hash = :hash",
        {"hash": key_hash},
    )
    return _key(found[0]) if found else None


async def replace_key(transaction: Transaction, key: NewKey) -> int:
    """Adds a key in the place of the guardian's one before, which opens nothing from now on; the id of the new one."""
    await transaction.execute(
        "update activation_key set revoked_at = :now_at "
        "where guardian_id = :guardian_id and used_at is null and revoked_at is null",
        {"guardian_id": key.guardian_id, "now_at": key.issued_at},
    )
    return await transaction.insert(
        "insert into activation_key (key_hash, guardian_id, portal_request_id, issued_by, issued_at, expires_at) "
        "values (:key_hash, :guardian_id, :portal_request_id, :issued_by, :issued_at, :expires_at) returning id",
        {
            "key_hash": key.key_hash,
            "guardian_id": key.guardian_id,
            "portal_request_id": key.portal_request_id,
            "issued_by": key.issued_by,
            "issued_at": key.issued_at,
            "expires_at": key.expires_at,
        },
    )


async def use_key(transaction: Transaction, key_id: int, account_id: int, now: datetime) -> bool:
    """Uses a key up for an account; False where it has been used, was revoked, or is past its time."""
    changed = await transaction.execute(
        "update activation_key set used_at = :now_at, account_id = :account_id "
        "where id = :id and used_at is null and revoked_at is null and expires_at > :now_at",
        {"id": key_id, "account_id": account_id, "now_at": now},
    )
    return changed == 1


async def request_of_unused_key(store: Reading, guardian_id: str) -> int | None:
    """The portal request that the guardian's last key came of, where it came of one and was never used."""
    found = await store.rows(
        "select portal_request_id, used_at from activation_key where guardian_id = :guardian_id "
        "order by id desc limit 1",
        {"guardian_id": guardian_id},
    )
    return found[0]["portal_request_id"] if found and found[0]["used_at"] is None else None


async def guardians_with_account(store: Reading, guardian_ids: Sequence[str]) -> set[str]:
    """Of these guardians those who have an account, disabled ones among them."""
    asked = list(dict.fromkeys(guardian_ids))
    found: set[str] = set()
    for start in range(0, len(asked), _TOGETHER):
        some = asked[start : start + _TOGETHER]
        names = [f"id_{number}" for number in range(len(some))]
        rows = await store.rows(
            f"select guardian_id from account where guardian_id in ({', '.join(f':{name}' for name in names)})",
            dict(zip(names, some, strict=True)),
        )
        found.update(row["guardian_id"] for row in rows)
    return found


def _key(row: Row) -> ActivationKey:
    return ActivationKey(
        id=row["id"],
        guardian_id=row["guardian_id"],
        portal_request_id=row["portal_request_id"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )
