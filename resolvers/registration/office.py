"""The office's desk of registrations: whose schools are whose, the queue, and one registration in full.

What was never submitted is the family's alone. One of another school is answered like one that is not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from loaders import people
from loaders.portal import registration_review as rows
from loaders.portal.access_log import students_opened_since
from loaders.portal.registration_review import Case, Count, QueueFilter, Remark
from loaders.portal.registration_sections import OF_STUDENT, all_sections_of
from loaders.portal.registration_uploads import uploads_of
from loaders.portal.registrations import Registration, RegistrationState
from loaders.portal.roles import StaffRole
from loaders.portal.staff_schools import Schools, schools_of_staff
from loaders.portal.transaction import Reading
from loaders.registration.form import Form
from loaders.statement import Key
from resolvers.access_log import AccessAction, log_access
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.paging import page_of
from resolvers.portal.guardians import school_key
from resolvers.portal.listing import Listing, day, listing, number, place_in
from resolvers.portal.service import Portal
from resolvers.registration.answers import opened, written_name
from resolvers.registration.forms import forms_of
from resolvers.registration.reading import Filled, Seen
from resolvers.registration.rights import registration_number, student_key
from resolvers.registration.uploads import with_those_there
from resolvers.registration.validation import Answers, faults_of
from resolvers.staff import staff

#: What staff open students' records for here, as their families read it.
PURPOSE = "REGISTRATION"
#: What staff's remarks are sealed for.
SEALED_FOR_REMARK = "registration remark"
_OPENED_ANEW = timedelta(hours=1)
#: What waits for the office, or has been waiting: what the queue shows where no state is named.
WAITING = (RegistrationState.SUBMITTED, RegistrationState.IN_REVIEW, RegistrationState.HOLD)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which registrations a member of staff asks for; `mine` are those that they have, `states` None those waiting."""

    states: Sequence[RegistrationState] | None = None
    school_id: str | None = None
    school_year: int | None = None
    mine: bool = False
    unassigned: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A registration as the office has it: with whose it is, and what the student is called."""

    case: Case
    student: str | None

    @property
    def registration(self) -> Registration:
        """The registration itself."""
        return self.case.registration

    def overdue_on(self, today: date) -> bool:
        """Whether it still waits for the office although its day has passed."""
        by = self.case.review_by_on
        return by is not None and by < today and self.registration.state in WAITING


async def own_schools(context: Context) -> Schools:
    """The schools whose registrations the viewer works on; for OFFICE. None at all where nobody has named any."""
    viewer = staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    return await schools_of_staff(portal.writer, viewer.account_id)


async def queue(context: Context, wanted: Wanted, first: int | None, after: str | None) -> Listing[OpenCase]:
    """The registrations of the viewer's schools, that of the earliest day to be looked at by first; for OFFICE."""
    filter = await _filter(context, wanted)
    portal: Portal = context.portal
    page = page_of(first, after)
    place = place_in(page.after, day, number)
    found = await rows.queued(portal.writer, filter, None if place is None else (place[0], place[1]), page.first + 1)
    names = await _names(context, [case.registration for _, case in found[: page.first]])
    lines = [(at, OpenCase(case, names.get(case.registration.id))) for at, case in found]
    return listing(lines, page.first, earlier=place is not None)


async def queue_count(context: Context, wanted: Wanted) -> int:
    """How many registrations are asked for; for OFFICE."""
    filter = await _filter(context, wanted)
    portal: Portal = context.portal
    return await rows.count_queued(portal.writer, filter)


async def counts(context: Context, school_year: int | None) -> list[Count]:
    """How many registrations there are of each of the viewer's schools and in each state; for OFFICE."""
    filter = await _filter(context, Wanted(tuple(RegistrationState), school_year=school_year))
    portal: Portal = context.portal
    return await rows.counts(portal.writer, filter, context.today)


async def case_to_see(context: Context, text: str) -> OpenCase | None:
    """The registration of an id; None where it is not there, never submitted, or of another school. For OFFICE."""
    schools = await own_schools(context)
    number = registration_number(text)
    portal: Portal = context.portal
    found = None if number is None else await rows.case_of_id(portal.writer, number)
    if found is None or found.registration.submitted_at is None or found.registration.school_id not in schools:
        return None
    names = await _names(context, [found.registration])
    return OpenCase(found, names.get(found.registration.id))


async def seen_by_office(context: Context, store: Reading, registration: Registration) -> Seen:
    """All that is filled in: the student's sections, and those of each household, with what is wrong in it.

    The family reads in its access log that the record was opened.
    """
    form = forms_of(context.source).by_year.get(registration.school_year)
    await _log_opened(context, registration)
    if form is None:
        return Seen(registration, None, (), {}, "")
    uploads = await uploads_of(store, registration.id)
    answers = {
        guardian: (with_those_there(form, own, uploads), versions)
        for guardian, (own, versions) in (await answers_of(context, store, registration)).items()
    }
    filled = [each for guardian in answers for each in _filled(context, form, guardian, answers)]
    filled.sort(key=lambda each: [section.id for section in form.sections].index(each.section.id))
    return Seen(registration, form, filled, answers[OF_STUDENT][0], "")


async def answers_of(
    context: Context, store: Reading, registration: Registration
) -> Mapping[str, tuple[Answers, Mapping[str, int]]]:
    """What is answered, with the version of each section, by whose household it is; OF_STUDENT comes first."""
    portal: Portal = context.portal
    found: dict[str, tuple[dict[str, list[Mapping[str, Sequence[str]]]], dict[str, int]]] = {OF_STUDENT: ({}, {})}
    for saved in await all_sections_of(store, registration.id):
        answers, versions = found.setdefault(saved.guardian_id, ({}, {}))
        answers[saved.section] = list(opened(portal.sealer, registration.id, saved))
        versions[saved.section] = saved.version
    return found


async def remarks_of(context: Context, registration: Registration) -> list[tuple[Remark, str]]:
    """What staff noted for themselves, each with its text; for OFFICE of the school."""
    portal: Portal = context.portal
    if registration.school_id not in await own_schools(context):
        return []
    found = await rows.remarks_of(portal.writer, registration.id)
    return [(each, portal.sealer.open(SEALED_FOR_REMARK, each.text_sealed)) for each in found]


def _filled(
    context: Context, form: Form, guardian: str, answers: Mapping[str, tuple[Answers, Mapping[str, int]]]
) -> list[Filled]:
    """The sections of one household, or of the student; a condition may stand in the student's."""
    own, versions = answers[guardian]
    faults = faults_of(form, {**answers[OF_STUDENT][0], **own}, context.today)
    return [
        Filled(
            section,
            guardian,
            versions.get(section.id, 0),
            own.get(section.id, ()),
            [fault for fault in faults if fault.section == section.id],
        )
        for section in form.sections
        if section.shared == (guardian != OF_STUDENT)
    ]


async def _filter(context: Context, wanted: Wanted) -> QueueFilter:
    schools = await own_schools(context)
    if wanted.mine and wanted.unassigned:
        raise BadUserInput("`mine` and `unassigned` exclude each other.")
    return QueueFilter(
        schools,
        WAITING if wanted.states is None else wanted.states,
        None if wanted.school_id is None else str(school_key(context, wanted.school_id)),
        wanted.school_year,
        context.signed_in().account_id if wanted.mine else None,
        wanted.unassigned,
        context.today if wanted.overdue else None,
    )


async def _names(context: Context, found: Sequence[Registration]) -> dict[int, str]:
    """What the students are called: by the source, and new ones by what their family has written."""
    names: dict[int, str] = {}
    keys = {each.id: key for each in found if (key := student_key(context, each)) is not None}
    if keys:
        (held,) = await context.source.fetch(
            [people.students(list(set(keys.values()))).unremembered()], [["key", "name"]]
        )
        called: dict[Key, str] = dict(held.layout.several(("key", "name"), held.raw))
        names |= {number: called[key] for number, key in keys.items() if key in called}
    portal: Portal = context.portal
    for each in found:
        if each.student_id is None:
            answers = await answers_of(context, portal.writer, each)
            form = forms_of(context.source).by_year.get(each.school_year)
            name = None if form is None else written_name(form, answers[OF_STUDENT][0])
            if name:
                names[each.id] = name
    return names


async def _log_opened(context: Context, registration: Registration) -> None:
    """Lets families read who opened the record; once an hour for each member of staff."""
    portal: Portal = context.portal
    student = student_key(context, registration)
    if student is None:
        return
    viewer, since = context.signed_in(), portal.instant() - _OPENED_ANEW
    if str(student) in await students_opened_since(portal.writer, viewer.account_id, PURPOSE, since):
        return
    async with portal.writer.transaction() as transaction:
        await log_access(context, transaction, AccessAction.OPENED, students=[student], purpose=PURPOSE)
