"""Deciding on a portal request: approved, its key goes by mail or into a letter; denied, its reason is written down."""

from dataclasses import dataclass

from loaders.portal import portal_requests as rows
from loaders.portal.letter_jobs import LetterJob
from loaders.portal.portal_requests import KeyDelivery, PortalRequest, RequestState
from loaders.portal.roles import StaffRole
from resolvers.context import Context
from resolvers.portal.guardians import Guardian
from resolvers.portal.identity_check import checked_guardian, not_found, request_of, wrong_state
from resolvers.portal.key_delivery import Recipient, mail_key, order_letter
from resolvers.portal.letters import job_of
from resolvers.portal.mail import Letter, post
from resolvers.portal.portal_request import RequestAndSteps, with_steps
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.portal.typed import typed
from resolvers.staff import staff

_OPEN = (RequestState.SUBMITTED, RequestState.ID_VERIFIED)
_REASON = ("input", "reason")
_REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """What staff decided; a denial says why."""

    reference: str
    approve: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The request after the decision, and the letter that is being written where its key goes by post."""

    found: RequestAndSteps
    letter: LetterJob | None


async def decide_portal_request(context: Context, order: Decision) -> Decided | Refused:
    """Approves a request whose identity was checked, or denies one; for OFFICE. SourceDown where the SIS is away."""
    viewer = staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    request = await request_of(portal, order.reference)
    if request is None:
        return Refused((not_found(),))
    if order.approve:
        if request.state is not RequestState.ID_VERIFIED:
            return Refused((wrong_state(request.state),))
        # The right may have ended since the guardian was matched.
        guardian = await checked_guardian(context, request.guardian_id or "", ("input", "reference"))
        if isinstance(guardian, Problem):
            return Refused((guardian,))
        return await undisturbed(_do_approve(context, request, guardian, viewer.account_id))
    problems = [] if request.state in _OPEN else [wrong_state(request.state)]
    reason = typed(order.reason or "", _REASON_MAX, _REASON, problems, least=0)
    if not reason and not problems:
        problems.append(Problem(ProblemCode.REASON_MISSING, "Say why the request is denied.", _REASON))
    if problems:
        return Refused(tuple(problems))
    return await undisturbed(_do_deny(context, request, reason, viewer.account_id))


async def _do_approve(
    context: Context, request: PortalRequest, guardian: Guardian, account_id: int
) -> Decided | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    by_mail = request.delivery is KeyDelivery.EMAIL
    to = RequestState.KEY_SENT if by_mail else RequestState.APPROVED
    job_id = None
    async with portal.writer.transaction() as transaction:
        if not await rows.move_request(transaction, request, to, now):
            return Refused((wrong_state(request.state),))
        await rows.add_step(transaction, request.id, RequestState.APPROVED, now, account_id=account_id)
        await note(context, transaction, "PORTAL_REQUEST_APPROVED", f"portal_request:{request.id}")
        recipient = Recipient(guardian, request.email, request.language, request)
        if by_mail:
            await mail_key(context, transaction, recipient)
            await rows.add_step(transaction, request.id, RequestState.KEY_SENT, now, account_id=account_id)
        else:
            job_id = await order_letter(context, transaction, recipient)
    _wake(portal)
    return Decided(await _found(portal, request), None if job_id is None else await job_of(portal, job_id))


async def _do_deny(context: Context, request: PortalRequest, reason: str, account_id: int) -> Decided | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        if not await rows.move_request(transaction, request, RequestState.DENIED, now, reason):
            return Refused((wrong_state(request.state),))
        await rows.add_step(transaction, request.id, RequestState.DENIED, now, account_id=account_id, note=reason)
        await note(context, transaction, "PORTAL_REQUEST_DENIED", f"portal_request:{request.id}")
        # Until somebody has shown an ID, the address is any that a stranger typed.
        if request.email and request.state is RequestState.ID_VERIFIED:
            values = {"reference": request.reference, "reason": reason}
            await post(portal, transaction, Letter("portal_request_denied", request.email, request.language, values))
    _wake(portal)
    return Decided(await _found(portal, request), None)


def _wake(portal: Portal) -> None:
    portal.mail_posted.set()
    portal.letters_ordered.set()


async def _found(portal: Portal, request: PortalRequest) -> RequestAndSteps:
    found = await with_steps(portal, request.reference)
    assert found is not None
    return found
