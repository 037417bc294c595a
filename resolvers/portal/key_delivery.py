"""Keys on their way to guardians: by mail, or in letters that are ordered one by one or for a whole school."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal import portal_requests as rows
from loaders.portal.activation_keys import guardians_with_account, request_of_unused_key
from loaders.portal.letter_jobs import LetterJob, NewLetterJob, add_letter_job
from loaders.portal.portal_requests import KeyDelivery, PortalRequest, RequestState
from loaders.portal.roles import StaffRole
from loaders.portal.transaction import Transaction
from resolvers.context import Context
from resolvers.portal.activation_key import LIFETIME, issue
from resolvers.portal.guardians import Guardian, guardians_to_write_to, school_key, schools_of
from resolvers.portal.identity_check import checked_guardian
from resolvers.portal.letters import Addressee, Work, job_of, sealed_work
from resolvers.portal.mail import Letter, post
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.portal.wording import language_of
from resolvers.staff import staff


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a key is for: the guardian, where mail reaches them, in which language, and the request it came of."""

    guardian: Guardian
    email: str | None
    language: str
    request: PortalRequest | None


@dataclass(frozen=True, slots=True)
class IssueKey:
    """A key to be issued by staff for a guardian of the SIS, by whose key there."""

    guardian_id: str
    delivery: KeyDelivery


@dataclass(frozen=True, slots=True)
class KeyIssued:
    """How the key goes, until when it opens something, and the letter that is being written; never the key."""

    delivery: KeyDelivery
    expires_at: datetime
    letter: LetterJob | None


async def issue_activation_key(context: Context, order: IssueKey) -> KeyIssued | Refused:
    """Issues a key in the place of the guardian's one before; for OFFICE. SourceDown where the SIS is away."""
    viewer = staff(context, StaffRole.OFFICE)
    portal: Portal = context.portal
    guardian = await checked_guardian(context, order.guardian_id)
    if isinstance(guardian, Problem):
        return Refused((guardian,))
    request_id = await request_of_unused_key(portal.writer, guardian.sourced_id)
    request = None if request_id is None else await rows.request_by_id(portal.writer, request_id)
    email = (request.email if request else None) or guardian.email
    if order.delivery is KeyDelivery.EMAIL and email is None:
        return Refused(
            (
                Problem(
                    ProblemCode.EMAIL_NEEDED,
                    "No e-mail address of this guardian is known: choose delivery by post.",
                    ("input", "delivery"),
                ),
            )
        )
    language = language_of(request.language if request else guardian.language)
    recipient = Recipient(guardian, email, language, request)
    return await undisturbed(_do_issue(context, recipient, order.delivery, viewer.account_id))


async def order_key_letters(context: Context, school_id: str) -> LetterJob | Refused:
    """Orders the letters of a school: to every guardian with a portal right today and without an account.

    For OFFICE; keys that wait to be used are replaced. SourceDown where the SIS is away.
    """
    viewer = staff(context, StaffRole.OFFICE)
    key = school_key(context, school_id)
    if all(school.key != key for school in await schools_of(context)):
        problem = Problem(ProblemCode.SCHOOL_UNKNOWN, "The school's system has no such school.", ("input", "schoolId"))
        return Refused((problem,))
    portal: Portal = context.portal
    found = await guardians_to_write_to(context.source, key)
    with_account = await guardians_with_account(portal.writer, [each for keys in found for each in keys])
    work = Work(tuple(Addressee(keys[0]) for keys in found if with_account.isdisjoint(keys)), ())
    return await undisturbed(_do_order_letters(context, str(key), work, viewer.account_id))


async def mail_key(context: Context, transaction: Transaction, recipient: Recipient) -> datetime:
    """Issues a key and mails it; until when it opens something. Set `portal.mail_posted` after the commit."""
    portal: Portal = context.portal
    assert recipient.email is not None
    issued = await issue(
        portal,
        transaction,
        recipient.guardian.sourced_id,
        issued_by=context.signed_in().account_id,
        address=context.caller.address,
        request_id=recipient.request.id if recipient.request else None,
    )
    values = {
        "name": recipient.guardian.given_name,
        "key": issued.key,
        "until": f"{issued.expires_at.astimezone(context.source.adapter.time_zone):%Y-%m-%d}",
    }
    letter = Letter("activation_key", recipient.email, recipient.language, values, worthless_at=issued.expires_at)
    await post(portal, transaction, letter)
    return issued.expires_at


async def order_letter(context: Context, transaction: Transaction, recipient: Recipient) -> int:
    """Orders one letter and says its job; its key is issued when it is written. Set `portal.letters_ordered` then."""
    portal: Portal = context.portal
    request = recipient.request
    address = tuple(request.home_address.splitlines()) if request else ()
    work = Work((Addressee(recipient.guardian.sourced_id, address, recipient.language),), ())
    return await add_letter_job(
        transaction,
        NewLetterJob(
            school_id=None,
            portal_request_id=request.id if request else None,
            ordered_by=context.signed_in().account_id,
            ordered_at=portal.instant(),
            total=1,
            document_sealed=sealed_work(portal, work),
        ),
    )


async def _do_issue(
    context: Context, recipient: Recipient, delivery: KeyDelivery, account_id: int
) -> KeyIssued | Refused:
    portal: Portal = context.portal
    now = portal.instant()
    job_id = None
    expires_at = now + LIFETIME
    async with portal.writer.transaction() as transaction:
        if delivery is KeyDelivery.EMAIL:
            expires_at = await mail_key(context, transaction, recipient)
            request = recipient.request
            if request is not None and await rows.move_request(transaction, request, RequestState.KEY_SENT, now):
                await rows.add_step(transaction, request.id, RequestState.KEY_SENT, now, account_id=account_id)
        else:
            job_id = await order_letter(context, transaction, recipient)
            await note(context, transaction, "LETTER_ORDERED", f"guardian:{recipient.guardian.sourced_id}", job=job_id)
    portal.mail_posted.set()
    portal.letters_ordered.set()
    return KeyIssued(delivery, expires_at, None if job_id is None else await job_of(portal, job_id))


async def _do_order_letters(context: Context, school_id: str, work: Work, account_id: int) -> LetterJob:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        job_id = await add_letter_job(
            transaction,
            NewLetterJob(
                school_id=school_id,
                portal_request_id=None,
                ordered_by=account_id,
                ordered_at=portal.instant(),
                total=len(work.pending),
                document_sealed=sealed_work(portal, work),
            ),
        )
        await note(context, transaction, "LETTERS_ORDERED", f"school:{school_id}", job=job_id, total=len(work.pending))
    portal.letters_ordered.set()
    return await job_of(portal, job_id)
