"""Letters with activation keys: written some at a time, kept sealed until staff fetch them, and gone then.

A job's work is sealed beside its progress in one row: whose turn is still to come, and the letters that are written.
Each handful of keys is issued in the transaction that notes the handful, so that whoever goes on after a crash finds
every key that was issued in its letter, and issues none twice.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from loaders.portal import letter_jobs as jobs
from loaders.portal import portal_requests as requests
from loaders.portal.activation_keys import guardians_with_account
from loaders.portal.letter_jobs import LetterJob, LetterState
from loaders.portal.portal_requests import RequestState
from loaders.portal.roles import StaffRole
from loaders.source import Source
from resolvers.context import Context
from resolvers.portal.activation_key import issue
from resolvers.portal.guardians import guardians
from resolvers.portal.sealing import SealBroken
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.portal.wording import language_of
from resolvers.staff import staff

#: How many letters are written in one transaction, after which the job's progress is told.
AT_ONCE = 25
#: For how long letters wait to be fetched, and an address to fetch them from is good.
KEPT = timedelta(hours=24)
ADDRESS_GOOD = timedelta(minutes=5)
PATH = "/letters"
_SEALED_WORK = "letters being written"
_SEALED_DOCUMENT = "letters"
_SEALED_ADDRESS = "address of letters"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whose letter is to be written: the guardian's key, and the postal address and language where they are known."""

    guardian_id: str
    address: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One letter as it is printed."""

    name: str
    address: tuple[str, ...]
    students: tuple[str, ...]
    language: str
    key: str = field(repr=False)
    until: str


@dataclass(frozen=True, slots=True)
class Work:
    """The letters to be written, and those that are."""

    pending: tuple[Addressee, ...]
    pages: tuple[Page, ...] = field(repr=False)


class JobMoved(Exception):
    """Another process has carried the job on meanwhile; nothing was written."""


async def letter_job_of(context: Context, job_id: str) -> LetterJob | None:
    """The job of an id; None where there is none. For OFFICE."""
    staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    known = job_id.isascii() and job_id.isdecimal() and len(job_id) <= 18
    return await jobs.letter_job(portal.writer, int(job_id)) if known else None


async def job_of(portal: Portal, job_id: int) -> LetterJob:
    """The job of an id that is there."""
    job = await jobs.letter_job(portal.writer, job_id)
    assert job is not None
    return job


def address_of(context: Context, job: LetterJob) -> str | None:
    """Where the viewer fetches the letters, once and for the next minutes; None where there is nothing to fetch."""
    portal: Portal = context.portal
    now = portal.instant()
    ready = job.state is LetterState.DONE and job.document_sealed is not None
    if not ready or job.document_expires_at is None or job.document_expires_at <= now:
        return None
    until = int((now + ADDRESS_GOOD).timestamp())
    token = portal.sealer.seal(_SEALED_ADDRESS, json.dumps([job.id, context.signed_in().account_id, until]))
    return f"{portal.letterhead.portal_url}{PATH}/{token}"


async def fetch_letters(context: Context, token: str) -> bytes | None:
    """The PDF behind an address, once; None where the address is not the viewer's, or there is nothing (any more).

    For OFFICE: the session and its role are asked again. With the letters, a request's key is on its way.
    """
    viewer = staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    try:
        job_id, account_id, until = json.loads(portal.sealer.open(_SEALED_ADDRESS, token))
    except SealBroken:
        return None
    if account_id != viewer.account_id or until <= portal.instant().timestamp():
        return None
    return await undisturbed(_do_fetch(context, job_id, viewer.account_id))


async def write_some(portal: Portal, source: Source, job: LetterJob) -> Work:
    """Issues the next handful of keys and writes their letters; the work as it is then.

    JobMoved where another process did. SourceDown where the SIS is away; SealBroken where the key is another.
    """
    work = opened_work(portal, job)
    handful, rest = work.pending[:AT_ONCE], work.pending[AT_ONCE:]
    parsed = {each.guardian_id: source.adapter.parse_key("guardian", each.guardian_id) for each in handful}
    found = await guardians(source, [key for key in parsed.values() if key is not None])
    now = portal.instant()
    pages = list(work.pages)
    async with portal.writer.transaction() as transaction:
        # Who has made an account since a school's letters were ordered needs none; a single one was asked for.
        done = await guardians_with_account(transaction, list(parsed)) if job.school_id is not None else set()
        for each in handful:
            guardian = found.get(each.guardian_id)
            if guardian is None or not guardian.students or each.guardian_id in done:
                continue
            issued = await issue(
                portal,
                transaction,
                each.guardian_id,
                issued_by=job.ordered_by,
                address="",
                request_id=job.portal_request_id,
            )
            until = f"{issued.expires_at.astimezone(source.adapter.time_zone):%Y-%m-%d}"
            language = language_of(each.language or guardian.language)
            pages.append(Page(guardian.name, each.address, guardian.students, language, issued.key, until))
        written = Work(rest, tuple(pages))
        if not await jobs.advance_job(transaction, job, job.done + len(handful), sealed_work(portal, written), now):
            raise JobMoved
    return written


async def finish(portal: Portal, job: LetterJob, document: bytes | None, total: int) -> None:
    """Ends a job with its PDF, sealed; None where nobody was left to write to. JobMoved where another process did."""
    now = portal.instant()
    sealed = None if document is None else portal.sealer.seal(_SEALED_DOCUMENT, base64.b64encode(document).decode())
    async with portal.writer.transaction() as transaction:
        if not await jobs.finish_job(transaction, job, total, sealed, now, now + KEPT):
            raise JobMoved


def sealed_work(portal: Portal, work: Work) -> str:
    """The work, sealed: the letters that are written hold keys."""
    return portal.sealer.seal(_SEALED_WORK, json.dumps(asdict(work)))


def opened_work(portal: Portal, job: LetterJob) -> Work:
    """The work of a job that is not done; SealBroken where it was sealed with another key."""
    raw = json.loads(portal.sealer.open(_SEALED_WORK, job.document_sealed or ""))
    return Work(
        tuple(Addressee(each["guardian_id"], tuple(each["address"]), each["language"]) for each in raw["pending"]),
        tuple(_page(each) for each in raw["pages"]),
    )


def _page(raw: dict[str, str | Sequence[str]]) -> Page:
    return Page(
        name=str(raw["name"]),
        address=tuple(raw["address"]),
        students=tuple(raw["students"]),
        language=str(raw["language"]),
        key=str(raw["key"]),
        until=str(raw["until"]),
    )


async def _do_fetch(context: Context, job_id: int, account_id: int) -> bytes | None:
    portal: Portal = context.portal
    now: datetime = portal.instant()
    async with portal.writer.transaction() as transaction:
        job = await jobs.take_document(transaction, job_id, now)
        if job is None or job.document_sealed is None:
            return None
        document = base64.b64decode(portal.sealer.open(_SEALED_DOCUMENT, job.document_sealed))
        await note(context, transaction, "LETTERS_FETCHED", f"letter_job:{job.id}", letters=job.total)
        if job.portal_request_id is not None:
            request = await requests.request_by_id(transaction, job.portal_request_id)
            on_its_way = (RequestState.APPROVED, RequestState.EXPIRED)
            if (
                request is not None
                and request.state in on_its_way
                and await requests.move_request(transaction, request, RequestState.KEY_SENT, now)
            ):
                await requests.add_step(transaction, request.id, RequestState.KEY_SENT, now, account_id=account_id)
    return document
