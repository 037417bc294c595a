"""Looking after accounts: what ADMIN sees of them, and orders about them."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID, Info, Private

from loaders.ids import node_id
from loaders.portal.account_states import AccountState as State
from resolvers.context import Context
from resolvers.portal import staff_accounts
from resolvers.portal.problems import Refused
from resolvers.portal.staff_accounts import AccountOrdered
from schema.problems import Problems
from schema.roles import StaffRole


@strawberry.type(description="For which schools' families a member of staff works: on registrations and by messages.")
class StaffSchools:
    every: bool = strawberry.field(description="Whether on those of every school.")
    school_ids: list[ID] = strawberry.field(description="The ids of the schools, where it is not every one.")


@strawberry.type(description="An account by its name and its state; what opens it is told nowhere.")
class AccountState:
    username: str = strawberry.field(description="The user name.")
    staff: bool = strawberry.field(description="Whether it is a member of staff's, and not a parent's.")
    roles: list[StaffRole] = strawberry.field(description="What the member of staff is there for; empty for parents.")
    created_at: datetime = strawberry.field(description="When it was opened.")
    disabled_at: datetime | None = strawberry.field(
        description="Since when its holder cannot log in; null where they can."
    )
    finished: bool = strawberry.field(description="Whether its security set-up was ever done.")
    state: Private[State]

    @strawberry.field(description="On which schools' registrations the member of staff works.")
    async def registration_schools(self, info: Info[Context, None]) -> StaffSchools:
        found = await staff_accounts.schools_of_account(info.context, self.state)
        return StaffSchools(every=found.every, school_ids=[ID(node_id("School", key)) for key in sorted(found.keys)])

    @classmethod
    def of(cls, state: State) -> "AccountState":
        """The account as clients see it."""
        return cls(
            username=state.username,
            staff=state.is_staff,
            roles=[role for role in StaffRole if role in state.roles],
            created_at=state.created_at,
            disabled_at=state.disabled_at,
            finished=state.finished,
            state=state,
        )


@strawberry.type(description="A network from which one password seems to have been tried on many user names.")
class SecurityAlert:
    happened_at: datetime = strawberry.field(description="When that was noticed.")
    network: str = strawberry.field(description="An IPv4 address, or the /64 of an IPv6 one.")


@strawberry.type(description="The desk of whoever looks after accounts.")
class AccountDesk:
    @strawberry.field(description="The accounts whose user name begins so, twenty at the most. For ADMIN.")
    async def accounts(
        self,
        info: Info[Context, None],
        search: Annotated[str, strawberry.argument(description="How the user name begins: two characters at least.")],
    ) -> list[AccountState] | None:
        return [AccountState.of(found) for found in await staff_accounts.find_accounts(info.context, search)]

    @strawberry.field(description="The last suspicions of guessing, the newest first, fifty at the most. For ADMIN.")
    async def security_alerts(self, info: Info[Context, None]) -> list[SecurityAlert] | None:
        return [
            SecurityAlert(happened_at=found.happened_at, network=found.network)
            for found in await staff_accounts.alerts(info.context)
        ]


@strawberry.type(description="The order about an account was carried out.")
class AccountOrderSuccess:
    account: AccountState = strawberry.field(description="The account as it is now.")
    ended_sessions: int = strawberry.field(description="How many of its sessions were ended by that.")


AccountOrderResult = Annotated[
    AccountOrderSuccess | Problems,
    strawberry.union("AccountOrderResult", description="The account as it is now, or why nothing was done."),
]
Username = Annotated[str, strawberry.argument(description="The user name of the account; never one's own.")]


@strawberry.input(description="Which roles a member of staff is to have.")
class StaffRolesInput:
    username: str = strawberry.field(description="The user name of the member of staff; never one's own.")
    roles: list[StaffRole] = strawberry.field(description="All roles that they have from now on; at least one.")


@strawberry.input(description="On which schools' registrations a member of staff works.")
class StaffSchoolsInput:
    username: str = strawberry.field(description="The user name of the member of staff; never one's own.")
    school_ids: list[ID] = strawberry.field(description="The ids of all schools from now on; none: none at all.")
    every: bool = strawberry.field(default=False, description="Every school of the district, whatever is named.")


@strawberry.input(description="Which teacher a member of staff is, whose courses and students they may write to.")
class StaffTeacherInput:
    username: str = strawberry.field(description="The user name of the member of staff; never one's own.")
    teacher_id: str | None = strawberry.field(
        default=None, description="The teacher's key in the school's system; none if not said."
    )


@strawberry.type(description="The orders of those who look after accounts.")
class StaffAccountMutations:
    @strawberry.mutation(
        description="Keep the holder of an account out, parent or staff, and end all their sessions. For ADMIN."
    )
    async def disable_account(self, info: Info[Context, None], username: Username) -> AccountOrderResult:
        return _result(await staff_accounts.disable_account(info.context, username))

    @strawberry.mutation(
        description="Let the holder of a disabled account log in again, with the password they had. For ADMIN."
    )
    async def enable_account(self, info: Info[Context, None], username: Username) -> AccountOrderResult:
        return _result(await staff_accounts.enable_account(info.context, username))

    @strawberry.mutation(
        description="Give a member of staff these roles in the place of those before; their sessions end. For ADMIN."
    )
    async def set_staff_roles(
        self,
        info: Info[Context, None],
        input: Annotated[StaffRolesInput, strawberry.argument(description="Who, and which roles.")],
    ) -> AccountOrderResult:
        return _result(await staff_accounts.set_staff_roles(info.context, input.username, input.roles))

    @strawberry.mutation(
        description="Have a member of staff work on the registrations of these schools, and write to their families, "
        "in the place of those before; without any they see none. For ADMIN."
    )
    async def set_staff_schools(
        self,
        info: Info[Context, None],
        input: Annotated[StaffSchoolsInput, strawberry.argument(description="Who, and which schools.")],
    ) -> AccountOrderResult:
        done = await staff_accounts.set_staff_schools(info.context, input.username, input.school_ids, every=input.every)
        return _result(done)

    @strawberry.mutation(
        description="Say which teacher a member of staff is: in the role TEACHER they write to the courses of that one "
        "alone. For ADMIN."
    )
    async def set_staff_teacher(
        self,
        info: Info[Context, None],
        input: Annotated[StaffTeacherInput, strawberry.argument(description="Who, and which teacher.")],
    ) -> AccountOrderResult:
        return _result(await staff_accounts.set_staff_teacher(info.context, input.username, input.teacher_id))

    @strawberry.mutation(description="End all sessions of an account, their live connections too. For ADMIN.")
    async def end_account_sessions(self, info: Info[Context, None], username: Username) -> AccountOrderResult:
        return _result(await staff_accounts.end_account_sessions(info.context, username))


def _result(done: AccountOrdered | Refused) -> AccountOrderSuccess | Problems:
    if isinstance(done, Refused):
        return Problems.of(done)
    return AccountOrderSuccess(account=AccountState.of(done.account), ended_sessions=done.ended_sessions)
