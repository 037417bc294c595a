"""Starting a registration: the same draft however often it is started, and by whichever guardian of the student."""

from collections.abc import Mapping
from dataclasses import dataclass

from loaders.errors import ConstraintBroken
from loaders.portal import registrations as rows
from loaders.portal.registration_sections import SavedSection, is_untouched, put_section, sections_of
from loaders.portal.registrations import NewRegistration, Registration, RegistrationState
from loaders.portal.transaction import Transaction
from loaders.registration.form import Form
from loaders.schools import schools
from loaders.statement import Key
from resolvers.access import scope_of
from resolvers.arguments import read_id
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.registration import prefill
from resolvers.registration.answers import sealed
from resolvers.registration.doors import shut
from resolvers.registration.forms import forms_of
from resolvers.registration.reading import Seen, owner, seen
from resolvers.registration.rights import students_to_register
from resolvers.registration.validation import Entry

#: How many drafts for new students a guardian may have in a year: nobody has more, and a loop must end.
MOST_NEW = 12


@dataclass(frozen=True, slots=True)
class StartRegistration:
    """For whom and when: a student of the viewer's, or with `student_id` None a new one at a school.

    `another` starts one more new student's, where an earlier one was begun already.
    """

    school_year: int
    student_id: str | None = None
    school_id: str | None = None
    another: bool = False


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An order that was checked."""

    form: Form
    student: Key | None
    school: Key
    another: bool


async def start_registration(context: Context, order: StartRegistration) -> Seen | Refused:
    """The draft of a student for a year, begun where there is none; Refused with a problem that says why not.

    A student who is not the viewer's to register is answered like one who is not there.
    """
    context.guardian()
    checked = await check_start(context, order)
    if isinstance(checked, Problem):
        return Refused((checked,))
    return await undisturbed(_do_start(context, checked))


async def check_start(context: Context, order: StartRegistration) -> _Wanted | Problem:
    """The order in the source's keys, or what is wrong with it; nothing is said of a student before the right is."""
    students = await students_to_register(context)
    student: Key | None = None
    if order.student_id is not None:
        found = read_id(context, order.student_id)
        student = next((key for key in students if found == ("Student", (key,))), None)
        if student is None:
            return Problem(
                ProblemCode.STUDENT_NOT_FOUND,
                "You have no student of this id whom you may register.",
                ("input", "studentId"),
            )
    form = forms_of(context.source).by_year.get(order.school_year)
    if form is None:
        return Problem(
            ProblemCode.REGISTRATION_NOT_OFFERED,
            f"There is no registration for school year {order.school_year}: `me.registrationForms` says for which.",
            ("input", "schoolYear"),
        )
    school = await _school(context, order, student)
    if isinstance(school, Problem):
        return school
    if student is not None and await _has_one(context, student, order.school_year):
        return _Wanted(form, student, school, order.another)
    closed = await shut(context, form, school, student)
    return closed or _Wanted(form, student, school, order.another)


async def _has_one(context: Context, student: Key, year: int) -> bool:
    """Whether it was begun already: then a closed window keeps nobody from reading it."""
    portal: Portal = context.portal
    found = await rows.registration_of_student(portal.writer, str(student), year)
    return found is not None and found.state is not RegistrationState.DRAFT


async def _school(context: Context, order: StartRegistration, student: Key | None) -> Key | Problem:
    """The school that was named, or the one that the student is at."""
    if order.school_id is None and student is not None:
        return (await scope_of(context)).enrolled[student][0].school_key
    found = None if order.school_id is None else read_id(context, order.school_id)
    unknown = Problem(
        ProblemCode.SCHOOL_UNKNOWN,
        "Name the school of a new student by its id." if order.school_id is None else "There is no such school.",
        ("input", "schoolId"),
    )
    if found is None or found[0] != "School":
        return unknown
    (key,) = found[1]
    assert isinstance(key, int | str)
    (known,) = await context.source.fetch([schools([key])], [["key"]])
    return key if known.rows else unknown


async def _do_start(context: Context, wanted: _Wanted) -> Seen | Refused:
    portal: Portal = context.portal
    guardian = str(context.guardian())
    values = await prefill.known_values(context, wanted.student)
    copied = await prefill.of_siblings(context, portal.writer, wanted.form, 0, wanted.form.school_year)
    try:
        async with portal.writer.transaction() as transaction:
            await rows.hold_account(transaction, context.signed_in().account_id)
            registration, fresh = await _found(context, transaction, wanted)
            if registration is None:
                return Refused(
                    (Problem(ProblemCode.TOO_MANY_STUDENTS, f"You have begun {MOST_NEW} new students already.", ()),)
                )
            if fresh or registration.state is RegistrationState.DRAFT:
                own = copied if await _is_empty(transaction, registration, guardian) else {}
                await _put_first(context, transaction, registration, wanted.form, own, values)
            if fresh:
                await note(
                    context,
                    transaction,
                    "REGISTRATION_STARTED",
                    f"registration:{registration.id}",
                    account_id=context.signed_in().account_id,
                )
    except ConstraintBroken:
        # Another guardian of the student has begun it at the same moment: that one is the draft.
        return await _do_start(context, wanted)
    return await seen(context, portal.writer, registration)


async def _found(context: Context, transaction: Transaction, wanted: _Wanted) -> tuple[Registration | None, bool]:
    """The registration that there is, or a new one, and whether it is new; None where there would be too many."""
    guardian, year = str(context.guardian()), wanted.form.school_year
    if wanted.student is not None:
        found = await rows.registration_of_student(transaction, str(wanted.student), year)
        if found is not None:
            return found, False
    else:
        mine = [
            each
            for each in await rows.registrations_of_new_students(transaction, guardian)
            if each.school_year == year
            and each.school_id == str(wanted.school)
            and each.state is RegistrationState.DRAFT
        ]
        for each in mine:
            if not wanted.another or await is_untouched(transaction, each.id):
                return each, False
        if len(mine) >= MOST_NEW:
            return None, False
    portal: Portal = context.portal
    now = portal.instant()
    account = context.signed_in().account_id
    student = None if wanted.student is None else str(wanted.student)
    new = NewRegistration(year, str(wanted.school), student, guardian, account, wanted.form.version, now)
    number = await rows.add_registration(transaction, new)
    await rows.add_step(transaction, number, RegistrationState.DRAFT, now, account)
    made = await rows.registration_by_id(transaction, number)
    assert made is not None
    return made, True


async def _is_empty(transaction: Transaction, registration: Registration, guardian: str) -> bool:
    """Whether the viewer's household has no section in it yet."""
    return not any(each.guardian_id for each in await sections_of(transaction, registration.id, [guardian]))


async def _put_first(
    context: Context,
    transaction: Transaction,
    registration: Registration,
    form: Form,
    copied: dict[str, list[Entry]],
    values: Mapping[str, str],
) -> None:
    """Fills in what nobody has yet: a household as its guardian last wrote it, or what the source knows."""
    portal: Portal = context.portal
    guardian = str(context.guardian())
    there = {(each.section, each.guardian_id) for each in await sections_of(transaction, registration.id, [guardian])}
    for section in form.sections:
        whose = owner(section, guardian)
        entries = copied.get(section.id) or prefill.prefilled(section, values)
        if (section.id, whose) in there or not entries:
            continue
        saved = SavedSection(
            section.id,
            whose,
            1,
            sealed(portal.sealer, registration.id, section.id, whose, entries),
            portal.instant(),
            context.signed_in().account_id,
        )
        await put_section(transaction, registration.id, saved)
