"""Student.transcript: the whole of it, in one trip, for whoever may see it, and never official."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.ids import node_id
from tests.world import World, open_world

WHOLE = """
{ me { students { id transcript {
  official
  years { schoolYear gradeLevel terms { name schoolName courses {
    title code creditArea letter percent creditAttempted creditEarned gpaPoints gpaScale weightedGpaPoints
    weightedGpaScale weightedBy leftOutOfGpa transfer repeatCode inProgress } } }
  gpa { kind value scale basis asOf }
  credits { name required earned inProgress }
  rank { value of asOf }
} } } }
"""
SHORT = "{ me { students { areas { area state reason } transcript { years { schoolYear } rank { value of } } } } }"


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(Path(tmp_path_factory.mktemp("transcript")) / "district.db", 300)
    yield made
    await made.recorded.reads.close()


async def _eldest(world: World) -> Any:
    data = await world.data(WHOLE, guardian=world.guardian("parent"))
    eldest = node_id("Student", world.student("parent"))
    return next(each["transcript"] for each in data["me"]["students"] if each["id"] == eldest)


async def test_a_transcript_is_the_courses_of_every_year_and_says_that_it_is_not_official(world: World) -> None:
    found = await _eldest(world)
    assert found["official"] is False
    assert [(year["schoolYear"], year["gradeLevel"]) for year in found["years"]] == [(2026, "G09"), (2027, "G10")]
    assert [term["name"] for year in found["years"] for term in year["terms"]] == [
        "Semester 1", "Semester 2", "Semester 1", "Semester 2",
    ]  # fmt: skip
    told = [course for term in found["years"][0]["terms"] for course in term["courses"]]
    kept = world.rows(
        "select course_title, letter, percent, credits_earned, gpa_points from transcript_entry "
        "where student_id = ? and school_year = 2026 order by term_ends_on, course_title, id",
        world.student("parent"),
    )
    assert [course["title"] for course in told] == [row[0] for row in kept]
    assert [course["letter"] for course in told] == [row[1] for row in kept]
    assert [float(course["creditEarned"]) for course in told] == [row[3] for row in kept]
    now = [course for term in found["years"][1]["terms"] for course in term["courses"]]
    assert {course["inProgress"] for course in now} == {True}
    assert {(course["letter"], course["creditEarned"]) for course in now} == {(None, None)}


async def test_averages_stand_with_their_scale_and_credits_with_what_is_asked(world: World) -> None:
    found = await _eldest(world)
    (row,) = world.rows(
        "select gpa, weighted_gpa, class_rank, class_size from academic_record where student_id = ?",
        world.student("parent"),
    )
    assert [(gpa["kind"], float(gpa["value"]), gpa["scale"], gpa["basis"], gpa["asOf"]) for gpa in found["gpa"]] == [
        ("UNWEIGHTED", row[0], "4", "SOURCE", "2026-06-05"),
        ("WEIGHTED", row[1], "5", "SOURCE", "2026-06-05"),
    ]
    assert found["rank"] == {"value": row[2], "of": row[3], "asOf": "2026-06-05"}
    areas = {area["name"]: area for area in found["credits"]}
    assert list(areas)[:2] == ["Language Arts", "Mathematics"]
    assert areas["Mathematics"]["required"] == "4"
    assert float(areas["Mathematics"]["inProgress"]) == 1.0


async def test_a_school_that_shows_no_rank_has_none_and_the_rest_stays(world: World) -> None:
    world.change("update academic_record set rank_shown = 0")
    try:
        found = await _eldest(world)
    finally:
        world.change("update academic_record set rank_shown = 1")
    assert found["rank"] is None
    assert len(found["gpa"]) == 2


async def test_what_is_not_released_is_on_no_transcript(world: World) -> None:
    world.change("update transcript_entry set released = 0 where school_year = 2026")
    world.change("update academic_record set released = 0")
    try:
        found = await _eldest(world)
    finally:
        world.change("update transcript_entry set released = 1")
        world.change("update academic_record set released = 1")
    assert [year["schoolYear"] for year in found["years"]] == [2027]
    assert (found["gpa"], found["rank"]) == ([], None)


async def test_the_transcripts_of_all_children_are_read_in_one_trip_of_three_statements(world: World) -> None:
    world.recorded.statements.clear()
    await world.serve(WHOLE, world.guardian("four_children"))
    relations = ("transcript_entry", "academic_record", "credit_requirement")
    read = [sql for sql, _ in world.recorded.statements if any(f"from {name}" in sql for name in relations)]
    assert len(read) == 3


async def test_a_source_without_transcripts_closes_the_area(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = world.source.adapter
    gone = ("transcript_entry", "academic_record", "credit_requirement")
    kept = {name: select for name, select in adapter.selects.items() if name not in gone}
    for holder in (world.source, world.source.relations):
        monkeypatch.setattr(holder, "adapter", replace(adapter, selects=kept))
    data = await world.data(SHORT, guardian=world.guardian("parent"))
    for student in data["me"]["students"]:
        assert student["transcript"] is None
        assert {"area": "TRANSCRIPT", "state": "CLOSED", "reason": "NOT_PROVIDED"} in student["areas"]
