"""Two executors side by side: what the compiled one answers, and what graphql-core does, on the same document."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, get_variable_values, parse, validate

from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest, Prepared
from gateway.execution.engine import Engine
from gateway.execution.operations import ERRORS, Answer
from gateway.limits import Limits
from tests.execution.batching import Context, cursor, fetch
from tests.execution.misbehaving import schema

#: Drawn documents are larger than anybody may send.
WIDE = Limits(
    document_bytes=10**6,
    tokens=10**6,
    depth=60,
    aliases=10**4,
    root_fields=50,
    directives=10**4,
    fragments=10**4,
    fields=10**6,
    node_budget=10**9,
    overlap_budget=10**7,
    errors=10**6,
    deadline=60,
)

Position = tuple[str | int, ...]


def compiled() -> CompiledEngine:
    """The engine that is tried."""
    return CompiledEngine(schema, WIDE, fetch=fetch, cursor=cursor)


def core() -> Engine:
    """The engine that is right."""
    return Engine(schema, WIDE)


def prepared(text: str, variables: dict[str, Any] | None = None) -> Prepared:
    """A document's only operation, taken for valid: validation costs five times what both executions do."""
    document = parse(text)
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    values = get_variable_values(schema._schema, operation.variable_definitions or (), variables or {})
    assert not isinstance(values, list), (text, variables, values)
    request = GraphQLRequest(text, variables=variables or {})
    return Prepared(request, text, document, operation, values.coerced, (), values)


def valid(one: Prepared) -> bool:
    """Whether a document is valid after all: two types behind one interface may give one key two types."""
    return one.document is not None and not validate(schema._schema, one.document)


def nulled(data: Any, path: Sequence[str | int] | None) -> Position:
    """Where the null stands that an error at `path` has made."""
    at: Any = data
    position: list[str | int] = []
    for step in path or ():
        if at is None:
            break
        at = at[step]
        position.append(step)
    return tuple(position)


def told(answer: Answer) -> dict[Position, Any]:
    """The errors by the null they made.

    Where a null has travelled upwards, any one of the siblings may be told (GraphQL specification, 6.4.4), so there
    only the position counts; elsewhere path, message, places in the document and the error behind it do.
    """
    found: defaultdict[Position, set[Any]] = defaultdict(set)
    travelled: set[Position] = set()
    for error in answer.errors:
        path = tuple(error.path or ())
        position = nulled(answer.data, path)
        if position != path:
            travelled.add(position)
        found[position].add(_error(error))
    return {position: "travelled" if position in travelled else errors for position, errors in found.items()}


def _error(error: GraphQLError) -> tuple[Any, ...]:
    cause = error.original_error
    return (
        tuple(error.path or ()),
        error.message,
        tuple(error.locations or ()),
        type(cause),
        str(cause),
        repr(error.extensions),
    )


def difference(mine: Answer, theirs: Answer) -> str | None:
    """What differs between two answers, or None."""
    if orjson.dumps(mine.data) != orjson.dumps(theirs.data):
        return f"data\nmine   {orjson.dumps(mine.data)!r}\ntheirs {orjson.dumps(theirs.data)!r}"
    if ERRORS in (len(mine.errors), len(theirs.errors)):
        return None  # which of them are left out is up to chance
    if told(mine) != told(theirs):
        return f"errors\nmine   {told(mine)}\ntheirs {told(theirs)}"
    return None


async def events(engine: Engine, one: Prepared, broken: frozenset[str]) -> list[Answer]:
    """All answers of a subscription."""

    async def context() -> Context:
        return Context(broken)

    stream = await engine.subscribe(one, context)
    if isinstance(stream, Answer):
        return [stream]
    async with aclosing(stream):
        return [answer async for answer in stream]
