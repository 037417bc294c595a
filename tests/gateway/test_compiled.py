"""The twin law: the compiled engine answers as graphql-core does, on documents written and documents drawn."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLError
from structlog.testing import capture_logs

from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.engine import Engine
from gateway.execution.operations import Answer
from gateway.execution.run import Run
from loaders.errors import ValueInvalid
from resolvers.paging import cursor
from schema.api import schema
from schema.reading import Hurry, read
from tests import documents
from tests.drawing import draw
from tests.execution.twins import WIDE, difference
from tests.world import World, open_world

SEED = int(os.environ.get("HOMEROOM_TEST_SEED", "20261123"))
DRAWN = int(os.environ.get("HOMEROOM_TEST_DRAWN", "600"))


def _compiled() -> CompiledEngine:
    return CompiledEngine(schema, WIDE, fetch=read, cursor=cursor)


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of sixty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("twin")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


def _all_told(answer: Answer) -> list[tuple[str, str]]:
    """Every error by its path and message; siblings come in no order that means anything."""

    def told(error: GraphQLError) -> tuple[str, str]:
        return str(error.path), error.message

    return sorted(map(told, answer.errors))


async def _both(world: World, text: str, case: str, **variables: Any) -> tuple[Answer, Answer, CompiledEngine]:
    compiled, core = _compiled(), Engine(schema, WIDE)
    prepared = core.prepare(GraphQLRequest(text, variables=variables))
    assert not prepared.errors, (prepared.errors, text)
    guardian = world.guardian(case)
    mine = await compiled.execute(prepared, world.context(guardian))
    theirs = await core.execute(prepared, world.context(guardian))
    return mine, theirs, compiled


def _same(mine: Answer, theirs: Answer) -> None:
    assert orjson.dumps(mine.data) == orjson.dumps(theirs.data)
    assert _all_told(mine) == _all_told(theirs)


@pytest.mark.parametrize("name", documents.ALL)
@pytest.mark.parametrize("case", ["parent", "blocked_guardian", "no_student"])
async def test_every_written_document_is_compiled_and_answers_as_graphql_core(
    world: World, name: str, case: str
) -> None:
    mine, theirs, engine = await _both(world, documents.ALL[name], case)
    _same(mine, theirs)
    assert engine.runs == {"compiled": 1}


CORNERS = {
    "aliases": "{ a: me { b: name c: name students { d: id id } } z: me { name } }",
    "merged fields": "{ me { students { id } students { name ...S } } } fragment S on Student { name id gradeLevel }",
    "typenames": "{ __typename me { __typename students { __typename school { __typename } areas { __typename } } } }",
    "fragments": "{ me { ... on Node { id } ... on Parent { name ...P } } } fragment P on Parent { ... { email } }",
    "skipped": "query ($y: Boolean = true, $n: Boolean!) { me { name @skip(if: $y) id @include(if: $n) phone } }",
    "constant skip": "{ me { name @skip(if: true) id @include(if: false) phone } }",
    "variables": "query ($f: Int = 2, $s: [ScoreState!]) { me { students {"
    " assignments(first: $f, filter: {states: $s}) { nodes { id } } } } }",
    "one field, two arguments": "{ me { a: assignments(first: 1) { nodes { id } } b: assignments(first: 2)"
    " { nodes { id title } edges { cursor node { id score { state } } } pageInfo { endCursor hasNextPage } } } }",
    "only a count": "{ me { messages { totalCount __typename } students { attendance(first: 0) { totalCount } } } }",
    "only cursors": "{ me { messages(first: 2) { edges { cursor __typename } pageInfo { __typename startCursor } } } }",
    "introspection beside data": '{ __type(name: "Student") { name } me { name } }',
    "nobody's id": '{ student(id: "x") { name } node(id: "y") { id __typename } }',
    "an error in one place": '{ me { name students { grades(termId: "x") { id } name } } }',
    "an error above": '{ me { messages(after: "x") { totalCount } name } }',
    "the portal": "{ portal { districtName help { code title } passwordPolicy { minLength } supportDesk { email } } }",
}


@pytest.mark.parametrize("corner", CORNERS)
async def test_corners_answer_as_graphql_core(world: World, corner: str) -> None:
    variables = {"n": True, "s": ["SCORED"]} if corner in ("skipped", "variables") else {}
    wanted = {name: value for name, value in variables.items() if f"${name}" in CORNERS[corner]}
    mine, theirs, _ = await _both(world, CORNERS[corner], "parent", **wanted)
    _same(mine, theirs)


async def test_keys_of_the_answer_stand_in_the_order_of_the_document(world: World) -> None:
    mine, _, _ = await _both(world, "{ me { phone students { name id } name id } }", "parent")
    assert list(mine.data["me"]) == ["phone", "students", "name", "id"]
    assert list(mine.data["me"]["students"][0]) == ["name", "id"]


@pytest.mark.parametrize(
    "alias", ["__import__", "exit", "x0", "source", "c0", "build", "S0", "None_", "lambda_", "_" * 40, "zip", "date"]
)
async def test_an_alias_is_nothing_but_a_key(world: World, alias: str) -> None:
    document = f"{{ {alias}: me {{ {alias}: name students {{ {alias}: id {alias}_: school {{ {alias}: name }} }} }} }}"
    mine, theirs, engine = await _both(world, document, "parent")
    _same(mine, theirs)
    assert engine.runs == {"compiled": 1}


async def test_a_value_that_cannot_be_read_costs_its_place(tmp_path: Path) -> None:
    world = await open_world(tmp_path / "district.db", 60)
    guardian, student = world.guardian("parent"), world.student("parent")
    text = "{ me { name students { name grades { id percent } } } }"
    before = await world.serve(text, guardian)
    world.change(
        "update grade set percent = 'abc' where id = (select max(id) from grade where student_id = ?)", student
    )
    engine = _compiled()
    answer = await engine.execute(engine.prepare(GraphQLRequest(text)), world.context(guardian))
    await world.recorded.reads.close()
    (error,) = answer.errors
    assert error.path is not None
    _, _, of, _, n, _ = error.path
    assert error.path == ["me", "students", of, "grades", n, "percent"]
    assert isinstance(error.original_error, ValueInvalid)
    expected = before["me"]["students"][of]["grades"][n]
    assert expected["percent"] is not None
    expected["percent"] = None
    assert answer.data == before
    assert engine.runs == {"careful": 1}


async def test_a_statement_that_fails_costs_its_field_and_not_those_of_its_trip(tmp_path: Path) -> None:
    world = await open_world(tmp_path / "district.db", 60)
    guardian = world.guardian("parent")
    text = "{ me { name students { name grades { id } courses { id } } } }"
    before = await world.serve(text, guardian)
    world.change("alter table grade rename to gone")
    engine = _compiled()
    answer = await engine.execute(engine.prepare(GraphQLRequest(text)), world.context(guardian))
    await world.recorded.reads.close()
    students = before["me"]["students"]
    assert [error.path for error in answer.errors] == [["me", "students", n, "grades"] for n in range(len(students))]
    for each in students:
        each["grades"] = None
    assert answer.data == before


async def test_a_fault_of_the_engine_is_told_to_the_log_and_not_to_the_family(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(self: Run) -> Answer:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Run, "answer", fails)
    with capture_logs() as told:
        mine, theirs, engine = await _both(world, documents.HEADER, "parent")
    _same(mine, theirs)
    assert engine.runs == {"failed": 1}
    assert [(line["event"], line["error"]) for line in told] == [("compiled execution failed", "RuntimeError")]


async def _texts(world: World) -> dict[str, list[str]]:
    """What fits an argument: ids and cursors of the demo's parent, and values of scalars."""
    data = await world.data(documents.GRADEBOOK, guardian=world.guardian("parent"))
    students = data["me"]["students"]
    courses = [course for student in students for course in student["courses"]]
    every = [*(s["id"] for s in students), *(c["id"] for c in courses), *(c["term"]["id"] for c in courses)]
    return {
        "id": every,
        "ids": every,
        "termId": [c["term"]["id"] for c in courses],
        "courseId": [c["id"] for c in courses],
        "courseIds": [c["id"] for c in courses],
        "studentIds": [s["id"] for s in students],
        "after": [c["assignments"]["pageInfo"]["endCursor"] for c in courses if c["assignments"]["totalCount"]],
        "letter": ["A", "B", "C-"],
        "Date": ["2026-09-01", "2026-11-23", "2027-01-31"],
    }


# graphql-core starts resolvers beside one that fails at once, and never awaits them.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:.*never awaited")
async def test_drawn_documents_answer_as_graphql_core(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    random, texts = Random(SEED), await _texts(world)
    direct = world.recorded.reads._direct
    assert direct is not None
    monkeypatch.setattr(direct, "_budget", 60.0)  # a drawn document may take long
    compiled, core = _compiled(), Engine(schema, WIDE)
    hurried = CompiledEngine(schema, WIDE, fetch=read, cursor=cursor, hurry=Hurry())
    filled = 0
    for number in range(DRAWN):
        text, variables = draw(schema._schema, SEED + number, texts)
        prepared = core.prepare(GraphQLRequest(text, variables=variables))
        if prepared.errors:  # two possible types may give one key two types
            continue
        guardian = world.guardian(random.choice(["parent", "parent", "four_children", "two_schools", "no_student"]))
        mine = await compiled.execute(prepared, world.context(guardian))
        theirs = await core.execute(prepared, world.context(guardian))
        differs = difference(mine, theirs)
        assert differs is None, f"seed {SEED + number}: {text} {variables}\n{differs}"
        at_once = hurried.at_once(prepared, world.at_once(guardian))
        if isinstance(at_once, Answer):
            assert orjson.dumps(at_once.data) == orjson.dumps(mine.data), f"seed {SEED + number}: {text} {variables}"
            assert _all_told(at_once) == _all_told(mine)
        await asyncio.sleep(0)  # the next one has the loop's time anew
        filled += theirs.data is not None and len(orjson.dumps(theirs.data)) > 500
    print(f"seed {SEED}: {DRAWN} drawn, {filled} with much data, {dict(compiled.runs)}")
    assert filled > DRAWN // 4
    assert compiled.runs["compiled"] > DRAWN // 2
    assert hurried.runs["at once"] > DRAWN // 8
