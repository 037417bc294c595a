"""Sessions: begun by logging in, carried on by refreshing, ended by logging out."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from loaders.portal import sessions as rows
from loaders.portal.accounts import Account, account_by_username, is_still, set_password_hash
from loaders.portal.audit import Entry, record
from loaders.portal.devices import knows_device
from loaders.portal.roles import StaffRole
from loaders.portal.sessions import NewSession, Session
from loaders.portal.transaction import Transaction
from resolvers.context import Caller, ClientKind, Reply
from resolvers.errors import Overloaded
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import label, normalized, username_key
from resolvers.portal.throttle import network_of
from resolvers.portal.tokens import holds, is_token, issue, token_hash

INVALID_CREDENTIALS = Problem(
    ProblemCode.INVALID_CREDENTIALS, "The user name or the password is not right, or the account is not active."
)
INVALID_REFRESH_TOKEN = Problem(
    ProblemCode.INVALID_REFRESH_TOKEN, "The session cannot be carried on with this token. Log in.", ("refreshToken",)
)
COOKIE_SLIDES_BY_ITSELF = Problem(
    ProblemCode.COOKIE_SLIDES_BY_ITSELF,
    "A session in a cookie is carried on by every request; there is nothing to refresh.",
)
COOKIE_NEEDS_HTTP = Problem(
    ProblemCode.COOKIE_NEEDS_HTTP,
    "A WEB client's session is a cookie, which a WebSocket cannot set: log in over HTTP, then connect.",
    ("input", "client"),
)


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in as a client orders it."""

    username: str
    password: str = field(repr=False)
    client: ClientKind = ClientKind.WEB
    device_name: str | None = None
    device_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session that holds: MOBILE clients get its tokens here and nowhere else, WEB clients get a cookie instead."""

    session_id: int
    account_id: int
    username: str
    guardian_id: str | None
    roles: frozenset[StaffRole]
    expires_at: datetime
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    second_factor: bool = False
    second_factor_needed: bool = False
    setup_required: bool = False


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Whether there was a session to end; logging out twice is no fault."""

    ended: bool


async def log_in(portal: Portal, order: LogIn, caller: Caller, reply: Reply) -> LoggedIn | Problem:
    """Begins a session.

    Somebody unknown, a wrong password and a disabled account get the same answer after the same work. RateLimited
    after too many failures, Overloaded where too many passwords wait to be verified.
    """
    if order.client is ClientKind.WEB and caller.transport == "websocket":
        return COOKIE_NEEDS_HTTP
    key = username_key(order.username)
    attempt = portal.throttle.begin(key or "", caller.address, device=await _known_device(portal, key, order, caller))
    try:
        account = await account_by_username(portal.writer, key or "")
        if await _check_password(portal, order, account):
            assert account is not None
            begun = await undisturbed(_do_log_in(portal, order, account, caller))
        else:
            begun = None
    except Exception:
        portal.throttle.undecided(attempt)
        raise
    if begun is None:
        await _note_failure(portal, account, caller, spray=portal.throttle.failed(attempt))
        return INVALID_CREDENTIALS
    portal.throttle.succeeded(attempt)
    result, cookie, cookie_expires_at = begun
    if cookie is not None:
        reply.session_cookie, reply.cookie_expires_at = cookie, cookie_expires_at
    return result


async def _known_device(portal: Portal, key: str | None, order: LogIn, caller: Caller) -> str | None:
    """The hash of the browser, where this user name has logged in from it before: what it shows cannot be guessed.

    An app is known by what it says of itself, which others may say too, so it has no such claim.
    """
    if order.client is not ClientKind.WEB or caller.device is None or not is_token(caller.device):
        return None
    shown = token_hash(caller.device)
    return shown if await knows_device(portal.writer, key or "", shown) else None


async def _check_password(portal: Portal, order: LogIn, account: Account | None) -> bool:
    """Whether the password is this account's: one verification, whatever is the matter."""
    password = normalized(order.password)
    stored = account.password_hash if account is not None and password is not None else None
    right = await portal.hasher.verify(password or "", stored)
    return right and account is not None and account.disabled_at is None


async def _do_log_in(
    portal: Portal, order: LogIn, account: Account, caller: Caller
) -> tuple[LoggedIn, str | None, datetime | None] | None:
    """Begins the session, unless the account was disabled or its password changed since it was verified."""
    rehashed = None
    if portal.hasher.needs_rehash(account.password_hash):
        # It can wait for a quieter moment; the family cannot.
        with suppress(Overloaded):
            rehashed = await portal.hasher.hash(normalized(order.password) or "")
    now = portal.instant()
    access, refresh, tokens, absolute = issue(portal.lifetimes, order.client, now)
    ended: int | None = None
    async with portal.writer.transaction() as transaction:
        if not await is_still(transaction, account):
            return None
        if rehashed is not None:
            await set_password_hash(transaction, account.id, rehashed)
        if order.client is ClientKind.WEB and caller.by_cookie:
            ended = await _end_presented(transaction, caller, "REPLACED", now)
        session_id = await rows.add_session(
            transaction,
            NewSession(
                account.id,
                order.client.value,
                label(order.device_name, 100) or None,
                caller.address,
                label(caller.user_agent, 300),
                tokens,
                absolute,
                now,
            ),
        )
        await record(
            transaction,
            _entry(now, account.id, "LOGGED_IN", session_id, caller, client=order.client.value),
        )
    if ended is not None:
        portal.revocations.end(ended)
    if order.client is ClientKind.WEB:
        return _logged_in(session_id, account.id, account, tokens.token_expires_at), access, absolute
    return _logged_in(session_id, account.id, account, tokens.token_expires_at, access, refresh), None, None


async def _note_failure(portal: Portal, account: Account | None, caller: Caller, *, spray: bool) -> None:
    """Leaves a trace of a failed log-in, and of a spray of which it seems to be one.

    What a stranger typed is not kept, since it may be a password.
    """
    whose = account.id if account is not None else None
    async with portal.writer.transaction() as transaction:
        if spray:
            network = network_of(caller.address)
            await record(
                transaction,
                Entry(portal.instant(), "stranger", "SPRAY_SUSPECTED", f"network:{network}", None, caller.address),
            )
        await record(
            transaction,
            Entry(
                portal.instant(),
                "stranger",
                "LOG_IN_FAILED",
                "account" if whose is None else f"account:{whose}",
                whose,
                caller.address,
            ),
        )


async def refresh(portal: Portal, refresh_token: str | None, caller: Caller) -> LoggedIn | Problem:
    """Carries a MOBILE session on with new tokens; the old ones open nothing from then on.

    A refresh token is good for one use. A second use means that somebody else has it too, so it ends the session
    (RFC 9700, 4.14.2).
    """
    if refresh_token is None:
        return COOKIE_SLIDES_BY_ITSELF if caller.by_cookie else INVALID_REFRESH_TOKEN
    if not is_token(refresh_token):
        return INVALID_REFRESH_TOKEN
    used, now = token_hash(refresh_token), portal.instant()
    # Most tokens that are no good are told apart without asking for the one connection that writes.
    if not await rows.session_by_refresh(portal.writer, used) and not await rows.session_of_used_refresh(
        portal.writer, used
    ):
        return INVALID_REFRESH_TOKEN
    return await undisturbed(_rotate_or_revoke(portal, used, caller, now))


async def _rotate_or_revoke(portal: Portal, used: str, caller: Caller, now: datetime) -> LoggedIn | Problem:
    revoked: int | None = None
    result: LoggedIn | Problem = INVALID_REFRESH_TOKEN
    async with portal.writer.transaction() as transaction:
        session = await rows.session_by_refresh(transaction, used)
        if session is not None and _refreshable(session, now):
            result = await _do_refresh(portal, transaction, session, used, caller, now) or INVALID_REFRESH_TOKEN
        if isinstance(result, Problem):
            revoked = await _end_family(transaction, used, caller, now)
    if isinstance(result, LoggedIn):
        portal.revocations.rotated(result.session_id)
    if revoked is not None:
        portal.revocations.end(revoked)
    return result


def _refreshable(session: Session, now: datetime) -> bool:
    return holds(session, now) and session.refresh_expires_at is not None and now < session.refresh_expires_at


async def _do_refresh(
    portal: Portal, transaction: Transaction, session: Session, used: str, caller: Caller, now: datetime
) -> LoggedIn | None:
    """Rotates the tokens; None where another process did so first."""
    access, next_refresh, tokens, _ = issue(
        portal.lifetimes, ClientKind.MOBILE, now, absolute=session.absolute_expires_at
    )
    if not await rows.rotate(transaction, session, used, tokens, now):
        return None
    await record(transaction, _entry(now, session.account_id, "SESSION_REFRESHED", session.id, caller))
    return _logged_in(session.id, session.account_id, session, tokens.token_expires_at, access, next_refresh)


def _logged_in(
    session_id: int,
    account_id: int,
    who: Account | rows.Session,
    expires_at: datetime,
    access: str | None = None,
    refresh: str | None = None,
) -> LoggedIn:
    proven = isinstance(who, rows.Session) and who.second_factor_at is not None
    deferred = isinstance(who, rows.Session) and who.setup_deferred_at is not None
    return LoggedIn(
        session_id,
        account_id,
        who.username,
        who.guardian_id,
        who.roles,
        expires_at,
        access,
        refresh,
        proven,
        who.second_factor and not proven,
        who.guardian_id is not None and who.setup_done_at is None and not deferred,
    )


async def _end_family(transaction: Transaction, used: str, caller: Caller, now: datetime) -> int | None:
    """Ends the session that this refresh token once refreshed; None where it refreshed none that goes on."""
    session = await rows.session_of_used_refresh(transaction, used)
    if session is None or not await rows.end_session(transaction, session.id, "REFRESH_REUSED", now):
        return None
    await record(transaction, _entry(now, session.account_id, "REFRESH_REUSED", session.id, caller))
    return session.id


async def log_out(portal: Portal, caller: Caller, reply: Reply) -> LoggedOut:
    """Ends the session whose token the caller shows, expired or not, and clears the cookie."""
    if caller.by_cookie or caller.token is None:
        reply.session_cookie, reply.cookie_expires_at = "", None
    if caller.token is None or not is_token(caller.token):
        return LoggedOut(False)
    if await rows.session_by_token(portal.writer, token_hash(caller.token)) is None:
        return LoggedOut(False)
    return await undisturbed(_do_log_out(portal, caller))


async def _do_log_out(portal: Portal, caller: Caller) -> LoggedOut:
    async with portal.writer.transaction() as transaction:
        ended = await _end_presented(transaction, caller, "LOGGED_OUT", portal.instant())
    if ended is None:
        return LoggedOut(False)
    portal.revocations.end(ended)
    return LoggedOut(True)


async def _end_presented(transaction: Transaction, caller: Caller, reason: str, now: datetime) -> int | None:
    """Ends the session whose token the caller shows in the way of its kind; None where there is none that goes on."""
    if caller.token is None or not is_token(caller.token):
        return None
    session = await rows.session_by_token(transaction, token_hash(caller.token))
    if session is None or (session.client == ClientKind.WEB.value) != caller.by_cookie:
        return None
    if not await rows.end_session(transaction, session.id, reason, now):
        return None
    await record(transaction, _entry(now, session.account_id, reason, session.id, caller))
    return session.id


def _entry(
    now: datetime, account_id: int, action: str, session_id: int, caller: Caller, **detail: str | int | bool | None
) -> Entry:
    return Entry(now, f"account:{account_id}", action, f"session:{session_id}", account_id, caller.address, detail)
