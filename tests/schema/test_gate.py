"""The gate before a family's records: as a parent whose set-up is unfinished, every field of the schema is asked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from strawberry.types import ExecutionResult

from gateway.execution.documents import GraphQLRequest
from loaders.ids import node_id
from resolvers.context import Context
from resolvers.errors import Refusal
from schema.api import schema
from tests.portal import House, empty_place, open_house
from tests.world import ENGINE, World, open_world

#: What a parent sees of themselves before the gate opens: who they are, and what there is to do.
OPEN = {"id", "sourcedId", "givenName", "familyName", "name", "username", "email", "phone", "preferredLanguage"}
OPEN |= {"security", "sessions"}
GATES = [
    ("SECURITY_SETUP_REQUIRED", {"setup_required": True}),
    ("SECOND_FACTOR_REQUIRED", {"second_factor_needed": True}),
]


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("gate")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        await house.account("ana", "1")
        yield house


async def parent(house: House, world: World, **gate: Any) -> Context:
    context = await house.context(world.source, await house.mobile("ana"))
    assert context.viewer is not None
    context.viewer = replace(context.viewer, **gate)
    return context


def selection(type_: Any) -> str:
    return "" if is_leaf_type(get_named_type(type_)) else "{ __typename }"


def root(name: str) -> GraphQLObjectType:
    found = schema._schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def codes(answer: ExecutionResult) -> set[str]:
    found = {error.original_error for error in answer.errors or []}
    return {error.code for error in found if isinstance(error, Refusal)}


def nothing(data: Any) -> bool:
    """Whether no value stands anywhere in it."""
    if isinstance(data, dict):
        return all(nothing(value) for value in data.values())
    return all(nothing(value) for value in data) if isinstance(data, list) else data is None


async def asked(house: House, world: World, document: str, **gate: bool) -> ExecutionResult:
    """The answer, in which both executors agree."""
    answer = await schema.execute(document, context_value=await parent(house, world, **gate))
    assert isinstance(answer, ExecutionResult)
    prepared = ENGINE.prepare(GraphQLRequest(document))
    assert not prepared.errors, prepared.errors
    served = await ENGINE.execute(prepared, await parent(house, world, **gate))
    assert served.data == answer.data
    assert len(served.errors or ()) == len(answer.errors or ())
    return answer


@pytest.mark.parametrize(("code", "gate"), GATES)
@pytest.mark.parametrize("name", sorted(set(root("Parent").fields) - OPEN))
async def test_of_the_parent_all_but_the_account_is_refused(
    house: House, world: World, name: str, code: str, gate: dict[str, bool]
) -> None:
    field = root("Parent").fields[name]
    answer = await asked(house, world, f"{{ me {{ {name} {selection(field.type)} }} }}", **gate)
    assert codes(answer) == {code}
    assert nothing(answer.data)
    opened = await asked(house, world, f"{{ me {{ {name} {selection(field.type)} }} }}")
    assert not opened.errors


@pytest.mark.parametrize(("code", "gate"), GATES)
async def test_every_other_root_is_refused(house: House, world: World, code: str, gate: dict[str, bool]) -> None:
    ids = [node_id("Student", world.student("parent")), node_id("Parent", 1)]
    documents = {
        "student": f'{{ student(id: "{ids[0]}") {{ name }} }}',
        "node": f'{{ node(id: "{ids[1]}") {{ id }} }}',
        "nodes": f'{{ nodes(ids: ["{ids[0]}", "{ids[1]}"]) {{ id }} }}',
        "staff": "{ staff { username } }",
    }
    assert {*documents, "me", "portal"} == set(root("Query").fields)
    for name, document in documents.items():
        answer = await asked(house, world, document, **gate)
        assert codes(answer) == ({"FORBIDDEN"} if name == "staff" else {code}), name
        assert nothing(answer.data), name


@pytest.mark.parametrize(("code", "gate"), GATES)
@pytest.mark.parametrize("name", sorted(root("Subscription").fields))
async def test_no_stream_begins(house: House, world: World, name: str, code: str, gate: dict[str, bool]) -> None:
    document = f"subscription {{ {name} {{ __typename }} }}"
    stream: Any = await schema.subscribe(document, context_value=await parent(house, world, **gate))
    told = [result async for result in stream]
    assert [codes(result) for result in told] == [{code}]
    assert nothing(told[0].data)


async def test_what_leads_to_the_set_up_is_open(house: House, world: World) -> None:
    document = (
        "{ portal { preferenceImages { id url label alt category } } "
        "me { id username security { recoveryEmail recoveryEmailConfirmed preferenceImagesSet setupRequired missing "
        "secondFactor { enabled recoveryCodesLeft } } } }"
    )
    answer = await asked(house, world, document, setup_required=True)
    assert not answer.errors
    assert answer.data is not None
    assert len(answer.data["portal"]["preferenceImages"]) == 72
    assert answer.data["me"]["security"]["missing"] == ["RECOVERY_EMAIL", "PREFERENCE_IMAGES"]
