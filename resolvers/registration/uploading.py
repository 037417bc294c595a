"""Handing a document in: announced by an order, which gives an address good once, and then sent to that address.

The address is good for minutes, for the session that was given it, and for what was announced. What is nobody's,
another session's, used up or too old looks the same.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from loaders.ids import node_id
from loaders.portal import registration_uploads as rows
from loaders.portal import registrations
from loaders.portal.registration_uploads import NewUpload, Upload, UploadState
from loaders.portal.registrations import Registration
from loaders.portal.transaction import Transaction
from loaders.registration.form import Field, FieldKind, Form, RuleCode, Section
from resolvers.context import Context
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.tokens import is_token, token_hash
from resolvers.portal.trail import note
from resolvers.registration.forms import forms_of
from resolvers.registration.reading import Seen, seen
from resolvers.registration.rights import registration_to_see
from resolvers.registration.saving import CHANGED, LOCKED, NOT_FOUND, Rejected, door, locked_field, section_unknown
from resolvers.registration.states import OPEN
from resolvers.registration.uploads import SEALED_FOR_NAME, Document, is_visible, named

GOOD_FOR = timedelta(minutes=15)
PATH = "/uploads"
LONGEST_NAME = 200
_NOT_HERE = Problem(
    ProblemCode.DOCUMENT_UNKNOWN, "No document of this id was handed in where you may change it.", ("id",)
)


@dataclass(frozen=True, slots=True)
class BeginUpload:
    """What is to be handed in, and for which field; the file's name is in no representation."""

    id: str
    section: str
    asked: str
    file_name: str = field(repr=False)
    media_type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A document that is expected, and the address to send it to."""

    document: Document
    url: str


async def begin_upload(context: Context, order: BeginUpload) -> Begun | Refused:
    """Announces a document; Refused where the registration is closed to changes, or the form takes no such document."""
    found = await _writable(context, order.id)
    if isinstance(found, Refused):
        return found
    registration, form = found
    portal: Portal = context.portal
    if not portal.takes_uploads:
        words = "Documents are not taken here: bring them to the school."
        return Refused((Problem(ProblemCode.UPLOADS_NOT_TAKEN, words),))
    section = form.by_id.get(order.section)
    if section is None:
        return Refused((section_unknown(form, order.section),))
    asked = section.field(order.asked)
    if asked is None or asked.kind is not FieldKind.DOCUMENT:
        words = f"Section {section.id} has no field of this name that takes documents."
        return Refused((Problem(ProblemCode.FIELD_UNKNOWN, words, ("input", "field")),))
    problems = check_announced(asked, order)
    if problems:
        return Refused(tuple(problems))
    return await undisturbed(_do_begin(context, registration, section, asked, order))


def check_announced(asked: Field, order: BeginUpload) -> list[Problem]:
    """What of the announcement the field does not take."""
    problems = []
    types, most = asked.bound(RuleCode.MEDIA_TYPES).split(), int(asked.bound(RuleCode.MAX_BYTES))
    if order.media_type not in types:
        words = f"Hand in one of these: {', '.join(types)}."
        problems.append(Problem(ProblemCode.DOCUMENT_TYPE, words, ("input", "mediaType")))
    if not 0 < order.bytes <= most:
        words = f"A document has 1 to {most:,} bytes here."
        problems.append(Problem(ProblemCode.DOCUMENT_TOO_LARGE, words, ("input", "bytes")))
    if not order.file_name.strip() or len(order.file_name) > LONGEST_NAME or not order.file_name.isprintable():
        words = f"Give the file a name of up to {LONGEST_NAME} characters that can be read."
        problems.append(Problem(ProblemCode.TEXT_UNREADABLE, words, ("input", "fileName")))
    return problems


async def remove_upload(context: Context, text: str) -> Seen | Refused:
    """Takes a document away, with its file; whatever field names it is then empty. Refused as a save is."""
    context.guardian()
    portal: Portal = context.portal
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    upload = await rows.upload_by_id(portal.writer, number)
    if upload is None or upload.state is UploadState.REMOVED:
        return Refused((_NOT_HERE,))
    found = await _writable(context, node_id("Registration", upload.registration_id))
    if isinstance(found, Refused):
        unseen = found.problems == (NOT_FOUND,)
        return Refused((_NOT_HERE,)) if unseen else Refused((Problem(*_without_path(found)),))
    registration, form = found
    if not is_visible(upload, form, context):
        return Refused((_NOT_HERE,))
    return await undisturbed(_do_remove(context, registration, upload))


async def expected_upload(context: Context, token: str) -> Upload | None:
    """The document that is to be sent to an address, the address still good; None where it is not this session's."""
    viewer = context.viewer
    if viewer is None or viewer.guardian_key is None or not is_token(token):
        return None
    portal: Portal = context.portal
    found = await rows.upload_by_token(portal.writer, token_hash(token))
    if found is None or (found.session_id, found.account_id) != (viewer.session_id, viewer.account_id):
        return None
    if found.state is not UploadState.EXPECTED or (found.token_expires_at or portal.instant()) <= portal.instant():
        return None
    writable = await _writable(context, node_id("Registration", found.registration_id))
    return None if isinstance(writable, Refused) else found


async def claim(context: Context, upload: Upload, name: str) -> bool:
    """Notes under which name the file will be written, before it is; False where another sending was faster."""
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        return await rows.claim_file(transaction, upload, name)


async def receive(context: Context, upload: Upload, name: str, sha256: str, *, scanned: bool) -> bool:
    """Takes the document whose file is there now; False where its time is over or the registration has moved.

    It is CLEAN at once where no scanner is to be heard first.
    """
    portal: Portal = context.portal
    state = UploadState.RECEIVED if scanned else UploadState.CLEAN
    registration = await registrations.registration_by_id(portal.writer, upload.registration_id)
    if registration is None or registration.state not in OPEN:
        return False
    try:
        async with portal.writer.transaction() as transaction:
            if not await registrations.touch(transaction, registration, portal.instant()):
                return False
            if not await rows.receive_upload(transaction, upload.id, name, sha256, state, portal.instant()):
                raise Rejected
            await _note(context, transaction, "REGISTRATION_DOCUMENT_RECEIVED", upload)
    except Rejected:
        return False
    return True


async def _writable(context: Context, id: str) -> tuple[Registration, Form] | Refused:
    """The registration of an id and its form, where its family may write in it now."""
    context.guardian()
    registration = await registration_to_see(context, id)
    if registration is None:
        return Refused((NOT_FOUND,))
    form = forms_of(context.source).by_year.get(registration.school_year)
    if registration.state not in OPEN or form is None:
        return Refused((LOCKED,))
    problem = await door(context, registration, form)
    return (registration, form) if problem is None else Refused((problem,))


def _without_path(refused: Refused) -> tuple[ProblemCode, str]:
    return refused.problems[0].code, refused.problems[0].message


async def _do_begin(
    context: Context, registration: Registration, section: Section, asked: Field, order: BeginUpload
) -> Begun | Refused:
    portal: Portal = context.portal
    viewer = context.signed_in()
    token, now = secrets.token_urlsafe(32), portal.instant()
    new = NewUpload(
        registration.id,
        section.id,
        asked.id,
        viewer.account_id,
        viewer.session_id,
        portal.sealer.seal(SEALED_FOR_NAME, order.file_name.strip()),
        order.media_type,
        order.bytes,
        token_hash(token),
        now + GOOD_FOR,
        now,
    )
    try:
        async with portal.writer.transaction() as transaction:
            if not await registrations.touch(transaction, registration, now):
                raise Rejected(Problem(CHANGED.code, CHANGED.message, ("input", "id")))
            locked = await locked_field(context, transaction, registration, section.id, asked.id)
            if locked is not None:
                raise Rejected(Problem(locked.code, locked.message, ("input", "field")))
            there = [
                each
                for each in await rows.uploads_of(transaction, registration.id)
                if (each.section, each.field) == (section.id, asked.id)
                and (not section.shared or each.account_id == viewer.account_id)
                and (each.state is not UploadState.REFUSED)
                and (each.state is not UploadState.EXPECTED or (each.token_expires_at or now) > now)
            ]
            most = int(asked.bound(RuleCode.MAX_DOCUMENTS)) * section.most
            if len(there) >= most:
                words = f"{most} documents are the most here: remove one first, or wait until its address is too old."
                raise Rejected(Problem(ProblemCode.TOO_MANY_DOCUMENTS, words, ("input", "field")))
            number = await rows.add_upload(transaction, new)
    except Rejected as rejected:
        return Refused(rejected.problems)
    made = await rows.upload_by_id(portal.writer, number)
    assert made is not None
    return Begun(named(portal, made), f"{portal.letterhead.portal_url}{PATH}/{token}")


async def _do_remove(context: Context, registration: Registration, upload: Upload) -> Seen | Refused:
    portal: Portal = context.portal
    try:
        async with portal.writer.transaction() as transaction:
            if not await registrations.touch(transaction, registration, portal.instant()):
                raise Rejected(Problem(CHANGED.code, CHANGED.message, ("id",)))
            locked = await locked_field(context, transaction, registration, upload.section, upload.field)
            if locked is not None:
                raise Rejected(Problem(locked.code, locked.message, ("id",)))
            if not await rows.remove_upload(transaction, upload.id):
                raise Rejected(_NOT_HERE)
            await _note(context, transaction, "REGISTRATION_DOCUMENT_REMOVED", upload)
    except Rejected as rejected:
        return Refused(rejected.problems)
    portal.uploads_moved.set()
    return await seen(context, portal.writer, registration)


async def _note(context: Context, transaction: Transaction, action: str, upload: Upload) -> None:
    subject = f"registration:{upload.registration_id}"
    account_id = context.signed_in().account_id
    await note(context, transaction, action, subject, account_id=account_id, document=upload.id)
