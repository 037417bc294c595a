"""A source that goes away closes its areas and leaves the rest; when it is back, everything is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from strawberry.types import ExecutionResult

from schema.api import schema
from tests.portal import empty_place, open_house
from tests.world import TODAY, World, noon, open_world

FAMILY = """{ me { name students { name school { name }
  areas { area state reason stale asOf } courses { title } grades { percent }
  assignments { totalCount } attendance { totalCount } attendanceSummary { key } } } }"""


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A district whose database a test may take away."""
    made = await open_world(tmp_path / "district.db", 60)
    made.twin = False  # the source may come back between the two
    yield made
    await made.recorded.reads.close()


def _areas(student: Any) -> dict[str, tuple[str, str | None, bool]]:
    return {area["area"]: (area["state"], area["reason"], area["stale"]) for area in student["areas"]}


async def _until_back(world: World, guardian: int) -> Any:
    async with asyncio.timeout(10):
        while True:
            data = await world.data(FAMILY, guardian=guardian)
            if not data["me"]["students"][0]["areas"][0]["stale"]:
                return data
            await asyncio.sleep(0.05)


async def test_areas_close_while_the_source_is_away_and_open_when_it_is_back(world: World, tmp_path: Path) -> None:
    guardian = world.guardian("parent")
    before = await world.data(FAMILY, guardian=guardian)
    away = tmp_path / "away.db"
    world.path.rename(away)

    during = await world.data(FAMILY, guardian=guardian)
    assert [s["name"] for s in during["me"]["students"]] == [s["name"] for s in before["me"]["students"]]
    for student in during["me"]["students"]:
        areas = _areas(student)
        assert areas["GRADES"] == ("CLOSED", "SOURCE_DOWN", True)
        assert areas["ATTENDANCE"] == ("CLOSED", "SOURCE_DOWN", True)
        assert areas["HEALTH"] == ("CLOSED", "SOURCE_DOWN", True)
        closed = ("courses", "grades", "assignments", "attendance", "attendanceSummary")
        assert [student[name] for name in closed] == [None] * 5

    away.rename(world.path)
    assert await _until_back(world, guardian) == before


async def test_a_family_never_seen_before_gets_an_error_and_no_guess(world: World, tmp_path: Path) -> None:
    guardian = world.guardian("four_children")
    world.path.rename(tmp_path / "away.db")
    answer = await world.ask(FAMILY, guardian=guardian)
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "SOURCE_DOWN"
    assert answer.data is None


async def test_a_right_that_ended_meanwhile_is_not_remembered_over_midnight(tmp_path: Path) -> None:
    day = TODAY
    world = await open_world(tmp_path / "district.db", 60, now=lambda: noon(day))
    world.twin = False
    try:
        guardian = world.guardian("last_day_right")
        assert len((await world.data(FAMILY, guardian=guardian))["me"]["students"]) == 1
        world.path.rename(tmp_path / "away.db")
        day = TODAY + timedelta(days=1)
        answer = await world.ask(FAMILY, guardian=guardian)
        assert answer.data is None
    finally:
        await world.recorded.reads.close()


async def test_what_the_portal_keeps_is_answered_and_areas_say_of_which_instant_they_are(tmp_path: Path) -> None:
    at = noon(TODAY)
    world = await open_world(tmp_path / "district.db", 60, now=lambda: at)
    document = "{ me { sessions { current } students { areas { area stale asOf } } } }"
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        await house.account("marisol", str(world.guardian("parent")))
        session = await house.mobile("marisol")

        async def asked() -> Any:
            context = await house.context(world.source, session)
            answer = await schema.execute(document, context_value=context)
            assert isinstance(answer, ExecutionResult)
            assert (answer.errors, answer.data is None) == (None, False)
            return (answer.data or {})["me"]

        before = await asked()
        world.path.rename(tmp_path / "away.db")
        at += timedelta(minutes=3)
        during = await asked()
    await world.recorded.reads.close()
    assert during["sessions"] == before["sessions"] == [{"current": True}]
    told = {(area["stale"], area["asOf"]) for student in during["students"] for area in student["areas"]}
    assert told == {(True, "2026-11-23T17:00:00Z")}
    known = {(area["stale"], area["asOf"]) for student in before["students"] for area in student["areas"]}
    assert known == {(False, "2026-11-23T17:00:00Z")}
