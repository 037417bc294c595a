"""The root of orders."""

import strawberry

from schema.access_orders import AccessOrderMutations
from schema.account_management import AccountMutations
from schema.activation import ActivationMutations
from schema.calendar_feeds import CalendarFeedMutations
from schema.dead_letters import DeadLetterMutations
from schema.devices import DeviceMutations
from schema.letters import LetterMutations
from schema.message_orders import MessageMutations
from schema.notification_orders import NotificationMutations
from schema.portal_requests import PortalRequestMutations
from schema.recovery import RecoveryMutations
from schema.registration_orders import RegistrationMutations
from schema.registration_review import RegistrationReviewMutations
from schema.second_factor import SecondFactorMutations
from schema.security import SecurityMutations
from schema.session_list import SessionListMutations
from schema.sessions import SessionMutations
from schema.staff_accounts import StaffAccountMutations
from schema.support import SupportMutations


@strawberry.type(description="What can be ordered. Each order answers with its success or with problems.")
class Mutation(
    SessionMutations,
    AccountMutations,
    SecondFactorMutations,
    SessionListMutations,
    SupportMutations,
    StaffAccountMutations,
    AccessOrderMutations,
    PortalRequestMutations,
    ActivationMutations,
    LetterMutations,
    MessageMutations,
    CalendarFeedMutations,
    SecurityMutations,
    RecoveryMutations,
    RegistrationMutations,
    RegistrationReviewMutations,
    NotificationMutations,
    DeviceMutations,
    DeadLetterMutations,
):
    pass
