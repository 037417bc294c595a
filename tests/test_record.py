"""What the record says of the awkward cases: nothing hidden is told, nothing told is guessed."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.ids import node_id
from tests.world import TODAY, World, open_world


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of sixty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("record")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


SCORE = "state points percent letter flags countsTowardGrade comment scoredAt releasesAt"


async def _assignment(world: World, case: str) -> Any:
    """The assignment that a case's note names, as the demo's parent sees it."""
    found = re.search(r"assignment (\d+) of section (\d+)", world.cases[case].note)
    assert found is not None
    id = node_id("Assignment", world.student(case), int(found[2]), int(found[1]))
    data = await world.data(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Assignment {{ extraCredit score {{ {SCORE} }} }} }} }}",
        guardian=world.guardian(case),
        id=id,
    )
    return data["node"]


async def test_an_unreleased_score_says_when_and_nothing_else(world: World) -> None:
    score = (await _assignment(world, "unreleased_score"))["score"]
    assert score.pop("releasesAt") > "2026-11-23T"
    assert score == {
        "state": "HIDDEN",
        "points": None,
        "percent": None,
        "letter": None,
        "flags": [],
        "countsTowardGrade": False,
        "comment": None,
        "scoredAt": None,
    }


async def test_an_exempt_score_counts_for_nothing(world: World) -> None:
    score = (await _assignment(world, "exempt_score"))["score"]
    assert (score["state"], score["points"], score["countsTowardGrade"]) == ("EXEMPT", None, False)
    assert "EXEMPT" in score["flags"]


async def test_a_missing_piece_is_flagged_and_counts(world: World) -> None:
    score = (await _assignment(world, "missing_score"))["score"]
    assert "MISSING" in score["flags"]
    assert score["countsTowardGrade"] is True


async def test_a_dropped_score_keeps_its_number_and_does_not_count(world: World) -> None:
    score = (await _assignment(world, "dropped_score"))["score"]
    assert score["state"] == "SCORED"
    assert score["points"] is not None
    assert "DROPPED" in score["flags"]
    assert score["countsTowardGrade"] is False


async def test_extra_credit_is_marked(world: World) -> None:
    assert (await _assignment(world, "extra_credit"))["extraCredit"] is True


async def test_an_invisible_assignment_is_not_there(world: World) -> None:
    assert await _assignment(world, "invisible_assignment") is None


async def test_an_unreleased_grade_is_nowhere(world: World) -> None:
    found = re.search(r"grade (\d+)", world.cases["unreleased_grade"].note)
    assert found is not None
    id = node_id("Grade", world.student("unreleased_grade"), int(found[1]))
    data = await world.data(
        "query ($id: ID!) { node(id: $id) { id }"
        " me { students { grades { id } courses { grade { id } grades { id } } } } }",
        guardian=world.guardian("unreleased_grade"),
        id=id,
    )
    assert id not in str(data["me"])
    assert data["node"] is None


async def test_every_percent_is_the_databases_own_to_the_last_place(world: World) -> None:
    data = await world.data(
        "{ me { students { grades { id percent letter kind } } } }", guardian=world.guardian("parent")
    )
    shown = {g["id"]: (g["percent"], g["letter"], g["kind"]) for s in data["me"]["students"] for g in s["grades"]}
    rows = world.rows(
        "select g.student_id, g.id, cast(g.percent as text), g.letter, g.kind from grade g"
        " join guardian_student r using (student_id)"
        " join enrollment e on e.student_id = g.student_id and e.section_id = g.section_id"
        " where r.guardian_id = ? and g.released = 1",
        world.guardian("parent"),
    )
    assert shown == {node_id("Grade", s, g): (percent and percent.removesuffix(".0"), letter, kind)
                     for s, g, percent, letter, kind in rows}  # fmt: skip


async def test_the_first_grade_of_a_course_is_the_running_one_of_this_quarter(world: World) -> None:
    data = await world.data(
        "{ me { students { courses { grade { kind term { kind isCurrent } } grades { kind term { kind } } } } } }",
        guardian=world.guardian("parent"),
    )
    courses = [course for student in data["me"]["students"] for course in student["courses"]]
    assert len(courses) >= 15
    for course in courses:
        if course["grade"] is not None and course["grade"]["kind"] == "IN_PROGRESS":
            assert course["grade"]["term"] == {"kind": "QUARTER", "isCurrent": True}
        kinds = {grade["kind"] for grade in course["grades"]}
        assert course["grade"] is None or course["grade"]["kind"] in kinds
    assert any(course["grade"] and course["grade"]["kind"] == "IN_PROGRESS" for course in courses)


async def test_a_corrected_mark_is_the_offices_word(world: World) -> None:
    case = world.cases["corrected_attendance"]
    day = case.note[:10]
    data = await world.data(
        "query ($day: Date!) { me { students { sourcedId attendance(filter: {from: $day, to: $day})"
        " { nodes { period status excuse confirmed } } } } }",
        guardian=world.guardian("corrected_attendance"),
        day=day,
    )
    marks = [
        mark
        for student in data["me"]["students"]
        if student["sourcedId"] == str(case.student_id)
        for mark in student["attendance"]["nodes"]
    ]
    assert {"period": "Period 2", "status": "TARDY", "excuse": "EXCUSED", "confirmed": True} in marks


async def test_a_message_reaches_the_family_without_its_markups_teeth(world: World) -> None:
    found = re.search(r"message (\d+)", world.cases["unsafe_message"].note)
    assert found is not None
    (raw,) = world.rows("select body from message where id = ?", int(found[1]))[0]
    assert re.search(r"<script|onclick|javascript:", raw)
    data = await world.data(
        "query ($id: ID!) { node(id: $id) { ... on Message { body bodyText } } }",
        guardian=world.guardian("unsafe_message"),
        id=node_id("Message", int(found[1])),
    )
    body, text = data["node"]["body"], data["node"]["bodyText"]
    assert not re.search(r"<script|onclick|javascript:|<style|<iframe|<form", body)
    assert not re.search(r"<[a-z/]", text)
    assert text


async def test_names_of_every_script_come_through_whole(world: World) -> None:
    for case in ("french", "spanish", "polish", "arabic", "chinese", "vietnamese"):
        name = f"non_ascii_{case}"
        data = await world.data("{ me { students { name } } }", guardian=world.guardian(name))
        assert world.cases[name].note.removesuffix(".") in {s["name"] for s in data["me"]["students"]}


async def test_a_guardian_without_students_has_an_empty_portal_and_no_error(world: World) -> None:
    data = await world.data(
        "{ me { students { id } assignments { totalCount nodes { id } } messages { totalCount } unreadMessageCount } }",
        guardian=world.guardian("no_student"),
    )
    assert data["me"]["students"] == []
    assert data["me"]["assignments"] == {"totalCount": 0, "nodes": []}


async def test_a_student_of_two_schools_names_the_primary_one_first(world: World) -> None:
    data = await world.data(
        "{ me { students { sourcedId school { sourcedId }"
        " enrollments { isCurrent isPrimary school { sourcedId } } } } }",
        guardian=world.guardian("two_schools"),
    )
    (student,) = [s for s in data["me"]["students"] if s["sourcedId"] == str(world.student("two_schools"))]
    current = [e for e in student["enrollments"] if e["isCurrent"]]
    assert len({e["school"]["sourcedId"] for e in current}) == 2
    assert current[0]["isPrimary"] is True
    assert student["school"] == current[0]["school"]


async def test_a_dropped_course_shows_what_was_due_before(world: World) -> None:
    found = re.search(r"section (\d+), left on (\S+)\.", world.cases["dropped_course"].note)
    assert found is not None
    data = await world.data(
        "query ($id: ID!) { node(id: $id) { ... on Course"
        " { droppedOn assignments(first: 100) { nodes { dueOn } } } } }",
        guardian=world.guardian("dropped_course"),
        id=node_id("Course", world.student("dropped_course"), int(found[1])),
    )
    assert data["node"]["droppedOn"] == found[2] < TODAY.isoformat()
    assert all(node["dueOn"] <= found[2] for node in data["node"]["assignments"]["nodes"])


@pytest.mark.parametrize("argument", ['termId: "x"', f'termId: "{node_id("Student", 1)}"', 'courseId: "x"'])
async def test_an_id_of_another_kind_is_refused_by_the_arguments_name(world: World, argument: str) -> None:
    answer = await world.ask(f"{{ me {{ students {{ grades({argument}) {{ id }} }} }} }}", guardian=1)
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "BAD_USER_INPUT"
    assert answer.errors[0].message.startswith(f"`{argument.split(':')[0]}` is not the id of a ")
    assert answer.data is not None
    assert answer.data["me"]["students"][0]["grades"] is None


async def test_filters_by_state_and_flag_agree_with_the_scores_they_let_through(world: World) -> None:
    guardian = world.guardian("parent")
    everything = await world.data(
        f"{{ me {{ a: assignments(first: 100) {{ ...p }} }} }} fragment p on AssignmentConnection"
        f" {{ totalCount nodes {{ id score {{ {SCORE} }} }} pageInfo {{ endCursor hasNextPage }} }}",
        guardian=guardian,
    )
    nodes = everything["me"]["a"]["nodes"]
    states = {node["score"]["state"] for node in nodes}
    assert states >= {"SCORED", "NOT_DUE"}
    total = 0
    for state in ("NOT_DUE", "UNGRADED", "SCORED", "EXEMPT", "HIDDEN"):
        data = await world.data(
            f"{{ me {{ assignments(first: 100, filter: {{states: [{state}]}})"
            " { totalCount nodes { score { state } } } } }",
            guardian=guardian,
        )
        found = data["me"]["assignments"]
        assert {node["score"]["state"] for node in found["nodes"]} <= {state}
        total += found["totalCount"]
    assert total == everything["me"]["a"]["totalCount"]
