"""Forgotten: the user name by mail, and a link to a new password; known and unknown are answered alike.

The answer is given before anybody is looked for. What is found is an errand of its own that takes the same steps for
somebody unknown, so that neither the answer nor the time until the next one tells whether there is an account.
"""

from collections.abc import Sequence
from datetime import timedelta

from loaders.portal.accounts import Account, account_by_id, account_by_username
from loaders.portal.preferences import has_preferences
from loaders.portal.recovery_attempts import AttemptKind, attempts_since, note_attempt
from loaders.portal.recovery_email import accounts_reached_by, recovery_address
from loaders.portal.resets import add_reset
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.errors import RateLimited
from resolvers.portal.contacts import Contact, contact_of
from resolvers.portal.links import new_link
from resolvers.portal.mail import SEALED_FOR, Letter, post
from resolvers.portal.recovery_email import email_key
from resolvers.portal.service import Portal
from resolvers.portal.texts import username_key
from resolvers.portal.throttle import Purpose
from resolvers.portal.trail import note

LINK_LASTS = timedelta(minutes=30)
LINKS_A_DAY = 5
NAMES_A_DAY = 5
RESET_PATH = "/reset-password"
DAY = timedelta(days=1)
#: One address may be that of a family's several accounts; a mail names so many at the most.
_MOST_ACCOUNTS = 5
_NOBODY = 0
_LIKE_A_MAIL = "x" * 600


def request_username(context: Context, email: str) -> None:
    """Has the user names of the accounts of this recovery address mailed to it, if there are any.

    RateLimited after too many requests for one address from one place.
    """
    context.begin_account_order()
    key = email_key(email) or ""
    _throttle(context, f"\0user names of {key}")
    context.portal.errands.send("user names by mail", _send_usernames(context, key))


def request_password_reset(context: Context, username: str) -> None:
    """Has a link to a new password mailed to the recovery address of this account, if there is one.

    Whoever has none, or never finished the set-up, is led to the support desk by a mail to the address that the school
    has. RateLimited after too many requests for one user name from one place.
    """
    context.begin_account_order()
    key = username_key(username) or ""
    _throttle(context, f"\0link of {key}")
    context.portal.errands.send("link to a new password", _send_link(context, key))


def _throttle(context: Context, key: str) -> None:
    """Counts the request: five are free, then each waits longer than the one before."""
    try:
        context.portal.throttle.begin(key, context.caller.address, Purpose.RECOVERY)
    except RateLimited as refusal:
        raise RateLimited("Too many requests from here. Wait, then try again.", refusal.retry_after or 1) from None


async def _send_usernames(context: Context, key: str) -> None:
    portal: Portal = context.portal
    ids = await accounts_reached_by(portal.writer, key, _MOST_ACCOUNTS)
    accounts = [account for id in ids or [_NOBODY] if (account := await account_by_id(portal.writer, id))]
    able = [account for account in accounts if account.disabled_at is None]
    first = able[0] if able else None
    address = await recovery_address(portal.writer, first.id if first else _NOBODY)
    contact = await contact_of(context, first) if first else None
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        asked = await attempts_since(transaction, first.id if first else _NOBODY, AttemptKind.USERNAME, now - DAY)
        whose = first.id if first else None
        await note_attempt(
            transaction, whose, AttemptKind.USERNAME, context.caller.address, now, succeeded=first is not None
        )
        subject = f"account:{whose}" if whose else "account"
        await note(context, transaction, "USERNAME_REQUESTED", subject, account_id=whose)
        if contact is not None and address is not None and len(asked) < NAMES_A_DAY:
            await post(portal, transaction, _names_letter(contact, address, able))
        else:
            await _as_if(portal, transaction)
    portal.mail_posted.set()


def _names_letter(contact: Contact, address: str, accounts: Sequence[Account]) -> Letter:
    names = ", ".join(account.username for account in accounts)
    values = {"name": contact.name, "usernames": names}
    return Letter("username_reminder", address, contact.language, values, accounts[0].id)


async def _send_link(context: Context, key: str) -> None:
    portal: Portal = context.portal
    account = await account_by_username(portal.writer, key)
    able = account if account is not None and account.disabled_at is None else None
    id = able.id if able else _NOBODY
    address = await recovery_address(portal.writer, id)
    recoverable = await has_preferences(portal.writer, id) or not portal.image_step
    contact = await contact_of(context, able) if able else None
    now, link = portal.instant(), new_link(portal, RESET_PATH)
    async with portal.writer.transaction() as transaction:
        asked = await attempts_since(transaction, id, AttemptKind.LINK, now - DAY)
        whose = able.id if able else None
        sends = able is not None and contact is not None and len(asked) < LINKS_A_DAY
        if sends or able is None:
            await note_attempt(
                transaction, whose, AttemptKind.LINK, context.caller.address, now, succeeded=able is not None
            )
        subject = f"account:{whose}" if whose else "account"
        await note(context, transaction, "RESET_REQUESTED", subject, account_id=whose)
        if not sends or able is None or contact is None:
            await _as_if(portal, transaction)
        elif address is not None and recoverable and able.setup_done_at is not None:
            expires_at = now + LINK_LASTS
            await add_reset(transaction, able.id, link.hash, now, expires_at, context.caller.address)
            values = {"name": contact.name, "username": able.username, "link": link.url}
            letter = Letter("password_reset", address, contact.language, values, able.id, expires_at)
            await post(portal, transaction, letter)
        elif contact.address is not None:
            values = {"name": contact.name, "username": able.username}
            await post(portal, transaction, Letter("no_recovery", contact.address, contact.language, values, able.id))
    portal.mail_posted.set()


async def _as_if(portal: Portal, transaction: Transaction) -> None:
    """What a mail would have taken, for nobody."""
    portal.sealer.seal(SEALED_FOR, _LIKE_A_MAIL)
    await transaction.rows("select 1 as one")
