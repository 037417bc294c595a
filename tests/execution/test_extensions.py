"""A schema's extensions keep their meaning: every operation takes the way on which they see it, and that is counted."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
import strawberry
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.extensions import MaskErrors, SchemaExtension

from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.operations import Answer
from tests.execution.batching import Context, cursor, fetch
from tests.execution.misbehaving import Mutation, Query

SEEN: list[str] = []


class Watching(SchemaExtension):
    def on_operation(self) -> Iterator[None]:
        """Note that an operation begins and ends."""
        SEEN.append("begins")
        yield
        SEEN.append("ends")

    def resolve(self, _next: Any, root: Any, info: Any, *args: str, **kwargs: Any) -> Any:
        """Note each field."""
        SEEN.append(info.field_name)
        return _next(root, info, *args, **kwargs)

    def get_results(self) -> dict[str, Any]:
        """What the answer says besides."""
        return {"watched": True}


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def counted(self) -> AsyncIterator[int]:
        yield 1
        yield 2


@strawberry.directive(locations=[DirectiveLocation.FIELD], description="In capitals.")
def shouted(value: DirectiveValue[str]) -> str:
    """The text in capitals."""
    return value.upper()


def _engine(**options: Any) -> CompiledEngine:
    made = strawberry.Schema(Query, Mutation, Subscription, **options)
    return CompiledEngine(made, fetch=fetch, cursor=cursor)


async def _ask(engine: CompiledEngine, text: str, **variables: Any) -> Answer:
    prepared = engine.prepare(GraphQLRequest(text, variables=variables))
    assert not prepared.errors
    return await engine.execute(prepared, Context())


@pytest.fixture(autouse=True)
def _forget() -> None:
    SEEN.clear()


async def test_an_extension_sees_operation_and_fields_and_tells_its_results() -> None:
    engine = _engine(extensions=[Watching])
    answer = await _ask(engine, "query ($n: String!) { hello(name: $n) }", n="you")
    assert answer.data == {"hello": "youNone"}
    assert answer.extensions == {"watched": True}
    assert SEEN == ["begins", "hello", "ends"]
    assert engine.runs == {"extensions": 1}


async def test_masked_errors_stay_masked() -> None:
    engine = _engine(extensions=[MaskErrors])
    answer = await _ask(engine, "mutation { must(by: 3) { at } }")
    told = [error.message for error in answer.errors]
    plain = await _ask(_engine(), "mutation { must(by: 3) { at } }")
    assert [error.message for error in plain.errors] == ["must 3"]
    assert told == ["Unexpected error."]
    assert engine.runs == {"extensions": 1}


async def test_an_event_is_an_operation_with_a_context_of_its_own() -> None:
    engine = _engine(extensions=[Watching])
    contexts: list[Context] = []

    async def context() -> Context:
        contexts.append(Context())
        return contexts[-1]

    stream = await engine.subscribe(engine.prepare(GraphQLRequest("subscription { counted }")), context)
    assert not isinstance(stream, Answer)
    async with aclosing(stream):
        answers = [answer.data async for answer in stream]
    assert answers == [{"counted": 1}, {"counted": 2}]
    assert SEEN == ["begins", "counted", "ends"] * 2
    assert len(contexts) == 3
    assert engine.runs == {"extensions": 2}


async def test_errors_that_a_schema_processes_itself_are_processed() -> None:
    told: list[str] = []

    class Telling(strawberry.Schema):
        def process_errors(self, errors: Any, execution_context: Any = None) -> None:
            """Note the messages."""
            told.extend(error.message for error in errors)

    engine = CompiledEngine(Telling(Query, Mutation), fetch=fetch, cursor=cursor)
    await _ask(engine, "mutation { must(by: 3) { at } }")
    assert told == ["must 3"]
    assert engine.runs == {"extensions": 1}


async def test_a_directive_of_the_schema_is_obeyed_and_costs_only_the_operation_that_has_it() -> None:
    engine = _engine(directives=[shouted])
    assert (await _ask(engine, '{ hello(name: "a") @shouted }')).data == {"hello": "ANONE"}
    assert (await _ask(engine, '{ hello(name: "a") }')).data == {"hello": "aNone"}
    assert engine.runs == {"graphql-core": 1, "compiled": 1}
