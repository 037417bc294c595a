"""Looking after accounts, on both engines: by ADMIN alone, never one's own, each order in the trail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context
from resolvers.errors import Forbidden, SecondFactorRequired, Unauthenticated
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.sessions import LoggedIn
from resolvers.portal.staff_accounts import (
    AccountOrdered,
    alerts,
    disable_account,
    enable_account,
    end_account_sessions,
    find_accounts,
    set_staff_roles,
)
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

Order = Callable[[Context, str], Awaitable[Any]]
ORDERS: list[Order] = [
    disable_account,
    enable_account,
    end_account_sessions,
    lambda context, name: set_staff_roles(context, name, [StaffRole.TEACHER]),
]


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("accounts")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        await house.staff("admin", StaffRole.ADMIN)
        await house.account("dana", "3")
        await house.staff("office", StaffRole.OFFICE)
        yield house


async def admin(house: House, world: World) -> Context:
    session = await house.mobile("admin")
    await house.prove(session)
    return await house.context(world.source, session, "203.0.113.5")


def code(done: Any) -> ProblemCode:
    assert isinstance(done, Refused), done
    (problem,) = done.problems
    return problem.code


async def test_who_is_disabled_is_out_at_once_and_comes_back_with_the_old_password(house: House, world: World) -> None:
    session, ended = await house.mobile("dana"), list[int]()
    house.portal.revocations.watch(session.session_id, partial(ended.append, session.session_id))
    context = await admin(house, world)
    done = await disable_account(context, " DANA")
    assert isinstance(done, AccountOrdered)
    assert (done.ended_sessions, ended, done.account.disabled_at) == (1, [session.session_id], house.clock.now())
    assert not isinstance((await house.try_log_in("dana"))[0], LoggedIn)
    assert code(await disable_account(context, "dana")) is ProblemCode.STATE_WRONG
    done = await enable_account(context, "dana")
    assert isinstance(done, AccountOrdered)
    assert done.account.disabled_at is None
    assert isinstance((await house.try_log_in("dana"))[0], LoggedIn)
    assert code(await enable_account(context, "dana")) is ProblemCode.STATE_WRONG
    rows = await house.writer.rows(
        "select actor, action, subject, account_id, address from audit where action in "
        "('ACCOUNT_DISABLED', 'ACCOUNT_ENABLED') order by id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("account:1", action, "account:2", 2, "203.0.113.5") for action in ("ACCOUNT_DISABLED", "ACCOUNT_ENABLED")
    ]


async def test_roles_change_for_staff_alone_and_their_sessions_end(house: House, world: World) -> None:
    await house.mobile("office")
    context = await admin(house, world)
    done = await set_staff_roles(context, "office", [StaffRole.SUPPORT, StaffRole.OFFICE])
    assert isinstance(done, AccountOrdered)
    assert (sorted(role.value for role in done.account.roles), done.ended_sessions) == (["OFFICE", "SUPPORT"], 1)
    assert (await house.mobile("office")).roles == {StaffRole.SUPPORT, StaffRole.OFFICE}
    (row,) = await house.writer.rows("select detail from audit where action = 'ROLES_CHANGED'")
    assert row["detail"] == '{"after": "OFFICE,SUPPORT", "before": "OFFICE"}'
    assert code(await set_staff_roles(context, "office", list(done.account.roles))) is ProblemCode.STATE_WRONG
    assert code(await set_staff_roles(context, "office", [])) is ProblemCode.ROLES_MISSING
    assert code(await set_staff_roles(context, "dana", [StaffRole.ADMIN])) is ProblemCode.ACCOUNT_NOT_STAFF


async def test_all_sessions_of_an_account_end(house: House, world: World) -> None:
    for _ in range(2):
        await house.mobile("dana")
    done = await end_account_sessions(await admin(house, world), "dana")
    assert isinstance(done, AccountOrdered)
    assert done.ended_sessions == 2
    assert isinstance((await house.try_log_in("dana"))[0], LoggedIn)


@pytest.mark.parametrize("order", ORDERS)
async def test_nobody_does_it_to_their_own_account_or_to_nobodys(house: House, world: World, order: Order) -> None:
    context = await admin(house, world)
    before = await house.trail()
    assert code(await order(context, "admin")) is ProblemCode.OWN_ACCOUNT
    for name in ("nobody", "", "x" * 2000):
        assert code(await order(context, name)) is ProblemCode.ACCOUNT_NOT_FOUND
    assert await house.trail() == before


@pytest.mark.parametrize("order", [*ORDERS, find_accounts, lambda context, _: alerts(context)])
async def test_all_others_are_refused_and_nothing_happens(house: House, world: World, order: Order) -> None:
    office = await house.mobile("office")
    await house.prove(office)
    callers = [
        (Context(world.source, None, Caller(), house.portal, None), Unauthenticated),
        (await house.context(world.source, await house.mobile("dana")), Forbidden),
        (await house.context(world.source, office), Forbidden),
        (await house.context(world.source, await house.mobile("admin")), SecondFactorRequired),
    ]
    before = await house.trail()
    for context, refusal in callers:
        with pytest.raises(refusal):
            await order(context, "dana")
    assert await house.trail() == before
    assert await house.count("select count(*) as n from account where disabled_at is not null") == 0


async def test_accounts_are_found_by_how_they_begin_and_never_all_at_once(house: House, world: World) -> None:
    for n in range(25):
        await house.account(f"zed-{n:02}", "7")
    context = await admin(house, world)
    assert [found.username for found in await find_accounts(context, "DA")] == ["dana"]
    assert len(await find_accounts(context, "ze")) == 20
    for search in ("", "z", " ", "%", "z%", "_ed"):
        assert await find_accounts(context, search) == []


async def test_a_spray_is_shown_to_whoever_looks_after_accounts(house: House, world: World) -> None:
    for n in range(40):
        await house.try_log_in(f"name-{n}", "Summer-2026", address="198.51.100.7")
    (alert,) = await alerts(await admin(house, world))
    assert (alert.network, alert.happened_at) == ("198.51.100.7", house.clock.now())
