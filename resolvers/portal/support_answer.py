"""The support desk's side: the queue, and to acknowledge, answer and resolve what families wrote; for SUPPORT."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from loaders.portal import account_states
from loaders.portal import support_requests as rows
from loaders.portal.access_log import opened_since
from loaders.portal.account_states import AccountState
from loaders.portal.accounts import account_by_id
from loaders.portal.roles import StaffRole
from loaders.portal.support_requests import SupportRequest, SupportState, SupportStep
from resolvers.access_log import AccessAction, log_access
from resolvers.context import Context
from resolvers.notifications.own_news import note_news
from resolvers.notifications.rules import NotificationKind
from resolvers.paging import page_of
from resolvers.portal.contacts import contact_of
from resolvers.portal.listing import Listing, day, listing, number, place_in
from resolvers.portal.mail import Letter, post
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.support_request import read_ticket
from resolvers.portal.texts import username_key
from resolvers.portal.trail import note
from resolvers.portal.typed import refuse_password, typed
from resolvers.staff import staff

#: What a mail can take in.
LONGEST_ANSWER = 2000
_OPENED_ANEW = timedelta(hours=1)
_READERS = (StaffRole.SUPPORT, StaffRole.OFFICE)


class SupportAction(Enum):
    """What the desk does with a request."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    ANSWER = "ANSWER"
    RESOLVE = "RESOLVE"


@dataclass(frozen=True, slots=True)
class ResolveSupport:
    """What a member of the desk orders; the answer goes to the family, the note stays with the desk."""

    ticket: str
    action: SupportAction
    answer: str | None = field(default=None, repr=False)
    reactivate_username: str | None = None
    note: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Checked:
    request: SupportRequest
    state: SupportState
    answer: str
    note: str
    account: AccountState | None


_REACHED = {
    SupportAction.ACKNOWLEDGE: SupportState.ACKNOWLEDGED,
    SupportAction.ANSWER: SupportState.WAITING_FOR_PARENT,
    SupportAction.RESOLVE: SupportState.RESOLVED,
}
_FROM = {
    SupportAction.ACKNOWLEDGE: {SupportState.NEW},
    SupportAction.ANSWER: {SupportState.NEW, SupportState.ACKNOWLEDGED, SupportState.WAITING_FOR_PARENT},
    SupportAction.RESOLVE: {SupportState.NEW, SupportState.ACKNOWLEDGED, SupportState.WAITING_FOR_PARENT},
}
_MOVED = Problem(ProblemCode.STATE_WRONG, "The request is in another state: look at it again.", ("input", "action"))
_REACTIVATE = ("input", "reactivateUsername")


async def support_queue(
    context: Context, first: int | None, after: str | None, states: Sequence[SupportState] | None
) -> Listing[SupportRequest]:
    """The requests in these states (None: in any): overdue ones first, then by the day of the reply, resolved last.

    For SUPPORT and OFFICE; whose session a request came from reads in the access log that it was opened.
    """
    staff(context, *_READERS)
    portal: Portal = context.portal
    page = page_of(first, after)
    place = place_in(page.after, number, day, number)
    found = await rows.queued(
        portal.writer,
        _wanted(states),
        context.today,
        None if place is None else (place[0], place[1], place[2]),
        page.first + 1,
    )
    shown = listing(found, page.first, earlier=place is not None)
    await _log_opened(context, {each.account_id for each in shown.found if each.account_id is not None})
    return shown


async def _log_opened(context: Context, accounts: set[int]) -> None:
    """Lets families read who saw what they wrote in a session; once an hour for each member of staff."""
    if not accounts:
        return
    portal: Portal = context.portal
    viewer, since = context.signed_in(), portal.instant() - _OPENED_ANEW
    async with portal.writer.transaction() as transaction:
        for account_id in sorted(accounts - await opened_since(transaction, viewer.account_id, list(accounts), since)):
            await log_access(context, transaction, AccessAction.OPENED, account_id=account_id, purpose="SUPPORT")


async def support_count(context: Context, states: Sequence[SupportState] | None) -> int:
    """How many requests are in these states; for SUPPORT and OFFICE."""
    staff(context, *_READERS)
    portal: Portal = context.portal
    return await rows.count_queued(portal.writer, _wanted(states))


async def support_steps(context: Context, request: SupportRequest) -> list[SupportStep]:
    """The states that a request has reached, with who and what was noted; for SUPPORT and OFFICE."""
    staff(context, *_READERS)
    portal: Portal = context.portal
    return await rows.steps_of(portal.writer, request.id)


async def resolve_support_request(context: Context, order: ResolveSupport) -> SupportRequest | Refused:
    """Moves a request on, mails the answer singly, and reactivates a parent's account where that is ordered.

    For SUPPORT. Nobody is let in on a name and an address: reactivation gives nobody a password, and whose security
    set-up was never done is told to bring a photo ID to the school for a new key.
    """
    staff(context, StaffRole.SUPPORT)
    checked = await _check(context, order)
    if isinstance(checked, Refused):
        return checked
    to = checked.request.email or await _address_of_account(context, checked.request)
    try:
        return await undisturbed(_do_resolve(context, checked, to))
    except _Moved:
        return Refused((_MOVED,))


async def _check(context: Context, order: ResolveSupport) -> _Checked | Refused:
    portal: Portal = context.portal
    problems: list[Problem] = []
    place = ("input", "answer")
    answer = typed(order.answer or "", LONGEST_ANSWER, place, problems, least=0, lines=True)
    refuse_password(answer, place, problems)
    remark = typed(order.note or "", LONGEST_ANSWER, ("input", "note"), problems, least=0, lines=True)
    request = await rows.request_by_ticket(portal.writer, read_ticket(order.ticket))
    if request is None:
        problems.append(
            Problem(ProblemCode.REQUEST_NOT_FOUND, "No request has this ticket number.", ("input", "ticket"))
        )
    elif request.state not in _FROM[order.action]:
        problems.append(_MOVED)
    if order.action is SupportAction.ANSWER and not answer and not any(p.path == place for p in problems):
        problems.append(Problem(ProblemCode.TEXT_MISSING, "Write an answer.", place))
    if order.action is SupportAction.ACKNOWLEDGE and answer:
        problems.append(Problem(ProblemCode.STATE_WRONG, "Send an answer by the action ANSWER or RESOLVE.", place))
    account = await _to_reactivate(context, order, problems)
    if problems or request is None:
        return Refused(tuple(problems))
    return _Checked(request, _REACHED[order.action], answer, remark, account)


async def _to_reactivate(context: Context, order: ResolveSupport, problems: list[Problem]) -> AccountState | None:
    if order.reactivate_username is None:
        return None
    portal: Portal = context.portal
    if order.action is SupportAction.ACKNOWLEDGE:
        problems.append(Problem(ProblemCode.STATE_WRONG, "Reactivate by the action ANSWER or RESOLVE.", _REACTIVATE))
    found = await account_states.state_by_username(portal.writer, username_key(order.reactivate_username) or "")
    if found is None or found.is_staff:
        problems.append(Problem(ProblemCode.ACCOUNT_NOT_FOUND, "No parent has this user name.", _REACTIVATE))
    elif found.disabled_at is None:
        problems.append(Problem(ProblemCode.STATE_WRONG, "This account is not disabled.", _REACTIVATE))
    return found


async def _address_of_account(context: Context, request: SupportRequest) -> str | None:
    portal: Portal = context.portal
    account = None if request.account_id is None else await account_by_id(portal.writer, request.account_id)
    return None if account is None else (await contact_of(context, account)).address


async def _do_resolve(context: Context, checked: _Checked, to: str | None) -> SupportRequest | Refused:
    portal: Portal = context.portal
    viewer, now, request, account = context.signed_in(), portal.instant(), checked.request, checked.account
    async with portal.writer.transaction() as transaction:
        if not await rows.move(transaction, request, checked.state, now):
            return Refused((_MOVED,))
        await rows.add_step(transaction, request.id, checked.state, now, viewer.account_id, checked.note)
        if checked.answer:
            await rows.set_answer(transaction, request.id, checked.answer, now)
            if request.account_id is not None:
                version = now.isoformat()
                await note_news(
                    context, transaction, request.account_id, NotificationKind.SUPPORT, request.ticket, version
                )
        if account is not None:
            if not await account_states.enable(transaction, account.id):
                raise _Moved
            await rows.set_reactivated(transaction, request.id)
            await log_access(context, transaction, AccessAction.CHANGED, account_id=account.id, purpose="SUPPORT")
        await note(
            context,
            transaction,
            f"SUPPORT_REQUEST_{checked.state.value}",
            f"support_request:{request.id}",
            account_id=request.account_id if account is None else account.id,
            reactivated=None if account is None else account.id,
        )
        if to is not None and (checked.answer or account is not None):
            await post(portal, transaction, _letter(checked, to))
    portal.mail_posted.set()
    found = await rows.request_by_ticket(portal.writer, request.ticket)
    assert found is not None
    return found


class _Moved(Exception):
    """The account was enabled by somebody else meanwhile."""


def _letter(checked: _Checked, to: str) -> Letter:
    account = checked.account
    if account is None:
        template = "support_answer"
    elif account.finished:
        template = "support_reactivated"
    else:
        template = "support_new_key"
    values = {"ticket": checked.request.ticket, "answer": checked.answer}
    return Letter(template, to, checked.request.language, values, checked.request.account_id)


def _wanted(states: Sequence[SupportState] | None) -> Sequence[SupportState]:
    return tuple(SupportState) if states is None else states
