"""How far a portal request is, for anybody who has its reference."""

from datetime import datetime

import strawberry

from loaders.portal.portal_requests import RequestState
from resolvers.portal.portal_request import RequestStatus
from schema.enums import described

described(
    RequestState,
    "PortalRequestState",
    "How far a portal request has come.",
    {
        RequestState.SUBMITTED: "The form was sent, unsigned.",
        RequestState.ID_VERIFIED: "The school has seen a photo ID and the signature, and knows whose guardian it is.",
        RequestState.APPROVED: "The school has approved it; the letter with the key is being printed.",
        RequestState.DENIED: "The school has denied it.",
        RequestState.KEY_SENT: "The activation key was sent.",
        RequestState.ACTIVATED: "The account was opened with the key.",
        RequestState.EXPIRED: "Nobody came to sign it in time, or its key was not used in time.",
    },
)


@strawberry.type(description="A state that a portal request has reached.")
class PortalRequestStatusStep:
    state: RequestState = strawberry.field(description="Which.")
    happened_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="What anybody may know who has a request's reference: nothing that was typed, and nobody.")
class PortalRequestStatus:
    state: RequestState = strawberry.field(description="How far the request is.")
    steps: list[PortalRequestStatusStep] = strawberry.field(description="The states it has reached, first to last.")
    next_step: str = strawberry.field(description="What the parent does next.")

    @classmethod
    def of(cls, status: RequestStatus) -> "PortalRequestStatus":
        """The status as clients see it."""
        steps = [PortalRequestStatusStep(state=state, happened_at=at) for state, at in status.steps]
        return cls(state=status.state, steps=steps, next_step=status.next_step)
