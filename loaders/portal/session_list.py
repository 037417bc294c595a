"""The sessions of an account that go on, as their owner is shown them, and their end by the owner's hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session that goes on; neither its tokens nor their hashes are read for this."""

    id: int
    client: str
    device_name: str | None
    address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


# A WEB session is over when its cookie is, a MOBILE one when it can be refreshed no more.
_GOES_ON = (
    "ended_at is null and absolute_expires_at > :now_at and coalesce(refresh_expires_at, token_expires_at) > :now_at"
)


async def sessions_of_account(store: Reading, account_id: int, now: datetime) -> list[ListedSession]:
    """The account's sessions that go on, the one used last first."""
    found = await store.rows(
        "select id, client, device_name, address, user_agent, created_at, last_seen_at, absolute_expires_at, "
        "coalesce(refresh_expires_at, token_expires_at) as idle_expires_at "
        f"from session where account_id = :account_id and {_GOES_ON} order by last_seen_at desc, id desc",
        {"account_id": account_id, "now_at": now},
    )
    return [
        ListedSession(
            id=row["id"],
            client=row["client"],
            device_name=row["device_name"],
            address=row["address"],
            user_agent=row["user_agent"],
            created_at=row["created_at"],
            last_seen_at=row["last_seen_at"],
            expires_at=min(row["idle_expires_at"], row["absolute_expires_at"]),
        )
        for row in found
    ]


async def end_session_of(
    transaction: Transaction, session_id: int, account_id: int, reason: str, now: datetime
) -> bool:
    """Ends a session that goes on and is this account's; False for every other."""
    changed = await transaction.execute(
        f"update session set ended_at = :now_at, end_reason = :reason where id = :id and account_id = :account_id "
        f"and {_GOES_ON}",
        {"id": session_id, "account_id": account_id, "reason": reason, "now_at": now},
    )
    return changed == 1


async def sessions_ended_since(store: Reading, since: datetime) -> Sequence[int]:
    """The sessions that have ended since that instant, by whichever process."""
    found = await store.rows("select id from session where ended_at >= :since_at", {"since_at": since})
    return [row["id"] for row in found]


async def forget_sessions(transaction: Transaction, ended_before: datetime) -> int:
    """Deletes the sessions that were over before that instant, with their devices and used refresh tokens; how many."""
    over = (
        "select id from session where ended_at < :before_at or absolute_expires_at < :before_at "
        "or (ended_at is null and coalesce(refresh_expires_at, token_expires_at) < :before_at)"
    )
    for table in ("used_refresh", "push_device"):
        await transaction.execute(f"delete from {table} where session_id in ({over})", {"before_at": ended_before})
    return await transaction.execute(f"delete from session where id in ({over})", {"before_at": ended_before})
