"""The support desk: what families write to it, and what staff make of that."""

import datetime
from typing import Annotated

import strawberry
from strawberry import Info, Private

from loaders.portal.support_requests import SupportRequest as Request
from loaders.portal.support_requests import SupportState
from resolvers.context import Context
from resolvers.portal import support_answer, support_request
from resolvers.portal.problems import Refused
from resolvers.portal.support_answer import ResolveSupport, SupportAction
from resolvers.portal.support_request import SubmitSupportRequest
from schema.batching import After, First
from schema.connections import Connection
from schema.enums import described
from schema.listings import connection
from schema.problems import Problems
from schema.scalars import EmailAddress

described(
    SupportState,
    "SupportState",
    "How far a support request is.",
    {
        SupportState.NEW: "Nobody has looked at it yet.",
        SupportState.ACKNOWLEDGED: "Somebody at the desk works on it.",
        SupportState.WAITING_FOR_PARENT: "It was answered, and the family is asked for something.",
        SupportState.RESOLVED: "It is done.",
    },
)
described(
    SupportAction,
    "SupportAction",
    "What the desk does with a request.",
    {
        SupportAction.ACKNOWLEDGE: "Say that somebody works on it; sends nothing.",
        SupportAction.ANSWER: "Send an answer by mail, and wait for the family.",
        SupportAction.RESOLVE: "Close it, with an answer or without.",
    },
)


@strawberry.input(description="The form of the support desk. It has no place for a password.")
class SupportRequestInput:
    full_name: str = strawberry.field(description="The parent's full name, up to 120 characters.")
    home_address: str = strawberry.field(description="The home address, up to 400 characters.")
    phone: str = strawberry.field(description="The telephone number, up to 40 characters.")
    email: EmailAddress | None = strawberry.field(default=None, description="Where the answer is sent.")
    student_names: list[str] = strawberry.field(description="The full names of the students, 1 to 12.")
    username: str | None = strawberry.field(default=None, description="The user name, where it is known.")
    what_happened: str = strawberry.field(
        description="What happened, 10 to 4,000 characters. Words that look like a password are refused with "
        "`PASSWORD_IN_TEXT`."
    )
    language: str | None = strawberry.field(
        default=None, description="The language of the answer, by BCP 47; English where it is not known."
    )

    def __repr__(self) -> str:
        return "SupportRequestInput()"


@strawberry.input(description="What the desk does with a request.")
class ResolveSupportInput:
    ticket: str = strawberry.field(description="The ticket number; case, spaces and dashes do not matter.")
    action: SupportAction = strawberry.field(description="What is done with it.")
    answer: str | None = strawberry.field(
        default=None, description="What is mailed to the family, up to 2,000 characters."
    )
    reactivate_username: str | None = strawberry.field(
        default=None,
        description="The user name of the disabled parent's account that is to be enabled again. That gives nobody a "
        "password: whoever has none needs a new key, for a photo ID at the school.",
    )
    note: str | None = strawberry.field(
        default=None, description="What the desk notes for itself, up to 2,000 characters."
    )

    def __repr__(self) -> str:
        return "ResolveSupportInput()"


@strawberry.type(description="A request to the support desk.")
class SupportRequest:
    ticket: str = strawberry.field(description="The number to follow it by.")
    state: SupportState = strawberry.field(description="How far it is.")
    submitted_at: datetime.datetime = strawberry.field(description="When it was sent.")
    reply_by: datetime.date = strawberry.field(description="The day by which the desk answers: two school days ahead.")
    answer: str | None = strawberry.field(description="The last answer; null where there is none yet.")
    answered_at: datetime.datetime | None = strawberry.field(description="When it was answered.")

    @classmethod
    def of(cls, request: Request) -> "SupportRequest":
        """The request as the family sees it."""
        return cls(
            ticket=request.ticket,
            state=request.state,
            submitted_at=request.submitted_at,
            reply_by=request.reply_by_on,
            answer=request.answer,
            answered_at=request.answered_at,
        )


@strawberry.type(description="A state that a support request has reached.")
class SupportStep:
    state: SupportState = strawberry.field(description="Which.")
    happened_at: datetime.datetime = strawberry.field(description="When.")
    by: str | None = strawberry.field(description="Which member of staff brought it there; null for the family.")
    note: str | None = strawberry.field(description="What the desk noted for itself.")


@strawberry.type(description="A support request as the desk sees it. A year after it was resolved its texts are empty.")
class SupportCase:
    request: Private[Request]
    ticket: str = strawberry.field(description="The number by which the family follows it.")
    state: SupportState = strawberry.field(description="How far it is.")
    submitted_at: datetime.datetime = strawberry.field(description="When it was sent.")
    reply_by: datetime.date = strawberry.field(description="The day by which it is to be answered.")
    overdue: bool = strawberry.field(description="Whether that day has passed without an answer.")
    signed_in: bool = strawberry.field(description="Whether it was written in a session: then the account is known.")
    full_name: str = strawberry.field(description="The name, as it was typed: nobody has verified it.")
    home_address: str = strawberry.field(description="The home address, as it was typed.")
    phone: str = strawberry.field(description="The telephone number, as it was typed.")
    email: EmailAddress | None = strawberry.field(description="Where the answer is sent, where that was said.")
    student_names: list[str] = strawberry.field(description="The students' names, as they were typed.")
    username: str | None = strawberry.field(description="The user name, as it was typed.")
    what_happened: str = strawberry.field(description="What happened, as it was typed.")
    language: str = strawberry.field(description="The language of the answer.")
    answer: str | None = strawberry.field(description="The last answer.")
    answered_at: datetime.datetime | None = strawberry.field(description="When it was answered.")
    reactivated: bool = strawberry.field(description="Whether an account was enabled again for it.")

    @strawberry.field(description="The states that it has reached, in their order.")
    async def steps(self, info: Info[Context, None]) -> list[SupportStep]:
        return [
            SupportStep(state=step.state, happened_at=step.happened_at, by=step.by, note=step.note)
            for step in await support_answer.support_steps(info.context, self.request)
        ]

    @classmethod
    def of(cls, request: Request, today: datetime.date) -> "SupportCase":
        """The request as the desk sees it."""
        unanswered = request.state in (SupportState.NEW, SupportState.ACKNOWLEDGED)
        return cls(
            request=request,
            ticket=request.ticket,
            state=request.state,
            submitted_at=request.submitted_at,
            reply_by=request.reply_by_on,
            overdue=unanswered and request.reply_by_on < today,
            signed_in=request.account_id is not None,
            full_name=request.name,
            home_address=request.home_address,
            phone=request.phone,
            email=EmailAddress(request.email) if request.email else None,
            student_names=list(request.students),
            username=request.username,
            what_happened=request.text,
            language=request.language,
            answer=request.answer,
            answered_at=request.answered_at,
            reactivated=request.reactivated,
        )


@strawberry.type(description="Whoever may have written to the support desk.")
class SupportAsker:
    @strawberry.field(
        description="What the viewer wrote to the support desk while logged in, the newest first; the last hundred."
    )
    async def support_requests(self, info: Info[Context, None]) -> list[SupportRequest]:
        return [SupportRequest.of(found) for found in await support_request.own_requests(info.context)]


@strawberry.type(description="The queue of the support desk.")
class SupportQueue:
    @strawberry.field(
        description="What families wrote to the support desk: overdue requests first, then by the day of the reply, "
        "resolved ones last. For SUPPORT and OFFICE."
    )
    async def support_requests(
        self,
        info: Info[Context, None],
        first: First = None,
        after: After = None,
        states: Annotated[
            list[SupportState] | None, strawberry.argument(description="Only those in these states; all without.")
        ] = None,
    ) -> Connection[SupportCase] | None:
        context = info.context
        page = await support_answer.support_queue(context, first, after, states)
        today = context.today
        return connection(
            page,
            lambda request: SupportCase.of(request, today),
            lambda: support_answer.support_count(context, states),
        )


@strawberry.type(description="The request was taken, or moved on.")
class SupportRequestSuccess:
    request: SupportRequest = strawberry.field(description="The request as it is now.")


SupportRequestResult = Annotated[
    SupportRequestSuccess | Problems,
    strawberry.union("SupportRequestResult", description="The request as it is now, or why it was refused."),
]


@strawberry.type(description="The orders of and to the support desk.")
class SupportMutations:
    @strawberry.mutation(
        description="Write to the support desk; open to everybody. Fails with `RATE_LIMITED` and `retryAfter` in "
        "seconds beyond five requests an hour from one address."
    )
    async def submit_support_request(
        self,
        info: Info[Context, None],
        input: Annotated[SupportRequestInput, strawberry.argument(description="The form as it was filled in.")],
    ) -> SupportRequestResult:
        order = SubmitSupportRequest(
            input.full_name,
            input.home_address,
            input.phone,
            input.email,
            input.student_names,
            input.username,
            input.what_happened,
            input.language,
        )
        return _result(await support_request.submit_support_request(info.context, order))

    @strawberry.mutation(
        description="Acknowledge, answer or resolve what a family wrote; an answer goes out by mail. For SUPPORT."
    )
    async def resolve_support_request(
        self,
        info: Info[Context, None],
        input: Annotated[ResolveSupportInput, strawberry.argument(description="What is done with which request.")],
    ) -> SupportRequestResult:
        order = ResolveSupport(input.ticket, input.action, input.answer, input.reactivate_username, input.note)
        return _result(await support_answer.resolve_support_request(info.context, order))


def _result(done: Request | Refused) -> SupportRequestSuccess | Problems:
    if isinstance(done, Refused):
        return Problems.of(done)
    return SupportRequestSuccess(request=SupportRequest.of(done))
