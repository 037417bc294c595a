"""An activation key shown: for whom it is, and whether they have an account already; it is not used up by that.

Whatever is not a living key is refused in one way, by one read: unknown, used, replaced, expired and unreadable keys
look the same (OWASP ASVS 5.0, 6.3.8).
"""

from dataclasses import dataclass

from loaders.errors import SourceDown
from loaders.portal.activation_keys import ActivationKey, guardians_with_account, key_by_hash
from resolvers.context import Context
from resolvers.help import TOPICS, HelpCode, HelpTopic
from resolvers.portal.activation_key import key_hash
from resolvers.portal.guardians import guardian_of
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal
from resolvers.portal.throttle import Purpose
from resolvers.portal.trail import note

RECOVERY: HelpTopic = next(topic for topic in TOPICS if topic.code is HelpCode.FORGOT_PASSWORD)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """For whom the key is (None while the SIS is away), whether they have an account, and what helps them then."""

    name: str | None
    account_exists: bool
    help: HelpTopic | None


async def redeem_activation_key(context: Context, key: str) -> Redeemed | Refused:
    """Says for whom a living key is; open to everybody. RateLimited after ten refused keys in ten minutes."""
    context.begin_account_order()
    portal: Portal = context.portal
    found = await living_key(context, key)
    if found is None:
        return Refused((not_valid(("key",)),))
    exists = bool(await guardians_with_account(portal.writer, [found.guardian_id]))
    try:
        guardian = await guardian_of(context.source, found.guardian_id)
    except SourceDown:
        guardian = None
    return Redeemed(guardian.name if guardian else None, exists, RECOVERY if exists else None)


async def living_key(context: Context, text: str) -> ActivationKey | None:
    """The key that somebody typed, if it lives; a refused one counts against the caller's address."""
    portal: Portal = context.portal
    attempt = portal.throttle.begin("", context.caller.address, Purpose.REDEEM)
    found = await key_by_hash(portal.writer, key_hash(text))
    if found is not None and found.lives(portal.now()):
        portal.throttle.succeeded(attempt)
        return found
    async with portal.writer.transaction() as transaction:
        await note(context, transaction, "ACTIVATION_KEY_REFUSED", "activation_key")
    return None


def not_valid(path: tuple[str, ...]) -> Problem:
    """The one refusal of every key that does not live."""
    return Problem(
        ProblemCode.KEY_NOT_VALID,
        "No account can be opened with this key: look at your letter again, or ask the school for another.",
        path,
    )
