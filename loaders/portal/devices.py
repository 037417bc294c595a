"""Known devices: from which an account was logged in to, by the hash of what each shows of itself."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device as a log-in shows it."""

    account_id: int
    device_hash: str
    name: str | None
    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """A device's id, whether it was new, and whether the account had another before."""

    id: int
    new: bool
    others: bool


async def see_device(transaction: Transaction, device: NewDevice, now: datetime) -> SeenDevice:
    """Notes that an account was logged in to from a device."""
    known = await transaction.rows(
        "select id, device_hash from known_device where account_id = :account_id order by id",
        {"account_id": device.account_id},
    )
    for row in known:
        if row["device_hash"] == device.device_hash:
            await transaction.execute(
                "update known_device set last_seen_at = :now_at, address = :address, user_agent = :user_agent "
                "where id = :id",
                {"id": row["id"], "now_at": now, "address": device.address, "user_agent": device.user_agent},
            )
            return SeenDevice(row["id"], False, len(known) > 1)
    added = await transaction.insert(
        "insert into known_device (account_id, device_hash, name, address, user_agent, first_seen_at, last_seen_at) "
        "values (:account_id, :device_hash, :name, :address, :user_agent, :now_at, :now_at) returning id",
        {
            "account_id": device.account_id,
            "device_hash": device.device_hash,
            "name": device.name,
            "address": device.address,
            "user_agent": device.user_agent,
            "now_at": now,
        },
    )
    return SeenDevice(added, True, bool(known))


async def knows_device(store: Reading, username_key: str, device_hash: str) -> bool:
    """Whether the account of a normalised user name has been logged in to from this device."""
    found = await store.rows(
        "select 1 as one from known_device join account on account.id = known_device.account_id "
        "where account.username_key = :username_key and known_device.device_hash = :device_hash",
        {"username_key": username_key, "device_hash": device_hash},
    )
    return bool(found)


async def set_session_device(transaction: Transaction, session_id: int, device_id: int) -> None:
    """Notes from which device a session was begun."""
    await transaction.execute(
        "update session set known_device_id = :device_id where id = :id", {"id": session_id, "device_id": device_id}
    )


async def forget_devices(transaction: Transaction, before: datetime) -> int:
    """Deletes the devices that were last seen before that instant; how many."""
    await transaction.execute(
        "update session set known_device_id = null where known_device_id in "
        "(select id from known_device where last_seen_at < :before_at)",
        {"before_at": before},
    )
    return await transaction.execute("delete from known_device where last_seen_at < :before_at", {"before_at": before})
