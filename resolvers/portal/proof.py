"""Proofs that the holder of a session gives again for what matters: the current password, within the throttle."""

from loaders.portal.accounts import Account
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode
from resolvers.portal.service import Portal
from resolvers.portal.texts import normalized, username_key
from resolvers.portal.trail import note

CURRENT_PASSWORD = ("input", "currentPassword")
PASSWORD_WRONG = Problem(
    ProblemCode.PASSWORD_WRONG, "This is not the current password of the account.", CURRENT_PASSWORD
)


async def proves_password(context: Context, account: Account, password: str) -> bool:
    """Whether this is the account's password; RateLimited after too many that were not, Overloaded where many wait.

    A wrong one counts as a failed log-in, so that a session left open is no place to guess from.
    """
    portal: Portal = context.portal
    attempt = portal.throttle.begin(username_key(account.username) or "", context.caller.address)
    try:
        text = normalized(password)
        right = await portal.hasher.verify(text or "", account.password_hash if text is not None else None)
    except Exception:
        portal.throttle.undecided(attempt)
        raise
    if right:
        portal.throttle.succeeded(attempt)
        return True
    async with portal.writer.transaction() as transaction:
        await note(context, transaction, "PASSWORD_NOT_PROVEN", f"account:{account.id}", account_id=account.id)
    return False
