"""Exporting approved registrations: a OneRoster bundle, what it cannot carry, and the mark once both are safe.

The same registrations make the same bytes, so that an export that was cut off is done again. For operators.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from loaders import people
from loaders.oneroster.writing import bundle, instant
from loaders.portal import registration_exports as rows
from loaders.portal import registrations
from loaders.portal.audit import Entry, record
from loaders.portal.registration_exports import Due
from loaders.portal.registration_sections import OF_STUDENT
from loaders.portal.registration_signatures import signature_of
from loaders.portal.registration_uploads import UploadState, uploads_of
from loaders.portal.registrations import RegistrationState
from loaders.portal.transaction import Transaction
from loaders.schools import terms_of_years
from loaders.statement import Key
from resolvers.context import Context
from resolvers.portal.guardians import every_school
from resolvers.portal.service import Portal, undisturbed
from resolvers.registration.forms import forms_of
from resolvers.registration.office import answers_of
from resolvers.registration.rights import student_key
from resolvers.registration.roster import Leaving, MakeId, Year, exported_columns, files_of, ids_of
from resolvers.registration.telling import Told, tell, who_may_know
from resolvers.registration.uploads import named
from resolvers.registration.validation import Answers

_NAMES = ("users.givenName", "users.familyName")


class ExportRefused(Exception):
    """The registrations cannot be exported as they are; the message says which, and why."""


class ExportMoved(Exception):
    """Somebody has moved one of the registrations since they were read: what was written of them is void."""


@dataclass(frozen=True, slots=True)
class Export:
    """What goes out: the bundle and its sidecar with their names, and which registrations as which version."""

    school_year: int
    name: str
    content: bytes
    sidecar_name: str
    sidecar: bytes
    due: Sequence[Due]

    @property
    def supersedes_id(self) -> int | None:
        """The last export that this one corrects."""
        return max((each.before_id for each in self.due if each.before_id is not None), default=None)


async def export_of(context: Context, school_year: int, school_id: str | None = None) -> Export | None:
    """What is to go out of a year, of one school where it is named by its key; None where nothing is.

    ExportRefused where a registration lacks what the standard demands, SourceDown where the source is away.
    """
    portal: Portal = context.portal
    found = await rows.due(portal.writer, school_year, school_id)
    if not found:
        return None
    schools = {str(school.key): school.name for school in await every_school(context.source)}
    known, make_id = await _known(context, found), ids_of(portal.sealer)
    leaving, told = [], []
    for each in found:
        one = await _leaving(context, each, known, schools, make_id)
        leaving.append(one)
        told.append(await _told(context, each, one))
    year = await _year(context, school_year, schools)
    district = context.district_name or "District"
    # Who was taken back and is registered anew stays: one row says so, and none says otherwise.
    staying = {(one.user, one.school) for one in leaving if one.active}
    rows_of = [one for one in leaving if one.active or (one.user, one.school) not in staying]
    content = bundle(files_of(rows_of, year, district, schools, make_id), make_id("district"))
    mark = hashlib.sha256(content + orjson.dumps(told)).hexdigest()[:16]
    name = f"oneroster-{school_year}-{mark}.zip"
    whole = {
        "format": "homeroom-registrations",
        "version": 1,
        "schoolYear": school_year,
        "bundle": name,
        "registrations": told,
    }
    sidecar = orjson.dumps(whole, option=orjson.OPT_INDENT_2)
    return Export(school_year, name, content, f"oneroster-{school_year}-{mark}.json", sidecar, found)


async def mark_exported(context: Context, export: Export) -> None:
    """Notes that both files are safely written, and tells the guardians; ExportMoved where something has moved."""
    told = {each.registration.id: await who_may_know(context, each.registration) for each in export.due}
    await undisturbed(_do_mark(context, export, told))


async def _do_mark(context: Context, export: Export, told: Mapping[int, Told]) -> None:
    portal: Portal = context.portal
    now = portal.instant()
    digest = hashlib.sha256(export.content).hexdigest()
    async with portal.writer.transaction() as transaction:
        sent = [
            await _leave(context, transaction, each, export.name, told[each.registration.id]) for each in export.due
        ]
        number = await rows.add_export(transaction, export.school_year, export.name, digest, now, export.supersedes_id)
        await rows.add_exported(transaction, number, sent)
    portal.mail_posted.set()


async def _leave(context: Context, transaction: Transaction, due: Due, file_name: str, told: Told) -> tuple[int, int]:
    """Marks one registration, and says as which version it went out; one that was taken back stays as it is."""
    portal: Portal = context.portal
    registration, now, version = due.registration, portal.instant(), due.registration.version
    if registration.state is RegistrationState.APPROVED:
        if not await registrations.move(transaction, registration, RegistrationState.EXPORTED, now):
            raise ExportMoved
        version += 1
        await registrations.add_step(transaction, registration.id, RegistrationState.EXPORTED, now, None)
        await tell(context, transaction, told, registration, RegistrationState.EXPORTED)
    elif not await registrations.touch(transaction, registration, now):
        raise ExportMoved
    subject, detail = f"registration:{registration.id}", {"file": file_name}
    entry = Entry(now, "operator", "REGISTRATION_EXPORTED", subject, registration.account_id, "", detail)
    await record(transaction, entry)
    return registration.id, version


async def went_out(context: Context, export: Export) -> bool:
    """Whether another has written the very same files, and marked them."""
    portal: Portal = context.portal
    return await rows.is_export(portal.writer, export.name)


async def _leaving(
    context: Context, due: Due, known: Mapping[Key, Mapping[str, str]], schools: Mapping[str, str], make_id: MakeId
) -> Leaving:
    portal: Portal = context.portal
    registration = due.registration
    active = registration.state is RegistrationState.APPROVED
    form = forms_of(context.source).by_year.get(registration.school_year)
    if form is None:
        raise ExportRefused(f"Registration {registration.id}: the district has no form for its year any more.")
    if registration.school_id not in schools:
        raise ExportRefused(f"Registration {registration.id}: the source has no school {registration.school_id}.")
    answers = await answers_of(context, portal.writer, registration)
    columns = exported_columns(form, _signed(answers, due.signer_guardian_id))
    student = student_key(context, registration)
    if registration.student_id is not None and student not in known:
        raise ExportRefused(f"Registration {registration.id}: the source has no student {registration.student_id}.")
    held = known[student] if student is not None else {}
    if any(not columns.get(name) and not held.get(name.removeprefix("users.")) for name in _NAMES):
        raise ExportRefused(f"Registration {registration.id}: its form asks for no {' or '.join(_NAMES)}.")
    user = registration.student_id or make_id(f"student of registration:{registration.id}")
    return Leaving(user, registration.student_id is None, registration.school_id, active, due.since, columns, held)


def _signed(answers: Mapping[str, tuple[Answers, Mapping[str, int]]], guardian: str | None) -> Answers:
    """The student's answers and those of the household whose guardian signed."""
    household = answers[guardian][0] if guardian in answers and guardian is not None else {}
    return {**answers[OF_STUDENT][0], **household}


async def _told(context: Context, due: Due, leaving: Leaving) -> dict[str, Any]:
    """All of a registration, for what OneRoster has no columns for."""
    portal: Portal = context.portal
    registration = due.registration
    answers = await answers_of(context, portal.writer, registration)
    signature = await signature_of(portal.writer, registration.id)
    uploads = [each for each in await uploads_of(portal.writer, registration.id) if each.state is UploadState.CLEAN]
    return {
        "registration": registration.id,
        "status": "active" if leaving.active else "tobedeleted",
        "dateLastModified": instant(leaving.since),
        "supersedes": due.before,
        "userSourcedId": leaving.user,
        "newStudent": leaving.new,
        "schoolSourcedId": leaving.school,
        "formVersion": registration.form_version,
        "signature": None
        if signature is None
        else {
            "guardianSourcedId": due.signer_guardian_id,
            "signedAt": instant(signature.signed_at),
            "statement": signature.statement,
            "statementSha256": signature.statement_hash,
            "answersSha256": signature.answers_hash,
        },
        "sections": answers[OF_STUDENT][0] if leaving.active else {},
        "households": [
            {"guardianSourcedId": guardian, "signed": guardian == due.signer_guardian_id, "sections": own}
            for guardian, (own, _) in answers.items()
            if guardian != OF_STUDENT and leaving.active
        ],
        "documents": [
            {
                "id": each.id,
                "section": each.section,
                "field": each.field,
                "guardianSourcedId": each.guardian_id,
                "name": named(portal, each).name,
                "mediaType": each.media_type,
                "bytes": each.bytes,
                "sha256": each.sha256,
            }
            for each in uploads
            if leaving.active
        ],
    }


async def _known(context: Context, found: Sequence[Due]) -> dict[Key, dict[str, str]]:
    """What the source has of the students whom it knows."""
    keys = {key for each in found if (key := student_key(context, each.registration)) is not None}
    if not keys:
        return {}
    names = ("key", "legal_given_name", "family_name", "student_number")
    (held,) = await context.source.fetch([people.students(sorted(keys, key=str)).unremembered()], [list(names)])
    return {
        key: {"givenName": given or "", "familyName": family or "", "identifier": number or ""}
        for key, given, family, number in held.layout.several(names, held.raw)
    }


async def _year(context: Context, ends_in: int, schools: Mapping[str, str]) -> Year:
    """The year by the source's terms; from July to June where it has none of it yet."""
    parse = context.source.adapter.parse_key
    keys = [(key, ends_in) for text in schools if (key := parse("school", text)) is not None]
    (held,) = await context.source.fetch([terms_of_years(keys)], [["starts_on", "ends_on"]])
    days = list(held.layout.several(("starts_on", "ends_on"), held.raw))
    starts, ends = [start for start, _ in days], [end for _, end in days]
    return Year(ends_in, min(starts, default=date(ends_in - 1, 7, 1)), max(ends, default=date(ends_in, 6, 30)))
