"""Looking after an account: its password."""

from typing import Annotated

import strawberry
from strawberry import Info

from resolvers.context import Context
from resolvers.portal.password_change import ChangePassword, change_password
from resolvers.portal.problems import Refused
from schema.orders import ON_AN_ACCOUNT
from schema.problems import Problems


@strawberry.input(description="The password to change, and what it is to be.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="The current password, exactly.")
    new_password: str = strawberry.field(description="The new one; `portal.passwordPolicy` says what it must keep.")

    def __repr__(self) -> str:
        return "ChangePasswordInput()"


@strawberry.type(description="The password was changed. A mail tells the holder so.")
class ChangePasswordSuccess:
    ended_sessions: int = strawberry.field(
        description="How many other sessions ended with the old password; this one goes on."
    )


ChangePasswordResult = Annotated[
    ChangePasswordSuccess | Problems,
    strawberry.union("ChangePasswordResult", description="That the password was changed, or why it was not."),
]


@strawberry.type(description="The orders by which the holder of an account looks after it.")
class AccountMutations:
    @strawberry.mutation(
        description="Change the viewer's password; every other session ends at once, its live connections too. "
        "Fails with `RATE_LIMITED` and `retryAfter` in seconds after too many wrong current passwords.",
        metadata=ON_AN_ACCOUNT,
    )
    async def change_password(
        self,
        info: Info[Context, None],
        input: Annotated[ChangePasswordInput, strawberry.argument(description="The current password and the new one.")],
    ) -> ChangePasswordResult:
        done = await change_password(info.context, ChangePassword(input.current_password, input.new_password))
        if isinstance(done, Refused):
            return Problems.of(done)
        return ChangePasswordSuccess(ended_sessions=done.ended_sessions)
