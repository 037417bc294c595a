"""The compiled engine is exactly graphql-core, on thousands of drawn documents over a schema made to misbehave."""

import gc
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from graphql import OperationType

from tests.drawing import draw
from tests.execution.batching import Context
from tests.execution.misbehaving import schema
from tests.execution.twins import compiled, core, difference, events, prepared, valid

SEED = int(os.environ.get("HOMEROOM_TEST_SEED", "20261125"))
#: The same documents in every run; `HOMEROOM_TEST_FUZZ=30000` draws as many as it says, for many minutes.
DRAWN = int(os.environ.get("HOMEROOM_TEST_FUZZ", "600"))

TEXTS = {"id": ["a", "b", "abc", "zz"], "ids": ["1", "2"], "String": ["a", "é", ""], "ID": ["1", "x"]}
BROKEN = [frozenset[str](), frozenset({"boom"}), frozenset({"away"}), frozenset({"guarded"})]


# graphql-core abandons resolvers beside one that fails, and they are never awaited.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:.*never awaited:RuntimeWarning"
)


@pytest.fixture(autouse=True)
def _abandoned() -> Iterator[None]:
    """Let go of what was abandoned before another test is blamed for it."""
    yield
    gc.collect()


def in_turn(done: Sequence[Any]) -> list[tuple[Any, set[str]]]:
    """What mutations did: each root field with what was done below it, which comes in no order."""
    turns: list[tuple[Any, set[str]]] = []
    for each in done:
        if each[0] in ("bump", "must"):
            turns.append((each, set()))
        else:
            turns[-1][1].add(repr(each))
    return turns


async def compare(kind: OperationType, drawn: int) -> Counter[str]:
    """Draw documents of a kind and ask both engines; fails at the first difference, with the seed that draws it."""
    mine, theirs = compiled(), core()
    counts: Counter[str] = Counter()
    for number in range(drawn):
        seed = SEED + number
        text, variables = draw(schema._schema, seed, TEXTS, depth=2 + number % 4, wild=True, kind=kind)
        one = prepared(text, variables)
        broken = BROKEN[number % 5 % len(BROKEN)]
        where = f"seed {seed}: {text} {variables} {set(broken)}"
        if kind is OperationType.SUBSCRIPTION:
            pairs = list(
                zip(await events(mine, one, broken), await events(theirs, one, broken), strict=True),
            )
        else:
            contexts = Context(broken), Context(broken)
            pairs = [(await mine.execute(one, contexts[0]), await theirs.execute(one, contexts[1]))]
            if kind is OperationType.MUTATION:
                mine_done, their_done = (in_turn(context.done) for context in contexts)
                assert [root for root, _ in mine_done] == [root for root, _ in their_done], where
                # graphql-core cancels what is below a nulled field.
                assert all(b <= a for (_, a), (_, b) in zip(mine_done, their_done, strict=True)), where
        for left, right in pairs:
            differs = difference(left, right)
            assert differs is None or not valid(one), f"{where}\n{differs}"
            counts["compared"] += 1
            counts["with errors"] += bool(right.errors)
            counts["errors"] += len(right.errors)
    counts.update(mine.runs)
    print(f"{kind.value}: seed {SEED}, {dict(counts)}")
    return counts


async def test_drawn_queries_answer_as_graphql_core() -> None:
    counts = await compare(OperationType.QUERY, DRAWN)
    assert counts["compared"] == DRAWN
    assert counts["careful"] > counts["compared"] // 5
    assert counts["compiled"] > counts["compared"] // 10
    assert not counts["failed"]
    assert not counts["graphql-core"]


async def test_drawn_mutations_answer_as_graphql_core_and_do_the_same_in_the_same_order() -> None:
    counts = await compare(OperationType.MUTATION, DRAWN // 10)
    assert counts["compared"] > 30
    assert not counts["failed"]
    assert not counts["graphql-core"]


async def test_drawn_payloads_of_subscriptions_answer_as_graphql_core() -> None:
    counts = await compare(OperationType.SUBSCRIPTION, DRAWN // 10)
    assert counts["compared"] > 30
    assert not counts["failed"]
    assert not counts["graphql-core"]
