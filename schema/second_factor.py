"""The second factor of an account: begun, confirmed, proven in each session, removed."""

from typing import Annotated

import strawberry
from strawberry import Info

from resolvers.context import Context
from resolvers.portal import second_factor as orders
from resolvers.portal.problems import Refused
from resolvers.portal.second_factor import SteppedUp
from schema.orders import ON_AN_ACCOUNT
from schema.problems import Problems
from schema.sessions import SessionTokens

_ABUSE = "Fails with `RATE_LIMITED` and `retryAfter` in seconds after too many wrong ones."


@strawberry.input(description="The current password, to begin a second factor.")
class BeginSecondFactorInput:
    current_password: str = strawberry.field(description="The current password, exactly.")

    def __repr__(self) -> str:
        return "BeginSecondFactorInput()"


@strawberry.input(description="A code of the second factor.")
class SecondFactorInput:
    code: str = strawberry.field(
        description="The six digits that the authenticator app shows; to prove it, a recovery code does as well."
    )

    def __repr__(self) -> str:
        return "SecondFactorInput()"


@strawberry.input(description="The current password and a code, to remove the second factor.")
class RemoveSecondFactorInput:
    current_password: str = strawberry.field(description="The current password, exactly.")
    code: str = strawberry.field(description="A code of the app, or a recovery code.")

    def __repr__(self) -> str:
        return "RemoveSecondFactorInput()"


@strawberry.type(description="How an account's second factor stands.")
class SecondFactor:
    enabled: bool = strawberry.field(description="Whether there is one that was confirmed.")
    recovery_codes_left: int = strawberry.field(description="How many of its recovery codes are still good.")


@strawberry.type(description="A secret to give to an authenticator app; `confirmSecondFactor` makes it count.")
class BeginSecondFactorSuccess:
    secret: str = strawberry.field(description="The secret in base32, to be typed. It is told this once.")
    otpauth_uri: str = strawberry.field(description="The same for a QR code. It is told this once.")

    def __repr__(self) -> str:
        return "BeginSecondFactorSuccess()"


@strawberry.type(description="The account has a second factor from now on, and this session has proven it.")
class ConfirmSecondFactorSuccess:
    recovery_codes: list[str] = strawberry.field(
        description="Ten codes for when the app is lost, each good once. They are told this once: keep them on paper."
    )
    session: SessionTokens = strawberry.field(description="The session's new tokens; the old ones have ended.")

    def __repr__(self) -> str:
        return "ConfirmSecondFactorSuccess()"


@strawberry.type(description="This session has proven the second factor.")
class ProveSecondFactorSuccess:
    session: SessionTokens = strawberry.field(description="The session's new tokens; the old ones have ended.")
    recovery_codes_left: int = strawberry.field(description="How many recovery codes are still good.")


@strawberry.type(description="The account has no second factor any more.")
class RemoveSecondFactorSuccess:
    second_factor: SecondFactor = strawberry.field(description="How it stands now.")


BeginSecondFactorResult = Annotated[
    BeginSecondFactorSuccess | Problems,
    strawberry.union("BeginSecondFactorResult", description="A new secret, or why there is none."),
]
ConfirmSecondFactorResult = Annotated[
    ConfirmSecondFactorSuccess | Problems,
    strawberry.union("ConfirmSecondFactorResult", description="The recovery codes, or why it was not confirmed."),
]
ProveSecondFactorResult = Annotated[
    ProveSecondFactorSuccess | Problems,
    strawberry.union("ProveSecondFactorResult", description="The session's new tokens, or why it is not proven."),
]
RemoveSecondFactorResult = Annotated[
    RemoveSecondFactorSuccess | Problems,
    strawberry.union("RemoveSecondFactorResult", description="That it is removed, or why it was not."),
]


@strawberry.type(description="The orders on an account's second factor.")
class SecondFactorMutations:
    @strawberry.mutation(
        description="Begin a second factor: a secret for an authenticator app. Required of staff, offered to parents. "
        f"Where there is one already, only a session that has proven it can replace it. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def begin_second_factor(
        self,
        info: Info[Context, None],
        input: Annotated[BeginSecondFactorInput, strawberry.argument(description="The current password.")],
    ) -> BeginSecondFactorResult:
        done = await orders.begin_second_factor(info.context, input.current_password)
        if isinstance(done, Refused):
            return Problems.of(done)
        return BeginSecondFactorSuccess(secret=done.secret, otpauth_uri=done.otpauth_uri)

    @strawberry.mutation(
        description=f"Confirm the second factor that was begun by a code of the app; all other sessions end. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def confirm_second_factor(
        self,
        info: Info[Context, None],
        input: Annotated[SecondFactorInput, strawberry.argument(description="A code of the app.")],
    ) -> ConfirmSecondFactorResult:
        done = await orders.confirm_second_factor(info.context, input.code)
        if isinstance(done, Refused):
            return Problems.of(done)
        return ConfirmSecondFactorSuccess(recovery_codes=list(done.recovery_codes), session=_tokens(done.session))

    @strawberry.mutation(
        description="Prove the second factor in this session, by a code of the app or a recovery code. WEB clients get "
        f"a new cookie. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def prove_second_factor(
        self,
        info: Info[Context, None],
        input: Annotated[SecondFactorInput, strawberry.argument(description="A code.")],
    ) -> ProveSecondFactorResult:
        done = await orders.prove_second_factor(info.context, input.code)
        if isinstance(done, Refused):
            return Problems.of(done)
        return ProveSecondFactorSuccess(session=_tokens(done.session), recovery_codes_left=done.recovery_codes_left)

    @strawberry.mutation(
        description=f"Remove the second factor; a mail tells the holder so. Staff cannot be without one. {_ABUSE}",
        metadata=ON_AN_ACCOUNT,
    )
    async def remove_second_factor(
        self,
        info: Info[Context, None],
        input: Annotated[RemoveSecondFactorInput, strawberry.argument(description="The password and a code.")],
    ) -> RemoveSecondFactorResult:
        done = await orders.remove_second_factor(info.context, input.current_password, input.code)
        if isinstance(done, Refused):
            return Problems.of(done)
        return RemoveSecondFactorSuccess(second_factor=SecondFactor(enabled=False, recovery_codes_left=0))


def _tokens(session: SteppedUp) -> SessionTokens:
    return SessionTokens(
        access_token=session.access_token, refresh_token=session.refresh_token, expires_at=session.expires_at
    )
