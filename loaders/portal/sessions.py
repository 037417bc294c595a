"""Sessions: log-ins that hold, by the SHA-256 of their tokens; the tokens themselves are nowhere.

A session row is the family of RFC 9700 4.14: refreshing replaces its two hashes, and the refresh hash that was used
is kept, so that its second use is known for what it is.
"""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.roles import StaffRole, roles_of
from loaders.portal.transaction import Reading, Row, Store, Transaction


@dataclass(frozen=True, slots=True)
class Tokens:
    """The hashes of a session's tokens and until when each is good; WEB sessions have no refresh token."""

    token_hash: str
    token_expires_at: datetime
    refresh_hash: str | None = None
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to be."""

    account_id: int
    client: str
    device_name: str | None
    address: str
    user_agent: str
    tokens: Tokens
    absolute_expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is, and of its account what each use of it must know."""

    id: int
    account_id: int
    client: str
    token_expires_at: datetime
    refresh_expires_at: datetime | None
    absolute_expires_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    username: str
    guardian_id: str | None
    roles: frozenset[StaffRole]
    disabled_at: datetime | None
    second_factor_at: datetime | None = None
    setup_done_at: datetime | None = None
    setup_deferred_at: datetime | None = None
    second_factor: bool = False


_SELECT = """
select session.id, session.account_id, session.client, session.token_expires_at, session.refresh_expires_at,
    session.absolute_expires_at, session.last_seen_at, session.ended_at, session.second_factor_at,
    session.setup_deferred_at,
    account.username, account.guardian_id, account.staff_role, account.disabled_at, account.setup_done_at,
    (select count(*) from second_factor
        where second_factor.account_id = account.id and second_factor.confirmed_at is not null) as second_factors
from session join account on account.id = session.account_id
"""


_BY_TOKEN = f"{_SELECT} where session.token_hash = :hash"


async def session_by_token(store: Reading, token_hash: str) -> Session | None:
    """The session of a token, whether or not it still holds."""
    found = await store.rows(_BY_TOKEN, {"hash": token_hash})
    return _session(found[0]) if found else None


def session_at_once(store: Store, token_hash: str) -> Session | None:
    """The session of a token, whether or not it still holds; None also where the store has to be waited for."""
    found = store.rows_at_once(_BY_TOKEN, {"hash": token_hash})
    return _session(found[0]) if found else None


async def session_by_id(store: Reading, session_id: int) -> Session | None:
    """The session of an id, whether or not it still holds."""
    found = await store.rows(f"{_SELECT} where session.id = :id", {"id": session_id})
    return _session(found[0]) if found else None


async def session_by_refresh(store: Reading, refresh_hash: str) -> Session | None:
    """The session of which this is the refresh token now, whether or not it still holds."""
    found = await store.rows(f"{_SELECT} where session.refresh_hash = :hash", {"hash": refresh_hash})
    return _session(found[0]) if found else None


async def session_of_used_refresh(store: Reading, refresh_hash: str) -> Session | None:
    """The session that this refresh token has already refreshed."""
    found = await store.rows(
        f"{_SELECT} join used_refresh on used_refresh.session_id = session.id where used_refresh.refresh_hash = :hash",
        {"hash": refresh_hash},
    )
    return _session(found[0]) if found else None


async def add_session(transaction: Transaction, session: NewSession) -> int:
    """Adds a session and says its id."""
    return await transaction.insert(
        "insert into session (account_id, client, device_name, address, user_agent, token_hash, token_expires_at, "
        "refresh_hash, refresh_expires_at, absolute_expires_at, created_at, last_seen_at) "
        "values (:account_id, :client, :device_name, :address, :user_agent, :token_hash, :token_expires_at, "
        ":refresh_hash, :refresh_expires_at, :absolute_expires_at, :created_at, :last_seen_at) returning id",
        {
            "account_id": session.account_id,
            "client": session.client,
            "device_name": session.device_name,
            "address": session.address,
            "user_agent": session.user_agent,
            "token_hash": session.tokens.token_hash,
            "token_expires_at": session.tokens.token_expires_at,
            "refresh_hash": session.tokens.refresh_hash,
            "refresh_expires_at": session.tokens.refresh_expires_at,
            "absolute_expires_at": session.absolute_expires_at,
            "created_at": session.created_at,
            "last_seen_at": session.created_at,
        },
    )


async def rotate(transaction: Transaction, session: Session, used_hash: str, tokens: Tokens, now: datetime) -> bool:
    """Gives a session its next tokens; False where the refresh token was used by somebody else meanwhile."""
    changed = await transaction.execute(
        "update session set token_hash = :token_hash, token_expires_at = :token_expires_at, "
        "refresh_hash = :refresh_hash, refresh_expires_at = :refresh_expires_at, last_seen_at = :now_at "
        "where id = :id and refresh_hash = :used_hash and ended_at is null",
        {
            "id": session.id,
            "used_hash": used_hash,
            "token_hash": tokens.token_hash,
            "token_expires_at": tokens.token_expires_at,
            "refresh_hash": tokens.refresh_hash,
            "refresh_expires_at": tokens.refresh_expires_at,
            "now_at": now,
        },
    )
    if changed == 0:
        return False
    # One that has expired opens nothing anyway, so it need not be known any longer.
    await transaction.execute(
        "delete from used_refresh where session_id = :session_id and refresh_expires_at < :now_at",
        {"session_id": session.id, "now_at": now},
    )
    await transaction.execute(
        "insert into used_refresh (refresh_hash, session_id, used_at, refresh_expires_at) "
        "values (:refresh_hash, :session_id, :used_at, :refresh_expires_at)",
        {
            "refresh_hash": used_hash,
            "session_id": session.id,
            "used_at": now,
            "refresh_expires_at": session.refresh_expires_at,
        },
    )
    return True


async def step_up(transaction: Transaction, session_id: int, tokens: Tokens, now: datetime) -> bool:
    """Gives a session that has proven a second factor its next tokens; False where it has ended meanwhile."""
    await transaction.execute(
        "insert into used_refresh (refresh_hash, session_id, used_at, refresh_expires_at) "
        "select refresh_hash, id, :now_at, refresh_expires_at from session "
        "where id = :id and refresh_hash is not null and ended_at is null",
        {"id": session_id, "now_at": now},
    )
    changed = await transaction.execute(
        "update session set token_hash = :token_hash, token_expires_at = :token_expires_at, "
        "refresh_hash = :refresh_hash, refresh_expires_at = :refresh_expires_at, last_seen_at = :now_at, "
        "second_factor_at = :now_at where id = :id and ended_at is null",
        {
            "id": session_id,
            "token_hash": tokens.token_hash,
            "token_expires_at": tokens.token_expires_at,
            "refresh_hash": tokens.refresh_hash,
            "refresh_expires_at": tokens.refresh_expires_at,
            "now_at": now,
        },
    )
    return changed == 1


async def open_deferred(transaction: Transaction, session_id: int, now: datetime) -> None:
    """Notes that the security set-up was put off for this session."""
    await transaction.execute(
        "update session set setup_deferred_at = :now_at where id = :id", {"id": session_id, "now_at": now}
    )


async def end_session(transaction: Transaction, session_id: int, reason: str, now: datetime) -> bool:
    """Ends a session; False where it had already ended."""
    changed = await transaction.execute(
        "update session set ended_at = :ended_at, end_reason = :reason where id = :id and ended_at is null",
        {"id": session_id, "reason": reason, "ended_at": now},
    )
    return changed == 1


async def end_other_sessions(
    transaction: Transaction, account_id: int, kept: int | None, reason: str, now: datetime
) -> list[int]:
    """Ends the account's sessions that go on, but for the one that is kept; which they were, oldest first."""
    ended = await transaction.rows(
        "update session set ended_at = :ended_at, end_reason = :reason "
        "where account_id = :account_id and id <> :kept and ended_at is null returning id",
        {"account_id": account_id, "kept": kept or 0, "reason": reason, "ended_at": now},
    )
    return sorted(row["id"] for row in ended)


async def sessions_going_on(store: Reading, account_id: int) -> list[int]:
    """The account's sessions that have not ended, oldest first."""
    found = await store.rows(
        "select id from session where account_id = :account_id and ended_at is null order by id",
        {"account_id": account_id},
    )
    return [row["id"] for row in found]


async def touch(transaction: Transaction, session_id: int, seen_at: datetime, token_expires_at: datetime) -> None:
    """Notes that a session was used; never moves its times backwards, and never revives one that has ended."""
    await transaction.execute(
        "update session set last_seen_at = :seen_at, token_expires_at = :token_expires_at "
        "where id = :id and ended_at is null and last_seen_at < :seen_at and token_expires_at <= :token_expires_at",
        {"id": session_id, "seen_at": seen_at, "token_expires_at": token_expires_at},
    )


def _session(row: Row) -> Session:
    return Session(
        id=row["id"],
        account_id=row["account_id"],
        client=row["client"],
        token_expires_at=row["token_expires_at"],
        refresh_expires_at=row["refresh_expires_at"],
        absolute_expires_at=row["absolute_expires_at"],
        last_seen_at=row["last_seen_at"],
        ended_at=row["ended_at"],
        username=row["username"],
        guardian_id=row["guardian_id"],
        roles=roles_of(row["staff_role"]),
        disabled_at=row["disabled_at"],
        second_factor_at=row["second_factor_at"],
        setup_done_at=row["setup_done_at"],
        setup_deferred_at=row["setup_deferred_at"],
        second_factor=row["second_factors"] > 0,
    )
