"""What many students share is kept while the source stays as it is: never too long, never too much, never another's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from loaders import assignments, attendance, book, courses, grades, messages, people, rights, schools
from loaders.contract import Kind
from loaders.dialect import Dialect
from loaders.rows import Layout, Rows
from loaders.shared import SharedRows
from loaders.statement import Computed, Shape, Template
from tests import documents
from tests.world import World, open_world

NAME = Shape({"key": Computed("x.key", Kind.INTEGER), "name": Computed("x.name", Kind.TEXT)})


def _rows(*raw: tuple[int, str]) -> Rows:
    return Rows(Layout(NAME, ("key", "name"), ("key", "name"), ("key",), Dialect.SQLITE, None), list(raw))  # type: ignore[arg-type]


def test_what_was_read_under_one_mark_is_not_given_under_another() -> None:
    memory = SharedRows(10)
    assert memory.serves("monday")
    memory.keep("monday", 0, [1, 2], _rows((1, "a"), (1, "b")))
    assert memory.find(0, [1, 2, 3]) == ({1: ((1, "a"), (1, "b")), 2: ()}, [3])
    assert memory.serves("tuesday")
    assert memory.find(0, [1, 2]) == ({}, [1, 2])
    assert len(memory) == 0


def test_rows_that_come_in_after_the_mark_has_moved_are_not_kept() -> None:
    memory = SharedRows(10)
    memory.serves("monday")
    memory.serves("tuesday")
    assert memory.keep("monday", 0, [1], _rows((1, "a"))) == {1: ((1, "a"),)}
    assert memory.find(0, [1]) == ({}, [1])


def test_without_a_mark_or_without_room_nothing_is_kept() -> None:
    assert not SharedRows(10).serves(None)
    assert not SharedRows(0).serves("monday")


def test_the_least_lately_used_goes_first_and_the_bound_holds() -> None:
    memory = SharedRows(6)
    memory.serves("monday")
    for key in (1, 2, 3):
        memory.keep("monday", 0, [key], _rows((key, "x")))
    memory.find(0, [1])
    memory.keep("monday", 0, [4], _rows((4, "x")))
    assert len(memory) == 6
    assert memory.find(0, [1, 2, 3, 4])[1] == [2]
    memory.keep("monday", 0, [5], _rows(*((5, "x") for _ in range(9))))
    assert len(memory) == 0


def test_two_statements_never_share_a_place() -> None:
    memory = SharedRows(10)
    memory.serves("monday")
    first, second = memory.place("first"), memory.place("second")
    memory.keep("monday", first, [1], _rows((1, "a")))
    assert memory.find(second, [1]) == ({}, [1])
    assert memory.place("first") == first


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A district of sixty students."""
    made = await open_world(tmp_path / "district.db", 60)
    yield made
    await made.recorded.reads.close()


@pytest.mark.parametrize("name", ["gradebook", "dashboard", "schools"])
async def test_an_answer_from_memory_is_the_answer_that_is_read(world: World, name: str) -> None:
    guardian = world.guardian("four_children")
    first = await world.serve(documents.ALL[name], guardian)
    read = len(world.recorded.statements)
    assert await world.serve(documents.ALL[name], guardian) == first
    assert len(world.recorded.statements) - read < read
    world.source.shared.most = 0
    assert await world.serve(documents.ALL[name], guardian) == first


async def test_a_change_in_the_district_is_in_the_very_next_answer(world: World) -> None:
    guardian = world.guardian("parent")
    document = "{ me { students { courses { assignments(first: 1) { nodes { title category { name } } } } } } }"
    await world.serve(document, guardian)
    world.change("update assignment set title = 'Changed'")
    world.change("update category set name = 'Changed too'")
    changed = await world.serve(document, guardian)
    nodes = [
        node
        for student in changed["me"]["students"]
        for course in student["courses"]
        for node in course["assignments"]["nodes"]
    ]
    assert nodes
    assert {node["title"] for node in nodes} == {"Changed"}
    assert {node["category"]["name"] for node in nodes if node["category"]} == {"Changed too"}


PERSONAL = (
    "student",
    "guardian",
    "guardian_student",
    "school_enrollment",
    "enrollment",
    "score",
    "grade",
    "attendance",
    "attendance_day",
    "message",
    "message_recipient",
)


def test_no_shared_statement_reads_a_relation_about_a_person() -> None:
    modules = (assignments, attendance, book, courses, grades, messages, people, rights, schools)
    templates = [each for module in modules for each in vars(module).values() if isinstance(each, Template)]
    shared = [template.body for template in templates if template.shared is not None]
    assert len(templates) > 20
    assert len(shared) == 7
    assert not [body for body in shared for relation in PERSONAL if f"{{{relation}}}" in body]
    assert not [body for body in shared if ":now" in body]


async def test_who_is_who_is_kept_under_a_mark_and_a_right_taken_away_is_gone_at_once(world: World) -> None:
    guardian = world.guardian("parent")
    names = "{ me { students { name } } }"
    before = await world.serve(names, guardian)
    world.recorded.statements.clear()
    assert await world.serve(names, guardian) == before
    assert world.recorded.statements == []
    world.change("update guardian_student set portal_access = 0 where guardian_id = ?", guardian)
    assert (await world.serve(names, guardian))["me"]["students"] == []


async def test_who_is_who_is_never_anothers(world: World) -> None:
    names = "{ me { name students { id name } } }"
    answers = [await world.serve(names, world.guardian(case)) for case in ("parent", "four_children") * 2]
    assert answers[:2] == answers[2:]
    assert answers[0] != answers[1]
    assert not {s["id"] for s in answers[0]["me"]["students"]} & {s["id"] for s in answers[1]["me"]["students"]}


async def test_who_is_who_is_handed_back_by_the_key_that_asks(world: World) -> None:
    guardian = world.guardian("parent")
    (student, *_) = (await world.serve("{ me { students { id } } }", guardian))["me"]["students"]
    # The same rows, once for the root and once for the key of each piece of work.
    alone = f'{{ student(id: "{student["id"]}") {{ id }} }}'
    listed = '{ me { assignments(first: 1, filter: {studentIds: ["ID"]}) { nodes { student { id } } } } }'.replace(
        "ID", student["id"]
    )
    for document in (alone, listed, alone):
        answer = await world.serve(document, guardian)
        world.source.shared.most, most = 0, world.source.shared.most
        assert answer == await world.serve(document, guardian)
        world.source.shared.most = most
        assert student["id"] in str(answer)
