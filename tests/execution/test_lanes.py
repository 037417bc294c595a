"""Any ordinary Strawberry field runs in the plan, with all that Strawberry does around it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Union

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.execution.compiled import CompiledEngine
from gateway.execution.documents import GraphQLRequest
from gateway.execution.engine import Engine
from gateway.execution.operations import Answer
from tests.execution.batching import Context, cursor, fetch
from tests.execution.twins import difference


async def _both(schema: strawberry.Schema, text: str, **variables: Any) -> Answer:
    """The answer of the compiled engine, which is graphql-core's, and was made by the plan."""
    engine, core = CompiledEngine(schema, fetch=fetch, cursor=cursor), Engine(schema)
    prepared = core.prepare(GraphQLRequest(text, variables=variables))
    assert not prepared.errors, prepared.errors
    mine, theirs = await engine.execute(prepared, Context()), await core.execute(prepared, Context())
    assert difference(mine, theirs) is None
    assert set(engine.runs) <= {"compiled", "careful"}
    return mine


@strawberry.type
class NotFound:
    what: str


@strawberry.type
class Found:
    what: str


class Missing(Exception):
    pass


class OnMissing(strawberry.ExceptionHandler[Missing, NotFound]):
    def handle(self, exception: Missing, *, field: Any, info: Any) -> NotFound | None:
        """The error's own type, but for one that stays an error."""
        return None if str(exception) == "c" else NotFound(what=str(exception))


async def test_an_exception_handler_makes_an_answer_of_what_it_knows() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def find(self, what: str) -> Annotated[Union[Found, NotFound], strawberry.union("Finding")] | None:  # noqa: UP007
            if what != "a":
                raise Missing(what)
            return Found(what=what)

    schema = strawberry.Schema(Query, exception_handlers=[OnMissing()])
    inside = "{ __typename ... on Found { what } ... on NotFound { what } }"
    text = " ".join(f'{name}: find(what: "{name}") {inside}' for name in "abc")
    answer = await _both(schema, f"{{ {text} }}")
    assert answer.data == {
        "a": {"__typename": "Found", "what": "a"},
        "b": {"__typename": "NotFound", "what": "b"},
        "c": None,
    }
    assert [error.message for error in answer.errors] == ["c"]


class Thing:
    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name


@strawberry.interface
class Named:
    name: str

    @classmethod
    async def resolve_type(cls, value: Any, info: Any, of: Any) -> str | None:
        """The type by the kind, as it comes."""
        await asyncio.sleep(0)
        kind: str | None = value.kind
        return kind


@strawberry.type
class Cat(Named):
    @classmethod
    async def is_type_of(cls, value: Any, info: Any) -> bool:
        """Whether it is a cat after all."""
        await asyncio.sleep(0)
        return bool(value.name != "dog")


@strawberry.type
class Dog(Named):
    @classmethod
    def is_type_of(cls, value: Any, info: Any) -> bool:
        """Everything that says so."""
        return True


@strawberry.type
class Stone:
    weight: int


async def test_types_that_resolve_in_their_own_time_and_way_resolve_as_they_do() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def things(self) -> list[Named | None]:
            kinds = [("Cat", "tom"), ("Dog", "rex"), ("Cat", "dog"), ("Stone", "s"), ("Query", "q"), ("Nobody", "n")]
            return [Thing(kind, name) for kind, name in [*kinds, (None, "x"), (7, "y"), ("Color", "z")]]

    schema = strawberry.Schema(Query, types=[Cat, Dog, Stone])
    answer = await _both(schema, "{ things { __typename name ... on Cat { meow: name } } }")
    assert answer.data["things"][:2] == [
        {"__typename": "Cat", "name": "tom", "meow": "tom"},
        {"__typename": "Dog", "name": "rex"},
    ]
    assert answer.data["things"][2:] == [None] * 7
    assert len(answer.errors) == 7


async def test_a_cast_object_is_of_the_type_it_is_cast_to() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def things(self) -> list[Annotated[Union[Found, NotFound], strawberry.union("Either")]]:  # noqa: UP007
            made = [Found(what="a"), Found(what="b"), Found(what="c")]
            return [made[0], strawberry.cast(NotFound, made[1]), made[2]]

    text = "{ things { __typename ... on Found { what } ... on NotFound { what } } }"
    answer = await _both(strawberry.Schema(Query), text)
    assert [each["__typename"] for each in answer.data["things"]] == ["Found", "NotFound", "Found"]


async def test_a_schema_may_look_its_attributes_up_in_its_own_way() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def found(self) -> Found:
            return {"what": "in a dictionary"}

    schema = strawberry.Schema(Query, config=StrawberryConfig(default_resolver=lambda of, name: of[name]))
    assert (await _both(schema, "{ found { what } }")).data == {"found": {"what": "in a dictionary"}}


async def test_lists_that_come_in_time_are_lists() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        async def numbers(self) -> list[int]:
            async def made() -> AsyncIterator[int]:
                yield 1
                yield 2

            return made()

        @strawberry.field
        def stones(self, fails: bool) -> list[Stone] | None:
            async def made() -> AsyncIterator[Stone]:
                yield Stone(weight=1)
                if fails:
                    raise Missing("the rest")

            return made()

    schema = strawberry.Schema(Query)
    answer = await _both(schema, "{ numbers a: stones(fails: false) { weight } b: stones(fails: true) { weight } }")
    assert answer.data == {"numbers": [1, 2], "a": [{"weight": 1}], "b": None}
    assert [(error.path, error.message) for error in answer.errors] == [(["b"], "the rest")]


async def test_attributes_that_are_awaited_are_awaited_once() -> None:
    awaited: list[str] = []

    async def slow(value: Any) -> Any:
        awaited.append(str(value))
        await asyncio.sleep(0)
        if value is None:
            raise Missing("later")
        return value

    @strawberry.type
    class Later:
        name: str
        count: int | None
        of: list[int]

    @strawberry.type
    class Query:
        @strawberry.field
        def later(self) -> Later:
            return Later(name=slow("n"), count=slow(None), of=[1, slow(2)])

    schema = strawberry.Schema(Query)
    answer = await _both(schema, "{ later { name count of } }")
    assert answer.data == {"later": {"name": "n", "count": None, "of": [1, 2]}}
    assert sorted(awaited) == ["2", "2", "None", "None", "n", "n"]  # once by each executor


@pytest.mark.parametrize("document", ["{ told { path } }", "{ many { told { path } } }"])
async def test_info_says_where_it_is_but_for_places_in_lists(document: str) -> None:
    @strawberry.type
    class Told:
        path: str

    @strawberry.type
    class Many:
        @strawberry.field
        def told(self, info: strawberry.Info) -> Told:
            return _told(info)

    @strawberry.type
    class Query:
        @strawberry.field
        def told(self, info: strawberry.Info) -> Told:
            return _told(info)

        @strawberry.field
        def many(self) -> list[Many]:
            return [Many(), Many()]

    def _told(info: strawberry.Info) -> Told:
        raw = info._raw_info
        assert raw.schema is schema._schema
        assert raw.operation.operation.value == "query"
        assert [getattr(each, "name", None) for each in info.selected_fields] == ["told"]
        return Told(path=".".join(map(str, raw.path.as_list())))

    schema = strawberry.Schema(Query)
    engine = CompiledEngine(schema, fetch=fetch, cursor=cursor)
    answer = await engine.execute(engine.prepare(GraphQLRequest(document)), Context())
    assert not answer.errors
    found = answer.data.get("told") or answer.data["many"][1]["told"]
    assert found["path"] == ("told" if "many" not in document else "many.told")
