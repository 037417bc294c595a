"""The office's orders on a registration: its review, who has it, and what staff note for themselves; for OFFICE.

Each names the version at which it was read: of two who act on one registration at once the second is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loaders.portal import registration_review as rows
from loaders.portal import registrations
from loaders.portal.account_states import state_by_username
from loaders.portal.registration_review import NewNote
from loaders.portal.registration_sections import OF_STUDENT, all_sections_of
from loaders.portal.registrations import Registration
from loaders.portal.registrations import RegistrationState as State
from loaders.portal.roles import StaffRole
from loaders.portal.staff_schools import schools_of_staff
from loaders.portal.transaction import Reading
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import username_key
from resolvers.portal.trail import note
from resolvers.portal.typed import typed
from resolvers.registration.forms import forms_of
from resolvers.registration.notes import SEALED_FOR_NOTE
from resolvers.registration.office import SEALED_FOR_REMARK, OpenCase, case_to_see
from resolvers.registration.saving import CHANGED, MOST_ENTRIES, Rejected
from resolvers.registration.states import Mover, may_move
from resolvers.registration.telling import Told, tell, who_may_know

LONGEST_TEXT = 2000
MOST_NOTES = 60
#: What a reviewer brings a registration into; EXPORTED is the export's alone, WITHDRAWN the family's.
REVIEWED = (State.IN_REVIEW, State.NEEDS_CHANGES, State.HOLD, State.APPROVED, State.DENIED)
#: Where the family must be told why.
_TOLD_WHY = frozenset({State.NEEDS_CHANGES, State.HOLD, State.DENIED})

_NOT_FOUND = Problem(
    ProblemCode.REGISTRATION_NOT_FOUND, "Your schools have no registration of this id.", ("input", "id")
)
_CHANGED = Problem(CHANGED.code, "Somebody has changed this since you read it: look at it again.", ("input", "version"))


@dataclass(frozen=True, slots=True)
class AskedChange:
    """What the family is to change: a field of an entry (None: the section as a whole), in whose household.

    `guardian_id` is the SIS's key as text; None is the student's, or every household's.
    """

    section: str
    text: str = field(repr=False)
    entry: int | None = None
    name: str | None = None
    guardian_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewRegistration:
    """What a reviewer decides; the message and the notes are for the family, the remark for the office alone."""

    id: str
    version: int
    state: State
    message: str | None = field(default=None, repr=False)
    notes: Sequence[AskedChange] = field(default=(), repr=False)
    remark: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Checked:
    registration: Registration
    message: str
    notes: Sequence[tuple[AskedChange, str]]
    remark: str


async def review_registration(context: Context, order: ReviewRegistration) -> OpenCase | Refused:
    """Brings a registration of one's schools into a state, and tells the guardians who may know of it.

    Refused where the state may not follow, where the family would not be told why, or where somebody was faster.
    SourceDown where rights are not known: nobody is told who may not be.
    """
    case = await case_to_see(context, order.id)
    if case is None:
        return Refused((_NOT_FOUND,))
    checked = await _check(context, case.registration, order)
    if isinstance(checked, Refused):
        return checked
    told = await who_may_know(context, case.registration)
    return await undisturbed(_do_review(context, checked, order.state, told))


async def assign_registration(context: Context, id: str, version: int, username: str | None) -> OpenCase | Refused:
    """Gives a registration to a member of staff who works on its school, or with None to nobody."""
    case = await case_to_see(context, id)
    if case is None:
        return Refused((_NOT_FOUND,))
    if version != case.registration.version:
        return Refused((_CHANGED,))
    assignee = None
    if username is not None:
        portal: Portal = context.portal
        found = await state_by_username(portal.writer, username_key(username) or "")
        if (
            found is None
            or found.disabled_at is not None
            or StaffRole.OFFICE not in found.roles
            or case.registration.school_id not in await schools_of_staff(portal.writer, found.id)
        ):
            words = "Nobody of this user name works on the registrations of this school."
            return Refused((Problem(ProblemCode.ACCOUNT_NOT_FOUND, words, ("input", "username")),))
        assignee = found.id
    return await undisturbed(_do_assign(context, case.registration, assignee))


async def remark_on_registration(context: Context, id: str, text: str) -> OpenCase | Refused:
    """Notes something for the office, which no family reads."""
    case = await case_to_see(context, id)
    if case is None:
        return Refused((_NOT_FOUND,))
    problems: list[Problem] = []
    kept = typed(text, LONGEST_TEXT, ("input", "text"), problems, lines=True)
    if problems:
        return Refused(tuple(problems))
    return await undisturbed(_do_remark(context, case.registration, kept))


async def _check(context: Context, registration: Registration, order: ReviewRegistration) -> _Checked | Refused:
    problems: list[Problem] = []
    if order.version != registration.version:
        return Refused((_CHANGED,))
    if order.state not in REVIEWED or not may_move(registration.state, order.state, Mover.OFFICE):
        words = f"A registration that is {registration.state.value} cannot become {order.state.value}."
        problems.append(Problem(ProblemCode.STATE_WRONG, words, ("input", "state")))
    place = ("input", "message")
    message = typed(order.message or "", LONGEST_TEXT, place, problems, least=0, lines=True)
    remark = typed(order.remark or "", LONGEST_TEXT, ("input", "remark"), problems, least=0, lines=True)
    if order.notes and order.state is not State.NEEDS_CHANGES:
        words = "Ask for changes by the state NEEDS_CHANGES."
        problems.append(Problem(ProblemCode.STATE_WRONG, words, ("input", "notes")))
    if order.state in _TOLD_WHY and not message and not order.notes:
        problems.append(Problem(ProblemCode.REASON_MISSING, "Write to the family why.", place))
    notes = await _notes(context, registration, order, problems)
    return Refused(tuple(problems)) if problems else _Checked(registration, message, notes, remark)


async def _notes(
    context: Context, registration: Registration, order: ReviewRegistration, problems: list[Problem]
) -> list[tuple[AskedChange, str]]:
    form = forms_of(context.source).by_year.get(registration.school_year)
    portal: Portal = context.portal
    households = await _households(portal.writer, registration) if order.notes else {}
    if len(order.notes) > MOST_NOTES:
        words = f"Write {MOST_NOTES} notes at the most."
        problems.append(Problem(ProblemCode.TEXT_TOO_LONG, words, ("input", "notes")))
        return []
    found = []
    for n, asked in enumerate(order.notes):
        path = ("input", "notes", str(n))
        section = None if form is None else form.by_id.get(asked.section)
        if section is None:
            problems.append(Problem(ProblemCode.SECTION_UNKNOWN, "The form has no such section.", (*path, "section")))
            continue
        if asked.name is not None and section.field(asked.name) is None:
            problems.append(Problem(ProblemCode.FIELD_UNKNOWN, "The section has no such field.", (*path, "field")))
        if asked.entry is not None and not 0 <= asked.entry < (MOST_ENTRIES if section.repeats else 1):
            problems.append(Problem(ProblemCode.ENTRY_UNKNOWN, "The section has no such entry.", (*path, "entry")))
        if asked.guardian_id is not None and asked.guardian_id not in households.get(section.id, ()):
            words = "No household of this guardian is in the section."
            problems.append(Problem(ProblemCode.GUARDIAN_UNKNOWN, words, (*path, "household")))
        text = typed(asked.text, LONGEST_TEXT, (*path, "text"), problems, lines=True)
        found.append((asked, text))
    return found


async def _households(store: Reading, registration: Registration) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for saved in await all_sections_of(store, registration.id):
        if saved.guardian_id != OF_STUDENT:
            found.setdefault(saved.section, set()).add(saved.guardian_id)
    return found


async def _do_review(context: Context, checked: _Checked, state: State, told: Told) -> OpenCase | Refused:
    portal: Portal = context.portal
    viewer, now, registration = context.signed_in(), portal.instant(), checked.registration
    sealer = portal.sealer
    try:
        async with portal.writer.transaction() as transaction:
            if not await registrations.move(transaction, registration, state, now):
                raise Rejected(_CHANGED)
            message = sealer.seal(SEALED_FOR_NOTE, checked.message) if checked.message else None
            step = await registrations.add_step(transaction, registration.id, state, now, viewer.account_id, message)
            for asked, text in checked.notes:
                sealed = sealer.seal(SEALED_FOR_NOTE, text)
                new = NewNote(asked.section, asked.guardian_id or OF_STUDENT, asked.entry, asked.name, sealed)
                await rows.add_note(transaction, registration.id, step, new)
            if checked.remark:
                remark = sealer.seal(SEALED_FOR_REMARK, checked.remark)
                await rows.add_remark(transaction, registration.id, viewer.account_id, remark, now)
            await rows.take(transaction, registration.id, viewer.account_id)
            await note(
                context,
                transaction,
                f"REGISTRATION_{state.value}",
                f"registration:{registration.id}",
                account_id=registration.account_id,
                before=registration.state.value,
            )
            await tell(context, transaction, told, registration, state)
    except Rejected as rejected:
        return Refused(rejected.problems)
    portal.mail_posted.set()
    return await _again(context, registration)


async def _do_assign(context: Context, registration: Registration, assignee: int | None) -> OpenCase | Refused:
    portal: Portal = context.portal
    try:
        async with portal.writer.transaction() as transaction:
            if not await rows.assign(transaction, registration, assignee, portal.instant()):
                raise Rejected(_CHANGED)
            subject = f"registration:{registration.id}"
            await note(context, transaction, "REGISTRATION_ASSIGNED", subject, assignee=assignee)
    except Rejected as rejected:
        return Refused(rejected.problems)
    return await _again(context, registration)


async def _do_remark(context: Context, registration: Registration, text: str) -> OpenCase:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        sealed = portal.sealer.seal(SEALED_FOR_REMARK, text)
        account_id = context.signed_in().account_id
        await rows.add_remark(transaction, registration.id, account_id, sealed, portal.instant())
        await note(context, transaction, "REGISTRATION_REMARKED", f"registration:{registration.id}")
    return await _again(context, registration)


async def _again(context: Context, registration: Registration) -> OpenCase:
    portal: Portal = context.portal
    found = await rows.case_of_id(portal.writer, registration.id)
    assert found is not None
    return OpenCase(found, None)
