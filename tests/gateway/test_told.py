"""What is told of a student is kept for all with the same rights: it changes no answer, and opens nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import pytest_asyncio

from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.operations import Answer
from gateway.execution.plan import Selection
from gateway.told import ToldParts
from loaders.errors import SourceDown
from resolvers import courses
from resolvers.access import Area
from resolvers.context import Caller, Context, Viewer
from resolvers.paging import cursor
from schema.api import schema
from schema.reading import read
from tests import documents
from tests.drawing import draw
from tests.gateway.test_answer_memory import WIDE
from tests.world import TODAY, World, noon, open_world

COURSES = "{ me { students { name courses { title teachers { name } grade { percent } } } } }"
GRADES = "{ me { students { grades { percent } } } }"
FOREVER = datetime.max.replace(tzinfo=UTC)
SEED = 20261125


@dataclass
class House:
    """An engine that keeps what is told, one that does not, and the clock."""

    world: World
    at: datetime = field(default_factory=lambda: noon(TODAY))
    told: ToldParts = field(default_factory=lambda: ToldParts(2**24))
    contexts: list[Context] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = CompiledEngine(schema, WIDE, fetch=read, cursor=cursor, told=self.told)
        self.plain = CompiledEngine(schema, WIDE, fetch=read, cursor=cursor)

    async def answer(self, document: str, guardian: Any, *, plainly: bool = False, **variables: Any) -> Answer:
        engine = self.plain if plainly else self.engine
        viewer = None if guardian is None else Viewer(1, 1, "somebody", guardian, frozenset(), FOREVER)
        context = Context(self.world.source, viewer, Caller(), None, None, "Maple Falls")
        self.contexts.append(context)
        prepared = engine.prepare(GraphQLRequest(document, variables=variables))
        return await engine.execute(prepared, context)

    async def ask(self, document: str, guardian: Any, **variables: Any) -> Any:
        answer = await self.answer(document, guardian, **variables)
        assert not answer.errors
        return orjson.loads(orjson.dumps(answer.data))

    async def is_told_again(self, document: str, guardian: Any, **variables: Any) -> bool:
        """Whether a second asking takes anything from what was kept, and sends fewer statements."""
        first = await self.answer(document, guardian, **variables)
        given, sent = self.told.given, len(self.world.recorded.statements)
        again = await self.answer(document, guardian, **variables)
        assert orjson.dumps(again.data) == orjson.dumps(first.data)
        self.sent = len(self.world.recorded.statements) - sent
        return self.told.given > given


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(Path(tmp_path_factory.mktemp("told")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def house(world: World, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(world)
    monkeypatch.setattr(world.source, "_now", lambda: made.at)
    return made


async def test_a_gradebook_is_told_again_without_a_statement(house: House) -> None:
    mother = house.world.guardian("four_children")
    whole = await house.ask(documents.GRADEBOOK, mother, plainly=True)
    assert await house.is_told_again(documents.GRADEBOOK, mother)
    assert house.sent == 0
    assert await house.ask(documents.GRADEBOOK, mother) == whole


async def test_who_else_has_the_right_is_told_the_same_bytes(house: House) -> None:
    world = house.world
    first_parent, second_parent, student = _both(world)
    asked = (
        f'{{ node(id: "{await _id(house, first_parent, student)}") {{ ... on Student {{ courses {{ title }} }} }} }}'
    )
    first = await house.ask(asked, first_parent)
    given = house.told.given
    assert await house.ask(asked, second_parent) == first
    assert house.told.given == given + 1


async def test_who_has_no_right_gets_nothing_of_what_is_kept(house: House) -> None:
    world = house.world
    mother, stranger = world.guardian("four_children"), world.guardian("two_schools")
    student = world.student("four_children")
    asked = f'{{ node(id: "{await _id(house, mother, student)}") {{ ... on Student {{ courses {{ title }} }} }} }}'
    assert await house.is_told_again(asked, mother)
    given = house.told.given
    assert await house.ask(asked, stranger) == {"node": None}
    assert house.told.given == given


async def test_a_right_that_is_taken_away_takes_the_parts_along(house: House) -> None:
    world = house.world
    mother, student = world.guardian("four_children"), world.student("four_children")
    assert await house.is_told_again(COURSES, mother)
    whole = await house.ask(COURSES, mother)
    change = "update guardian_student set portal_access = ? where guardian_id = ? and student_id = ?"
    world.change(change, 0, mother, student)
    try:
        assert len((await house.ask(COURSES, mother))["me"]["students"]) == len(whole["me"]["students"]) - 1
    finally:
        world.change(change, 1, mother, student)
    assert await house.ask(COURSES, mother) == whole


async def test_a_change_is_told_to_the_very_next(house: House) -> None:
    world = house.world
    mother, student = world.guardian("four_children"), world.student("four_children")
    await house.ask(GRADES, mother)
    world.change("update grade set percent = 12.5 where student_id = ?", student)
    told = orjson.dumps(await house.ask(GRADES, mother))
    assert b"12.5" in told
    assert orjson.loads(told) == await house.ask(GRADES, mother, plainly=True)


async def test_midnight_empties_the_memory(house: House) -> None:
    mother = house.world.guardian("four_children")
    assert await house.is_told_again(COURSES, mother)
    house.at += timedelta(days=1)
    given = house.told.given
    await house.ask(COURSES, mother)
    assert house.told.given == given


async def test_what_changes_while_it_is_read_is_not_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    world = house.world
    mother, student = world.guardian("four_children"), world.student("four_children")
    fetch = world.recorded.fetch
    more = "update student set given_name = given_name || '!' where id = ?"

    async def slow(*given: Any, **named: Any) -> Any:
        rows = await fetch(*given, **named)
        world.change(more, student)
        return rows

    world.change(more, student)  # so that the rows are read, and not remembered
    monkeypatch.setattr(world.recorded, "fetch", slow)
    await house.answer(COURSES, mother)
    assert len(house.told) == 0
    world.change("update student set given_name = rtrim(given_name, '!') where id = ?", student)


async def test_nothing_that_was_withheld_or_failed_is_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    mother = house.world.guardian("four_children")
    fetch, calls = house.world.recorded.fetch, 0

    async def away_later(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise SourceDown("The database is away.")
        return await fetch(*given, **named)

    house.world.change("update grade set percent = percent + 1 where percent < 50")
    whole = await house.ask(COURSES, mother, plainly=True)
    house.world.source.shared.serves(("another", "mark"))
    with monkeypatch.context() as patched:
        patched.setattr(house.world.recorded, "fetch", away_later)
        await house.answer(COURSES, mother)
    assert calls > 1
    assert len(house.told) == 0
    assert await house.ask(COURSES, mother) == whole


async def test_a_closed_area_is_neither_kept_nor_given(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    mother = house.world.guardian("four_children")
    assert await house.is_told_again(COURSES, mother)
    given = house.told.given
    monkeypatch.setattr("resolvers.access._provided", lambda context, area: area is not Area.GRADES)
    students = (await house.ask(COURSES, mother))["me"]["students"]
    assert [student["courses"] for student in students] == [None] * len(students)
    assert house.told.given == given


async def test_what_asks_the_clock_or_the_store_is_not_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    mother = house.world.guardian("four_children")
    plain = courses.courses_of_students

    async def timed(keys: Any, batch: Any, term_id: Any = None) -> Any:
        assert batch.context.now == house.at
        return await plain(keys, batch, term_id)

    monkeypatch.setattr(courses, "courses_of_students", timed)
    assert not await house.is_told_again(COURSES, mother)
    assert len(house.told) == 0
    assert house.contexts[-1].volatile


async def test_what_was_noted_elsewhere_stays_noted(house: House) -> None:
    mother = house.world.guardian("four_children")
    asked = "{ me { students { areas { area } courses { title } } } }"
    assert await house.is_told_again(asked, mother)
    notes = [(context.volatile, context.fresh_until) for context in house.contexts]
    await house.answer(asked, mother, plainly=True)
    assert notes == [(house.contexts[-1].volatile, house.contexts[-1].fresh_until)] * 2
    assert notes[0][0]


async def test_variables_aliases_and_operations_have_parts_of_their_own(house: House) -> None:
    mother = house.world.guardian("four_children")
    text = (
        "query A($n: Int, $all: Boolean!) { me { students { a: attendance(first: $n) { nodes { date } }"
        " b: attendance(first: 1) { nodes { date status @include(if: $all) } } } } }"
    )
    for _ in range(2):
        for n in (1, 2, 3):
            for every in (True, False):
                kept = await house.ask(text, mother, n=n, all=every)
                assert kept == await house.ask(text, mother, plainly=True, n=n, all=every)
    assert house.told.given > 0


async def test_an_error_elsewhere_leaves_the_parts_in_their_places(house: House) -> None:
    mother = house.world.guardian("four_children")
    asked = '{ me { students { courses { title } } } nodes(ids: []) { id } node(id: "x") { id } }'
    broken = asked.replace("ids: []", "ids: " + orjson.dumps(["x"] * 101).decode())
    for _ in range(2):
        kept, plain = await house.answer(broken, mother), await house.answer(broken, mother, plainly=True)
        assert orjson.loads(orjson.dumps(kept.data)) == plain.data
        assert [(error.message, error.path) for error in kept.errors] == [(e.message, e.path) for e in plain.errors]


async def test_memory_is_bounded_by_bytes(house: House) -> None:
    mother = house.world.guardian("four_children")
    house.told = ToldParts(20_000)
    house.engine = replace(house.engine, told=house.told)
    for number in range(40):
        await house.ask(f"query Q{number} {{ me {{ students {{ courses {{ title }} }} }} }}", mother)
        assert house.told.taken <= 20_000
    assert len(house.told) > 4


def test_nothing_is_marked_that_tells_viewers_apart(house: House) -> None:
    asked = "{ me { students { relationship { kind } areas { area } gradeLevel courses { grade { percent } } } } }"
    prepared = house.engine.prepare(GraphQLRequest(asked))
    plan = house.engine._plan(prepared)
    assert plan is not None
    marked: dict[str, frozenset[Any]] = {}

    def walk(selection: Selection) -> None:
        for relation in selection.relations:
            if relation.told is not None:
                marked[relation.name] = relation.told.areas
            for below in relation.children.values():
                walk(below)

    walk(plan.root)
    assert marked == {"courses": frozenset({Area.GRADES})}


async def test_whatever_is_asked_the_memory_changes_nothing(house: House) -> None:
    """A law, over drawn documents, viewers who share students, and changes between."""
    random, world = Random(SEED), house.world
    mother, second, student = _both(world)
    father = world.guardian("two_schools")
    asked: list[tuple[str, dict[str, Any]]] = [(text, {}) for text in documents.ALL.values()]
    ids = [await _id(house, mother, student)]
    asked += [draw(schema._schema, SEED + number, {"id": ids, "ids": ids}) for number in range(40)]
    for text, variables in asked:
        if house.plain.prepare(GraphQLRequest(text, variables=variables)).errors:
            continue
        for guardian in (mother, second, father, mother):
            kept = await house.answer(text, guardian, **variables)
            plain = await house.answer(text, guardian, plainly=True, **variables)
            assert orjson.loads(orjson.dumps(kept.data)) == orjson.loads(orjson.dumps(plain.data)), (
                f"{text} {variables}"
            )
            assert [error.message for error in kept.errors] == [error.message for error in plain.errors]
        if random.random() < 0.2:
            world.change("update grade set percent = percent + 1 where student_id = ? and percent < 90", student)
    assert house.told.given > 100


async def _id(house: House, guardian: Any, student: Any) -> str:
    data = await house.ask("{ me { students { id sourcedId } } }", guardian)
    found: str = next(each["id"] for each in data["me"]["students"] if each["sourcedId"] == str(student))
    return found


def _both(world: World) -> tuple[Any, Any, Any]:
    """Two guardians with a right to the same student, and that student."""
    rows = world.rows(
        "select min(guardian_id), max(guardian_id), student_id from guardian_student where portal_access = 1"
        " and starts_on is null and ends_on is null group by student_id having count(*) > 1 order by student_id"
    )
    return rows[0]
