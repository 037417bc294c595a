"""Portal requests: as they are sent by a parent, and what the office does with them."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Info, Private
from strawberry.dataloader import DataLoader

from loaders.contract import GradeLevel, RelationshipKind
from loaders.portal.portal_requests import KeyDelivery, PhotoIdKind, RequestState
from resolvers.context import Context
from resolvers.portal.guardians import Found, find_guardians, found_guardians
from resolvers.portal.guardians import Search as Wanted
from resolvers.portal.identity_check import IdentityCheck, record_identity_check
from resolvers.portal.portal_request import RequestAndSteps, SubmitPortalRequest, submit_portal_request
from resolvers.portal.problems import Refused
from resolvers.portal.request_decision import Decision, decide_portal_request
from resolvers.portal.request_list import count_of_requests, page_of_requests, request_for_office
from schema import enums as enums
from schema import portal_request_status as portal_request_status
from schema.connections import Connection
from schema.letters import LetterJob
from schema.listings import connection
from schema.portal_request_inputs import (
    DecisionInput,
    GuardianSearchInput,
    IdentityCheckInput,
    PortalRequestInput,
)
from schema.problems import Problems


@strawberry.type(description="A state that a portal request has reached, as the office sees it.")
class PortalRequestStep:
    state: RequestState = strawberry.field(description="Which.")
    happened_at: datetime = strawberry.field(description="When.")
    by: str | None = strawberry.field(description="The member of staff; null where it was the family, or time itself.")
    note: str | None = strawberry.field(description="The kind of ID that was seen, or the reason of a denial.")


@strawberry.type(description="A student, as the parent named them.")
class RequestedStudent:
    name: str = strawberry.field(description="The student's name.")
    school_name: str = strawberry.field(description="The student's school.")
    grade_level: GradeLevel | None = strawberry.field(description="The student's grade level.")


@strawberry.type(description="A guardian of the SIS, as the office sees them.")
class MatchedGuardian:
    sourced_id: str = strawberry.field(description="The guardian's key in the SIS.")
    name: str = strawberry.field(description="The guardian's name.")
    students: list[str] = strawberry.field(
        description="The names of the students to whom the guardian has the portal right today."
    )
    has_account: bool = strawberry.field(description="Whether the guardian has an account already.")

    @classmethod
    def of(cls, found: Found) -> "MatchedGuardian":
        """The guardian as the office sees them."""
        guardian = found.guardian
        return cls(
            sourced_id=guardian.sourced_id,
            name=guardian.name,
            students=list(guardian.students),
            has_account=found.has_account,
        )


@strawberry.type(description="A portal request, as it was filled in, and what became of it.")
class PortalRequest:
    guardian_id: Private[str | None]
    reference: str = strawberry.field(description="By which it is followed and spoken of.")
    state: RequestState = strawberry.field(description="How far it is.")
    steps: list[PortalRequestStep] = strawberry.field(description="The states it has reached, first to last.")
    name: str = strawberry.field(description="The parent's name; emptied a year after the request's end.")
    relationship: RelationshipKind = strawberry.field(description="How the parent says to be related to the students.")
    students: list[RequestedStudent] = strawberry.field(description="The students, as the parent named them.")
    home_address: str = strawberry.field(description="The postal address.")
    phone: str = strawberry.field(description="The phone number.")
    email: str | None = strawberry.field(description="The e-mail address, as it was typed.")
    delivery: KeyDelivery = strawberry.field(description="How the key is to come.")
    language: str = strawberry.field(description="The language of its mails and letters.")
    submitted_at: datetime = strawberry.field(description="When the form was sent.")
    id_kind: PhotoIdKind | None = strawberry.field(description="The kind of photo ID that was seen.")
    signature_witnessed: bool = strawberry.field(description="Whether the form was signed before staff.")
    denial_reason: str | None = strawberry.field(description="Why it was denied.")

    @strawberry.field(description="The guardian of the SIS that staff have matched; null until then. For OFFICE.")
    async def guardian(self, info: Info[Context, None]) -> MatchedGuardian | None:
        if self.guardian_id is None:
            return None
        found = await _guardian_loader(info.context).load(self.guardian_id)
        return None if found is None else MatchedGuardian.of(found)

    @classmethod
    def of(cls, found: RequestAndSteps) -> "PortalRequest":
        """The request as the office sees it, and whoever has just sent it."""
        request = found.request
        return cls(
            guardian_id=request.guardian_id,
            reference=request.reference,
            state=request.state,
            steps=[
                PortalRequestStep(state=step.state, happened_at=step.happened_at, by=step.by, note=step.note)
                for step in found.steps
            ],
            name=request.name,
            relationship=request.relationship,
            students=[
                RequestedStudent(name=each.name, school_name=each.school_name, grade_level=each.grade_level)
                for each in request.students
            ],
            home_address=request.home_address,
            phone=request.phone,
            email=request.email,
            delivery=request.delivery,
            language=request.language,
            submitted_at=request.submitted_at,
            id_kind=request.id_kind,
            signature_witnessed=request.signature_witnessed,
            denial_reason=request.denial_reason,
        )


@strawberry.type(description="The order on a portal request was carried out.")
class PortalRequestSuccess:
    request: PortalRequest = strawberry.field(description="The request as it is now.")
    letter_job: LetterJob | None = strawberry.field(
        description="The letter that is being written, where an approved request's key goes by post."
    )


PortalRequestResult = Annotated[
    PortalRequestSuccess | Problems,
    strawberry.union("PortalRequestResult", description="The request as it is now, or why the order was refused."),
]


@strawberry.type(description="The orders on portal requests.")
class PortalRequestMutations:
    @strawberry.mutation(
        description="Send the portal request form; open to everybody. It is signed at the school. Fails with "
        "`RATE_LIMITED` and `retryAfter` in seconds beyond twenty an hour from one address."
    )
    async def submit_portal_request(
        self,
        info: Info[Context, None],
        input: Annotated[PortalRequestInput, strawberry.argument(description="The form.")],
    ) -> PortalRequestResult:
        order = SubmitPortalRequest(
            name=input.name,
            relationship=input.relationship,
            students=[(each.name, each.school_name, each.grade_level) for each in input.students],
            home_address=input.home_address,
            phone=input.phone,
            email=input.email,
            delivery=input.delivery,
            language=input.language,
        )
        return _result(await submit_portal_request(info.context, order))

    @strawberry.mutation(
        description="Record that a photo ID was seen, that the form was signed before staff, and whose guardian it is; "
        "once more to correct that. For OFFICE."
    )
    async def record_identity_check(
        self,
        info: Info[Context, None],
        input: Annotated[IdentityCheckInput, strawberry.argument(description="What staff saw.")],
    ) -> PortalRequestResult:
        order = IdentityCheck(input.reference, input.id_kind, input.signature_witnessed, input.guardian_id)
        return _result(await record_identity_check(info.context, order))

    @strawberry.mutation(
        description="Approve a request whose identity was checked, which issues its key and sends it by e-mail or "
        "orders its letter; or deny a request, with a reason. For OFFICE."
    )
    async def decide_portal_request(
        self,
        info: Info[Context, None],
        input: Annotated[DecisionInput, strawberry.argument(description="What the office decided.")],
    ) -> PortalRequestResult:
        done = await decide_portal_request(info.context, Decision(input.reference, input.approve, input.reason))
        if isinstance(done, Refused):
            return Problems.of(done)
        letter = None if done.letter is None else LetterJob.of(done.letter)
        return PortalRequestSuccess(request=PortalRequest.of(done.found), letter_job=letter)


@strawberry.type(description="What the office does with portal requests.")
class PortalRequestDesk:
    @strawberry.field(description="The portal requests, the one that has waited longest first. For OFFICE.")
    async def portal_requests(
        self,
        info: Info[Context, None],
        first: Annotated[int | None, strawberry.argument(description="How many, 100 at the most; 20 if null.")] = None,
        after: Annotated[str | None, strawberry.argument(description="The cursor to read on behind.")] = None,
        states: Annotated[
            list[RequestState] | None, strawberry.argument(description="Only those in these states.")
        ] = None,
    ) -> Connection[PortalRequest] | None:
        context = info.context
        page = await page_of_requests(context, first, after, states)
        return connection(page, PortalRequest.of, lambda: count_of_requests(context, states))

    @strawberry.field(description="The portal request of a reference; null where there is none. For OFFICE.")
    async def portal_request(
        self,
        info: Info[Context, None],
        reference: Annotated[str, strawberry.argument(description="Case, spaces and dashes do not matter.")],
    ) -> PortalRequest | None:
        found = await request_for_office(info.context, reference)
        return None if found is None else PortalRequest.of(found)

    @strawberry.field(description="The guardians who are called so, by name, twenty at the most. For OFFICE.")
    async def guardians(
        self,
        info: Info[Context, None],
        search: Annotated[GuardianSearchInput, strawberry.argument(description="Whom the office looks for.")],
    ) -> list[MatchedGuardian] | None:
        wanted = Wanted(search.name, search.student_name, search.school_id)
        return [MatchedGuardian.of(found) for found in await find_guardians(info.context, wanted)]


def _result(done: RequestAndSteps | Refused) -> PortalRequestSuccess | Problems:
    if isinstance(done, Refused):
        return Problems.of(done)
    return PortalRequestSuccess(request=PortalRequest.of(done), letter_job=None)


def _guardian_loader(context: Context) -> "DataLoader[str, Found | None]":
    if "matched guardians" not in context.loads:
        context.loads["matched guardians"] = DataLoader(load_fn=lambda keys: found_guardians(context, keys))
    loader: DataLoader[str, Found | None] = context.loads["matched guardians"]
    return loader
