"""Choosing preference images: eight that are liked and eight that are not, by the password; never read back."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from loaders.portal.accounts import Account, account_by_id, is_still
from loaders.portal.preferences import put_preference_set
from resolvers.context import Context
from resolvers.portal.contacts import Contact, contact_of
from resolvers.portal.image_step import Chosen, check_choice, choose
from resolvers.portal.notices import post_notice
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.proof import PASSWORD_WRONG, proves_password
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.setup import finish_if_whole
from resolvers.portal.trail import note

_OFF = Problem(ProblemCode.IMAGE_STEP_OFF, "The district does without preference images.")


@dataclass(frozen=True, slots=True)
class SetPreferenceImages:
    """The current password, and the ids of the images."""

    current_password: str = field(repr=False)
    liked: Sequence[str] = field(repr=False)
    disliked: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreferenceImagesSet:
    """Whether the security set-up is finished by that."""

    setup_finished: bool


async def set_preference_images(context: Context, order: SetPreferenceImages) -> PreferenceImagesSet | Refused:
    """Keeps the choice, in the place of the one before; refused with every reason at once."""
    viewer = context.signed_in()
    context.begin_account_order()
    portal: Portal = context.portal
    if not portal.image_step:
        return Refused((_OFF,))
    account = await account_by_id(portal.writer, viewer.account_id)
    assert account is not None
    problems = [] if await proves_password(context, account, order.current_password) else [PASSWORD_WRONG]
    problems += check_choice(order.liked, order.disliked)
    if problems:
        return Refused(tuple(problems))
    contact = await contact_of(context, account)
    chosen = choose(portal.sealer, account.id, order.liked, order.disliked)
    return await undisturbed(_do_set(context, account, contact, chosen))


async def _do_set(
    context: Context, account: Account, contact: Contact, chosen: Chosen
) -> PreferenceImagesSet | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        if not await is_still(transaction, account):
            return Refused((PASSWORD_WRONG,))
        await put_preference_set(transaction, account.id, chosen.salt, chosen.shown, chosen.tags, now)
        opened = await finish_if_whole(portal, transaction, account.id, now)
        await note(context, transaction, "PREFERENCES_SET", f"account:{account.id}", account_id=account.id)
        await post_notice(context, transaction, account, contact, "preferences_changed")
    for session_id in opened:
        portal.revocations.rotated(session_id)
    viewer = context.signed_in()
    if opened:
        context.become(replace(viewer, setup_required=False))
    portal.mail_posted.set()
    return PreferenceImagesSet(bool(opened) or not context.signed_in().setup_required)
