"""Activation keys: issued by the office, shown by a parent, and used up by the account that is made with one."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Info

from loaders.portal.portal_requests import KeyDelivery
from resolvers.context import Context
from resolvers.portal.account_creation import OpenAccount, open_account
from resolvers.portal.key_delivery import IssueKey, issue_activation_key
from resolvers.portal.problems import Refused
from resolvers.portal.redeeming import redeem_activation_key
from schema import portal_requests as portal_requests
from schema.letters import LetterJob
from schema.orders import ON_AN_ACCOUNT
from schema.portal import HelpTopic
from schema.problems import Problems

_ABUSE = "Fails with `RATE_LIMITED` and `retryAfter` in seconds after ten refused keys in ten minutes from one address."


@strawberry.input(description="For whom a key is issued, and how it goes.")
class IssueKeyInput:
    guardian_id: str = strawberry.field(description="The guardian's key in the SIS: `sourcedId` of `staff.guardians`.")
    delivery: KeyDelivery = strawberry.field(description="How the key goes.")


@strawberry.input(description="The key, and the account to be.")
class CreateAccountInput:
    key: str = strawberry.field(description="The activation key; case, spaces and dashes make no difference.")
    username: str = strawberry.field(description="The user name to be, 3 to 64 characters.")
    password: str = strawberry.field(description="The password to be; `portal.passwordPolicy` says what it must keep.")

    def __repr__(self) -> str:
        return "CreateAccountInput()"


@strawberry.type(description="A key was issued, in the place of the guardian's one before. It is in no answer.")
class IssueKeySuccess:
    delivery: KeyDelivery = strawberry.field(description="How it goes.")
    expires_at: datetime = strawberry.field(description="Until when it opens an account; of a letter, at the least.")
    letter_job: LetterJob | None = strawberry.field(description="The letter that is being written, for POST.")


@strawberry.type(description="The key lives. It is not used up by having been shown.")
class RedeemActivationKeySuccess:
    name: str | None = strawberry.field(
        description="For whom it is; null while the SIS is away. Ask whether that is who enters it."
    )
    account_exists: bool = strawberry.field(
        description="Whether this person has an account already: then no other can be made, and `help` says what to do."
    )
    help: HelpTopic | None = strawberry.field(description="The way to recovery, for whoever has an account already.")


@strawberry.type(description="The account was made and the key used up. No session begins: go to the log-in page.")
class CreateAccountSuccess:
    username: str = strawberry.field(description="The user name to log in with.")


IssueKeyResult = Annotated[
    IssueKeySuccess | Problems,
    strawberry.union("IssueKeyResult", description="How the key goes, or why there is none."),
]
RedeemActivationKeyResult = Annotated[
    RedeemActivationKeySuccess | Problems,
    strawberry.union(
        "RedeemActivationKeyResult", description="For whom the key is, or that it opens nothing, whatever the reason."
    ),
]
CreateAccountResult = Annotated[
    CreateAccountSuccess | Problems,
    strawberry.union("CreateAccountResult", description="The account that was made, or everything that was wrong."),
]


@strawberry.type(description="The orders on activation keys.")
class ActivationMutations:
    @strawberry.mutation(
        description="Issue an activation key for a guardian and send it by e-mail, or order its letter. For OFFICE."
    )
    async def issue_activation_key(
        self,
        info: Info[Context, None],
        input: Annotated[IssueKeyInput, strawberry.argument(description="For whom, and how.")],
    ) -> IssueKeyResult:
        done = await issue_activation_key(info.context, IssueKey(input.guardian_id, input.delivery))
        if isinstance(done, Refused):
            return Problems.of(done)
        letter = None if done.letter is None else LetterJob.of(done.letter)
        return IssueKeySuccess(delivery=done.delivery, expires_at=done.expires_at, letter_job=letter)

    @strawberry.mutation(
        description=f"Show an activation key and learn for whom it is; open to everybody. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def redeem_activation_key(
        self,
        info: Info[Context, None],
        key: Annotated[
            str, strawberry.argument(description="The activation key; case, spaces and dashes make no difference.")
        ],
    ) -> RedeemActivationKeyResult:
        done = await redeem_activation_key(info.context, key)
        if isinstance(done, Refused):
            return Problems.of(done)
        topic = done.help
        return RedeemActivationKeySuccess(
            name=done.name,
            account_exists=done.account_exists,
            help=None if topic is None else HelpTopic(code=topic.code, title=topic.title, text=topic.text),
        )

    @strawberry.mutation(
        description="Make the account of an activation key's guardian, with a user name and a password. Everything "
        f"that is wrong is told at once; no session begins. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def create_account(
        self,
        info: Info[Context, None],
        input: Annotated[CreateAccountInput, strawberry.argument(description="The key, and the account to be.")],
    ) -> CreateAccountResult:
        done = await open_account(info.context, OpenAccount(input.key, input.username, input.password))
        return Problems.of(done) if isinstance(done, Refused) else CreateAccountSuccess(username=done.username)
