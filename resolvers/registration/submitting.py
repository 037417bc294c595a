"""Signing and submitting a registration, and taking it back: each with its step, trail and mail, or not at all."""

import hashlib
import unicodedata
from dataclasses import dataclass, field, replace

from loaders.people import full_name
from loaders.portal import registrations as rows
from loaders.portal.accounts import account_by_id
from loaders.portal.registration_review import set_review_by
from loaders.portal.registration_signatures import NewSignature, add_signature, signature_of
from loaders.portal.registration_uploads import remove_uploads_of
from loaders.portal.registrations import Registration, RegistrationState
from loaders.portal.transaction import Transaction
from loaders.registration.form import Form
from resolvers.context import Context
from resolvers.portal.contacts import contact_of
from resolvers.portal.notices import post_notice
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.school_days import school_days_ahead
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.trail import note
from resolvers.registration.answers import written_name
from resolvers.registration.forms import forms_of
from resolvers.registration.reading import SEALED_FOR_SIGNATURE, Seen, holder_of, seen
from resolvers.registration.receipts import Subject, said_instant, sealed_receipt
from resolvers.registration.rights import registration_to_see
from resolvers.registration.saving import CHANGED, LOCKED, NOT_FOUND, Rejected, door
from resolvers.registration.states import OPEN, Mover, may_move
from resolvers.registration.subject import Called, called
from resolvers.registration.telling import tell, who_may_know
from resolvers.registration.uploads import named, uploads_of_family

LONGEST_NAME = 200
#: Within how many school days the office is to look at what was submitted.
REVIEW_WITHIN = 10


@dataclass(frozen=True, slots=True)
class SubmitRegistration:
    """Who signs what: the full name as typed, the mark of the answers that were shown, the statement's language."""

    id: str
    signature: str = field(repr=False)
    answers_version: str
    language: str | None = None


async def submit_registration(context: Context, order: SubmitRegistration) -> Seen | Refused:
    """Signs and submits what the viewer was shown, and locks it; Refused where a rule, the name or the form is not met.

    Where the district has changed the form since, that is said once, before the rest.
    """
    context.guardian()
    registration = await registration_to_see(context, order.id)
    if registration is None:
        return Refused((NOT_FOUND,))
    form = forms_of(context.source).by_year.get(registration.school_year)
    if form is None or registration.state not in OPEN:
        return Refused((LOCKED,))
    problem = await door(context, registration, form)
    if problem is not None:
        return Refused((problem,))
    if form.version != registration.form_version:
        return await undisturbed(_say_form_changed(context, registration, form))
    holder = await holder_of(context)
    name = full_name(holder.given_name, holder.family_name)
    if not is_signature(order.signature, name):
        return Refused((_signature_wrong(name),))
    return await undisturbed(_do_submit(context, registration, form, order))


async def withdraw_registration(context: Context, id: str) -> Seen | Refused:
    """Takes a registration back for good; for the guardian who started it, or who signed it last."""
    context.guardian()
    registration = await registration_to_see(context, id)
    if registration is None:
        return Refused((Problem(NOT_FOUND.code, NOT_FOUND.message, ("id",)),))
    if not may_move(registration.state, RegistrationState.WITHDRAWN, Mover.FAMILY):
        words = f"A registration that is {registration.state.value} cannot be withdrawn: ask the school."
        return Refused((Problem(ProblemCode.STATE_WRONG, words, ("id",)),))
    portal: Portal = context.portal
    signature = await signature_of(portal.writer, registration.id)
    mine = {registration.account_id} if signature is None else {registration.account_id, signature.account_id}
    if context.signed_in().account_id not in mine:
        words = "Only the guardian who started or signed it can withdraw it."
        return Refused((Problem(ProblemCode.NOT_YOURS, words, ("id",)),))
    return await undisturbed(_do_withdraw(context, registration))


def is_signature(typed: str, name: str) -> bool:
    """Whether somebody of that name has typed it: case, accents, spaces and marks between the letters do not matter."""
    return len(typed) <= LONGEST_NAME and bool(_letters(name)) and _letters(typed) == _letters(name)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if character.isalnum())


def _signature_wrong(name: str) -> Problem:
    words = f"Type your full name as the school has it: {name}."
    return Problem(ProblemCode.SIGNATURE_WRONG, words, ("input", "signature"))


async def _say_form_changed(context: Context, registration: Registration, form: Form) -> Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        await rows.set_form_version(transaction, registration.id, form.version)
    words = "The district has changed the form since this was filled in: look it through again, then sign."
    return Refused((Problem(ProblemCode.FORM_CHANGED, words),))


async def _do_submit(
    context: Context, registration: Registration, form: Form, order: SubmitRegistration
) -> Seen | Refused:
    portal: Portal = context.portal
    viewer = context.signed_in()
    subject = await called(context, registration)
    account = await account_by_id(portal.writer, viewer.account_id)
    assert account is not None
    contact = await contact_of(context, account)
    others = await who_may_know(context, registration, but=viewer.account_id)
    review_by = (await school_days_ahead(context, REVIEW_WITHIN)).on
    try:
        async with portal.writer.transaction() as transaction:
            if not await rows.move(transaction, registration, RegistrationState.SUBMITTED, portal.instant()):
                raise Rejected(_changed())
            now = await seen(context, transaction, registration)
            if now.mark != order.answers_version:
                raise Rejected(_changed())
            if not now.complete:
                raise Rejected(*_incomplete(now))
            await _sign(context, transaction, now, form, order, subject)
            await rows.set_submitted(transaction, registration.id, portal.instant())
            await set_review_by(transaction, registration.id, review_by)
            await _step(context, transaction, registration, RegistrationState.SUBMITTED, "REGISTRATION_SUBMITTED")
            await post_notice(
                context,
                transaction,
                account,
                contact,
                "registration_submitted",
                year=said_year(registration.school_year),
                number=str(registration.id),
            )
            await tell(context, transaction, others, registration, RegistrationState.SUBMITTED)
    except Rejected as rejected:
        return Refused(rejected.problems)
    portal.mail_posted.set()
    return await _again(context, registration)


async def _sign(
    context: Context,
    transaction: Transaction,
    now: Seen,
    form: Form,
    order: SubmitRegistration,
    subject: Called,
) -> None:
    """Adds the signature under what was seen, with the receipt of it."""
    portal: Portal = context.portal
    viewer, registration = context.signed_in(), now.registration
    statement = form.text(form.statement, order.language)
    new = NewSignature(
        registration.id,
        viewer.account_id,
        viewer.session_id,
        portal.instant(),
        portal.sealer.seal(SEALED_FOR_SIGNATURE, order.signature),
        statement,
        hashlib.sha256(statement.encode()).hexdigest(),
        now.mark,
        form.version,
    )
    documents = {
        str(each.id): named(portal, each).name
        for each in await uploads_of_family(context, transaction, registration, form)
    }
    district = context.district_name or portal.letterhead.district_name
    receipt = sealed_receipt(
        portal.sealer,
        now,
        new,
        order.signature,
        Subject(district, subject.school, subject.student or written_name(form, now.answers)),
        order.language,
        said_instant(new.signed_at, context),
        documents,
    )
    await add_signature(transaction, replace(new, receipt_sealed=receipt))


async def _do_withdraw(context: Context, registration: Registration) -> Seen | Refused:
    portal: Portal = context.portal
    told = await who_may_know(context, registration)
    try:
        async with portal.writer.transaction() as transaction:
            if not await rows.move(transaction, registration, RegistrationState.WITHDRAWN, portal.instant()):
                raise Rejected(Problem(CHANGED.code, CHANGED.message, ("id",)))
            await remove_uploads_of(transaction, registration.id)
            await _step(context, transaction, registration, RegistrationState.WITHDRAWN, "REGISTRATION_WITHDRAWN")
            await tell(context, transaction, told, registration, RegistrationState.WITHDRAWN)
    except Rejected as rejected:
        return Refused(rejected.problems)
    portal.uploads_moved.set()
    portal.mail_posted.set()
    return await _again(context, registration)


async def _step(
    context: Context, transaction: Transaction, registration: Registration, state: RegistrationState, action: str
) -> None:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    await rows.add_step(transaction, registration.id, state, portal.instant(), account_id)
    await note(context, transaction, action, f"registration:{registration.id}", account_id=account_id)


async def _again(context: Context, registration: Registration) -> Seen:
    portal: Portal = context.portal
    found = await rows.registration_by_id(portal.writer, registration.id)
    assert found is not None
    return await seen(context, portal.writer, found)


def said_year(school_year: int) -> str:
    """The school year as people say it: 2027-2028 for the one that ends in 2028."""
    return f"{school_year - 1}-{school_year}"


def _changed() -> Problem:
    return Problem(CHANGED.code, CHANGED.message, ("input", "answersVersion"))


def _incomplete(now: Seen) -> list[Problem]:
    """A problem for each section that is not complete; its own faults say what is wrong in it."""
    return [
        Problem(
            ProblemCode.REGISTRATION_INCOMPLETE,
            f"Section {filled.section.id} is not complete: {len(filled.faults)} of its rules are not met.",
            (filled.section.id,),
        )
        for filled in now.sections
        if filled.faults
    ]
