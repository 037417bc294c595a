"""What is asked of batch resolvers: identical loads once, in a wave and across waves, and rows only for who asked."""

from typing import Any

import pytest
import strawberry

from gateway.execution.arguments import frozen
from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.operations import Answer
from tests.execution.batching import Context, Told, batched, cursor, fetch
from tests.execution.misbehaving import SHAPE, Color, Options, schema


async def _ask(of: strawberry.Schema, text: str, **variables: Any) -> tuple[Answer, list[tuple[str, list[Any]]]]:
    """An answer, and which resolvers were asked for which keys to make it."""
    engine, context = CompiledEngine(of, fetch=fetch, cursor=cursor), Context()
    prepared = engine.prepare(GraphQLRequest(text, variables=variables))
    assert not prepared.errors, prepared.errors
    answer = await engine.execute(prepared, context)
    assert set(engine.runs) <= {"compiled", "careful"}
    return answer, context.asked


@strawberry.type
class Person:
    id: int
    name: str
    ref: strawberry.Private[int | None]

    @batched("ref")
    def friend(keys: Any, context: Context) -> "Person | None":
        return people([(key, key) for key in keys])

    @batched("id", many=True)
    def notes(keys: Any, context: Context, first: int = 2, flag: bool | None = None) -> list[str]:
        return [[f"{first!r} {flag!r}"] for _ in keys]

    @batched("id", many=True)
    def mixed_up(keys: Any, context: Context) -> list["Person"]:
        return people([(str(key), key) for key in keys])

    @batched("id", many=True)
    def too_many(keys: Any, context: Context) -> list["Person"]:
        return people([(key, key) for key in [*keys, 99]])


def people(pairs: list[tuple[Any, int]]) -> Any:
    """A statement of people by key: who has which number, is the friend of the next."""
    rows = [{"_key": key, "id": n, "name": f"p{n}", "ref": n + 1 if n < 5 else None} for key, n in pairs]
    return Told(Person, SHAPE, rows)


@strawberry.type
class Query:
    @batched(None, many=True)
    def people(keys: Any, context: Context) -> list[Person]:
        return people([(key, n) for key in keys for n in (1, 2)])


PEOPLE = strawberry.Schema(Query)


async def test_a_wave_asks_for_the_same_once_however_it_is_spelled() -> None:
    text = """query ($two: Int = 2, $given: Int!) { people {
        a: notes b: notes(first: 2) c: notes(first: $two) d: notes(first: $given) e: notes(first: 3) } }"""
    answer, asked = await _ask(PEOPLE, text, given=2)
    assert answer.data["people"][0] == {key: ["2 None"] for key in "abcd"} | {"e": ["3 None"]}
    assert asked == [("people", [()]), ("notes", [1, 2]), ("notes", [1, 2])]


async def test_a_later_wave_asks_only_for_keys_that_were_not_read() -> None:
    answer, asked = await _ask(PEOPLE, "{ people { friend { name friend { name } } } }")
    assert [person["friend"]["friend"]["name"] for person in answer.data["people"]] == ["p3", "p4"]
    # 2 and 3 are asked for people 1 and 2; 3 and 4 for their friends, where 3 is known.
    assert asked == [("people", [()]), ("friend", [2, 3]), ("friend", [4])]


async def test_a_later_wave_asks_again_where_columns_are_missing() -> None:
    answer, asked = await _ask(PEOPLE, "{ people { friend { friend { id name } } } }")
    assert [person["friend"]["friend"]["name"] for person in answer.data["people"]] == ["p3", "p4"]
    assert asked == [("people", [()]), ("friend", [2, 3]), ("friend", [3, 4])]


async def test_nothing_is_asked_twice_where_something_fails() -> None:
    text = "{ rows(first: 8) { id leaf { num } must { id } page { nodes { name } } } }"
    answer, asked = await _ask(schema, text)
    assert answer.errors
    names = [name for name, _ in asked]
    assert sorted(names) == ["leaf", "must", "page", "rows"]


async def test_every_root_field_of_a_mutation_reads_anew() -> None:
    text = "mutation { a: bump { fixed { done twin { done } } } b: bump(by: 2) { fixed { done twin { done } } } }"
    answer, asked = await _ask(schema, text)
    assert answer.data == {
        "a": {"fixed": {"done": 1, "twin": {"done": 1}}},
        "b": {"fixed": {"done": 3, "twin": {"done": 3}}},
    }
    assert asked == [("fixed", [1]), ("done", [5]), ("fixed", [2]), ("done", [5])]


@pytest.mark.parametrize("field", ["mixedUp", "tooMany"])
async def test_rows_with_a_key_that_nobody_asked_for_are_refused(field: str) -> None:
    answer, _ = await _ask(PEOPLE, f"{{ people {{ name {field} {{ id }} }} }}")
    assert answer.data is None
    (error,) = answer.errors
    assert error.path == ["people", 0, field]
    name = f"Person.{field}"
    assert error.message == f"The rows of {name} have a key that was not asked for."


def test_arguments_are_equal_only_where_no_resolver_could_tell_them_apart() -> None:
    pairs: list[tuple[Any, Any]] = [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (None, strawberry.UNSET),
        ([1, 2], [2, 1]),
        ({"a": None}, {}),
        (Options(n=1), Options(n=2)),
        (Color.RED, "red"),
        ("1", 1),
    ]
    for one, other in pairs:
        assert frozen({"x": one}) != frozen({"x": other})
        assert frozen({"x": one}) == frozen({"x": one})
    assert frozen({"a": [Options(tags=["x"])], "b": 1}) == frozen({"b": 1, "a": [Options(tags=["x"])]})
