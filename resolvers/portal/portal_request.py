"""The portal request form: filled in by a parent without a signature, and followed by its reference number."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from loaders.contract import GradeLevel, RelationshipKind
from loaders.errors import ConstraintBroken
from loaders.portal import portal_requests as rows
from loaders.portal.portal_requests import (
    KeyDelivery,
    NewRequest,
    PortalRequest,
    RequestedStudent,
    RequestState,
    RequestStep,
)
from resolvers.context import Context
from resolvers.portal.activation_key import ALPHABET, read_letters
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.throttle import Purpose
from resolvers.portal.trail import note
from resolvers.portal.typed import typed
from resolvers.portal.wording import language_of

MOST_STUDENTS = 12
REFERENCE_LENGTH = 10
_GROUP = 5

NEXT_STEPS = {
    RequestState.SUBMITTED: "Take a photo ID to your student's school and sign the form there before the staff.",
    RequestState.ID_VERIFIED: "The school has seen your ID and decides on the request. There is nothing for you to do.",
    RequestState.APPROVED: "The letter with your activation key is being printed. There is nothing for you to do.",
    RequestState.DENIED: "The request was not approved. Ask at your student's school why.",
    RequestState.KEY_SENT: "Choose HELP on the log-in page and enter the activation key that was sent to you.",
    RequestState.ACTIVATED: "Your account is there. Log in with your user name and password.",
    RequestState.EXPIRED: "The request or its key was not used in time. Ask at your student's school for another key.",
}


@dataclass(frozen=True, slots=True)
class SubmitPortalRequest:
    """The form as it was filled in; what somebody typed is in no representation."""

    name: str = field(repr=False)
    relationship: RelationshipKind
    students: Sequence[tuple[str, str, GradeLevel | None]] = field(repr=False)
    home_address: str = field(repr=False)
    phone: str = field(repr=False)
    email: str | None = field(repr=False)
    delivery: KeyDelivery
    language: str | None = None


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """What anybody may know who has the reference: how far the request is, since when, and what to do next."""

    state: RequestState
    steps: tuple[tuple[RequestState, datetime], ...]
    next_step: str


@dataclass(frozen=True, slots=True)
class RequestAndSteps:
    """A request with the states that it has reached."""

    request: PortalRequest
    steps: tuple[RequestStep, ...]


async def submit_portal_request(context: Context, order: SubmitPortalRequest) -> RequestAndSteps | Refused:
    """Saves the form, unsigned; refused with everything that is wrong with it at once.

    Open to everybody: RateLimited beyond twenty an hour from one address.
    """
    portal: Portal = context.portal
    problems, request = _checked(context, order)
    portal.throttle.begin("", context.caller.address, Purpose.PORTAL_REQUEST)
    if problems:
        return Refused(tuple(problems))
    return await undisturbed(_do_submit(context, request))


async def status_of(context: Context, reference: str) -> RequestStatus | None:
    """How far the request of a reference is; None where there is none, with the same reads.

    RateLimited beyond sixty in ten minutes from one address.
    """
    portal: Portal = context.portal
    portal.throttle.begin("", context.caller.address, Purpose.PORTAL_REQUEST_STATUS)
    found = await rows.request_by_reference(portal.writer, read_reference(reference) or "")
    steps = await rows.steps_of(portal.writer, found.id if found else 0)
    if found is None:
        return None
    return RequestStatus(found.state, tuple((step.state, step.happened_at) for step in steps), NEXT_STEPS[found.state])


async def with_steps(portal: Portal, reference: str) -> RequestAndSteps | None:
    """The request of a reference with its steps; None where there is none."""
    request = await rows.request_by_reference(portal.writer, reference)
    return None if request is None else RequestAndSteps(request, tuple(await rows.steps_of(portal.writer, request.id)))


def read_reference(text: str) -> str | None:
    """The reference that somebody typed, read as forgivingly as a key and written as kept; None where it is none."""
    letters = read_letters(text)
    return _grouped(letters) if letters is not None and len(letters) == REFERENCE_LENGTH else None


async def _do_submit(context: Context, request: NewRequest) -> RequestAndSteps:
    portal: Portal = context.portal
    try:
        async with portal.writer.transaction() as transaction:
            request_id = await rows.add_request(transaction, request)
            await rows.add_step(transaction, request_id, RequestState.SUBMITTED, request.submitted_at)
            await note(context, transaction, "PORTAL_REQUEST_SUBMITTED", f"portal_request:{request_id}")
    except ConstraintBroken:
        # One in 2^50 for each request that there is: the next reference will do.
        return await _do_submit(context, replace(request, reference=_new_reference()))
    found = await with_steps(portal, request.reference)
    assert found is not None
    return found


def _checked(context: Context, order: SubmitPortalRequest) -> tuple[list[Problem], NewRequest]:
    """Everything that is wrong with the form, and the request to be where nothing is."""
    problems: list[Problem] = []

    def text(given: str, most: int, *path: str, lines: bool = False, least: int = 1) -> str:
        return typed(given, most, ("input", *path), problems, lines=lines, least=least)

    name = text(order.name, 120, "name")
    if not 1 <= len(order.students) <= MOST_STUDENTS:
        problems.append(
            Problem(ProblemCode.TOO_MANY_STUDENTS, f"Name 1 to {MOST_STUDENTS} students.", ("input", "students"))
        )
    students = tuple(
        RequestedStudent(
            text(student, 120, "students", str(n), "name"), text(school, 120, "students", str(n), "schoolName"), level
        )
        for n, (student, school, level) in enumerate(order.students[:MOST_STUDENTS])
    )
    home_address = text(order.home_address, 400, "homeAddress", lines=True)
    phone = text(order.phone, 40, "phone")
    email = text(order.email or "", 254, "email", least=0) or None
    if email is None and order.delivery is KeyDelivery.EMAIL:
        problems.append(
            Problem(ProblemCode.EMAIL_NEEDED, "Give an e-mail address, or choose delivery by post.", ("input", "email"))
        )
    portal: Portal = context.portal
    request = NewRequest(
        reference=_new_reference(),
        name=name,
        relationship=order.relationship,
        students=students,
        home_address=home_address,
        phone=phone,
        email=email,
        delivery=order.delivery,
        language=language_of(order.language),
        submitted_at=portal.instant(),
        address=context.caller.address,
    )
    return problems, request


def _new_reference() -> str:
    """Fifty random bits: whoever counts up or guesses finds nobody's request."""
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(REFERENCE_LENGTH)))


def _grouped(letters: str) -> str:
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"
