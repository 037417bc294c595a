"""Receipts: what somebody signed, as it was shown to them, kept with the signature and theirs alone to fetch.

A receipt is made at the signature: neither a later answer nor another form changes it. Its address is good once,
for minutes, and for one session; the right to the registration is asked again at the door.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from loaders.ids import node_id
from loaders.portal import document_links as links
from loaders.portal import registration_signatures as rows
from loaders.portal.registration_signatures import NewSignature, Signed
from loaders.portal.registrations import Registration
from loaders.registration.form import Field, FieldKind, Form, Section
from resolvers.context import Batch, Context
from resolvers.portal.document_links import GOOD_FOR
from resolvers.portal.sealing import Sealer
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.tokens import is_token, token_hash
from resolvers.portal.trail import note
from resolvers.portal.wording import language_of
from resolvers.registration.reading import Seen
from resolvers.registration.rights import registration_to_see
from resolvers.registration.validation import BLANK, Answers, Entry, is_asked

PATH = "/receipts"
_SEALED_FOR = "registration receipt"
_NO_STUDENT, _KIND = "", "receipt:"
_SAID = {
    "en": {"true": "Yes", "false": "No", "agreed": "Agreed"},
    "es": {"true": "Sí", "false": "No", "agreed": "De acuerdo"},
}


@dataclass(frozen=True, slots=True)
class Answered:
    """One entry of a section as it was shown: each field's label with what was answered, empty where nothing was."""

    section: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that was signed: about whom, by whom, when, in which session, under what text, and every answer."""

    language: str
    district: str
    title: str
    number: int
    school_year: int
    school: str
    student: str
    signed_by: str
    signed_at: str
    session: int
    statement: str
    statement_sha256: str
    answers_sha256: str
    form_version: str
    answered: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """The names that a receipt is about."""

    district: str
    school: str
    student: str


@dataclass(frozen=True, slots=True)
class FetchedReceipt:
    """A receipt that may be fetched now, until `take_receipt` has used its address up."""

    token_hash: str
    registration_id: int
    receipt: Receipt


def sealed_receipt(
    sealer: Sealer,
    seen: Seen,
    signature: NewSignature,
    typed_name: str,
    subject: Subject,
    language: str | None,
    signed_at: str,
    documents: Mapping[str, str],
) -> str:
    """The receipt of what was just signed, sealed; `documents` are the names of those handed in, by their ids."""
    assert seen.form is not None
    form, registration = seen.form, seen.registration
    receipt = Receipt(
        language_of(language or form.languages[0]),
        subject.district,
        form.text(form.title, language),
        registration.id,
        registration.school_year,
        subject.school,
        subject.student,
        typed_name,
        signed_at,
        signature.session_id,
        signature.statement,
        signature.statement_hash,
        signature.answers_hash,
        signature.form_version,
        tuple(shown(form, seen.answers, language, documents)),
    )
    return sealer.seal(_SEALED_FOR, orjson.dumps(asdict(receipt)).decode())


def shown(form: Form, answers: Answers, language: str | None, documents: Mapping[str, str]) -> Sequence[Answered]:
    """Every field that is asked, section by section and entry by entry, in a language."""
    found = []
    for section in form.sections:
        for entry in answers.get(section.id, ()) or ([] if section.repeats else [{}]):
            title = form.text(section.title, language)
            found.append(Answered(title, tuple(_lines(form, section, entry, answers, language, documents))))
    return found


def _lines(
    form: Form,
    section: Section,
    entry: Entry,
    answers: Answers,
    language: str | None,
    documents: Mapping[str, str],
) -> Sequence[tuple[str, str]]:
    return [
        (form.text(field.label, language), _said(form, field, entry.get(field.id, ()), language, documents))
        for field in section.fields
        if is_asked(field, section, entry, answers)
    ]


def _said(form: Form, field: Field, values: Sequence[str], language: str | None, documents: Mapping[str, str]) -> str:
    words = _SAID[language_of(language or form.languages[0])]
    labels: Mapping[str, str] = {choice.value: form.text(choice.label, language) for choice in field.choices}
    if field.kind is FieldKind.BOOLEAN:
        labels = words
    elif field.kind is FieldKind.AGREEMENT:
        labels = {"true": words["agreed"]}
    elif field.kind is FieldKind.DOCUMENT:
        labels = documents
    return ", ".join(labels.get(value, value) for value in values if value.strip(BLANK))


async def own_receipts(context: Context, registration: Registration) -> list[Signed]:
    """The signatures under a registration that the viewer made and that have a receipt, in their order."""
    portal: Portal = context.portal
    found = await rows.signatures_by(portal.writer, registration.id, context.signed_in().account_id)
    return [each for each in found if each.receipt_sealed is not None]


async def urls_of_receipts(keys: Sequence[int], batch: Batch) -> list[str]:
    """An address for each receipt, the receipts being the viewer's own."""
    viewer = batch.context.signed_in()
    portal: Portal = batch.context.portal
    tokens = {key: secrets.token_urlsafe(32) for key in keys}
    async with portal.writer.transaction() as transaction:
        await links.add_links(
            transaction,
            [(token_hash(token), (_NO_STUDENT, f"{_KIND}{key}")) for key, token in tokens.items()],
            session_id=viewer.session_id,
            account_id=viewer.account_id,
            expires_at=portal.instant() + GOOD_FOR,
        )
    return [f"{portal.letterhead.portal_url}{PATH}/{tokens[key]}" for key in keys]


async def fetched_receipt(context: Context, token: str) -> FetchedReceipt | None:
    """The receipt behind an address, the address still good; None where it is not this session's to have (any more)."""
    viewer = context.viewer
    if viewer is None or viewer.guardian_key is None or not is_token(token):
        return None
    portal: Portal = context.portal
    link = await links.link_by_hash(portal.writer, token_hash(token))
    if link is None or (link.session_id, link.account_id) != (viewer.session_id, viewer.account_id):
        return None
    if link.used_at is not None or link.expires_at <= portal.instant() or not link.document.startswith(_KIND):
        return None
    found = await rows.signature_by_id(portal.writer, int(link.document.removeprefix(_KIND)))
    if found is None or found.account_id != viewer.account_id or found.receipt_sealed is None:
        return None
    if await registration_to_see(context, node_id("Registration", found.registration_id)) is None:
        return None
    raw: dict[str, Any] = orjson.loads(portal.sealer.open(_SEALED_FOR, found.receipt_sealed))
    answered = tuple(
        Answered(each["section"], tuple((label, said) for label, said in each["lines"])) for each in raw["answered"]
    )
    return FetchedReceipt(link.token_hash, found.registration_id, Receipt(**{**raw, "answered": answered}))


async def take_receipt(context: Context, found: FetchedReceipt) -> bool:
    """Uses the address up and notes who had the receipt; False where somebody was faster with it."""
    return await undisturbed(_do_take(context, found))


async def _do_take(context: Context, found: FetchedReceipt) -> bool:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if not await links.use_link(transaction, found.token_hash, portal.instant()):
            return False
        subject = f"registration:{found.registration_id}"
        account_id = context.signed_in().account_id
        await note(context, transaction, "REGISTRATION_RECEIPT_FETCHED", subject, account_id=account_id)
    return True


def said_instant(at: datetime, context: Context) -> str:
    """An instant as a receipt says it: where the district is, to the second, with the distance from UTC."""
    return at.astimezone(context.source.adapter.time_zone).isoformat(sep=" ", timespec="seconds")
