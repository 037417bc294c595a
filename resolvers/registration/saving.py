"""Saving one section of a registration as its author left it, by the version at which it was read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from loaders.portal import registrations as rows
from loaders.portal.registration_sections import SavedSection, documents_in, put_section
from loaders.portal.registrations import Registration, RegistrationState
from loaders.portal.transaction import Reading
from loaders.registration.form import FieldKind, Form, Section
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.registration.answers import sealed
from resolvers.registration.doors import shut
from resolvers.registration.forms import forms_of
from resolvers.registration.notes import Unlocked, changes_beyond, unlocked
from resolvers.registration.reading import Seen, owner, seen
from resolvers.registration.rights import registration_to_see, student_key
from resolvers.registration.states import OPEN
from resolvers.registration.validation import BLANK, Entry

#: What one saving may hold. Above what any rule of a form allows, so that what breaks a rule is kept and told.
MOST_ENTRIES, MOST_VALUES, MOST_CHARACTERS, MOST_ANSWERS = 20, 60, 12_000, 1_200
MOST_OF_SECTION = 100_000
MOST_VERSIONS = 2**31 - 1

NOT_FOUND = Problem(ProblemCode.REGISTRATION_NOT_FOUND, "You have no registration of this id.", ("input", "id"))
LOCKED = Problem(
    ProblemCode.STATE_WRONG, "It was submitted, and cannot be changed unless the school asks for it.", ("input", "id")
)
CHANGED = Problem(
    ProblemCode.VERSION_CHANGED,
    "Somebody has changed this since you read it: read it again, and then save or sign.",
    ("input", "version"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is filled into a field of one entry; its values are in no representation."""

    name: str
    entry: int
    values: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SaveRegistration:
    """A whole section as it shall be, and the version at which its author read it."""

    id: str
    section: str
    version: int
    answers: Sequence[Answer] = field(repr=False)


class Rejected(Exception):
    """Within a transaction: it cannot be carried out after all, and nothing of it may stand."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


async def save_registration(context: Context, order: SaveRegistration) -> Seen | Refused:
    """Keeps the section as it is typed, wrong or incomplete as it may be; Refused where it cannot be kept.

    VERSION_CHANGED where it has another version by now than the one that it was read at: nothing is overwritten.
    """
    context.guardian()
    registration = await registration_to_see(context, order.id)
    if registration is None:
        return Refused((NOT_FOUND,))
    form = forms_of(context.source).by_year.get(registration.school_year)
    if registration.state not in OPEN or form is None:
        return Refused((LOCKED,))
    problem = await door(context, registration, form)
    if problem is not None:
        return Refused((problem,))
    section = form.by_id.get(order.section)
    if section is None:
        return Refused((section_unknown(form, order.section),))
    problems, entries = check_answers(section, order.answers)
    if problems:
        return Refused(tuple(problems))
    if not 0 <= order.version < MOST_VERSIONS:
        return Refused((CHANGED,))
    return await undisturbed(_do_save(context, registration, section, order.version, entries))


async def door(context: Context, registration: Registration, form: Form) -> Problem | None:
    """Why its family cannot write in it now; None where it can."""
    asked_for = registration.state is RegistrationState.NEEDS_CHANGES
    return await shut(context, form, registration.school_id, student_key(context, registration), asked_for=asked_for)


def check_answers(section: Section, answers: Sequence[Answer]) -> tuple[list[Problem], list[Entry]]:
    """What of the answers has no place in the section, and the entries that they make; values are not judged here."""
    problems: list[Problem] = []
    if len(answers) > MOST_ANSWERS or sum(map(_size, answers)) > MOST_OF_SECTION:
        return [Problem(ProblemCode.TEXT_TOO_LONG, "This is more than a section holds.", ("input", "answers"))], []
    entries: dict[int, dict[str, list[str]]] = {}
    most = MOST_ENTRIES if section.repeats else 1
    for n, answer in enumerate(answers):
        path = ("input", "answers", str(n))
        if section.field(answer.name) is None:
            known = ", ".join(each.id for each in section.fields)
            words = f"Section {section.id} has no field of this name: it has {known}."
            problems.append(Problem(ProblemCode.FIELD_UNKNOWN, words, (*path, "field")))
        elif not 0 <= answer.entry < most:
            words = f"Section {section.id} has entries 0 to {most - 1}."
            problems.append(Problem(ProblemCode.ENTRY_UNKNOWN, words, (*path, "entry")))
        elif answer.name in entries.get(answer.entry, {}):
            words = f"{answer.name} is answered twice in one entry: send all its values in one answer."
            problems.append(Problem(ProblemCode.FIELD_UNKNOWN, words, (*path, "field")))
        else:
            problems += _unfit(answer.values, (*path, "values"))
            entries.setdefault(answer.entry, {})[answer.name] = list(answer.values)
    count = max(entries, default=-1) + 1
    return problems, [entries.get(n, {}) for n in range(count)]


def _size(answer: Answer) -> int:
    return sum(len(value) for value in answer.values[: MOST_VALUES + 1])


def _unfit(values: Sequence[str], path: tuple[str, ...]) -> list[Problem]:
    if len(values) > MOST_VALUES or any(len(value) > MOST_CHARACTERS for value in values):
        words = f"Give at most {MOST_VALUES} values of {MOST_CHARACTERS:,} characters."
        return [Problem(ProblemCode.TEXT_TOO_LONG, words, path)]
    if any("\ud800" <= character <= "\udfff" or character == "\0" for value in values for character in value):
        return [Problem(ProblemCode.TEXT_UNREADABLE, "Use only characters that can be typed and read.", path)]
    return []


async def _do_save(
    context: Context, registration: Registration, section: Section, version: int, entries: list[Entry]
) -> Seen | Refused:
    portal: Portal = context.portal
    whose = owner(section, str(context.guardian()))
    saved = SavedSection(
        section.id,
        whose,
        version + 1,
        sealed(portal.sealer, registration.id, section.id, whose, entries),
        portal.instant(),
        context.signed_in().account_id,
    )
    try:
        async with portal.writer.transaction() as transaction:
            if not await rows.touch(transaction, registration, portal.instant()):
                raise Rejected(CHANGED)
            locked = await _locked(context, transaction, registration, section, entries)
            if locked:
                raise Rejected(*locked)
            known = await documents_in(transaction, registration.id, section.id, whose)
            foreign = _foreign(section, entries, known)
            if foreign is not None:
                raise Rejected(foreign)
            if not await put_section(transaction, registration.id, saved):
                raise Rejected(CHANGED)
    except Rejected as rejected:
        return Refused(rejected.problems)
    return await seen(context, portal.writer, registration)


async def locked_field(
    context: Context, store: Reading, registration: Registration, section: str, name: str
) -> Problem | None:
    """Why the viewer cannot change a field now; None where the school has asked for that, or never saw it."""
    if registration.state is RegistrationState.DRAFT:
        return None
    now = await seen(context, store, registration)
    found = None if now.form is None else now.form.by_id.get(section)
    if found is None:
        return None
    allowed = await _allowed(context, store, now, found)
    return None if allowed.whole or name in allowed.fields else _field_locked(name)


async def editable_fields(context: Context, now: Seen, section: Section) -> list[str]:
    """The fields of a section that the viewer may change now, in the form's order; none for staff."""
    if context.signed_in().guardian_key is None or now.registration.state not in OPEN or now.form is None:
        return []
    if await door(context, now.registration, now.form) is not None:
        return []
    portal: Portal = context.portal
    allowed = await _allowed(context, portal.writer, now, section)
    return [each.id for each in section.fields if allowed.whole or each.id in allowed.fields]


async def _allowed(context: Context, store: Reading, now: Seen, section: Section) -> Unlocked:
    filled = next((each for each in now.sections if each.section.id == section.id), None)
    if now.form is None or filled is None or not filled.version:
        return Unlocked(whole=True)
    faults = [fault for each in now.sections for fault in each.faults]
    return await unlocked(store, now.registration, now.form, section, str(context.guardian()), faults)


def _field_locked(name: str) -> Problem:
    return Problem(ProblemCode.FIELD_LOCKED, f"The school has not asked to change {name}.", ("input", "answers"))


async def _locked(
    context: Context, store: Reading, registration: Registration, section: Section, entries: Sequence[Entry]
) -> list[Problem]:
    """What would be changed although the school has not asked for it; what a household has never filled in is open."""
    if registration.state is RegistrationState.DRAFT:
        return []
    now = await seen(context, store, registration)
    allowed = await _allowed(context, store, now, section)
    filled = next((each for each in now.sections if each.section.id == section.id), None)
    beyond = changes_beyond(allowed, () if filled is None else filled.entries, entries)
    if beyond and not allowed:
        words = f"The school has not asked for changes in section {section.id}."
        return [Problem(ProblemCode.SECTION_LOCKED, words, ("input", "section"))]
    return [_field_locked(name) for name in beyond]


def _foreign(section: Section, entries: Sequence[Entry], known: set[tuple[str, str]]) -> Problem | None:
    """A document that was not handed in for this very field."""
    for each in section.fields:
        if each.kind is not FieldKind.DOCUMENT:
            continue
        for entry in entries:
            if any(value.strip(BLANK) and (each.id, value) not in known for value in entry.get(each.id, ())):
                words = f"{each.id} names a document that was not handed in for it: hand it in first."
                return Problem(ProblemCode.DOCUMENT_UNKNOWN, words, ("input", "answers"))
    return None


def section_unknown(form: Form, name: str) -> Problem:
    """That the form has no section of this name."""
    known = ", ".join(section.id for section in form.sections)
    return Problem(ProblemCode.SECTION_UNKNOWN, f"The form has the sections {known}.", ("input", "section"))
