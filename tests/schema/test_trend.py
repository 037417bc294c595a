"""How a course went: the trend of its grades, and the levels reached by standard."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from loaders.relations import Relations
from tests.world import World, open_world

TREND = "{ me { students { courses { title trend { kind task percent letter term { name endsOn } } } } } }"
STANDARDS = """{ me { students { gradeLevel courses { title
  standardGrades { code standard subject level levelName comment updatedAt term { name startsOn } }
} } } }"""


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(Path(tmp_path_factory.mktemp("trend")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


async def test_a_trend_goes_by_terms_and_keeps_the_posted_and_the_running_apart(world: World) -> None:
    data = await world.data(TREND, guardian=world.guardian("four_children"))
    trends = [course["trend"] for student in data["me"]["students"] for course in student["courses"]]
    assert sum(map(len, trends)) > 20
    for trend in trends:
        assert [point["term"]["endsOn"] for point in trend] == sorted(point["term"]["endsOn"] for point in trend)
        assert all(point["percent"] is not None or point["letter"] is not None for point in trend)
        places = [(point["term"]["name"], point["task"], point["kind"]) for point in trend]
        assert len(set(places)) == len(places)
    assert {point["kind"] for trend in trends for point in trend} == {"POSTED", "IN_PROGRESS"}


async def test_a_grade_that_is_kept_back_is_no_point_of_the_trend(world: World) -> None:
    ((section,),) = world.rows("select section_id from grade where released = 0")
    points = world.rows(
        "select count(*) from grade where student_id = ? and section_id = ? and released = 1 and letter is not null",
        world.student("parent"), section,
    )[0][0]  # fmt: skip
    data = await world.data(
        "{ me { students { courses { sourcedId trend { percent } } } } }", guardian=world.guardian("parent")
    )
    trends = {c["sourcedId"]: c["trend"] for s in data["me"]["students"] for c in s["courses"]}
    assert len(trends[str(section)]) == points


async def test_levels_by_standard_are_told_in_elementary_courses_and_are_none_in_others(world: World) -> None:
    data = await world.data(STANDARDS, guardian=world.guardian("parent"))
    levels = {s["gradeLevel"]: [len(c["standardGrades"]) for c in s["courses"]] for s in data["me"]["students"]}
    assert min(levels["G02"]) >= 2
    assert set(levels["G10"]) == {0}
    told = [g for s in data["me"]["students"] for c in s["courses"] for g in c["standardGrades"]]
    assert {g["level"] for g in told} <= {"1", "2", "3", "4"}
    starts = [g["term"]["startsOn"] for c in data["me"]["students"][-1]["courses"] for g in c["standardGrades"][:1]]
    assert len(set(starts)) <= 1


async def test_a_level_that_is_not_released_is_not_there(world: World) -> None:
    pupil = world.student("elementary_pupil")
    count = world.rows("select count(*) from standard_grade where student_id = ?", pupil)[0][0]
    world.change("update standard_grade set released = 0 where student_id = ? and level = '3'", pupil)
    held = world.rows("select count(*) from standard_grade where student_id = ? and level = '3'", pupil)[0][0]
    data = await world.data(STANDARDS, guardian=world.guardian("parent"))
    told = [g for s in data["me"]["students"] for c in s["courses"] for g in c["standardGrades"]]
    assert held > 0
    assert len(told) == count - held


async def test_a_source_without_standards_says_null_and_not_an_empty_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, adapter = world.source, world.source.adapter
    lacking = replace(adapter, selects={k: v for k, v in adapter.selects.items() if k != "standard_grade"})
    monkeypatch.setattr(source, "relations", Relations(lacking, source.relations.dialect))
    monkeypatch.setattr(source, "adapter", lacking)
    data = await world.data(
        "{ me { students { courses { standardGrades { level } } } } }", guardian=world.guardian("parent")
    )
    assert {str(c["standardGrades"]) for s in data["me"]["students"] for c in s["courses"]} == {"None"}
