"""Due work across all children: each filter lets through what it says, and nothing hidden is told."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.world import World, open_world

NODE = """id title dueOn student { id } course { id } category { id }
score { state points percent letter flags countsTowardGrade comment scoredAt releasesAt }"""
WORK = f"""query ($first: Int, $after: String, $filter: AssignmentFilter) {{
  me {{ assignments(first: $first, after: $after, filter: $filter) {{
    totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {NODE} }} }} }} }}"""
FLAGS = ("LATE", "MISSING", "INCOMPLETE", "DROPPED", "EXEMPT", "TURNED_IN", "CHEATED")
STATES = ("NOT_DUE", "UNGRADED", "SCORED", "EXEMPT", "HIDDEN")


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of sixty students; only the compiled engine is asked here."""
    made = await open_world(Path(tmp_path_factory.mktemp("work")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


async def walked(world: World, guardian: int, size: int = 100, **wanted: Any) -> list[Any]:
    """Every piece of work that a filter lets through, page by page; the count must be the same on each."""
    found: list[Any] = []
    after = None
    while True:
        page = (await world.serve(WORK, guardian, first=size, after=after, filter=wanted))["me"]["assignments"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


async def test_pages_walk_through_all_work_of_all_children_once_the_latest_due_first(world: World) -> None:
    guardian = world.guardian("four_children")
    whole = await walked(world, guardian)
    assert [node["id"] for node in await walked(world, guardian, 7)] == [node["id"] for node in whole]
    assert len({node["id"] for node in whole}) == len(whole) > 100
    dues = [node["dueOn"] or "" for node in whole]
    assert dues == sorted(dues, reverse=True)
    assert len({node["student"]["id"] for node in whole}) == 4


async def test_each_part_of_a_filter_lets_through_what_it_says(world: World) -> None:
    guardian = world.guardian("parent")
    whole = await walked(world, guardian)
    student, course = whole[0]["student"]["id"], whole[-1]["course"]["id"]
    day = whole[len(whole) // 2]["dueOn"]
    parts: list[tuple[dict[str, Any], Callable[[Any], bool]]] = [
        ({"dueFrom": day}, lambda node: node["dueOn"] >= day),
        ({"dueTo": day}, lambda node: node["dueOn"] <= day),
        ({"dueFrom": day, "dueTo": day}, lambda node: node["dueOn"] == day),
        ({"studentIds": [student]}, lambda node: node["student"]["id"] == student),
        ({"courseIds": [course]}, lambda node: node["course"]["id"] == course),
        ({"flags": ["MISSING", "LATE"]}, lambda node: bool({"MISSING", "LATE"} & set(node["score"]["flags"]))),
        ({"dueTo": day, "states": ["SCORED"], "studentIds": [student]}, lambda node: node["dueOn"] <= day
            and node["score"]["state"] == "SCORED" and node["student"]["id"] == student),
        *[({"flags": [flag]}, lambda node, flag=flag: flag in node["score"]["flags"]) for flag in FLAGS],
        *[({"states": [state]}, lambda node, state=state: node["score"]["state"] == state) for state in STATES],
        *[({name: []}, lambda node: False) for name in ("flags", "states", "courseIds", "studentIds")],
    ]  # fmt: skip
    for wanted, holds in parts:
        expected = [node for node in whole if holds(node)]
        assert await walked(world, guardian, **wanted) == expected, wanted
    data = await world.serve("{ me { students { terms { id kind } } } }", guardian)
    quarters = {term["id"] for s in data["me"]["students"] for term in s["terms"] if term["kind"] == "QUARTER"}
    of_terms = [await walked(world, guardian, termId=quarter) for quarter in quarters]
    assert sum(map(len, of_terms)) == len(whole)


async def test_a_hidden_score_is_hidden_from_filters_counts_and_order(world: World) -> None:
    guardian = world.guardian("parent")
    before = await walked(world, guardian)
    shown = next(node for node in before if node["score"]["state"] == "SCORED")
    student, assignment = world.rows(
        "select s.student_id, s.assignment_id from score s join assignment a on a.id = s.assignment_id"
        " join guardian_student g on g.student_id = s.student_id"
        " where g.guardian_id = ? and a.title = ? and a.due_on = ? and s.points is not null",
        guardian, shown["title"], shown["dueOn"],
    )[0]  # fmt: skip
    where = "where student_id = ? and assignment_id = ?"
    for letter, flags in ((None, "missing = 1, late = 1, exempt = 1"), ("F", "dropped = 1, cheated = 1")):
        world.change(
            f"update score set released = 0, releases_at = '2026-12-01T12:00:00Z', letter = ?, {flags} {where}",
            letter, student, assignment,
        )  # fmt: skip
        after = await walked(world, guardian)
        assert [node["id"] for node in after] == [node["id"] for node in before]
        changed = [node for node in after if node not in before]
        (score,) = [node["score"] for node in changed if node["score"]["releasesAt"] == "2026-12-01T12:00:00Z"]
        assert score == {
            "state": "HIDDEN", "points": None, "percent": None, "letter": None, "flags": [],
            "countsTowardGrade": False, "comment": None, "scoredAt": None, "releasesAt": "2026-12-01T12:00:00Z",
        }  # fmt: skip
        hidden = next(node["id"] for node in changed)
        assert hidden not in {node["id"] for node in await walked(world, guardian, flags=list(FLAGS))}
        for state in STATES:
            found = {node["id"] for node in await walked(world, guardian, states=[state])}
            assert (hidden in found) is (state == "HIDDEN")


async def test_a_child_whose_grades_are_closed_is_left_out_and_the_areas_say_why(world: World) -> None:
    guardian = world.guardian("four_children")
    whole = await walked(world, guardian)
    ((key,),) = world.rows(
        "select min(student_id) from guardian_student where guardian_id = ? and portal_access = 1", guardian
    )
    world.change("insert into withheld_area (guardian_id, student_id, area) values (?, ?, 'GRADES')", guardian, key)
    data = await world.serve("{ me { students { id sourcedId areas { area reason } } } }", guardian)
    closed = next(s["id"] for s in data["me"]["students"] if s["sourcedId"] == str(key))
    assert await walked(world, guardian) == [node for node in whole if node["student"]["id"] != closed]
    reasons = {s["id"]: {a["area"]: a["reason"] for a in s["areas"]}["GRADES"] for s in data["me"]["students"]}
    assert reasons == {**dict.fromkeys(reasons, None), closed: "NO_RIGHT"}
    assert await walked(world, guardian, studentIds=[closed]) == []
