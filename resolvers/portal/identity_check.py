"""At the counter: a photo ID was seen, the form was signed before staff, and whose guardian's it is."""

from dataclasses import dataclass

from loaders.portal import portal_requests as rows
from loaders.portal.portal_requests import PhotoIdKind, PortalRequest, RequestState
from loaders.portal.roles import StaffRole
from resolvers.access_log import AccessAction, log_access
from resolvers.context import Context
from resolvers.portal.guardians import ACTIVATION, Guardian, guardian_of
from resolvers.portal.portal_request import RequestAndSteps, read_reference, with_steps
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.staff import staff

_OPEN = (RequestState.SUBMITTED, RequestState.ID_VERIFIED)


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """What staff saw: the kind of the photo ID and nothing else of it, the signature, and the guardian's SIS key."""

    reference: str
    id_kind: PhotoIdKind
    signature_witnessed: bool
    guardian_id: str


async def record_identity_check(context: Context, order: IdentityCheck) -> RequestAndSteps | Refused:
    """Records the check, once more where staff correct it; for OFFICE. SourceDown where the SIS is away."""
    viewer = staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    request = await request_of(portal, order.reference)
    problems, guardian = await _checked(context, order, request)
    if problems or request is None or guardian is None:
        return Refused(tuple(problems))
    return await undisturbed(_do_record(context, order, request, guardian, viewer.account_id))


async def request_of(portal: Portal, reference: str) -> PortalRequest | None:
    """The request of a reference that somebody typed."""
    return await rows.request_by_reference(portal.writer, read_reference(reference) or "")


def not_found() -> Problem:
    """That there is no such request."""
    return Problem(
        ProblemCode.REQUEST_NOT_FOUND, "There is no portal request of this reference.", ("input", "reference")
    )


def wrong_state(state: RequestState) -> Problem:
    """That the request is in a state in which this cannot be done."""
    return Problem(
        ProblemCode.STATE_WRONG, f"The portal request is {state.value}: look at it again.", ("input", "reference")
    )


async def checked_guardian(
    context: Context, guardian_id: str, path: tuple[str, ...] = ("input", "guardianId")
) -> Guardian | Problem:
    """The guardian that staff named; a problem where there is none, or none with the portal right to anybody today."""
    guardian = await guardian_of(context.source, guardian_id)
    if guardian is None:
        return Problem(ProblemCode.GUARDIAN_UNKNOWN, "The school's system has no guardian of this key.", path)
    if not guardian.students:
        return Problem(
            ProblemCode.GUARDIAN_WITHOUT_RIGHT,
            "This guardian has the portal right to no student today: set it in the school's system first.",
            path,
        )
    return guardian


async def _checked(
    context: Context, order: IdentityCheck, request: PortalRequest | None
) -> tuple[list[Problem], Guardian | None]:
    problems: list[Problem] = []
    if request is None:
        problems.append(not_found())
    elif request.state not in _OPEN:
        problems.append(wrong_state(request.state))
    if not order.signature_witnessed:
        problems.append(
            Problem(
                ProblemCode.SIGNATURE_NOT_WITNESSED,
                "Have the form signed before you first.",
                ("input", "signatureWitnessed"),
            )
        )
    guardian = await checked_guardian(context, order.guardian_id)
    if isinstance(guardian, Problem):
        return [*problems, guardian], None
    return problems, guardian


async def _do_record(
    context: Context, order: IdentityCheck, request: PortalRequest, guardian: Guardian, account_id: int
) -> RequestAndSteps | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    async with portal.writer.transaction() as transaction:
        if not await rows.identify(transaction, request, order.id_kind, guardian.sourced_id, now):
            return Refused((wrong_state(request.state),))
        await rows.add_step(
            transaction, request.id, RequestState.ID_VERIFIED, now, account_id=account_id, note=order.id_kind.value
        )
        await note(
            context,
            transaction,
            "IDENTITY_CHECKED",
            f"portal_request:{request.id}",
            id_kind=order.id_kind.value,
            guardian=guardian.sourced_id,
        )
        await log_access(context, transaction, AccessAction.OPENED, students=guardian.student_keys, purpose=ACTIVATION)
    found = await with_steps(portal, request.reference)
    assert found is not None
    return found
