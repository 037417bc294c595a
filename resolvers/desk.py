"""What stands on the desk of a member of staff."""

from dataclasses import dataclass

from loaders.portal import mail
from loaders.portal.accounts import account_by_id
from loaders.portal.mail import Queue
from loaders.portal.roles import StaffRole
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.staff import staff, staff_member


@dataclass(frozen=True, slots=True)
class Desk:
    """Who sits at the desk; the roles in the order of the enumeration."""

    username: str
    name: str | None
    roles: tuple[StaffRole, ...]
    second_factor_proven: bool


async def desk_of(context: Context) -> Desk:
    """The desk of whoever asks; Unauthenticated without a session, Forbidden for parents."""
    viewer = staff_member(context)
    portal: Portal = context.portal
    account = await account_by_id(portal.writer, viewer.account_id)
    roles = tuple(role for role in StaffRole if role in viewer.roles)
    return Desk(viewer.username, account.name if account else None, roles, viewer.second_factor)


async def mail_queue(context: Context) -> Queue:
    """How the outbox stands; for ADMIN."""
    staff(context, StaffRole.ADMIN)
    portal: Portal = context.portal
    return await mail.queue(portal.writer)
