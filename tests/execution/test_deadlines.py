"""An operation has a budget of time: when it is spent, what still runs is stopped, and the client is told so."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import strawberry

from gateway.execution.codes import TIMEOUT
from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.operations import Answer
from gateway.limits import Limits
from loaders.database import Readers
from tests.execution.batching import Context, Told, batched, cursor
from tests.execution.misbehaving import SHAPE
from tests.services import need_postgresql, postgresql_databases

BUDGET = 0.3
ENDLESS = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n"


@strawberry.type
class Slow:
    id: int


@strawberry.type
class Query:
    @batched(None)
    def slow(keys: Any, context: Context) -> Slow | None:
        return Told(Slow, SHAPE, [])  # type: ignore[return-value]

    @strawberry.field
    async def sleeps(self, info: strawberry.Info[Context, Any]) -> int:
        try:
            await asyncio.sleep(60)
        finally:
            info.context.done.append("stopped")
        return 1

    @strawberry.field
    async def late_itself(self) -> int | None:
        raise TimeoutError("of its own")


schema = strawberry.Schema(Query)


async def _ask(document: str, context: Context, fetch: Any = None) -> tuple[Answer, CompiledEngine]:
    engine = CompiledEngine(schema, Limits(deadline=BUDGET), fetch=fetch, cursor=cursor)
    prepared = engine.prepare(GraphQLRequest(document))
    assert not prepared.errors
    return await engine.execute(prepared, context), engine


def _is_late(answer: Answer, engine: CompiledEngine) -> None:
    assert answer.data is None
    (error,) = answer.errors
    assert error.extensions == {"code": TIMEOUT}
    assert engine.runs == {"late": 1}


@pytest_asyncio.fixture
async def readers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Readers]:
    """One connection, whose own deadline is far away."""
    if request.param == "sqlite":
        (tmp_path / "empty.db").touch()
        url = f"sqlite:///{tmp_path}/empty.db"
    else:
        need_postgresql()
        databases = postgresql_databases()
        url = await databases()
    made = await Readers.open(url, size=1, statement_timeout=60, allow_writable=True)
    yield made
    await made.close()
    if request.param == "postgresql":
        await databases.drop_all()


@pytest.mark.parametrize(
    ("readers", "endless", "running"),
    [
        (
            "sqlite",
            "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n",
            "select 0",
        ),
        pytest.param(
            "postgresql",
            "select pg_sleep(60)",
            "select count(*)::int from pg_stat_activity"
            " where datname = current_database() and state = 'active' and pid <> pg_backend_pid()",
            marks=pytest.mark.postgresql,
        ),
    ],
    indirect=["readers"],
)
async def test_a_statement_is_stopped_when_the_budget_is_spent(readers: Readers, endless: str, running: str) -> None:
    async def fetch(context: Context, statements: Sequence[Any], wanted: Sequence[Any]) -> list[Any]:
        await readers.fetch([(endless, ())])
        raise AssertionError("an endless statement has ended")

    began = time.monotonic()
    answer, engine = await _ask("{ slow { id } }", Context(), fetch)
    assert time.monotonic() - began < 20
    _is_late(answer, engine)
    # The only connection is free again, and nothing runs on any other.
    (rows,) = await asyncio.wait_for(readers.fetch([(running, ())]), 20)
    assert [tuple(row) for row in rows] == [(0,)]


async def test_an_ordinary_resolver_is_stopped_when_the_budget_is_spent() -> None:
    context = Context()
    answer, engine = await _ask("{ sleeps }", context)
    _is_late(answer, engine)
    assert context.done == ["stopped"]


async def test_a_resolver_that_is_late_itself_fails_its_own_place() -> None:
    answer, engine = await _ask("{ lateItself }", Context())
    assert answer.data == {"lateItself": None}
    assert [(error.path, error.message) for error in answer.errors] == [(["lateItself"], "of its own")]
    assert engine.runs == {"careful": 1}


async def test_who_cancels_an_operation_does_not_get_an_answer() -> None:
    asked = asyncio.ensure_future(_ask("{ sleeps }", Context()))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked


async def test_many_operations_have_one_timer() -> None:
    engine = CompiledEngine(schema, Limits(deadline=BUDGET), fetch=None, cursor=cursor)  # type: ignore[arg-type]
    prepared = engine.prepare(GraphQLRequest("{ sleeps }"))
    answers = await asyncio.gather(*(engine.execute(prepared, Context()) for _ in range(50)))
    assert [answer.errors[0].extensions for answer in answers] == [{"code": TIMEOUT}] * 50
    assert engine.runs == {"late": 50}
