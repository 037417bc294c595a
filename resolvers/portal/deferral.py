"""Putting the security set-up off: as often as the district allows, each time for one session."""

from dataclasses import dataclass, replace

from loaders.portal.accounts import account_by_id, defer_setup
from loaders.portal.sessions import open_deferred
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note

_NONE_LEFT = Problem(ProblemCode.NO_DEFERRAL_LEFT, "The security set-up cannot be put off any more: finish it.")


@dataclass(frozen=True, slots=True)
class SetupDeferred:
    """How often it can still be put off."""

    deferrals_left: int


async def defer_security_setup(context: Context) -> SetupDeferred | Refused:
    """Opens the gate for this session although the set-up is not finished; refused where nothing is left to put off.

    Unauthenticated without a session, Forbidden for staff.
    """
    context.account_of_guardian()
    context.begin_account_order()
    return await undisturbed(_do_defer(context))


async def _do_defer(context: Context) -> SetupDeferred | Refused:
    portal: Portal = context.portal
    viewer = context.signed_in()
    async with portal.writer.transaction() as transaction:
        if not await defer_setup(transaction, viewer.account_id, portal.setup_deferrals):
            return Refused((_NONE_LEFT,))
        await open_deferred(transaction, viewer.session_id, portal.instant())
        account = await account_by_id(transaction, viewer.account_id)
        assert account is not None
        await note(context, transaction, "SETUP_DEFERRED", f"session:{viewer.session_id}", account_id=account.id)
    portal.revocations.rotated(viewer.session_id)
    context.become(replace(viewer, setup_required=False))
    return SetupDeferred(portal.setup_deferrals - account.setup_deferrals)
