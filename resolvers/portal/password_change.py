"""Changing the password: the current one is needed, every other session ends, and a mail tells the holder so."""

from dataclasses import dataclass, field

from loaders.portal.accounts import Account, account_by_id, change_password_hash, is_still
from loaders.portal.resets import end_resets
from loaders.portal.sessions import end_other_sessions
from resolvers.context import Context
from resolvers.portal.contacts import Contact, contact_of, names_around
from resolvers.portal.notices import post_notice
from resolvers.portal.passwords import broken_rules
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.proof import PASSWORD_WRONG, proves_password
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import normalized
from resolvers.portal.trail import note

_NEW = ("input", "newPassword")
_UNCHANGED = Problem(ProblemCode.PASSWORD_UNCHANGED, "Choose a password other than the one before.", _NEW)


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """The current password, and the one to be."""

    current: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """How many other sessions ended with the old password."""

    ended_sessions: int


async def change_password(context: Context, order: ChangePassword) -> PasswordChanged | Refused:
    """Changes the viewer's password; refused with every reason at once, a wrong current password among them.

    Unauthenticated without a session. A wrong current password counts as a failed log-in, so that a session left open
    is no place to guess from: RateLimited after too many, Overloaded where too many wait to be verified.
    """
    viewer = context.signed_in()
    context.begin_account_order()
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, viewer.account_id)
    assert account is not None
    problems = await check_change_password(context, account, order)
    if problems:
        return Refused(tuple(problems))
    # Read before the transaction, which must wait for nobody.
    contact = await contact_of(context, account)
    password_hash = await portal.hasher.hash(normalized(order.new) or "")
    return await undisturbed(_do_change_password(context, account, contact, password_hash))


async def check_change_password(context: Context, account: Account, order: ChangePassword) -> list[Problem]:
    """Everything that is wrong with the order: with the current password first, then with the new one."""
    portal: Portal = context.portal
    problems = [] if await proves_password(context, account, order.current) else [PASSWORD_WRONG]
    problems += broken_rules(order.new, portal.policy, await names_around(context, account), _NEW)
    if not problems and normalized(order.new) == normalized(order.current):
        problems.append(_UNCHANGED)
    return problems


async def _do_change_password(
    context: Context, account: Account, contact: Contact, password_hash: str
) -> PasswordChanged | Refused:
    """Changes it, unless it was changed or the account disabled since the current one was verified."""
    portal: Portal = context.portal
    now = portal.instant()
    kept = context.signed_in().session_id
    async with portal.writer.transaction() as transaction:
        if not await is_still(transaction, account):
            return Refused((PASSWORD_WRONG,))
        await change_password_hash(transaction, account.id, password_hash, now)
        await end_resets(transaction, account.id, "PASSWORD_CHANGED", now)
        ended = await end_other_sessions(transaction, account.id, kept, "PASSWORD_CHANGED", now)
        await note(
            context,
            transaction,
            "PASSWORD_CHANGED",
            f"account:{account.id}",
            account_id=account.id,
            ended_sessions=len(ended),
        )
        await post_notice(context, transaction, account, contact, "password_changed")
    # Commit, then wake.
    for session_id in ended:
        portal.revocations.end(session_id)
    portal.mail_posted.set()
    return PasswordChanged(len(ended))
