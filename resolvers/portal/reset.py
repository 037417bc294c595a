"""A new password by a mailed link: the images to sort, then the password; every session ends, and none begins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from loaders.portal.accounts import Account, account_by_id, change_password_hash, is_still
from loaders.portal.preferences import PreferenceSet, preference_set
from loaders.portal.recovery_attempts import AttemptKind, attempts_since, note_attempt
from loaders.portal.resets import Reset, count_try, end_reset, end_resets, reset_by_token
from loaders.portal.sessions import end_other_sessions
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.errors import RateLimited
from resolvers.portal.catalogue import PreferenceImage, images_of
from resolvers.portal.contacts import Contact, contact_of, names_around
from resolvers.portal.image_step import answers, check_choice
from resolvers.portal.links import NOT_VALID
from resolvers.portal.notices import post_notice
from resolvers.portal.passwords import broken_rules
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import normalized
from resolvers.portal.tokens import is_token, token_hash
from resolvers.portal.trail import note

TRIES_A_LINK = 3
TRIES_A_DAY = 5
DAY = timedelta(days=1)

_NEW = ("input", "newPassword")
_LINK = Problem(NOT_VALID.code, NOT_VALID.message, ("input", "token"))
_WRONG = Problem(ProblemCode.IMAGES_WRONG, "The images do not lie as they were chosen.", ("input",))


@dataclass(frozen=True, slots=True)
class Challenge:
    """The images to sort, always the same in the same order, and until when; none where there is no image step."""

    images: tuple[PreferenceImage, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CompletePasswordReset:
    """The link's token, the images as they were sorted, and the password to be."""

    token: str = field(repr=False)
    liked: Sequence[str] = field(repr=False)
    disliked: Sequence[str] = field(repr=False)
    new_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """How many sessions ended with the old password."""

    ended_sessions: int


async def open_password_reset(context: Context, token: str, language: str = "en") -> Challenge | Refused:
    """What the link asks for; opening it uses nothing up. Every link that is not good is refused alike."""
    context.begin_account_order()
    portal: Portal = context.portal
    found = await _valid(portal, token)
    if found is None:
        return Refused((NOT_VALID,))
    reset, _, stored = found
    return Challenge(tuple(images_of(stored.shown, language)) if stored else (), reset.expires_at)


async def complete_password_reset(context: Context, order: CompletePasswordReset) -> PasswordReset | Refused:
    """Sets the new password, if the link is good and the images lie right; all sessions end, and a mail tells so.

    What is wrong with the password itself, or with the form, is told first and costs no try. An answer that is wrong
    costs one: three a link, then it is over; five a day, then RateLimited.
    """
    context.begin_account_order()
    portal: Portal = context.portal
    found = await _valid(portal, order.token)
    if found is None:
        return Refused((_LINK,))
    reset, account, stored = found
    problems = check_choice(order.liked, order.disliked) if stored is not None else []
    problems += broken_rules(order.new_password, portal.policy, await names_around(context, account), _NEW)
    if problems:
        return Refused(tuple(problems))
    contact = await contact_of(context, account)
    # Before the transaction, and so before it is known whether the images lie right: that takes the same time.
    password_hash = await portal.hasher.hash(normalized(order.new_password) or "")
    return await undisturbed(_do_complete(context, account, contact, reset, stored, order, password_hash))


async def _valid(portal: Portal, token: str) -> tuple[Reset, Account, PreferenceSet | None] | None:
    """The link, its account and what is to be sorted (None: there is no image step); None for every link not good."""
    reset = await reset_by_token(portal.writer, token_hash(token)) if is_token(token) else None
    if reset is None or reset.ended_at is not None or reset.expires_at <= portal.instant():
        return None
    account = await account_by_id(portal.writer, reset.account_id)
    if account is None or account.disabled_at is not None:
        return None
    stored = await preference_set(portal.writer, account.id) if portal.image_step else None
    if portal.image_step and stored is None:
        return None
    return reset, account, stored


async def _do_complete(
    context: Context,
    account: Account,
    contact: Contact,
    reset: Reset,
    stored: PreferenceSet | None,
    order: CompletePasswordReset,
    password_hash: str,
) -> PasswordReset | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        if not await is_still(transaction, account):
            return Refused((_LINK,))
        if stored is not None:
            refused = await _try_images(context, transaction, account, reset, stored, order, now)
            if refused is not None:
                return refused
        if not await end_reset(transaction, reset.id, "USED", now):
            return Refused((_LINK,))
        await change_password_hash(transaction, account.id, password_hash, now)
        await end_resets(transaction, account.id, "PASSWORD_RESET", now)
        ended = await end_other_sessions(transaction, account.id, None, "PASSWORD_RESET", now)
        await note(
            context,
            transaction,
            "PASSWORD_RESET",
            f"account:{account.id}",
            account_id=account.id,
            ended_sessions=len(ended),
        )
        await post_notice(context, transaction, account, contact, "password_changed")
    for session_id in ended:
        portal.revocations.end(session_id)
    portal.mail_posted.set()
    return PasswordReset(len(ended))


async def _try_images(
    context: Context,
    transaction: Transaction,
    account: Account,
    reset: Reset,
    stored: PreferenceSet,
    order: CompletePasswordReset,
    now: datetime,
) -> Refused | None:
    """Judges the images, with the tries counted in the same transaction; None where they lie right."""
    portal: Portal = context.portal
    failed = await attempts_since(transaction, account.id, AttemptKind.IMAGES, now - DAY, failed=True)
    if len(failed) >= TRIES_A_DAY:
        again = failed[-TRIES_A_DAY] + DAY - now
        raise RateLimited("Too many answers were wrong. Wait, or ask the support desk.", int(again.total_seconds()) + 1)
    tries = await count_try(transaction, reset.id, TRIES_A_LINK)
    if tries is None:
        return Refused((_LINK,))
    right = answers(portal.sealer, account.id, stored, order.liked, order.disliked)
    await note_attempt(transaction, account.id, AttemptKind.IMAGES, context.caller.address, now, succeeded=right)
    if right:
        return None
    await note(context, transaction, "IMAGES_WRONG", f"account:{account.id}", account_id=account.id)
    if tries >= TRIES_A_LINK:
        await end_reset(transaction, reset.id, "TRIES_USED", now)
    return Refused((_WRONG,))
