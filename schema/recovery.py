"""Forgotten user names and passwords: the ways back into an account, open to everybody."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info

from resolvers.context import Context
from resolvers.portal.forgotten import request_password_reset, request_username
from resolvers.portal.problems import Refused
from resolvers.portal.reset import CompletePasswordReset, complete_password_reset, open_password_reset
from schema.orders import ON_AN_ACCOUNT
from schema.problems import Problems
from schema.scalars import EmailAddress
from schema.security import PreferenceImage, Token

_ABUSE = "Fails with `RATE_LIMITED` and `retryAfter` in seconds after too many requests."


@strawberry.type(description="The request was taken; the answer is the same whether or not there is such an account.")
class RecoveryRequestSuccess:
    sent_if_known: str = strawberry.field(description="What to tell whoever asked, in a sentence that can be shown.")


@strawberry.type(description="What a link to a new password asks for.")
class PasswordResetChallenge:
    images: list[PreferenceImage] = strawberry.field(
        description="The images to sort into eight liked and eight disliked ones, the others left out; always the same "
        "in the same order. Empty where the district does without."
    )
    expires_at: datetime = strawberry.field(
        description="Until when the link is good: 30 minutes after it was asked for."
    )


@strawberry.input(description="A link's token, the images as they were sorted, and the password to be.")
class PasswordResetInput:
    token: str = strawberry.field(description="The token of the link: what stands behind `#` in it.")
    liked: list[ID] = strawberry.field(default_factory=list, description="The ids of the eight that are liked.")
    disliked: list[ID] = strawberry.field(default_factory=list, description="The ids of the eight that are disliked.")
    new_password: str = strawberry.field(description="The new one; `portal.passwordPolicy` says what it must keep.")

    def __repr__(self) -> str:
        return "PasswordResetInput()"


@strawberry.type(description="The password is the new one. No session began: log in with it.")
class PasswordResetSuccess:
    ended_sessions: int = strawberry.field(description="How many sessions ended with the old password.")


RecoveryRequestResult = Annotated[
    RecoveryRequestSuccess | Problems,
    strawberry.union("RecoveryRequestResult", description="That the request was taken, or why not."),
]
PasswordResetChallengeResult = Annotated[
    PasswordResetChallenge | Problems,
    strawberry.union("PasswordResetChallengeResult", description="What the link asks for, or that it is not valid."),
]
PasswordResetResult = Annotated[
    PasswordResetSuccess | Problems,
    strawberry.union("PasswordResetResult", description="That the password is new, or why it is not."),
]


@strawberry.type(description="The orders for those who have forgotten something.")
class RecoveryMutations:
    @strawberry.mutation(
        description=f"Have the user names of a recovery address mailed to it. Answers alike whoever has it. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def request_username(
        self,
        info: Info[Context, None],
        email: Annotated[EmailAddress, strawberry.argument(description="The recovery address.")],
    ) -> RecoveryRequestResult:
        request_username(info.context, email)
        return RecoveryRequestSuccess(
            sent_if_known="If this is the recovery address of an account, its user name is on the way there."
        )

    @strawberry.mutation(
        description="Have a link to a new password mailed to the recovery address of an account; it is good for 30 "
        "minutes. Who never finished the security set-up is led to the support desk by mail. Answers alike whether or "
        f"not there is such an account. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def request_password_reset(
        self,
        info: Info[Context, None],
        username: Annotated[str, strawberry.argument(description="The user name.")],
    ) -> RecoveryRequestResult:
        request_password_reset(info.context, username)
        return RecoveryRequestSuccess(
            sent_if_known="If there is an account of this user name, a mail is on the way to its holder."
        )

    @strawberry.mutation(
        description="What a link to a new password asks for. Opening it does not use it up.", metadata=ON_AN_ACCOUNT
    )
    async def open_password_reset(
        self,
        info: Info[Context, None],
        token: Token,
        language: Annotated[
            str, strawberry.argument(description="The language of the images' names, by BCP 47.")
        ] = "en",
    ) -> PasswordResetChallengeResult:
        done = await open_password_reset(info.context, token, language)
        if isinstance(done, Refused):
            return Problems.of(done)
        return PasswordResetChallenge(
            images=[PreferenceImage.of(image) for image in done.images], expires_at=done.expires_at
        )

    @strawberry.mutation(
        description="Set a new password by a link: all sixteen images sorted as they were chosen, but for one pair "
        "that may lie on the wrong sides. Three tries a link, five a day. Every session of the account ends.",
        metadata=ON_AN_ACCOUNT,
    )
    async def complete_password_reset(
        self,
        info: Info[Context, None],
        input: Annotated[PasswordResetInput, strawberry.argument(description="Token, images and password.")],
    ) -> PasswordResetResult:
        order = CompletePasswordReset(input.token, input.liked, input.disliked, input.new_password)
        done = await complete_password_reset(info.context, order)
        if isinstance(done, Refused):
            return Problems.of(done)
        return PasswordResetSuccess(ended_sessions=done.ended_sessions)
