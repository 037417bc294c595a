"""Looking after accounts: to find, disable and enable them, set roles of staff, and end their sessions; for ADMIN."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.addressees import staff_member
from loaders.portal import account_states as rows
from loaders.portal.account_states import AccountState
from loaders.portal.accounts import set_teacher
from loaders.portal.audits import latest
from loaders.portal.roles import StaffRole, roles_text
from loaders.portal.sessions import end_other_sessions
from loaders.portal.staff_schools import Schools, put_schools_of_staff, schools_of_staff
from loaders.portal.transaction import Transaction
from resolvers.access_log import AccessAction, log_access
from resolvers.context import Context
from resolvers.portal.guardians import every_school
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed
from resolvers.portal.texts import username_key
from resolvers.portal.trail import note
from resolvers.staff import staff

MOST_FOUND = 20
SHORTEST_SEARCH = 2
_ALERTS = 50
_NAME = ("input", "username")
_NOT_FOUND = Problem(ProblemCode.ACCOUNT_NOT_FOUND, "No account has this user name.", _NAME)
_OWN = Problem(ProblemCode.OWN_ACCOUNT, "Nobody does this to their own account: ask another ADMIN.", _NAME)
_UNCHANGED = Problem(ProblemCode.STATE_WRONG, "The account is so already, or was changed meanwhile.", _NAME)
_NO_TEACHER = Problem(
    ProblemCode.TEACHER_UNKNOWN, "The school's system has no teacher of this key.", ("input", "teacherId")
)
_NO_ROLES = Problem(ProblemCode.ROLES_MISSING, "Leave at least one role, or disable the account.", ("input", "roles"))
_NO_SCHOOL = Problem(ProblemCode.SCHOOL_UNKNOWN, "The source has no such school.", ("input", "schoolIds"))
_NOT_STAFF = Problem(ProblemCode.ACCOUNT_NOT_STAFF, "This is a parent's account, which has no roles.", _NAME)


@dataclass(frozen=True, slots=True)
class AccountOrdered:
    """The account as it is after the order, and how many of its sessions were ended."""

    account: AccountState
    ended_sessions: int


@dataclass(frozen=True, slots=True)
class Alert:
    """A network from which somebody seems to have tried one password on many user names."""

    happened_at: datetime
    network: str


async def find_accounts(context: Context, search: str) -> list[AccountState]:
    """The accounts whose user name begins so, twenty at the most; nothing for fewer than two characters. For ADMIN."""
    staff(context, StaffRole.ADMIN)
    portal: Portal = context.portal
    key = username_key(search) or ""
    return [] if len(key) < SHORTEST_SEARCH else await rows.states_beginning_with(portal.writer, key, MOST_FOUND)


async def alerts(context: Context) -> list[Alert]:
    """The last suspicions of a spray, the newest first. For ADMIN."""
    staff(context, StaffRole.ADMIN)
    portal: Portal = context.portal
    found = await latest(portal.writer, "SPRAY_SUSPECTED", _ALERTS)
    return [Alert(each.happened_at, each.subject.removeprefix("network:")) for each in found]


async def disable_account(context: Context, username: str) -> AccountOrdered | Refused:
    """Keeps the holder out from now on, and ends all their sessions. For ADMIN, never one's own."""
    found = await _other(context, username)
    return found if isinstance(found, Refused) else await undisturbed(_do_disable(context, found))


async def enable_account(context: Context, username: str) -> AccountOrdered | Refused:
    """Lets the holder log in again, with the password they had. For ADMIN, never one's own."""
    found = await _other(context, username)
    return found if isinstance(found, Refused) else await undisturbed(_do_enable(context, found))


async def set_staff_roles(context: Context, username: str, roles: Sequence[StaffRole]) -> AccountOrdered | Refused:
    """Gives a member of staff these roles and no others; their sessions end. For ADMIN, never one's own."""
    found = await _other(context, username)
    problems = list(found.problems) if isinstance(found, Refused) else []
    if not isinstance(found, Refused) and not found.is_staff:
        problems.append(_NOT_STAFF)
    if not roles:
        problems.append(_NO_ROLES)
    if problems or isinstance(found, Refused):
        return Refused(tuple(problems))
    return await undisturbed(_do_set_roles(context, found, frozenset(roles)))


async def set_staff_schools(
    context: Context, username: str, school_ids: Sequence[str], *, every: bool
) -> AccountOrdered | Refused:
    """Has a member of staff work on the registrations of these schools, or of every one, and no others. For ADMIN."""
    found = await _other(context, username)
    problems = list(found.problems) if isinstance(found, Refused) else []
    if not isinstance(found, Refused) and not found.is_staff:
        problems.append(_NOT_STAFF)
    known = {school.id: school.key for school in await every_school(context.source)}
    if not set(school_ids) <= known.keys():
        problems.append(_NO_SCHOOL)
    if problems or isinstance(found, Refused):
        return Refused(tuple(problems))
    keys = [str(known[school_id]) for school_id in school_ids]
    return await undisturbed(_do_set_schools(context, found, keys, every=every))


async def set_staff_teacher(context: Context, username: str, teacher_id: str | None) -> AccountOrdered | Refused:
    """Says which teacher of the SIS, by the key there, a member of staff is; None: none. For ADMIN."""
    found = await _other(context, username)
    problems = list(found.problems) if isinstance(found, Refused) else []
    if not isinstance(found, Refused) and not found.is_staff:
        problems.append(_NOT_STAFF)
    if teacher_id is not None and not await _teaches(context, teacher_id):
        problems.append(_NO_TEACHER)
    if problems or isinstance(found, Refused):
        return Refused(tuple(problems))
    return await undisturbed(_do_set_teacher(context, found, teacher_id))


async def schools_of_account(context: Context, account: AccountState) -> Schools:
    """The schools whose registrations a member of staff works on. For ADMIN."""
    staff(context, StaffRole.ADMIN)
    portal: Portal = context.portal
    return await schools_of_staff(portal.writer, account.id)


async def end_account_sessions(context: Context, username: str) -> AccountOrdered | Refused:
    """Ends all sessions of an account. For ADMIN; one's own end by `revokeOtherSessions`."""
    found = await _other(context, username)
    return found if isinstance(found, Refused) else await undisturbed(_do_end(context, found))


async def _other(context: Context, username: str) -> AccountState | Refused:
    """The account of that user name, which is not the viewer's."""
    viewer = staff(context, StaffRole.ADMIN)
    portal: Portal = context.portal
    found = await rows.state_by_username(portal.writer, username_key(username) or "")
    if found is None:
        return Refused((_NOT_FOUND,))
    return Refused((_OWN,)) if found.id == viewer.account_id else found


async def _do_disable(context: Context, account: AccountState) -> AccountOrdered | Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if not await rows.disable(transaction, account.id, portal.instant()):
            return Refused((_UNCHANGED,))
        ended = await end_other_sessions(transaction, account.id, None, "ACCOUNT_DISABLED", portal.instant())
        await _note(context, transaction, account, "ACCOUNT_DISABLED", ended_sessions=len(ended))
    return await _done(context, account, ended)


async def _do_enable(context: Context, account: AccountState) -> AccountOrdered | Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if not await rows.enable(transaction, account.id):
            return Refused((_UNCHANGED,))
        await _note(context, transaction, account, "ACCOUNT_ENABLED")
    return await _done(context, account, [])


async def _do_set_roles(
    context: Context, account: AccountState, roles: frozenset[StaffRole]
) -> AccountOrdered | Refused:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        if roles == account.roles or not await rows.set_roles(transaction, account, roles):
            return Refused((_UNCHANGED,))
        # A session would go on under the roles it began with for as long as it is remembered.
        ended = await end_other_sessions(transaction, account.id, None, "ROLES_CHANGED", portal.instant())
        await _note(
            context, transaction, account, "ROLES_CHANGED", before=roles_text(account.roles), after=roles_text(roles)
        )
    return await _done(context, account, ended)


async def _do_set_schools(
    context: Context, account: AccountState, keys: Sequence[str], *, every: bool
) -> AccountOrdered:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        await put_schools_of_staff(transaction, account.id, keys, every=every)
        await _note(context, transaction, account, "SCHOOLS_CHANGED", every=every, schools=",".join(sorted(keys)))
    return await _done(context, account, [])


async def _do_set_teacher(context: Context, account: AccountState, teacher_id: str | None) -> AccountOrdered:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        await set_teacher(transaction, account.id, teacher_id)
        await _note(context, transaction, account, "TEACHER_CHANGED", teacher=teacher_id)
    return await _done(context, account, [])


async def _teaches(context: Context, teacher_id: str) -> bool:
    """Whether the source has a member of staff of this key."""
    source = context.source
    key = source.adapter.parse_key("staff", teacher_id)
    if key is None or not source.adapter.has("staff"):
        return False
    (found,) = await source.fetch([staff_member(key)])
    return bool(found.raw)


async def _do_end(context: Context, account: AccountState) -> AccountOrdered:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        ended = await end_other_sessions(transaction, account.id, None, "ENDED_BY_STAFF", portal.instant())
        await _note(context, transaction, account, "ACCOUNT_SESSIONS_ENDED", ended_sessions=len(ended))
    return await _done(context, account, ended)


async def _note(
    context: Context, transaction: Transaction, account: AccountState, action: str, **detail: str | int | bool | None
) -> None:
    await note(context, transaction, action, f"account:{account.id}", account_id=account.id, **detail)
    if not account.is_staff:
        await log_access(context, transaction, AccessAction.CHANGED, account_id=account.id)


async def _done(context: Context, account: AccountState, ended: Sequence[int]) -> AccountOrdered:
    portal: Portal = context.portal
    for session_id in ended:
        portal.revocations.end(session_id)
    now = await rows.state_by_username(portal.writer, username_key(account.username) or "")
    return AccountOrdered(now or account, len(ended))
