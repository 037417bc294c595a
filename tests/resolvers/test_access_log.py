"""The access log, on both engines: what a family reads of its account and its students, and nobody else's."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from strawberry.types import ExecutionResult

from loaders.ids import node_id
from loaders.portal.roles import StaffRole
from resolvers.access_log import AccessAction, access_log, log_access
from resolvers.context import Caller, Context
from resolvers.errors import BadUserInput, Unauthenticated
from schema.api import schema
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

LOG = """query ($first: Int, $after: String) { me { accessLog(first: $first, after: $after) {
  totalCount pageInfo { endCursor hasNextPage }
  nodes { kind by address actorName actorRole studentId purpose } } } }"""


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("log")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def read(context: Context, **variables: Any) -> Any:
    answer = await schema.execute(LOG, variable_values=variables, context_value=context)
    assert isinstance(answer, ExecutionResult)
    assert answer.errors is None, answer.errors
    return (answer.data or {})["me"]["accessLog"]


async def test_a_family_reads_what_was_done_and_by_whom_the_newest_first(house: House, world: World) -> None:
    mine, other = world.student("parent"), world.student("four_children")
    await house.account("marisol", str(world.guardian("parent")))
    await house.try_log_in("marisol", "wrong-1-word", address="203.0.113.77")
    await house.try_log_in("marisol", "wrong-1-word", address="2001:db8:1:2:3::9")
    house.clock.pass_by(minutes=1)
    session, _ = await house.try_log_in("marisol", address="198.51.100.7")
    await house.staff("jordan", StaffRole.SUPPORT)
    staff = await house.mobile("jordan")
    house.clock.pass_by(minutes=1)
    context = await house.context(world.source, staff)
    async with house.writer.transaction() as transaction:
        await log_access(context, transaction, AccessAction.OPENED, students=[mine, other], purpose="ACTIVATION")
        await log_access(context, transaction, AccessAction.CHANGED, account_id=1)
    found = await read(await house.context(world.source, session))

    def line(kind: str, by: str, **given: Any) -> dict[str, Any]:
        named = dict.fromkeys(("address", "actorName", "actorRole", "studentId", "purpose"))
        return {"kind": kind, "by": by, **named, **given}

    staff_line = {"actorName": "Jo Desk", "actorRole": "SUPPORT"}
    assert found["nodes"] == [
        line("RECORD_CHANGED", "STAFF", **staff_line),
        line("RECORD_OPENED", "STAFF", studentId=node_id("Student", mine), purpose="ACTIVATION", **staff_line),
        line("LOGGED_IN", "SELF", address="198.51.100.7"),
        line("LOG_IN_FAILED", "UNKNOWN", address="2001:db8:1:2::/64"),
        line("LOG_IN_FAILED", "UNKNOWN", address="203.0.113.0/24"),
        line("ACCOUNT_CREATED", "OPERATOR"),
    ]
    assert found["totalCount"] == 6


async def test_nobody_reads_another_familys_log(house: House, world: World) -> None:
    await house.account("marisol", str(world.guardian("parent")))
    await house.account("chioma", str(world.guardian("four_children")))
    await house.staff("jordan", StaffRole.SUPPORT)
    staff = await house.context(world.source, await house.mobile("jordan"))
    async with house.writer.transaction() as transaction:
        await log_access(staff, transaction, AccessAction.OPENED, students=[world.student("parent")], account_id=1)
    hers = await read(await house.context(world.source, await house.mobile("chioma")))
    assert [each["kind"] for each in hers["nodes"]] == ["LOGGED_IN", "ACCOUNT_CREATED"]
    with pytest.raises(Unauthenticated):
        await access_log(Context(world.source, None, Caller(), house.portal, None), None, None)


async def test_pages_hold_every_line_once(house: House, world: World) -> None:
    await house.account("marisol", str(world.guardian("parent")))
    await house.staff("jordan", StaffRole.SUPPORT)
    staff = await house.context(world.source, await house.mobile("jordan"))
    for _ in range(7):
        async with house.writer.transaction() as transaction:
            await log_access(staff, transaction, AccessAction.OPENED, students=[world.student("parent")])
        session = await house.mobile("marisol")
    context = await house.context(world.source, session)
    whole = (await read(context, first=100))["nodes"]
    assert len(whole) == 15
    paged, after = list[Any](), None
    while True:
        page = await read(await house.context(world.source, session), first=4, after=after)
        paged += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert paged == whole
    for forged in ("", "x", "WyJhIl0", "WyIyMDI2LTExLTIzIiwiMSIsIjEiXQ"):
        with pytest.raises(BadUserInput):
            await access_log(context, 4, forged)
