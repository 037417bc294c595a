"""The doors of staff: who enters, who is refused by which code, and what stands on the desk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from strawberry.types import ExecutionResult

from loaders.portal.roles import StaffRole, roles_of, roles_text
from resolvers.context import Caller, Context
from resolvers.errors import Forbidden, Refusal, SecondFactorRequired, Unauthenticated
from resolvers.portal.mail import Letter, post
from resolvers.portal.sessions import LoggedIn
from resolvers.staff import staff, staff_member
from schema.api import schema
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

DESK = "{ staff { username name roles secondFactorProven mailQueue { waiting failed oldestPostedAt } } }"


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("staff")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def ask(context: Context) -> ExecutionResult:
    answer = await schema.execute(DESK, context_value=context)
    assert isinstance(answer, ExecutionResult)
    return answer


def code(answer: ExecutionResult) -> str:
    (error,) = answer.errors or []
    assert isinstance(error.original_error, Refusal), error
    return error.original_error.code


async def session_of(house: House, *roles: StaffRole) -> LoggedIn:
    await house.staff("desk", *roles)
    return await house.mobile("desk")


async def test_strangers_and_parents_stay_outside(house: House, world: World) -> None:
    await house.account("ana", "3")
    parent = await house.context(world.source, await house.mobile("ana"))
    nobody = Context(world.source, None, Caller(), house.portal, None)
    for context, refusal, name in ((nobody, Unauthenticated, "UNAUTHENTICATED"), (parent, Forbidden, "FORBIDDEN")):
        for door in (staff_member, lambda context: staff(context, *StaffRole)):
            with pytest.raises(refusal):
                door(context)
        answer = await ask(context)
        assert (answer.data, code(answer)) == (None, name)


async def test_another_role_is_refused_and_none_includes_another(house: House, world: World) -> None:
    session = await session_of(house, StaffRole.ADMIN)
    await house.prove(session)
    context = await house.context(world.source, session)
    assert staff(context, StaffRole.OFFICE, StaffRole.ADMIN).username == "desk"
    with pytest.raises(Forbidden, match="OFFICE or TEACHER or SUPPORT"):
        staff(context, StaffRole.OFFICE, StaffRole.TEACHER, StaffRole.SUPPORT)
    with pytest.raises(Forbidden):
        staff(context)


async def test_the_right_role_without_a_second_factor_is_told_what_is_missing(house: House, world: World) -> None:
    session = await session_of(house, StaffRole.OFFICE)
    context = await house.context(world.source, session)
    assert staff_member(context).username == "desk"
    with pytest.raises(SecondFactorRequired) as caught:
        staff(context, StaffRole.OFFICE)
    assert caught.value.code == "SECOND_FACTOR_REQUIRED"
    with pytest.raises(Forbidden):
        staff(context, StaffRole.ADMIN)


async def test_the_desk_says_who_sits_there_and_no_more_until_a_second_factor_is_proven(
    house: House, world: World
) -> None:
    session = await session_of(house, StaffRole.SUPPORT, StaffRole.ADMIN)
    answer = await ask(await house.context(world.source, session))
    desk = {"username": "desk", "name": "Jo Desk", "roles": ["SUPPORT", "ADMIN"], "secondFactorProven": False}
    assert answer.data == {"staff": {**desk, "mailQueue": None}}
    assert code(answer) == "SECOND_FACTOR_REQUIRED"
    await house.prove(session)
    async with house.writer.transaction() as transaction:
        await post(
            house.portal,
            transaction,
            Letter("password_changed", "a@example.org", "en", {"name": "A", "username": "a", "when": "today"}),
        )
    proven = await ask(await house.context(world.source, session))
    waiting = {"waiting": 1, "failed": 0, "oldestPostedAt": "2026-11-23T12:00:00Z"}
    assert (proven.data, proven.errors) == (
        {"staff": {**desk, "secondFactorProven": True, "mailQueue": waiting}},
        None,
    )


async def test_mail_is_for_admins(house: House, world: World) -> None:
    session = await session_of(house, StaffRole.OFFICE, StaffRole.TEACHER, StaffRole.SUPPORT)
    await house.prove(session)
    answer = await ask(await house.context(world.source, session))
    assert code(answer) == "FORBIDDEN"
    assert answer.data is not None
    assert answer.data["staff"]["mailQueue"] is None


def test_roles_are_kept_in_one_order_and_unknown_ones_open_nothing() -> None:
    assert roles_text([StaffRole.ADMIN, StaffRole.OFFICE, StaffRole.ADMIN]) == "OFFICE,ADMIN"
    assert roles_of("OFFICE,ADMIN") == {StaffRole.OFFICE, StaffRole.ADMIN}
    assert roles_of("registrar,office,,ADMIN ") == roles_of(None) == roles_of("") == frozenset()
