"""The access log: what was done with one's account, and who of staff opened or changed one's students' records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loaders.ids import node_id
from loaders.portal import access_log as rows
from loaders.portal.access_log import Access, Logged
from loaders.portal.accounts import account_by_id
from loaders.portal.roles import StaffRole
from loaders.portal.transaction import Transaction
from loaders.statement import Key
from resolvers.access import Area, AreaReason, scope_of
from resolvers.context import Context
from resolvers.paging import page_of
from resolvers.portal.listing import Listing, instant, listing, number, place_in
from resolvers.portal.service import Portal
from resolvers.portal.throttle import network_of


class AccessKind(Enum):
    """What was done."""

    LOGGED_IN = "LOGGED_IN"
    LOG_IN_FAILED = "LOG_IN_FAILED"
    LOGGED_OUT = "LOGGED_OUT"
    SESSION_ENDED = "SESSION_ENDED"
    TOKEN_REUSED = "TOKEN_REUSED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    PASSWORD_NOT_PROVEN = "PASSWORD_NOT_PROVEN"
    RECOVERY_EMAIL_CHANGED = "RECOVERY_EMAIL_CHANGED"
    PREFERENCE_IMAGES_CHANGED = "PREFERENCE_IMAGES_CHANGED"
    SECOND_FACTOR_CHANGED = "SECOND_FACTOR_CHANGED"
    RECOVERY = "RECOVERY"
    ACCOUNT_CREATED = "ACCOUNT_CREATED"
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED"
    SUPPORT_ASKED = "SUPPORT_ASKED"
    DOCUMENT_FETCHED = "DOCUMENT_FETCHED"
    CALENDAR_FEED_CHANGED = "CALENDAR_FEED_CHANGED"
    CALENDAR_FEED_FETCHED = "CALENDAR_FEED_FETCHED"
    DEVICE_CHANGED = "DEVICE_CHANGED"
    RECORD_OPENED = "RECORD_OPENED"
    RECORD_CHANGED = "RECORD_CHANGED"


class AccessActor(Enum):
    """Who did it."""

    SELF = "SELF"
    STAFF = "STAFF"
    OPERATOR = "OPERATOR"
    UNKNOWN = "UNKNOWN"


#: Which actions of the trail people are told of, and as what; others (a token renewed) say nothing to them.
KINDS = {
    "LOGGED_IN": AccessKind.LOGGED_IN,
    "LOG_IN_FAILED": AccessKind.LOG_IN_FAILED,
    "LOGGED_OUT": AccessKind.LOGGED_OUT,
    "REPLACED": AccessKind.LOGGED_OUT,
    "SESSION_REVOKED": AccessKind.SESSION_ENDED,
    "OTHER_SESSIONS_REVOKED": AccessKind.SESSION_ENDED,
    "ACCOUNT_SESSIONS_ENDED": AccessKind.SESSION_ENDED,
    "REFRESH_REUSED": AccessKind.TOKEN_REUSED,
    "PASSWORD_CHANGED": AccessKind.PASSWORD_CHANGED,
    "PASSWORD_NOT_PROVEN": AccessKind.PASSWORD_NOT_PROVEN,
    "PASSWORD_RESET": AccessKind.PASSWORD_CHANGED,
    "USERNAME_REQUESTED": AccessKind.RECOVERY,
    "RESET_REQUESTED": AccessKind.RECOVERY,
    "IMAGES_WRONG": AccessKind.RECOVERY,
    "TRIES_USED": AccessKind.RECOVERY,
    "RECOVERY_EMAIL_SET": AccessKind.RECOVERY_EMAIL_CHANGED,
    "RECOVERY_EMAIL_CONFIRMED": AccessKind.RECOVERY_EMAIL_CHANGED,
    "RECOVERY_EMAIL_UNDONE": AccessKind.RECOVERY_EMAIL_CHANGED,
    "PREFERENCES_SET": AccessKind.PREFERENCE_IMAGES_CHANGED,
    "SECOND_FACTOR_ENABLED": AccessKind.SECOND_FACTOR_CHANGED,
    "SECOND_FACTOR_REMOVED": AccessKind.SECOND_FACTOR_CHANGED,
    "SECOND_FACTOR_NOT_PROVEN": AccessKind.LOG_IN_FAILED,
    "ACCOUNT_CREATED": AccessKind.ACCOUNT_CREATED,
    "ACCOUNT_DISABLED": AccessKind.ACCOUNT_CHANGED,
    "ACCOUNT_ENABLED": AccessKind.ACCOUNT_CHANGED,
    "ROLES_CHANGED": AccessKind.ACCOUNT_CHANGED,
    "SUPPORT_REQUEST_SUBMITTED": AccessKind.SUPPORT_ASKED,
    "DOCUMENT_FETCHED": AccessKind.DOCUMENT_FETCHED,
    "REGISTRATION_DOCUMENT_FETCHED": AccessKind.DOCUMENT_FETCHED,
    "REGISTRATION_RECEIPT_FETCHED": AccessKind.DOCUMENT_FETCHED,
    "CALENDAR_FEED_CREATED": AccessKind.CALENDAR_FEED_CHANGED,
    "CALENDAR_FEED_REVOKED": AccessKind.CALENDAR_FEED_CHANGED,
    "CALENDAR_FEED_FETCHED": AccessKind.CALENDAR_FEED_FETCHED,
    "DEVICE_REGISTERED": AccessKind.DEVICE_CHANGED,
    "DEVICE_REMOVED": AccessKind.DEVICE_CHANGED,
}


class AccessAction(Enum):
    """What a member of staff does with a record."""

    OPENED = "OPENED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One line: what was done, when and by whom; the whole address of one's own, of a stranger the network alone."""

    kind: AccessKind
    happened_at: datetime
    by: AccessActor
    address: str | None
    actor_name: str | None
    actor_role: str | None
    student_id: str | None
    purpose: str | None


async def access_log(context: Context, first: int | None, after: str | None) -> Listing[AccessEntry]:
    """The viewer's log, the newest first; Unauthenticated without a session."""
    viewer = context.signed_in()
    portal: Portal = context.portal
    page = page_of(first, after)
    place = place_in(page.after, instant, number, number)
    found = await rows.log_of(
        portal.writer,
        viewer.account_id,
        await _students(context),
        list(KINDS),
        None if place is None else (place[0], place[1], place[2]),
        page.first + 1,
    )
    lines = [((each.happened_at, each.source, each.id), _entry(each, viewer.account_id)) for each in found]
    return listing(lines, page.first, earlier=place is not None)


async def access_count(context: Context) -> int:
    """How many lines the viewer's log has."""
    viewer = context.signed_in()
    portal: Portal = context.portal
    return await rows.count_of(portal.writer, viewer.account_id, await _students(context), list(KINDS))


async def log_access(
    context: Context,
    transaction: Transaction,
    action: AccessAction,
    *,
    students: Iterable[Key] = (),
    account_id: int | None = None,
    purpose: str | None = None,
) -> None:
    """Writes down that the viewer, of staff, opened or changed these students' records, or an account.

    Families with a right to a student read it. `purpose` is one of ours (SUPPORT, ACTIVATION), never free text.
    """
    portal: Portal = context.portal
    viewer = context.signed_in()
    account = await account_by_id(transaction, viewer.account_id)
    name = (account.name or account.username) if account else viewer.username
    role = next(role.value for role in StaffRole if role in viewer.roles)
    whom: list[tuple[str | None, int | None]] = [(str(student), None) for student in students]
    if account_id is not None:
        whom.append((None, account_id))
    for student_id, owner in whom:
        await rows.add_access(
            transaction,
            Access(portal.instant(), viewer.account_id, name, role, action.value, student_id, owner, purpose),
        )


async def _students(context: Context) -> Sequence[str]:
    scope = await scope_of(context)
    # Who opened a record is a part of it: of a student of age it is for the student alone.
    grown = {s for s, reason in scope.shut(Area.DOCUMENTS).items() if reason is AreaReason.ELIGIBLE_STUDENT}
    return [str(student) for student in scope.students if student not in grown]


def _entry(line: Logged, account_id: int) -> AccessEntry:
    if line.source == 1:
        kind = AccessKind.RECORD_OPENED if line.action == AccessAction.OPENED.value else AccessKind.RECORD_CHANGED
        student = None if line.student_id is None else node_id("Student", line.student_id)
        return AccessEntry(
            kind, line.happened_at, AccessActor.STAFF, None, line.actor_name, line.actor_role, student, line.purpose
        )
    by = _by(line.actor or "", account_id)
    address = None
    if line.address and by is AccessActor.SELF:
        address = line.address
    elif line.address and by is AccessActor.UNKNOWN:
        address = _coarse(line.address)
    return AccessEntry(KINDS[line.action], line.happened_at, by, address, None, None, None, None)


def _by(actor: str, account_id: int) -> AccessActor:
    if actor == f"account:{account_id}":
        return AccessActor.SELF
    if actor.startswith("account:"):
        return AccessActor.STAFF
    return AccessActor.UNKNOWN if actor == "stranger" else AccessActor.OPERATOR


def _coarse(address: str) -> str | None:
    """The network of a stranger's address: enough to see that it is not one's own, and no more."""
    network = network_of(address)
    if ":" in network:
        return network
    parts = network.split(".")
    return f"{'.'.join(parts[:3])}.0/24" if len(parts) == 4 else None
