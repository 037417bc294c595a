"""Writing to the support desk: a form without a password in it, a ticket number, and a day by which it is answered."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from loaders.errors import ConstraintBroken
from loaders.portal import support_requests as rows
from loaders.portal.support_requests import NewSupportRequest, SupportRequest, SupportState
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.school_days import reply_by
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.throttle import Purpose
from resolvers.portal.trail import note
from resolvers.portal.typed import refuse_password, typed
from resolvers.portal.wording import language_of

MOST_STUDENTS = 12
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TICKET_LENGTH, _GROUP = 8, 4


@dataclass(frozen=True, slots=True)
class SubmitSupportRequest:
    """The form as it was filled in; what somebody typed is in no representation."""

    full_name: str = field(repr=False)
    home_address: str = field(repr=False)
    phone: str = field(repr=False)
    email: str | None = field(repr=False)
    student_names: Sequence[str] = field(repr=False)
    username: str | None = field(repr=False)
    what_happened: str = field(repr=False)
    language: str | None = None


async def submit_support_request(context: Context, order: SubmitSupportRequest) -> SupportRequest | Refused:
    """Takes the form; refused with everything that is wrong with it at once, a password in its texts among that.

    Open to everybody; whoever is signed in finds it among their own. RateLimited beyond five an hour from an address.
    """
    portal: Portal = context.portal
    problems, checked = check_support_request(order)
    if problems:
        return Refused(tuple(problems))
    portal.throttle.begin("", context.caller.address, Purpose.SUPPORT)
    viewer = context.viewer
    by = await reply_by(context)
    request = NewSupportRequest(
        ticket=_new_ticket(),
        account_id=None if viewer is None else viewer.account_id,
        name=checked.full_name,
        home_address=checked.home_address,
        phone=checked.phone,
        email=checked.email,
        students=tuple(checked.student_names),
        username=checked.username,
        text=checked.what_happened,
        language=language_of(checked.language),
        submitted_at=portal.instant(),
        address=context.caller.address,
        reply_by_on=by.on,
    )
    return await undisturbed(_do_submit(context, request))


def check_support_request(order: SubmitSupportRequest) -> tuple[list[Problem], SubmitSupportRequest]:
    """Everything that is wrong with the form, and the form in the texts that are kept."""
    problems: list[Problem] = []

    def text(given: str, most: int, *path: str, least: int = 1, lines: bool = False, words: bool = False) -> str:
        place = ("input", *path)
        kept = typed(given, most, place, problems, least=least, lines=lines)
        refuse_password(kept, place, problems, words=words)
        return kept

    name = text(order.full_name, 120, "fullName")
    home_address = text(order.home_address, 400, "homeAddress", lines=True)
    phone = text(order.phone, 40, "phone")
    email = text(order.email or "", 254, "email", least=0)
    if not 1 <= len(order.student_names) <= MOST_STUDENTS:
        problems.append(
            Problem(ProblemCode.TOO_MANY_STUDENTS, f"Name 1 to {MOST_STUDENTS} students.", ("input", "studentNames"))
        )
    students = [
        text(student, 120, "studentNames", str(n)) for n, student in enumerate(order.student_names[:MOST_STUDENTS])
    ]
    username = text(order.username or "", 64, "username", least=0)
    happened = text(order.what_happened, 4000, "whatHappened", least=10, lines=True, words=True)
    checked = SubmitSupportRequest(
        name, home_address, phone, email or None, students, username or None, happened, order.language
    )
    return problems, checked


async def own_requests(context: Context) -> list[SupportRequest]:
    """What the viewer wrote to the desk while signed in, the newest first; Unauthenticated without a session."""
    viewer = context.signed_in()
    context.gate()
    portal: Portal = context.portal
    return await rows.requests_of_account(portal.writer, viewer.account_id)


async def _do_submit(context: Context, request: NewSupportRequest) -> SupportRequest:
    portal: Portal = context.portal
    try:
        async with portal.writer.transaction() as transaction:
            number = await rows.add_request(transaction, request)
            await rows.add_step(transaction, number, SupportState.NEW, request.submitted_at, None, "")
            await note(
                context,
                transaction,
                "SUPPORT_REQUEST_SUBMITTED",
                f"support_request:{number}",
                account_id=request.account_id,
            )
    except ConstraintBroken:
        # One in 2^40 for each request that there is: the next ticket number will do.
        return await _do_submit(context, replace(request, ticket=_new_ticket()))
    found = await rows.request_by_ticket(portal.writer, request.ticket)
    assert found is not None
    return found


def _new_ticket() -> str:
    """Forty random bits: whoever counts up finds nobody's request."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_TICKET_LENGTH))
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"


def read_ticket(text: str) -> str:
    """The ticket number that somebody typed, as it is kept: case, spaces and dashes do not matter."""
    letters = "".join(character for character in text[:64].upper() if character.isalnum())
    letters = letters.translate(str.maketrans("OIL", "011"))
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"
