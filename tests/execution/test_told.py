"""Values that are kept in JSON and told again: the answers stay exactly graphql-core's, both times."""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from graphql import OperationType

from gateway.execution.documents import Prepared
from gateway.execution.plan import Told
from tests.drawing import draw
from tests.execution.batching import Context
from tests.execution.misbehaving import schema
from tests.execution.test_fuzz import BROKEN, SEED, TEXTS
from tests.execution.twins import compiled, core, difference, prepared, valid

DRAWN = 150

# graphql-core abandons resolvers beside one that fails, and they are never awaited.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:.*never awaited:RuntimeWarning"
)


@pytest.fixture(autouse=True)
def _abandoned() -> Iterator[None]:
    """Let go of what was abandoned before another test is blamed for it."""
    yield
    gc.collect()


class Kept:
    """A memory that forgets nothing and lets everybody in."""

    def __init__(self) -> None:
        self.values: dict[Any, orjson.Fragment] = {}
        self.given = 0

    def find(self, context: Any, told: Told, variables: bytes, keys: Sequence[Any]) -> list[orjson.Fragment] | None:
        """What is kept for all of the keys."""
        found = [self.values.get((told, variables, key)) for key in keys]
        if None in found:
            return None
        self.given += len(found)
        return [each for each in found if each is not None]

    def keep(self, context: Any, told: Told, variables: bytes, values: dict[Any, orjson.Fragment], size: int) -> None:
        """Keep values."""
        self.values.update({(told, variables, key): value for key, value in values.items()})

    def listen(self, context: Any) -> None:
        """Nothing is noted here."""

    def heard(self, context: Any, noted: Any) -> bool:
        """Nothing was noted."""
        return False


def placed(text: str, variables: dict[str, Any]) -> Prepared:
    """A document's only operation, with its place among others."""
    return replace(prepared(text, variables), place=(text, (None, orjson.dumps(variables))))


async def test_drawn_queries_are_told_again_as_graphql_core_tells_them() -> None:
    theirs = core()
    given = 0
    for number in range(DRAWN):
        text, variables = draw(
            schema._schema, SEED - number, TEXTS, depth=2 + number % 4, wild=number % 2 == 0, kind=OperationType.QUERY
        )
        one = placed(text, variables)
        broken = BROKEN[number % 5 % len(BROKEN)]
        kept = Kept()
        mine = replace(compiled(), told=kept)
        right = await theirs.execute(one, Context(broken))
        for time in ("first", "second"):
            left = await mine.execute(one, Context(broken))
            differs = difference(left, right)
            assert differs is None or not valid(one), f"{time}, {SEED - number}: {text} {variables} {broken}\n{differs}"
        assert not mine.runs["failed"]
        given += kept.given
    assert given > 20


async def test_what_failed_once_is_asked_again() -> None:
    theirs, kept = core(), Kept()
    mine = replace(compiled(), told=kept)
    for number in range(DRAWN // 3):
        text, variables = draw(schema._schema, SEED + number, TEXTS, depth=4, wild=True, kind=OperationType.QUERY)
        one = placed(text, variables)
        for broken in (frozenset({"away", "guarded"}), frozenset[str]()):
            left = await mine.execute(one, Context(broken))
            right = await theirs.execute(one, Context(broken))
            differs = difference(left, right)
            assert differs is None or not valid(one), f"{SEED + number}: {text} {variables} {broken}\n{differs}"
