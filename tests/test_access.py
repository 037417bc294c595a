"""Access: no document yields a student outside the viewer's scope, by any path."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.ids import node_id, read_node_id
from loaders.portal.roles import StaffRole
from tests import documents
from tests.world import TODAY, World, open_world

STUDENT_TYPES = {"Student", "Course", "Grade", "Assignment", "Attendance", "Document"}


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of eighty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("access")) / "district.db", 80)
    yield made
    await made.recorded.reads.close()


def _ids(answer: Any) -> Iterator[str]:
    """Every global id in an answer."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name == "id" and isinstance(value, str):
                yield value
            else:
                yield from _ids(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from _ids(item)


def _students(answer: Any) -> set[int]:
    """The keys of all students that an answer names, in whatever object."""
    found = [read_node_id(text) for text in _ids(answer)]
    return {int(entry[1][0]) for entry in found if entry is not None and entry[0] in STUDENT_TYPES}


def _allowed(world: World, guardian: int) -> set[int]:
    """The students whose portal right holds today, asked without the gateway."""
    rows = world.rows(
        "select student_id from guardian_student where guardian_id = ? and portal_access = 1"
        " and coalesce(starts_on, '0001-01-01') <= ? and coalesce(ends_on, '9999-12-31') >= ?",
        guardian,
        TODAY.isoformat(),
        TODAY.isoformat(),
    )
    return {row[0] for row in rows}


@pytest.mark.parametrize("name", documents.ALL)
async def test_a_document_yields_the_students_whose_right_holds_today_and_no_other(world: World, name: str) -> None:
    guardians = [row[0] for row in world.rows("select id from guardian order by id")][:60]
    for guardian in guardians:
        data = await world.data(documents.ALL[name], guardian=guardian)
        assert _students(data) <= _allowed(world, guardian), guardian


async def test_every_student_of_the_scope_is_there_eldest_first(world: World) -> None:
    for (guardian,) in world.rows("select id from guardian"):
        data = await world.data("{ me { students { sourcedId birthDate } } }", guardian=guardian)
        students = data["me"]["students"]
        assert {int(student["sourcedId"]) for student in students} == _allowed(world, guardian)
        assert [s["birthDate"] for s in students] == sorted(s["birthDate"] for s in students)


@pytest.mark.parametrize(
    ("case", "sees"),
    [("blocked_guardian", False), ("ended_right", False), ("coming_right", False), ("last_day_right", True)],
)
async def test_a_right_is_blocked_ends_begins_and_holds_on_its_last_day(world: World, case: str, sees: bool) -> None:
    student = world.student(case)
    data = await world.data("{ me { students { sourcedId } } }", guardian=world.guardian(case))
    assert (str(student) in {entry["sourcedId"] for entry in data["me"]["students"]}) is sees


async def test_no_id_of_another_family_opens_anything(world: World) -> None:
    own, other = world.guardian("parent"), world.guardian("four_children")
    stolen: set[str] = set()
    for document in documents.ALL.values():
        stolen |= set(_ids(await world.data(document, guardian=own)))
    private = sorted(
        text for text in stolen if (read_node_id(text) or ("",))[0] in {*STUDENT_TYPES, "Message", "Parent"}
    )
    shared = set()
    for document in documents.ALL.values():
        shared |= set(_ids(await world.data(document, guardian=other)))
    foreign = [text for text in private if text not in shared]
    assert len(foreign) > 200
    for start in range(0, len(foreign), 100):
        data = await world.data(
            "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }",
            guardian=other,
            ids=foreign[start : start + 100],
        )
        assert data["nodes"] == [None] * len(data["nodes"])


async def test_the_ids_of_the_own_family_open_their_objects(world: World) -> None:
    own = world.guardian("parent")
    ids: set[str] = set()
    for document in documents.ALL.values():
        ids |= set(_ids(await world.data(document, guardian=own)))
    listed = sorted(text for text in ids if (read_node_id(text) or ("",))[0] != "Category")
    for start in range(0, len(listed), 100):
        part = listed[start : start + 100]
        data = await world.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", guardian=own, ids=part)
        types = [(read_node_id(text) or ("",))[0] for text in part]
        assert data["nodes"] == [{"id": text, "__typename": of} for text, of in zip(part, types, strict=True)]


@pytest.mark.parametrize(
    "id",
    [
        node_id("Student", 4),
        node_id("Student", 999_999),
        node_id("Student", "x"),
        node_id("Student", "1' or '1'='1"),
        node_id("Student", 1, 2),
        node_id("Course", 1, 2),
        node_id("Nothing", 1),
        "U3R1ZGVudDox=",
        "not an id",
        "",
        "é",
        "A" * 5000,
    ],
)
async def test_a_foreign_a_made_up_and_a_broken_student_id_answer_alike(world: World, id: str) -> None:
    answer = await world.ask(
        "query ($id: ID!) { student(id: $id) { name } node(id: $id) { id } }", guardian=world.guardian("parent"), id=id
    )
    assert (answer.data, answer.errors) == ({"student": None, "node": None}, None)


@pytest.mark.parametrize(
    "field", ["me { id }", 'student(id: "x") { id }', 'node(id: "x") { id }', 'nodes(ids: ["x"]) { id }']
)
async def test_nobody_sees_anything_without_a_session(world: World, field: str) -> None:
    answer = await world.ask(f"{{ {field} }}")
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "UNAUTHENTICATED"
    assert not any((answer.data or {}).values())


async def test_staff_are_no_parents_and_have_no_students(world: World) -> None:
    answer = await world.ask("{ me { id } }", staff=StaffRole.OFFICE)
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "FORBIDDEN"
    id = node_id("Student", world.student("parent"))
    found = await world.ask(
        "query ($id: ID!) { student(id: $id) { id } node(id: $id) { id } }", staff=StaffRole.OFFICE, id=id
    )
    assert (found.data, found.errors) == ({"student": None, "node": None}, None)


async def test_an_account_whose_guardian_left_the_records_is_told_so(world: World) -> None:
    answer = await world.ask("{ me { id } }", guardian=999_999)
    assert answer.errors is not None
    assert getattr(answer.errors[0].original_error, "code", None) == "FORBIDDEN"
    assert answer.errors[0].message.startswith("The school's records hold nobody under this account any more.")


async def test_a_message_about_a_student_goes_with_the_right_to_the_student(world: World) -> None:
    guardian, student = world.guardian("blocked_guardian"), world.student("blocked_guardian")
    count = "{ me { messages { totalCount nodes { id } } unreadMessageCount } }"
    before = await world.data(count, guardian=guardian)
    message = world.rows(
        "select id from message where id not in (select message_id from message_recipient where guardian_id = ?)",
        guardian,
    )[0][0]
    sent = "insert into message_recipient (message_id, guardian_id, student_id) values (?, ?, ?)"
    world.change(sent, message, guardian, student)
    assert await world.data(count, guardian=guardian) == before
    world.change(sent, message, guardian, None)
    after = await world.data(count, guardian=guardian)
    assert after["me"]["messages"]["totalCount"] == before["me"]["messages"]["totalCount"] + 1
