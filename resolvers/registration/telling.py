"""Telling guardians what has become of a registration: those who may know today, by mail, without what it holds."""

from collections.abc import Sequence

from loaders.portal.accounts import Account, account_by_id
from loaders.portal.eligibility_notices import account_of_guardian
from loaders.portal.registrations import Registration, RegistrationState
from loaders.portal.transaction import Transaction
from loaders.rights import rights_to_students
from resolvers.access import Area
from resolvers.audience import Audience
from resolvers.context import Context
from resolvers.notifications.own_news import note_news
from resolvers.notifications.rules import NotificationKind
from resolvers.portal.contacts import Contact, contact_of
from resolvers.portal.notices import post_notice
from resolvers.portal.service import Portal
from resolvers.registration.rights import HIDING, student_key
from resolvers.registration.wording import state_said

Told = Sequence[tuple[Account, Contact]]


async def who_may_know(context: Context, registration: Registration, *, but: int | None = None) -> Told:
    """The accounts to be told, with how they are reached; all but one account. SourceDown where rights are not known.

    A new student's registration is known to the guardian who began it.
    """
    portal: Portal = context.portal
    ids = await _accounts(context, registration)
    accounts = [await account_by_id(portal.writer, each) for each in dict.fromkeys(ids) if each != but]
    return [
        (account, await contact_of(context, account))
        for account in accounts
        if account is not None and account.disabled_at is None
    ]


async def tell(
    context: Context, transaction: Transaction, told: Told, registration: Registration, state: RegistrationState
) -> None:
    """Posts to each what state it has reached; wake the mail once the transaction is committed."""
    for account, contact in told:
        await post_notice(
            context,
            transaction,
            account,
            contact,
            "registration_changed",
            year=f"{registration.school_year - 1}-{registration.school_year}",
            number=str(registration.id),
            state=state_said(state, contact.language),
        )
        version = f"{state.value} {registration.version + 1}"
        await note_news(context, transaction, account.id, NotificationKind.REGISTRATION, registration.id, version)


async def _accounts(context: Context, registration: Registration) -> list[int]:
    student = student_key(context, registration)
    if student is None:
        return [registration.account_id] if registration.student_id is None else []
    portal: Portal = context.portal
    (rights,) = await context.source.fetch([rights_to_students([student]).unremembered()], [["guardian_key"]])
    audience = Audience(context.source)
    found = []
    for guardian in dict.fromkeys(rights.layout.values("guardian_key", rights.raw)):
        if await audience.knows_of(guardian, student, Area.REGISTRATION, HIDING):
            account = await account_of_guardian(portal.writer, str(guardian))
            found += [] if account is None else [account[0]]
    return found
