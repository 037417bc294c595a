"""Devices that are told things by push: each reached at one address, for the account that registered it last.

A device belongs to the log-in that registered it. It is alive until that log-in is ended by somebody (logged out,
revoked, a new password); a log-in that merely lapses leaves it alive.
"""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction

#: Whether a device is alive, of `push_device` joined with its `session` and `account`.
_ALIVE = "session.ended_at is null and account.disabled_at is null"


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be: `address_sealed` is what its push service needs to reach it."""

    account_id: int
    session_id: int
    platform: str
    address_hash: str
    address_sealed: str
    name: str | None


@dataclass(frozen=True, slots=True)
class PushDevice:
    """A device that is alive, and of its account what each push to it must know."""

    id: int
    account_id: int
    session_id: int
    platform: str
    address_sealed: str
    name: str | None
    registered_at: datetime
    reached_at: datetime | None
    username: str
    guardian_id: str | None


_SELECT = f"""
select push_device.id, push_device.account_id, push_device.session_id, push_device.platform,
    push_device.address_sealed, push_device.name, push_device.registered_at, push_device.reached_at,
    account.username, account.guardian_id
from push_device
join session on session.id = push_device.session_id
join account on account.id = push_device.account_id
where {_ALIVE}
"""


async def device_by_id(store: Reading, device_id: int) -> PushDevice | None:
    """The device of an id; None where there is none, or its log-in was ended."""
    found = await store.rows(f"{_SELECT} and push_device.id = :id", {"id": device_id})
    return _device(found[0]) if found else None


async def devices_of_account(store: Reading, account_id: int) -> list[PushDevice]:
    """The account's devices that are alive, the newest first."""
    found = await store.rows(
        f"{_SELECT} and push_device.account_id = :account_id order by push_device.id desc", {"account_id": account_id}
    )
    return [_device(row) for row in found]


async def owns_address(store: Reading, account_id: int, address_hash: str) -> bool:
    """Whether the device at an address is this account's."""
    found = await store.rows(
        "select id from push_device where account_id = :account_id and address_hash = :address_hash",
        {"account_id": account_id, "address_hash": address_hash},
    )
    return bool(found)


async def count_devices(store: Reading, account_id: int) -> int:
    """How many devices of an account are known, those among them whose log-in was just ended."""
    found = await store.rows(
        "select count(*) as n from push_device where account_id = :account_id", {"account_id": account_id}
    )
    return int(found[0]["n"])


async def put_device(transaction: Transaction, device: NewDevice, now: datetime) -> int:
    """Registers a device and says its id, which stays the same while account and address do.

    An address that another account had is this one's from now on: a phone that is passed on tells nobody else's.
    """
    kept = await transaction.rows(
        "update push_device set session_id = :session_id, address_sealed = :address_sealed, name = :name, "
        "registered_at = :now_at where address_hash = :address_hash and account_id = :account_id "
        "and platform = :platform returning id",
        _values(device, now),
    )
    if kept:
        kept_id: int = kept[0]["id"]
        return kept_id
    while True:
        await transaction.execute(
            "delete from push_device where address_hash = :address_hash", {"address_hash": device.address_hash}
        )
        # Nothing is returned where another process registered it meanwhile: whoever comes last has it.
        made = await transaction.rows(
            "insert into push_device (account_id, session_id, platform, address_hash, address_sealed, name, "
            "registered_at) values (:account_id, :session_id, :platform, :address_hash, :address_sealed, :name, "
            ":now_at) on conflict (address_hash) do nothing returning id",
            _values(device, now),
        )
        if made:
            made_id: int = made[0]["id"]
            return made_id


async def remove_device(transaction: Transaction, device_id: int, account_id: int) -> bool:
    """Deletes a device of this account's; False where there is none of that id."""
    changed = await transaction.execute(
        "delete from push_device where id = :id and account_id = :account_id",
        {"id": device_id, "account_id": account_id},
    )
    return changed == 1


async def bury_device(transaction: Transaction, device: PushDevice) -> bool:
    """Deletes a device of which its push service says that it is gone; False where it was registered again since."""
    changed = await transaction.execute(
        "delete from push_device where id = :id and registered_at = :registered_at",
        {"id": device.id, "registered_at": device.registered_at},
    )
    return changed == 1


async def note_reached(transaction: Transaction, device_id: int, now: datetime) -> None:
    """Notes that its push service took something for the device."""
    await transaction.execute(
        "update push_device set reached_at = :now_at where id = :id", {"id": device_id, "now_at": now}
    )


async def sweep_devices(transaction: Transaction, ended_before: datetime) -> int:
    """Deletes the devices whose log-in was ended before that instant; how many."""
    return await transaction.execute(
        "delete from push_device where session_id in (select id from session where ended_at < :before_at)",
        {"before_at": ended_before},
    )


def _values(device: NewDevice, now: datetime) -> dict[str, object]:
    return {
        "account_id": device.account_id,
        "session_id": device.session_id,
        "platform": device.platform,
        "address_hash": device.address_hash,
        "address_sealed": device.address_sealed,
        "name": device.name,
        "now_at": now,
    }


def _device(row: Row) -> PushDevice:
    return PushDevice(
        id=row["id"],
        account_id=row["account_id"],
        session_id=row["session_id"],
        platform=row["platform"],
        address_sealed=row["address_sealed"],
        name=row["name"],
        registered_at=row["registered_at"],
        reached_at=row["reached_at"],
        username=row["username"],
        guardian_id=row["guardian_id"],
    )
