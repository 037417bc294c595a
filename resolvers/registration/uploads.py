"""The documents of a registration as somebody may see them: a family its own, the office those found clean."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from loaders.ids import node_id
from loaders.portal import registration_uploads as rows
from loaders.portal.registration_uploads import Upload, UploadState
from loaders.portal.registrations import Registration, RegistrationState, registration_by_id
from loaders.portal.roles import StaffRole
from loaders.portal.staff_schools import schools_of_staff
from loaders.portal.transaction import Reading
from loaders.registration.form import FieldKind, Form, Rule, RuleCode, Section
from resolvers.context import Context
from resolvers.portal.service import Portal
from resolvers.registration.forms import forms_of
from resolvers.registration.rights import registration_to_see
from resolvers.registration.validation import BLANK, Answers, Entry, Fault, is_asked
from resolvers.staff import staff

#: What a name of a file is sealed for.
SEALED_FOR_NAME = "registration upload name"

#: Where the office sees nothing of a registration: before it is submitted, and once it is withdrawn.
_UNSEEN_BY_OFFICE = frozenset({RegistrationState.DRAFT, RegistrationState.WITHDRAWN})
_THERE = frozenset({UploadState.RECEIVED, UploadState.CLEAN})
EXAMINED = Rule(RuleCode.EXAMINED)


@dataclass(frozen=True, slots=True)
class Document:
    """A document with the name that its family gave it."""

    upload: Upload
    name: str


async def uploads_of_family(
    context: Context, store: Reading, registration: Registration, form: Form | None
) -> list[Upload]:
    """The documents that the viewer, a guardian, sees, in the order in which they were announced."""
    return [each for each in await rows.uploads_of(store, registration.id) if is_visible(each, form, context)]


async def documents_of(context: Context, registration: Registration, form: Form | None) -> list[Document]:
    """Those with their names; to staff those that the office sees."""
    if context.signed_in().guardian_key is None:
        return await documents_for_office(context, registration)
    portal: Portal = context.portal
    return [named(portal, each) for each in await uploads_of_family(context, portal.writer, registration, form)]


async def documents_for_office(context: Context, registration: Registration) -> list[Document]:
    """The documents of a registration that the office of its school sees: those found clean. For OFFICE."""
    portal: Portal = context.portal
    if not await _office_sees(context, registration):
        return []
    found = await rows.uploads_of(portal.writer, registration.id)
    return [named(portal, each) for each in found if each.state is UploadState.CLEAN]


async def document_to_fetch(context: Context, upload_id: int) -> Document | None:
    """A document that the viewer may have now; None where it is not there or not theirs, alike."""
    portal: Portal = context.portal
    found = await rows.upload_by_id(portal.writer, upload_id)
    if found is None or found.stored_as is None or found.state not in _THERE:
        return None
    if context.signed_in().guardian_key is None:
        registration = await registration_by_id(portal.writer, found.registration_id)
        seen = await _office_sees(context, registration)
        return named(portal, found) if seen and found.state is UploadState.CLEAN else None
    own = await registration_to_see(context, node_id("Registration", found.registration_id))
    if own is None or not is_visible(found, forms_of(context.source).by_year.get(own.school_year), context):
        return None
    return named(portal, found)


async def _office_sees(context: Context, registration: Registration | None) -> bool:
    """Whether the viewer, of OFFICE, sees the documents of a registration now: one of their schools', and submitted."""
    viewer = staff(context, StaffRole.OFFICE)
    if registration is None or registration.state in _UNSEEN_BY_OFFICE:
        return False
    portal: Portal = context.portal
    return registration.school_id in await schools_of_staff(portal.writer, viewer.account_id)


def is_visible(upload: Upload, form: Form | None, context: Context) -> bool:
    """Whether a guardian who sees the registration sees this document of it: the student's, or their own household's.

    What has no section in a form any more is its own guardian's alone.
    """
    section = None if form is None else form.by_id.get(upload.section)
    return upload.guardian_id == str(context.guardian()) or (section is not None and not section.shared)


def with_those_there(form: Form, answers: Answers, uploads: Sequence[Upload]) -> Answers:
    """The answers without documents that are not there any more: what a scanner has refused answers nothing."""
    there = {str(each.id) for each in uploads if each.state in _THERE}
    return {
        name: [_kept(form.by_id[name], entry, there) for entry in entries] if name in form.by_id else entries
        for name, entries in answers.items()
    }


def unexamined(form: Form, answers: Answers, uploads: Sequence[Upload]) -> list[Fault]:
    """A fault for each document that must be there, and that no scanner has found clean yet."""
    clean = {str(each.id) for each in uploads if each.state is UploadState.CLEAN}
    return [
        Fault(section.id, number, field.id, EXAMINED)
        for section, field in form.fields()
        if field.kind is FieldKind.DOCUMENT and field.required
        for number, entry in enumerate(answers.get(section.id, ()))
        if is_asked(field, section, entry, answers)
        and any(value not in clean for value in entry.get(field.id, ()) if value.strip(BLANK))
    ]


def names_documents(form: Form, answers: Answers) -> bool:
    """Whether any document is named in the answers."""
    return any(
        entry.get(field.id)
        for section, field in form.fields()
        if field.kind is FieldKind.DOCUMENT
        for entry in answers.get(section.id, ())
    )


def named(portal: Portal, upload: Upload) -> Document:
    """The document with its name unsealed."""
    return Document(upload, portal.sealer.open(SEALED_FOR_NAME, upload.name_sealed))


def _kept(section: Section, entry: Entry, there: Collection[str]) -> Entry:
    documents = {field.id for field in section.fields if field.kind is FieldKind.DOCUMENT}
    return {
        name: [value for value in values if value in there] if name in documents else values
        for name, values in entry.items()
    }
