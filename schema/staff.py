"""The desk of staff: who sits at it, and what waits there."""

from datetime import datetime

import strawberry
from strawberry import Info

from resolvers import desk
from resolvers.context import Context
from resolvers.portal.second_factor import second_factor_state
from schema.access_orders import AccessOrderDesk
from schema.dead_letters import DeadLetterDesk
from schema.letters import LetterDesk
from schema.message_orders import MessageDesk
from schema.portal_requests import PortalRequestDesk
from schema.registration_cases import RegistrationDesk
from schema.roles import StaffRole
from schema.second_factor import SecondFactor
from schema.session_list import SessionOwner
from schema.staff_accounts import AccountDesk
from schema.support import SupportQueue


@strawberry.type(description="The mail that the portal sends, as it stands now.")
class MailQueue:
    waiting: int = strawberry.field(description="How many mails wait to be sent, or to be tried again.")
    failed: int = strawberry.field(description="How many were given up in the last 30 days.")
    oldest_posted_at: datetime | None = strawberry.field(description="Since when the oldest that waits is waiting.")


@strawberry.type(description="What a member of staff works with. Each field says which roles it is for.")
class StaffDesk(
    SessionOwner,
    SupportQueue,
    AccountDesk,
    PortalRequestDesk,
    LetterDesk,
    MessageDesk,
    AccessOrderDesk,
    RegistrationDesk,
    DeadLetterDesk,
):
    username: str = strawberry.field(description="The user name with which the member of staff logs in.")
    name: str | None = strawberry.field(description="What the member of staff is called.")
    roles: list[StaffRole] = strawberry.field(description="What they are there for.")
    second_factor_proven: bool = strawberry.field(
        description="Whether this session has proven a second factor; until then every other field fails with "
        "`SECOND_FACTOR_REQUIRED`."
    )

    @strawberry.field(description="How the second factor stands; where there is none, `beginSecondFactor` comes first.")
    async def second_factor(self, info: Info[Context, None]) -> SecondFactor:
        found = await second_factor_state(info.context)
        return SecondFactor(enabled=found.enabled, recovery_codes_left=found.recovery_codes_left)

    @strawberry.field(description="The mail that the portal sends. For ADMIN.")
    async def mail_queue(self, info: Info[Context, None]) -> MailQueue | None:
        found = await desk.mail_queue(info.context)
        return MailQueue(waiting=found.waiting, failed=found.failed, oldest_posted_at=found.oldest_posted_at)
