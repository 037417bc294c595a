"""One's own sessions, on both engines: what is shown, what ends, and that nobody reaches another's."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from strawberry.types import ExecutionResult

from gateway.endings import Endings
from loaders.ids import node_id
from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context
from resolvers.errors import Unauthenticated
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.session_list import SessionsRevoked, own_sessions, revoke_other_sessions, revoke_session
from resolvers.portal.sessions import LoggedIn
from schema.api import schema
from tests.portal import NOON, House, empty_place, open_house
from tests.world import World, open_world

GOING_ON = "select count(*) as n from session where ended_at is null"
LIST = "sessions { id current client deviceName address userAgent createdAt lastSeenAt expiresAt }"


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("sessions")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def ask(context: Context, document: str) -> Any:
    answer = await schema.execute(document, context_value=context)
    assert isinstance(answer, ExecutionResult)
    assert answer.errors is None, answer.errors
    return answer.data


async def log_in(house: House, name: str, **caller: Any) -> LoggedIn:
    answer, _ = await house.try_log_in(name, **caller)
    assert isinstance(answer, LoggedIn)
    return answer


async def test_the_list_shows_what_goes_on_newest_use_first_and_no_token(house: House, world: World) -> None:
    await house.account("ana", "3")
    await house.account("eva", "1")
    first = await log_in(house, "ana", address="198.51.100.7", user_agent="Homeroom/1.0\n(iPhone)" + "x" * 300)
    house.clock.pass_by(minutes=5)
    second = await log_in(house, "ana")
    await log_in(house, "eva")
    ended = await log_in(house, "ana")
    context = await house.context(world.source, first)
    assert await revoke_session(context, node_id("Session", ended.session_id)) == SessionsRevoked(1)
    data = await ask(await house.context(world.source, first), "{ me { " + LIST + " } }")
    newest, oldest = data["me"]["sessions"]
    assert newest["id"] == node_id("Session", second.session_id)
    assert oldest == {
        "id": node_id("Session", first.session_id),
        "current": True,
        "client": "MOBILE",
        "deviceName": None,
        "address": "198.51.100.7",
        "userAgent": "Homeroom/1.0 (iPhone)" + "x" * 99,
        "createdAt": "2026-11-23T12:00:00Z",
        "lastSeenAt": "2026-11-23T12:05:00Z",
        "expiresAt": "2027-01-22T12:00:00Z",
    }
    rows = await house.writer.rows("select token_hash, refresh_hash from session")
    secrets = {value for row in rows for value in row.values()} | {first.access_token, first.refresh_token}
    assert not any(secret and secret in str(data) for secret in secrets)


async def test_a_session_past_its_time_is_in_no_list_and_cannot_be_ended(house: House, world: World) -> None:
    await house.account("ana", "3")
    await house.web("ana")
    old = await house.mobile("ana")
    house.clock.pass_by(minutes=31)
    new = await house.mobile("ana")
    shown = await own_sessions(await house.context(world.source, new))
    assert [session.id for session in shown] == [node_id("Session", each.session_id) for each in (new, old)]
    web = await revoke_session(await house.context(world.source, new), node_id("Session", 1))
    assert isinstance(web, Refused)
    house.clock.pass_by(days=60)
    newest = await house.mobile("ana")
    assert len(await own_sessions(await house.context(world.source, newest))) == 1


async def test_ending_one_ends_it_at_once_and_leaves_a_trace(house: House, world: World) -> None:
    account = await house.account("ana", "3")
    kept, lost = [await house.mobile("ana") for _ in range(2)]
    ended = list[int]()
    for session in (kept, lost):
        house.portal.revocations.watch(session.session_id, partial(ended.append, session.session_id))
    context = await house.context(world.source, kept, "198.51.100.7")
    assert await revoke_session(context, node_id("Session", lost.session_id)) == SessionsRevoked(1)
    assert ended == [lost.session_id]
    (row,) = await house.writer.rows("select ended_at, end_reason from session where id = 2")
    assert tuple(row.values()) == (NOON, "REVOKED")
    rows = await house.writer.rows("select * from audit where action = 'SESSION_REVOKED'")
    assert [(row["actor"], row["subject"], row["account_id"], row["address"]) for row in rows] == [
        (f"account:{account}", f"session:{lost.session_id}", account, "198.51.100.7")
    ]


async def test_foreign_ended_and_made_up_sessions_are_refused_alike_and_nothing_ends(
    house: House, world: World
) -> None:
    await house.account("ana", "3")
    await house.account("eva", "1")
    mine, over, hers = await house.mobile("ana"), await house.mobile("ana"), await house.mobile("eva")
    context = await house.context(world.source, mine)
    await revoke_session(context, node_id("Session", over.session_id))
    before, trail = await house.count(GOING_ON), await house.trail()
    made_up = ["", "x", node_id("Session", 99), node_id("Session", "a"), node_id("Session", 10**30)]
    made_up += [node_id("Session", 1, 2), node_id("Session", "²"), node_id("Student", mine.session_id)]
    answers = [
        await revoke_session(context, id)
        for id in (node_id("Session", hers.session_id), node_id("Session", over.session_id), *made_up)
    ]
    assert {repr(answer) for answer in answers} == {repr(answers[0])}
    assert isinstance(answers[0], Refused)
    assert answers[0].problems[0].code is ProblemCode.SESSION_NOT_FOUND
    assert (await house.count(GOING_ON), await house.trail()) == (before, trail)


async def test_all_others_end_and_the_one_that_asks_goes_on(house: House, world: World) -> None:
    await house.account("ana", "3")
    await house.account("eva", "1")
    kept, *_ = [await house.mobile("ana") for _ in range(3)]
    await house.mobile("eva")
    assert await revoke_other_sessions(await house.context(world.source, kept)) == SessionsRevoked(2)
    rows = await house.writer.rows("select id from session where ended_at is null order by id")
    assert [row["id"] for row in rows] == [1, 4]
    assert (await house.trail())[-1] == ("account:1", "OTHER_SESSIONS_REVOKED", "account:1")


async def test_whoever_ends_the_session_that_asks_loses_its_cookie(house: House, world: World) -> None:
    await house.account("ana", "3")
    session = await house.mobile("ana")
    context = await house.context(world.source, session)
    context.caller = Caller(session.access_token, by_cookie=True)
    assert await revoke_session(context, node_id("Session", session.session_id)) == SessionsRevoked(1)
    assert context.reply.session_cookie == ""


async def test_staff_see_and_end_their_own_without_a_second_factor(house: House, world: World) -> None:
    await house.staff("office", StaffRole.OFFICE)
    session = await house.mobile("office")
    await house.mobile("office")
    data = await ask(await house.context(world.source, session), "{ staff { sessions { current } } }")
    assert data == {"staff": {"sessions": [{"current": False}, {"current": True}]}}
    assert await revoke_other_sessions(await house.context(world.source, session)) == SessionsRevoked(1)


async def test_nobody_has_no_sessions(house: House, world: World) -> None:
    await house.account("ana", "3")
    await house.mobile("ana")
    context = Context(world.source, None, Caller(), house.portal, None)
    for order in (own_sessions, revoke_other_sessions, lambda c: revoke_session(c, node_id("Session", 1))):
        with pytest.raises(Unauthenticated):
            await order(context)
    assert await house.count(GOING_ON) == 1


async def test_an_end_in_another_process_is_heard_of_once(house: House) -> None:
    await house.account("ana", "3")
    session = await house.mobile("ana")
    heard = list[int]()
    house.portal.revocations.listen(heard.append)
    endings = Endings(house.portal)
    await endings.look()
    assert heard == []
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "update session set ended_at = :now_at, end_reason = 'REVOKED'", {"now_at": house.clock.now()}
        )
    await endings.look()
    await endings.look()
    assert heard == [session.session_id]
