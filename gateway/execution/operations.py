"""Operations run by graphql-core: queries and mutations once, subscriptions once for each event."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from inspect import isawaitable
from typing import Any, cast

import strawberry
from graphql import ExecutionResult, GraphQLError
from graphql.execution import Executor, create_source_event_stream
from strawberry.types.graphql import OperationType as AnyOperation

from gateway.execution.codes import TIMEOUT, refusal
from gateway.execution.documents import Prepared

DEADLINE = 10.0
ERRORS = 20

PerEvent = Callable[[Any, Any], Awaitable["Answer"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation came to: its data (None where an error reached the root), its errors, at most twenty.

    It is `repeatable` where it was read by batch resolvers and off what they gave: an ordinary resolver may have asked
    anything.
    """

    data: Any = None
    errors: tuple[GraphQLError, ...] = ()
    extensions: dict[str, Any] | None = None
    repeatable: bool = False


class Later(Enum):
    """What an operation comes to that could be answered at once, but not in this turn of the loop."""

    NEXT_TURN = "next turn"


async def execute(schema: strawberry.Schema, prepared: Prepared, context: Any, *, deadline: float = DEADLINE) -> Answer:
    """The answer of a query or mutation; an error of code TIMEOUT where it takes longer than `deadline` seconds."""
    executor = _executor(schema, prepared, context)
    if isinstance(executor, Answer):
        return executor
    return await _within(deadline, _run(executor))


def extended(schema: strawberry.Schema) -> bool:
    """Whether a schema has extensions, or errors of its own making, that must see every operation."""
    return bool(schema.extensions) or type(schema).process_errors is not strawberry.Schema.process_errors


async def execute_extended(
    schema: strawberry.Schema, prepared: Prepared, context: Any, root: Any = None, *, deadline: float = DEADLINE
) -> Answer:
    """The answer by Strawberry itself, with the whole life cycle of the schema's extensions and its directives.

    An event of a subscription is an operation of its own, with the event for its root.
    """
    return await _within(deadline, _by_strawberry(schema, prepared, context, root))


async def _by_strawberry(schema: strawberry.Schema, prepared: Prepared, context: Any, root: Any) -> Answer:
    result = await schema.execute(
        prepared.request.query,
        variable_values=dict(prepared.request.variables),
        context_value=context,
        root_value=root,
        operation_name=prepared.request.operation_name,
        allowed_operation_types=list(AnyOperation),
    )
    return Answer(result.data, tuple((result.errors or ())[:ERRORS]), result.extensions or None)


async def open_source(
    schema: strawberry.Schema, prepared: Prepared, context: Any, *, deadline: float = DEADLINE
) -> AsyncGenerator[Any, None] | Answer:
    """The events that a subscription follows, to be closed by who takes them; one answer where there are none."""
    executor = _executor(schema, prepared, context)
    if isinstance(executor, Answer):
        return executor
    try:
        async with asyncio.timeout(deadline):
            opened = create_source_event_stream(executor)
            source = await opened if isawaitable(opened) else opened
    except TimeoutError:
        return late()
    return _answer(source) if isinstance(source, ExecutionResult) else cast("AsyncGenerator[Any, None]", source)


async def answer_event(
    schema: strawberry.Schema, prepared: Prepared, event: Any, context: Any, *, deadline: float = DEADLINE
) -> Answer:
    """The answer of a subscription to one event of its source."""
    executor = _executor(schema, prepared, context)
    if isinstance(executor, Answer):
        return executor
    return await _within(deadline, _run(executor.build_per_event_executor(event), serially=False))


async def answers(
    source: AsyncGenerator[Any, None], make_context: Callable[[], Awaitable[Any]], answer: PerEvent
) -> AsyncGenerator[Answer, None]:
    """The answer to each event, with a context of its own: rights are asked again, and nothing read before is reused.

    What the source or `make_context` raises ends the answers and reaches the caller. They must be closed (`aclosing`),
    which closes the source.
    """
    async with aclosing(source):
        async for event in source:
            yield await answer(event, await make_context())


def _executor(schema: strawberry.Schema, prepared: Prepared, context: Any) -> Executor[Any] | Answer:
    if prepared.document is None:
        raise ValueError("A request with errors cannot run.")
    built = schema.execution_context_class.build(
        schema._schema,
        prepared.document,
        context_value=context,
        raw_variable_values=dict(prepared.request.variables),
        operation_name=prepared.request.operation_name,
        hide_suggestions=True,
    )
    return built if isinstance(built, Executor) else Answer(errors=tuple(built))


async def _run(executor: Executor[Any], serially: bool | None = None) -> Answer:
    result = executor.execute_operation(serially)
    if isawaitable(result):
        result = await result
    if not isinstance(result, ExecutionResult):
        raise TypeError("Incremental delivery is not offered.")
    return _answer(result)


async def _within(deadline: float, work: Awaitable[Answer]) -> Answer:
    try:
        async with asyncio.timeout(deadline):
            return await work
    except TimeoutError:
        return late()


def late() -> Answer:
    """The answer of an operation that took longer than it may."""
    return Answer(errors=(refusal("The operation took too long. Ask for less at once.", TIMEOUT),))


def _answer(result: ExecutionResult) -> Answer:
    return Answer(result.data, tuple((result.errors or ())[:ERRORS]), result.extensions)
