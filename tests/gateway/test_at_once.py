"""Operations answered at once: without a task or a wait, of one state of the source, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import orjson
import pytest
import pytest_asyncio

from gateway.execution.compiled import RESTING, CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.operations import Answer, Later
from gateway.transport.head import Head
from gateway.transport.protocol import Edge, Remembered
from gateway.transport.responder import Begun, Responder
from gateway.transport.responses import Response
from loaders.database.direct import Direct
from loaders.errors import MustWait, SourceDown
from resolvers.context import Viewer
from resolvers.paging import cursor
from schema.api import schema
from schema.reading import Hurry, read
from tests import documents
from tests.execution.twins import WIDE
from tests.world import World, open_world

COURSES = "{ me { name students { name courses { title grade { percent } } } } }"
SESSIONS = "{ me { name sessions { id } } }"


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = await open_world(tmp_path / "district.db", 60)
    _without_haste(made)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def engine() -> CompiledEngine:
    return CompiledEngine(schema, WIDE, fetch=read, cursor=cursor, hurry=Hurry())


def _without_haste(world: World) -> None:
    """Let a turn of the loop read as long as this machine may take, whatever else it does."""
    direct = world.recorded.reads._direct
    assert direct is not None
    direct._budget = 60.0


def _at_once(engine: CompiledEngine, world: World, text: str, case: str = "parent") -> Any:
    return engine.at_once(engine.prepare(GraphQLRequest(text)), world.at_once(world.guardian(case)))


@pytest.mark.parametrize("name", documents.ALL)
async def test_every_written_document_is_answered_at_once_as_it_is_in_a_task(
    world: World, engine: CompiledEngine, name: str
) -> None:
    text = documents.ALL[name]
    for case in ("parent", "blocked_guardian"):
        await asyncio.sleep(0)
        answer = _at_once(engine, world, text, case)
        served = await CompiledEngine(schema, WIDE, fetch=read, cursor=cursor).execute(
            engine.prepare(GraphQLRequest(text)), world.context(world.guardian(case))
        )
        assert answer is not None
        assert answer.repeatable
        assert orjson.dumps(answer.data) == orjson.dumps(served.data)
        assert [str(error) for error in answer.errors] == [str(error) for error in served.errors]
    assert engine.runs == {"at once": 2}


async def test_an_operation_sees_one_state_of_the_source(
    world: World, engine: CompiledEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.change("pragma journal_mode = wal")
    change = "update section set title = 'Changed meanwhile'"
    reading = Direct._read

    def changed(direct: Direct, sql: str, values: Any) -> Any:
        found = reading(direct, sql, values)
        world.change(change)
        return found

    monkeypatch.setattr(Direct, "_read", changed)
    answer = _at_once(engine, world, COURSES)
    monkeypatch.undo()
    after = _at_once(engine, world, COURSES)
    assert answer is not None
    assert after is not None
    assert b"Changed meanwhile" not in orjson.dumps(answer.data)
    assert b"Changed meanwhile" in orjson.dumps(after.data)
    assert not world.recorded.reads._direct._connection.in_transaction  # type: ignore[union-attr]


async def test_what_the_portal_store_tells_is_not_asked_at_once(world: World, engine: CompiledEngine) -> None:
    context = world.at_once(world.guardian("parent"))
    assert engine.at_once(engine.prepare(GraphQLRequest(SESSIONS)), context) is None
    assert not context.hurried
    assert context.portal is None
    assert engine.runs == {}


async def test_what_waits_is_tried_ever_less_often_and_answered_all_the_same(
    world: World, engine: CompiledEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[bool] = []
    begin = Hurry.begin

    def counted(hurry: Hurry, context: Any) -> bool:
        tries.append(True)
        return begin(hurry, context)

    monkeypatch.setattr(Hurry, "begin", counted)
    monkeypatch.setattr(Direct, "at_once", lambda *_: None)
    for _ in range(3 * RESTING):
        assert _at_once(engine, world, COURSES) is None
    assert len(tries) < 12
    monkeypatch.undo()
    prepared = engine.prepare(GraphQLRequest(COURSES))
    answer = await engine.execute(prepared, world.at_once(world.guardian("parent")))
    assert not answer.errors
    assert engine.runs == {"compiled": 1}


async def test_a_try_that_is_given_up_leaves_the_context_as_it_was(
    world: World, engine: CompiledEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared, context = engine.prepare(GraphQLRequest(COURSES)), world.at_once(world.guardian("parent"))
    at_once, times = Direct.at_once, []

    def second_fails(direct: Direct, statements: Any) -> Any:
        times.append(len(statements))
        return at_once(direct, statements) if len(times) < 2 else None

    monkeypatch.setattr(Direct, "at_once", second_fails)
    assert engine.at_once(prepared, context) is None
    monkeypatch.undo()
    assert len(times) == 2
    whole = await engine.execute(prepared, context)
    fresh = await engine.execute(prepared, world.at_once(world.guardian("parent")))
    assert whole.data == fresh.data
    assert (context.volatile, context.hurried) == (False, False)


async def test_a_turn_of_the_loop_that_has_read_enough_leaves_the_rest_to_the_next(
    world: World, engine: CompiledEngine
) -> None:
    direct = world.recorded.reads._direct
    assert direct is not None
    direct._spent, direct._turning = direct._budget, True
    asyncio.get_running_loop().call_soon(direct._turned)
    assert _at_once(engine, world, COURSES) is Later.NEXT_TURN
    prepared = engine.prepare(GraphQLRequest(COURSES))
    assert not (await engine.execute(prepared, world.at_once(world.guardian("parent")))).errors
    assert engine.runs == {"at once": 1}


async def test_a_request_for_which_a_turn_has_no_time_is_answered_in_the_next_without_a_task(
    world: World, engine: CompiledEngine
) -> None:
    remembered = Remembered(
        lambda token, by_cookie: None, lambda viewer, caller: world.at_once(world.guardian("parent"))
    )
    responder = Responder(Edge(engine, AsyncMock(), remembered=remembered))
    head = Head("POST", b"", [(b"content-type", b"application/json")], "")
    body = orjson.dumps({"query": COURSES})
    direct = world.recorded.reads._direct
    assert direct is not None
    direct._spent, direct._turning = direct._budget, True
    begun = responder.at_once(head, body)
    assert isinstance(begun, Begun)
    assert begun.later
    assert responder.again(begun) == begun
    direct._turned()
    answered, whole = responder.again(begun), responder.at_once(head, body)
    assert isinstance(answered, Response)
    assert isinstance(whole, Response)
    assert (answered.status, answered.body) == (200, whole.body)
    assert engine.runs == {"at once": 2}


async def test_while_all_is_read_at_once_nothing_else_is_begun(world: World) -> None:
    reads = world.recorded.reads
    assert reads.hold()
    assert not reads.hold()
    with pytest.raises(MustWait):
        await reads.fetch([("select 1", ())])
    with pytest.raises(MustWait):
        await reads.table("select 1")
    assert reads.at_once([("select 1", ())]) == [[(1,)]]
    reads.release()
    assert await reads.fetch([("select 1", ())]) == [[(1,)]]


async def test_a_source_that_is_away_is_not_asked_at_once(world: World, engine: CompiledEngine) -> None:
    world.path.rename(world.path.with_suffix(".away"))
    assert _at_once(engine, world, COURSES) is None
    with pytest.raises(SourceDown):
        await world.recorded.reads.fetch([("select 1", ())])


async def test_nobody_and_staff_are_refused_at_once_as_in_a_task(world: World, engine: CompiledEngine) -> None:
    prepared = engine.prepare(GraphQLRequest(COURSES))
    nobody = engine.at_once(prepared, world.at_once())
    assert isinstance(nobody, Answer)
    assert [str(error.original_error) for error in nobody.errors] == ["Log in first."]
    context = world.at_once()
    context.viewer = Viewer(1, 1, "x", world.guardian("parent"), frozenset(), world.source.now(), setup_required=True)
    shut = engine.at_once(prepared, context)
    assert isinstance(shut, Answer)
    assert shut.data is None
    assert [type(error.original_error).__name__ for error in shut.errors] == ["SecuritySetupRequired"]


async def test_leaving_the_file_is_never_too_late(world: World) -> None:
    reads = world.recorded.reads
    direct = reads._direct
    assert direct is not None
    assert reads.hold()
    assert reads.at_once([("select 1", ())]) == [[(1,)]]
    direct._connection.set_progress_handler(direct._late, 1)
    direct._began = -1000.0
    reads.release()
    assert not direct._connection.in_transaction
