"""The second factor: a secret shared with an authenticator app, confirmed by a code, proven once in each session."""

from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from loaders.portal import second_factors as rows
from loaders.portal.accounts import Account, account_by_id, is_still
from loaders.portal.recovery_attempts import AttemptKind, attempts_since, note_attempt
from loaders.portal.sessions import Session, end_other_sessions, session_by_id, step_up
from loaders.portal.transaction import Transaction
from resolvers.context import ClientKind, Context
from resolvers.errors import RateLimited, Unauthenticated
from resolvers.portal.contacts import Contact, contact_of
from resolvers.portal.notices import post_notice
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.proof import PASSWORD_WRONG, proves_password
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.throttle import Attempt
from resolvers.portal.tokens import holds, issue, token_hash
from resolvers.portal.totp import (
    bare_recovery_code,
    new_recovery_codes,
    new_secret,
    otpauth_uri,
    step_of_code,
)
from resolvers.portal.trail import note

T = TypeVar("T")

RECOVERY_CODES = 10
#: A thief of the password has three chances in a million a try: whatever his addresses, so many tries a day.
FAILURES_A_DAY = 30
DAY = timedelta(days=1)
SEALED_FOR = "second factor"

_CODE = ("input", "code")
_WRONG = Problem(ProblemCode.CODE_WRONG, "This code is not right, or was used before: take the next one.", _CODE)
_NONE = Problem(ProblemCode.SECOND_FACTOR_MISSING, "There is no second factor: begin one first.")
_THERE = Problem(
    ProblemCode.SECOND_FACTOR_ENABLED, "There is a second factor already: prove it in this session to replace it."
)
_CONFIRMED = Problem(ProblemCode.SECOND_FACTOR_ENABLED, "The second factor is confirmed already: prove it instead.")
_STAFF = Problem(ProblemCode.SECOND_FACTOR_OF_STAFF, "Staff cannot be without a second factor: begin another instead.")
_BY_HTTP = Problem(
    ProblemCode.COOKIE_NEEDS_HTTP, "The session's cookie changes, and a WebSocket cannot set it: send this over HTTP."
)


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Whether the account has a second factor, and how many recovery codes are still good."""

    enabled: bool
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class SecondFactorBegun:
    """The secret, told this once: in base32, and as authenticator apps read it out of a QR code."""

    secret: str = field(repr=False)
    otpauth_uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SteppedUp:
    """The session that has proven a second factor, under new tokens; WEB clients get theirs as a cookie."""

    expires_at: datetime
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SecondFactorConfirmed:
    """The recovery codes, told this once, and the session, which has proven the factor by confirming it."""

    session: SteppedUp
    recovery_codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecondFactorProven:
    """The session that has proven it, and how many recovery codes are left."""

    session: SteppedUp
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class SecondFactorRemoved:
    """The account has no second factor any more."""


async def second_factor_state(context: Context) -> SecondFactorState:
    """How the viewer's second factor stands; Unauthenticated without a session."""
    viewer = context.signed_in()
    portal: Portal = context.portal
    found = await rows.second_factor_of(portal.writer, viewer.account_id)
    enabled = found is not None and found.confirmed_at is not None
    return SecondFactorState(enabled, await rows.recovery_codes_left(portal.writer, viewer.account_id))


async def begin_second_factor(context: Context, password: str) -> SecondFactorBegun | Refused:
    """Makes a secret for the viewer's account, which counts for nothing until a code of it confirms it.

    Where a second factor is there already, only a session that has proven it may put another in its place.
    """
    account = await _account(context)
    portal: Portal = context.portal
    if not await proves_password(context, account, password):
        return Refused((PASSWORD_WRONG,))
    if account.second_factor and not context.signed_in().second_factor:
        return Refused((_THERE,))
    secret = new_secret()
    sealed = portal.sealer.seal(SEALED_FOR, secret)
    begun = SecondFactorBegun(secret, otpauth_uri(secret, portal.letterhead.district_name, account.username))
    return await undisturbed(_do_begin(context, account, sealed, begun))


async def _do_begin(
    context: Context, account: Account, sealed: str, begun: SecondFactorBegun
) -> SecondFactorBegun | Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if not await is_still(transaction, account):
            return Refused((PASSWORD_WRONG,))
        there = await rows.second_factor_of(transaction, account.id)
        if there is not None and there.confirmed_at is not None and not context.signed_in().second_factor:
            return Refused((_THERE,))
        await rows.begin_second_factor(transaction, account.id, sealed, portal.instant())
        await _note(context, transaction, "SECOND_FACTOR_BEGUN", account)
    return begun


async def confirm_second_factor(context: Context, code: str) -> SecondFactorConfirmed | Refused:
    """Makes the secret that was begun the account's second factor, if the code is one of it; other sessions end."""
    account = await _account(context)
    contact = await contact_of(context, account)
    attempt = _attempt(context, account)
    return await _decided(context, attempt, _do_confirm(context, account, contact, code))


async def _do_confirm(
    context: Context, account: Account, contact: Contact, code: str
) -> SecondFactorConfirmed | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    codes = tuple(new_recovery_codes(RECOVERY_CODES))
    async with portal.writer.transaction() as transaction:
        session = await _session(context, transaction)
        factor = await rows.second_factor_of(transaction, account.id)
        if factor is None:
            return Refused((_NONE,))
        if factor.confirmed_at is not None:
            return Refused((_CONFIRMED,))
        if _cannot_set_cookie(context, session):
            return Refused((_BY_HTTP,))
        if not await _takes(context, transaction, account, factor, code, recovery=False):
            return Refused((_WRONG,))
        await rows.confirm_second_factor(transaction, account.id, now)
        hashes = [token_hash(bare_recovery_code(one)) for one in codes]
        await rows.put_recovery_codes(transaction, account.id, hashes, now)
        ended = await end_other_sessions(transaction, account.id, session.id, "SECOND_FACTOR_ENABLED", now)
        stepped, cookie = await _step_up(context, transaction, session, now)
        await _note(context, transaction, "SECOND_FACTOR_ENABLED", account, ended_sessions=len(ended))
        await post_notice(context, transaction, account, contact, "second_factor_on")
    for session_id in ended:
        portal.revocations.end(session_id)
    portal.mail_posted.set()
    _go_on(context, session, stepped, cookie)
    return SecondFactorConfirmed(stepped, codes)


async def prove_second_factor(context: Context, code: str) -> SecondFactorProven | Refused:
    """Proves the account's second factor in this session, by a code of the app or a recovery code, each good once.

    The session goes on under new tokens, so that none that was seen before opens what it opens.
    """
    account = await _account(context)
    attempt = _attempt(context, account)
    return await _decided(context, attempt, _do_prove(context, account, code))


async def _do_prove(context: Context, account: Account, code: str) -> SecondFactorProven | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        session = await _session(context, transaction)
        factor = await rows.second_factor_of(transaction, account.id)
        if factor is None or factor.confirmed_at is None:
            return Refused((_NONE,))
        if _cannot_set_cookie(context, session):
            return Refused((_BY_HTTP,))
        if not await _takes(context, transaction, account, factor, code, recovery=True):
            return Refused((_WRONG,))
        stepped, cookie = await _step_up(context, transaction, session, now)
        await _note(context, transaction, "SECOND_FACTOR_PROVEN", account)
        left = await rows.recovery_codes_left(transaction, account.id)
    _go_on(context, session, stepped, cookie)
    return SecondFactorProven(stepped, left)


async def remove_second_factor(context: Context, password: str, code: str) -> SecondFactorRemoved | Refused:
    """Takes a parent's second factor away, by the password and a code; staff are refused."""
    account = await _account(context)
    if account.guardian_id is None:
        return Refused((_STAFF,))
    contact = await contact_of(context, account)
    if not await proves_password(context, account, password):
        return Refused((PASSWORD_WRONG,))
    attempt = _attempt(context, account)
    return await _decided(context, attempt, _do_remove(context, account, contact, code))


async def _do_remove(context: Context, account: Account, contact: Contact, code: str) -> SecondFactorRemoved | Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if not await is_still(transaction, account):
            return Refused((PASSWORD_WRONG,))
        factor = await rows.second_factor_of(transaction, account.id)
        if factor is None or factor.confirmed_at is None:
            return Refused((_NONE,))
        if not await _takes(context, transaction, account, factor, code, recovery=True):
            return Refused((_WRONG,))
        await rows.end_second_factor(transaction, account.id)
        await _note(context, transaction, "SECOND_FACTOR_REMOVED", account)
        await post_notice(context, transaction, account, contact, "second_factor_off")
    portal.mail_posted.set()
    viewer = context.signed_in()
    portal.revocations.rotated(viewer.session_id)
    context.become(replace(viewer, second_factor_needed=False))
    return SecondFactorRemoved()


async def enrol(transaction: Transaction, portal: Portal, account_id: int, secret: str) -> None:
    """Gives an account a second factor whose secret its holder has already, without recovery codes."""
    await rows.begin_second_factor(transaction, account_id, portal.sealer.seal(SEALED_FOR, secret), portal.instant())
    await rows.confirm_second_factor(transaction, account_id, portal.instant())


async def _account(context: Context) -> Account:
    viewer = context.signed_in()
    context.begin_account_order()
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, viewer.account_id)
    assert account is not None
    return account


def _attempt(context: Context, account: Account) -> Attempt:
    """A code that is being tried: counted apart from the log-ins, which a thief of the password can do as he likes."""
    portal: Portal = context.portal
    return portal.throttle.begin(f"\0code of {account.id}", context.caller.address)


async def _decided(context: Context, attempt: Attempt, work: Coroutine[Any, Any, T | Refused]) -> T | Refused:
    """Does the work, and counts the attempt as what it was."""
    throttle = context.portal.throttle
    try:
        answer = await undisturbed(work)
    except Exception:
        throttle.undecided(attempt)
        raise
    if not isinstance(answer, Refused):
        throttle.succeeded(attempt)
    elif _WRONG not in answer.problems:
        throttle.undecided(attempt)
    return answer


async def _takes(
    context: Context,
    transaction: Transaction,
    account: Account,
    factor: rows.SecondFactor,
    code: str,
    *,
    recovery: bool,
) -> bool:
    """Whether the code is good, which uses it up; RateLimited once too many were wrong today."""
    portal: Portal = context.portal
    now = portal.instant()
    failed = await attempts_since(transaction, account.id, AttemptKind.CODE, now - DAY, failed=True)
    if len(failed) >= FAILURES_A_DAY:
        again_at = failed[-FAILURES_A_DAY] + DAY
        raise RateLimited("Too many codes were wrong. Wait, then try again.", int((again_at - now).total_seconds()) + 1)
    step = step_of_code(portal.sealer.open(SEALED_FOR, factor.secret_sealed), code, now)
    if step is not None:
        good = await rows.take_step(transaction, account.id, step)
    else:
        bare = token_hash(bare_recovery_code(code))
        good = recovery and await rows.take_recovery_code(transaction, account.id, bare, now)
    if not good:
        await _note(context, transaction, "SECOND_FACTOR_NOT_PROVEN", account)
    await note_attempt(transaction, account.id, AttemptKind.CODE, context.caller.address, now, succeeded=good)
    return good


async def _note(context: Context, transaction: Transaction, action: str, account: Account, **detail: int) -> None:
    await note(context, transaction, action, f"account:{account.id}", account_id=account.id, **detail)


async def _session(context: Context, transaction: Transaction) -> Session:
    session = await session_by_id(transaction, context.signed_in().session_id)
    if session is None or not holds(session, context.portal.instant()):
        raise Unauthenticated("The session has ended. Log in.")
    return session


def _cannot_set_cookie(context: Context, session: Session) -> bool:
    return session.client == ClientKind.WEB.value and context.caller.transport == "websocket"


async def _step_up(
    context: Context, transaction: Transaction, session: Session, now: datetime
) -> tuple[SteppedUp, str | None]:
    """The session under new tokens, and the cookie that holds them for a WEB client."""
    portal: Portal = context.portal
    client = ClientKind(session.client)
    access, refresh, tokens, _ = issue(portal.lifetimes, client, now, absolute=session.absolute_expires_at)
    if not await step_up(transaction, session.id, tokens, now):
        raise Unauthenticated("The session has ended. Log in.")
    if client is ClientKind.WEB:
        return SteppedUp(tokens.token_expires_at), access
    return SteppedUp(tokens.token_expires_at, access, refresh), None


def _go_on(context: Context, session: Session, stepped: SteppedUp, cookie: str | None) -> None:
    """After the commit: what is remembered of the session is forgotten, and the operation goes on as who it now is."""
    context.portal.revocations.rotated(session.id)
    if cookie is not None:
        context.reply.session_cookie, context.reply.cookie_expires_at = cookie, session.absolute_expires_at
    viewer = context.signed_in()
    context.become(replace(viewer, second_factor=True, second_factor_needed=False, expires_at=stepped.expires_at))
