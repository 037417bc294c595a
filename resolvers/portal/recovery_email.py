"""The recovery address: set with the password, confirmed by a mailed link, and taken back by the one before."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from loaders.portal import recovery_email as rows
from loaders.portal.accounts import Account, account_by_id, is_still
from loaders.portal.recovery_email import NewRecoveryEmail, RecoveryEmail, recovery_email_of
from loaders.portal.resets import end_resets
from loaders.portal.sessions import end_other_sessions
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.portal.contacts import Contact, contact_of
from resolvers.portal.links import NOT_VALID, Link, new_link
from resolvers.portal.mail import Letter, post
from resolvers.portal.notices import said_when
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.proof import PASSWORD_WRONG, proves_password
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.setup import finish_if_whole, masked
from resolvers.portal.texts import normalized, readable
from resolvers.portal.tokens import is_token, token_hash
from resolvers.portal.trail import note

CONFIRM_WITHIN = timedelta(hours=24)
UNDO_WITHIN = timedelta(hours=72)
CONFIRM_PATH, UNDO_PATH = "/recovery-email/confirm", "/recovery-email/undo"

_EMAIL = ("input", "email")
_INVALID = Problem(ProblemCode.EMAIL_INVALID, "This is no e-mail address.", _EMAIL)
_UNCHANGED = Problem(ProblemCode.EMAIL_UNCHANGED, "This is the recovery address already.", _EMAIL)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_LONGEST = 254


@dataclass(frozen=True, slots=True)
class SetRecoveryEmail:
    """The current password, and the address to be."""

    current_password: str = field(repr=False)
    email: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecoveryEmailSet:
    """Where the link went, masked, and until when it is good."""

    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RecoveryEmailConfirmed:
    """The address that holds from now on, masked."""

    email: str


@dataclass(frozen=True, slots=True)
class RecoveryEmailRestored:
    """The address that holds again, masked, and how many sessions ended."""

    email: str
    ended_sessions: int


def email_key(email: str) -> str | None:
    """The key by which an address is found, however it is cased; None where it is none."""
    text = (normalized(email) or "").strip()
    if len(text) > _LONGEST or not readable(text) or not _ADDRESS.fullmatch(text):
        return None
    return text.casefold()


async def set_recovery_email(context: Context, order: SetRecoveryEmail) -> RecoveryEmailSet | Refused:
    """Mails a link to the new address; the one before holds until the link is opened, within 24 hours."""
    viewer = context.signed_in()
    context.begin_account_order()
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, viewer.account_id)
    assert account is not None
    problems = await check_set_recovery_email(context, account, order)
    key = email_key(order.email)
    if problems or key is None:
        return Refused(tuple(problems))
    contact = await contact_of(context, account)
    return await undisturbed(_do_set(context, account, contact, (normalized(order.email) or "").strip(), key))


async def check_set_recovery_email(context: Context, account: Account, order: SetRecoveryEmail) -> list[Problem]:
    """Everything that is wrong with the order: with the password first, then with the address."""
    portal: Portal = context.portal
    problems = [] if await proves_password(context, account, order.current_password) else [PASSWORD_WRONG]
    key = email_key(order.email)
    if key is None:
        return [*problems, _INVALID]
    holds = await recovery_email_of(portal.writer, account.id)
    if not problems and holds is not None and holds.email_key == key:
        problems.append(_UNCHANGED)
    return problems


async def _do_set(
    context: Context, account: Account, contact: Contact, email: str, key: str
) -> RecoveryEmailSet | Refused:
    portal: Portal = context.portal
    now, link = portal.instant(), new_link(portal, CONFIRM_PATH)
    expires_at = now + CONFIRM_WITHIN
    async with portal.writer.transaction() as transaction:
        if not await is_still(transaction, account):
            return Refused((PASSWORD_WRONG,))
        await rows.add_recovery_email(transaction, NewRecoveryEmail(account.id, email, key, link.hash, expires_at, now))
        await note(context, transaction, "RECOVERY_EMAIL_SET", f"account:{account.id}", account_id=account.id)
        values = {"name": contact.name, "username": account.username, "link": link.url}
        letter = Letter("recovery_email_confirm", email, contact.language, values, account.id, expires_at)
        await post(portal, transaction, letter)
    portal.mail_posted.set()
    return RecoveryEmailSet(masked(email), expires_at)


async def confirm_recovery_email(context: Context, token: str) -> RecoveryEmailConfirmed | Refused:
    """Makes the address that the link was mailed to the recovery address; the one before is told, and can undo it.

    The link is the proof: no session is needed. Every link that is not good is refused alike.
    """
    context.begin_account_order()
    portal: Portal = context.portal
    waiting = await rows.recovery_email_to_confirm(portal.writer, token_hash(token)) if is_token(token) else None
    if waiting is None:
        return Refused((NOT_VALID,))
    account = await account_by_id(portal.writer, waiting.account_id)
    assert account is not None
    contact = await contact_of(context, account)
    return await undisturbed(_do_confirm(context, account, contact, waiting))


async def _do_confirm(
    context: Context, account: Account, contact: Contact, waiting: RecoveryEmail
) -> RecoveryEmailConfirmed | Refused:
    portal: Portal = context.portal
    now, undo = portal.instant(), new_link(portal, UNDO_PATH)
    if account.disabled_at is not None or waiting.confirm_expires_at is None or waiting.confirm_expires_at <= now:
        return Refused((NOT_VALID,))
    async with portal.writer.transaction() as transaction:
        before = await recovery_email_of(transaction, account.id)
        if before is not None:
            await rows.end_recovery_email(transaction, account.id, "REPLACED", now)
        until = now + UNDO_WITHIN
        confirmed = await rows.confirm(
            transaction, waiting.id, now, undo.hash if before else None, until if before else None
        )
        if not confirmed:
            await _restore(transaction, before)
            return Refused((NOT_VALID,))
        opened = await finish_if_whole(portal, transaction, account.id, now)
        await note(context, transaction, "RECOVERY_EMAIL_CONFIRMED", f"account:{account.id}", account_id=account.id)
        await _tell_before(context, transaction, account, contact, before, waiting, undo)
    for session_id in opened:
        portal.revocations.rotated(session_id)
    _open_gate(context, account, bool(opened))
    portal.mail_posted.set()
    return RecoveryEmailConfirmed(masked(waiting.email))


async def _restore(transaction: Transaction, before: RecoveryEmail | None) -> None:
    """The link had been used meanwhile: what held goes on."""
    if before is not None:
        await rows.restore(transaction, before.id)


async def _tell_before(
    context: Context,
    transaction: Transaction,
    account: Account,
    contact: Contact,
    before: RecoveryEmail | None,
    now_holds: RecoveryEmail,
    undo: Link,
) -> None:
    """Tells whoever was reached before: the old address with a link to undo it, else the school's address."""
    portal: Portal = context.portal
    given = {"name": contact.name, "username": account.username, "when": said_when(context)}
    given["email"] = masked(now_holds.email)
    if before is not None:
        values = {**given, "link": undo.url}
        until = portal.instant() + UNDO_WITHIN
        letter = Letter("recovery_email_changed", before.email, contact.language, values, account.id, until)
        await post(portal, transaction, letter)
    elif contact.address is not None and email_key(contact.address) != now_holds.email_key:
        await post(
            portal, transaction, Letter("recovery_email_set", contact.address, contact.language, given, account.id)
        )


async def undo_recovery_email(context: Context, token: str) -> RecoveryEmailRestored | Refused:
    """Puts the address back that was replaced within the last 72 hours, ends every session, and tells both addresses.

    The link is the proof. Whatever was set after it, by whoever did that, goes with it: later addresses, links that
    wait, links to a new password.
    """
    context.begin_account_order()
    portal: Portal = context.portal
    replacing = await rows.recovery_email_to_undo(portal.writer, token_hash(token)) if is_token(token) else None
    if replacing is None or replacing.undo_expires_at is None or replacing.undo_expires_at <= portal.instant():
        return Refused((NOT_VALID,))
    account = await account_by_id(portal.writer, replacing.account_id)
    assert account is not None
    contact = await contact_of(context, account)
    return await undisturbed(_do_undo(context, account, contact, token_hash(token)))


async def _do_undo(
    context: Context, account: Account, contact: Contact, undo_hash: str
) -> RecoveryEmailRestored | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        replacing = await rows.recovery_email_to_undo(transaction, undo_hash)
        if replacing is None or replacing.confirmed_at is None:
            return Refused((NOT_VALID,))
        before = await rows.replaced_at(transaction, account.id, replacing.confirmed_at)
        if before is None:
            return Refused((NOT_VALID,))
        present = await recovery_email_of(transaction, account.id)
        await rows.end_recovery_email(transaction, account.id, "UNDONE", now)
        await rows.end_waiting(transaction, account.id, "UNDONE", now)
        await rows.forget_undos(transaction, account.id, replacing.id)
        await rows.restore(transaction, before.id)
        await end_resets(transaction, account.id, "RECOVERY_EMAIL_UNDONE", now)
        ended = await end_other_sessions(transaction, account.id, None, "RECOVERY_EMAIL_UNDONE", now)
        await note(context, transaction, "RECOVERY_EMAIL_UNDONE", f"account:{account.id}", account_id=account.id)
        given = {"name": contact.name, "username": account.username, "when": said_when(context)}
        given["email"] = masked(before.email)
        for email in dict.fromkeys([before.email, *([present.email] if present else [])]):
            letter = Letter("recovery_email_restored", email, contact.language, given, account.id)
            await post(portal, transaction, letter)
    for session_id in ended:
        portal.revocations.end(session_id)
    portal.mail_posted.set()
    return RecoveryEmailRestored(masked(before.email), len(ended))


def _open_gate(context: Context, account: Account, opened: bool) -> None:
    """The operation goes on behind the open gate, where it is the account's own."""
    viewer = context.viewer
    if opened and viewer is not None and viewer.account_id == account.id:
        context.become(replace(viewer, setup_required=False))
