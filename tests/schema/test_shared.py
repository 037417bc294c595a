"""The law of shared fields: of an event, whoever has a right to the student is told what each would be told alone."""

from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from gateway.execution.documents import GraphQLRequest, Prepared
from loaders.portal.roles import StaffRole
from loaders.statement import Key
from resolvers.access import standing
from resolvers.changes import ChangeKind
from schema.api import schema
from schema.changes import GradeChanged
from schema.levels import METADATA
from tests.world import ENGINE, TODAY, World, noon, open_world

MOTHER, FATHER, SISTER, STRANGER = 1, 2, 3, 4
DEPTH = 4


@dataclass(frozen=True)
class Way:
    """A field that an event leads to: the fields on the way, whether all of them are shared, and its own type."""

    fields: tuple[str, ...]
    shared: bool
    leaves: str

    @property
    def document(self) -> str:
        """The subscription that asks for it."""
        inside = self.leaves
        for name in reversed(self.fields):
            inside = f"{name} {{ {inside} }}" if inside else name
        return f"subscription {{ gradeChanged {{ cursor {inside} }} }}"


def ways() -> Iterator[Way]:
    """Every batch field that an event leads to, each by its shortest way, and connections by their nodes."""
    root: Any = schema._schema.type_map["GradeChanged"]
    seen: set[tuple[str, str]] = set()
    waiting: deque[tuple[GraphQLObjectType, tuple[str, ...], bool]] = deque([(root, (), True)])
    while waiting:
        of, fields, shared = waiting.popleft()
        for name, field in of.fields.items():
            batch = _batch(field)
            if batch is None and _held(field):
                waiting.append((get_named_type(field.type), (*fields, name), shared))
            if batch is None or (of.name, name) in seen or any(map(is_required_argument, field.args.values())):
                continue
            seen.add((of.name, name))
            inside: Any = get_named_type(field.type)
            way, all_shared = (*fields, name), shared and batch.shared
            if batch.paged:
                way, inside = (*way, "nodes"), get_named_type(inside.fields["nodes"].type)
            yield Way(way, all_shared, "" if is_leaf_type(inside) else _leaves(inside))
            if not is_leaf_type(inside) and len(way) < DEPTH:
                waiting.append((inside, way, all_shared))


def _batch(field: GraphQLField) -> Any:
    own = field.extensions.get("strawberry-definition")
    return None if own is None else own.metadata.get(METADATA)


def _held(field: GraphQLField) -> bool:
    """Whether an object holds these objects already, so that they were told with it."""
    own = field.extensions.get("strawberry-definition")
    return own is not None and own.base_resolver is None and not is_leaf_type(get_named_type(field.type))


def _leaves(of: GraphQLObjectType) -> str:
    """The leaves of a type and of the objects that its own hold; its name where there are none."""
    plain = (name for name, field in of.fields.items() if is_leaf_type(get_named_type(field.type)))
    leaves = [name for name in plain if _batch(of.fields[name]) is None]
    for name, field in of.fields.items():
        held: Any = get_named_type(field.type)
        if _held(field):
            leaves.append(f"{name} {{ {_leaves(held)} }}")
    return " ".join(leaves) or "__typename"


WAYS = list(ways())


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    made = await open_world(tmp_path_factory.mktemp("shared") / "district.db", 80)
    yield made
    await made.recorded.reads.close()


def prepared(way: Way) -> Prepared:
    found = ENGINE.prepare(GraphQLRequest(way.document))
    assert not found.errors, found.errors
    return found


async def told(world: World, way: Way, guardian: Key) -> bytes:
    """What that guardian alone is told of a change of a grade of the sister's."""
    ((grade,),) = world.rows("select min(id) from grade where student_id = ? and released = 1", SISTER)
    event = GradeChanged(
        student_key=SISTER,
        cursor="c",
        occurred_at=noon(TODAY),
        kind=ChangeKind.GRADE_CHANGED,
        corrects=None,
        retracts=False,
        grade_key=(SISTER, grade),
        before=(SISTER, Decimal(71), "C-"),
    )
    answer = await ENGINE.answer(prepared(way), event, world.context(guardian))
    assert answer.errors == (), answer.errors
    return orjson.dumps(answer.data)


def test_an_event_leads_to_most_of_a_students_record() -> None:
    types = {way.fields for way in WAYS}
    assert {("student",), ("grade", "course"), ("student", "assignments", "nodes"), ("student", "terms")} <= types
    assert len(WAYS) > 30


@pytest.mark.parametrize("way", [way for way in WAYS if way.shared], ids=lambda way: ".".join(way.fields))
async def test_a_shared_field_tells_both_parents_the_same(world: World, way: Way) -> None:
    assert ENGINE.shareable(prepared(way))
    mother, father = world.context(MOTHER), world.context(FATHER)
    assert await standing(mother, SISTER) == await standing(father, SISTER)
    assert await told(world, way, MOTHER) == await told(world, way, FATHER)


@pytest.mark.parametrize("way", [way for way in WAYS if not way.shared], ids=lambda way: ".".join(way.fields))
def test_what_is_not_declared_shared_is_read_for_each_viewer(way: Way) -> None:
    assert not ENGINE.shareable(prepared(way))


def test_what_is_the_viewers_own_is_not_shared() -> None:
    assert {way.fields for way in WAYS if not way.shared} == {
        ("student", "relationship"),
        ("student", "areas"),
        ("student", "schedule", "notice"),
        ("student", "reportCards", "url"),
        ("student", "reportCards", "firstViewedAt"),
    }


async def test_the_law_would_see_a_difference(world: World) -> None:
    (way,) = (way for way in WAYS if way.fields == ("student", "relationship"))
    assert await told(world, way, MOTHER) != await told(world, way, FATHER)


async def test_who_has_no_right_stands_nowhere_and_who_has_none_to_an_area_stands_elsewhere(world: World) -> None:
    assert await standing(world.context(STRANGER), SISTER) is None
    assert await standing(world.context(staff=StaffRole.ADMIN), SISTER) is None
    assert await standing(world.context(), SISTER) is None
    assert await standing(world.context(MOTHER), SISTER) is not None


@pytest.mark.parametrize(
    ("query", "shareable"),
    [
        ("subscription { gradeChanged { cursor } }", True),
        ("subscription { gradeChanged { __typename student { name } } }", True),
        ("subscription { gradeChanged { student { assignments { edges { node { course { title } } } } } } }", True),
        (
            "subscription { a: gradeChanged { student { ...S } } } fragment S on Student { relationship { kind } }",
            False,
        ),
        ("subscription { gradeChanged { grade { student { areas { area } } } } }", False),
        (
            "subscription { gradeChanged { student { assignments { nodes { student { relationship { kind } } } } } } }",
            False,
        ),
    ],
)
def test_one_field_that_depends_on_the_viewer_keeps_all_of_it_from_being_shared(query: str, shareable: bool) -> None:
    found = ENGINE.prepare(GraphQLRequest(query))
    assert not found.errors, found.errors
    assert ENGINE.shareable(found) is shareable
