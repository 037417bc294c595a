"""The first screen of an app is one document, read in at most twelve statements, whatever the family and the school."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from gateway.execution.documents import GraphQLRequest
from resolvers.live import Live
from tests.documents import FIRST_SCREEN, MESSAGES
from tests.hub import hub
from tests.portal import House, empty_place, open_house
from tests.world import ENGINE, World, open_world

#: Of the school's database, and of the portal store; a change of these numbers is a decision.
SOURCE, STORE = 11, 1
DAYS = {"from": "2026-11-23", "to": "2026-12-04"}
#: Families of one, two, three and four children, and who has children in kindergarten or in two schools.
FAMILIES = ("dropped_course", "parent", "four_children", "large_family", "kindergartner", "two_schools")


@dataclass
class Screen:
    """A district with a log of changes, and every statement that goes to either database."""

    world: World
    house: House
    live: Live
    stored: list[str]

    async def ask(self, case: str) -> tuple[Mapping[str, Any], int, int]:
        """What a family is shown, and how many statements that took of the source and of the store."""
        context = self.world.context(self.world.guardian(case))
        context._portal, context._live = self.house.portal, self.live
        self.world.recorded.statements.clear()
        self.stored.clear()
        answer = await ENGINE.execute(ENGINE.prepare(GraphQLRequest(FIRST_SCREEN, variables=DAYS)), context)
        assert answer.errors == (), answer.errors
        return orjson.loads(orjson.dumps(answer.data))["me"], len(self.world.recorded.statements), len(self.stored)


@pytest_asyncio.fixture(scope="module", params=[60, 600])
async def screen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screen]:
    """The same district at two sizes; nothing is remembered between requests, and a grade of each family changed."""
    place = Path(tmp_path_factory.mktemp("screen"))
    world = await open_world(place / "district.db", request.param)
    await world.serve(MESSAGES, world.guardian("parent"))  # asks once when the next message is to be seen
    world.source.shared.most = 0
    async with empty_place("sqlite", place) as url, open_house(url) as house:
        guardians = list(dict.fromkeys(world.guardian(case) for case in FAMILIES))
        for guardian in guardians:
            await house.account(f"parent{guardian}", str(guardian))
        live = hub(world.source, house.writer, house.portal.sealer)
        await live.poll()
        for guardian in guardians:
            world.change(
                "update grade set percent = 12.5 where id = (select min(id) from grade where released = 1"
                " and student_id in (select student_id from guardian_student where guardian_id = ?))", guardian
            )  # fmt: skip
        await live.poll()
        made = Screen(world, house, live, [])
        rows = type(house.portal.writer).rows

        async def counted(self: Any, sql: str, *given: Any) -> Any:
            made.stored.append(sql)
            return await rows(self, sql, *given)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(house.portal.writer), "rows", counted)
            yield made
        await live.stop()
    await world.recorded.reads.close()


@pytest.mark.parametrize("case", FAMILIES)
async def test_the_first_screen_takes_no_more_than_twelve_statements(screen: Screen, case: str) -> None:
    _, source, store = await screen.ask(case)
    assert (source, store) == (SOURCE, STORE)
    assert source + store <= 12


async def test_the_first_screen_has_something_of_everything(screen: Screen) -> None:
    children: set[int] = set()
    for case in FAMILIES:
        me, _, _ = await screen.ask(case)
        children.add(len(me["students"]))
        assert [s["school"]["name"] for s in me["students"] if not s["school"]["name"]] == []
    assert children >= {1, 2, 4}
    me, _, _ = await screen.ask("parent")
    assert me["due"]["nodes"][0]["course"]["title"]
    assert {node["student"]["id"] for node in me["due"]["nodes"]} <= {student["id"] for student in me["students"]}
    assert me["messages"]["nodes"][0]["subject"]
    assert me["changes"]["nodes"][0]["student"]["id"] in {student["id"] for student in me["students"]}
    for student in me["students"]:
        assert student["courses"][0]["teachers"][0]["name"]
        assert any(course["grade"] for course in student["courses"])
        assert student["attendance"]["nodes"]
        (day,) = student["schedule"]["days"]
        assert day["date"] == "2026-11-23"
        assert day["meetings"][0]["course"]["id"]
        assert day["meetings"][0]["teachers"][0]["name"]
