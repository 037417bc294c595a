"""The matrix of access: each area, shut in each way, yields nothing on any path: fields, counts, nodes, lists, streams.

The fields are those that the schema itself declares to stand behind an area: a new one is in the matrix at once.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type

from loaders.contract import Area
from loaders.ids import read_node_id
from loaders.portal.access_rules import Block, BlockReason, Orders, Switch, SwitchReason
from loaders.portal.roles import StaffRole
from resolvers.audience import Audience
from resolvers.rules import NO_RULES, Rules
from schema.api import schema
from schema.levels import METADATA
from schema.query import NODE_TYPES
from tests import documents
from tests.world import TODAY, World, noon, open_world

WAYS = ("switch", "source", "block", "age")


@pytest_asyncio.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of forty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("matrix")) / "district.db", 40)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def world(made: World) -> Iterator[World]:
    """The district with every area open; put back as it was."""
    made.source.notes[Rules] = NO_RULES
    made.source.orders += 1
    born_on = made.rows("select id, birth_date from student")
    withheld = made.rows("select guardian_id, student_id, area, starts_on, ends_on from withheld_area")
    yield made
    made.source.notes[Rules] = NO_RULES
    made.source.orders += 1
    for student, day in born_on:
        made.change("update student set birth_date = ? where id = ? and birth_date <> ?", day, student, day)
    made.change("delete from withheld_area")
    for row in withheld:
        made.change("insert into withheld_area values (?, ?, ?, ?, ?)", *row)


def guarded() -> dict[str, Area]:
    """The fields of a student that stand behind an area."""
    student = schema._schema.type_map["Student"]
    assert isinstance(student, GraphQLObjectType)
    found = {}
    for name, field in student.fields.items():
        spec = field.extensions["strawberry-definition"].metadata.get(METADATA)
        if spec is not None and spec.area is not None:
            found[name] = spec.area
    return found


FIELDS = guarded()


def _selection(name: str) -> str:
    student = schema._schema.type_map["Student"]
    assert isinstance(student, GraphQLObjectType)
    inner = get_named_type(student.fields[name].type)
    if is_leaf_type(inner):
        return name
    return f"{name} {{ totalCount }}" if inner.name.endswith("Connection") else f"{name} {{ __typename }}"


EVERYTHING = f"{{ me {{ students {{ sourcedId {' '.join(_selection(name) for name in FIELDS)} }} }} }}"


def shut(world: World, way: str, area: Area, guardian: int, students: list[int]) -> None:
    """Shut the area of these students to the guardian in this way; a block and an age shut every other too."""
    if way == "switch":
        orders = Orders(1, switches=[Switch(1, None, area.value, SwitchReason.SUMMER, noon(TODAY), None, noon(TODAY))])
        world.source.notes[Rules] = Rules(orders)
    elif way == "block":
        reason, at = BlockReason.COURT_ORDER, noon(TODAY)
        blocks = [Block(1, str(guardian), str(student), TODAY, None, reason, at) for student in students]
        world.source.notes[Rules] = Rules(Orders(1, blocks=blocks))
    for student in students:
        if way == "source":
            world.change("insert into withheld_area values (?, ?, ?, null, null)", guardian, student, area.value)
        elif way == "age":
            world.change("update student set birth_date = '2008-11-23' where id = ?", student)
    world.source.orders += 1


def _ids(answer: Any) -> set[str]:
    """Every id in an answer."""
    if isinstance(answer, dict):
        own = {answer["id"]} if isinstance(answer.get("id"), str) else set()
        return own.union(*(_ids(value) for value in answer.values()), set())
    return set().union(*(_ids(item) for item in answer)) if isinstance(answer, list) else set()


async def _gathered(world: World, guardian: int, known: dict[int, set[str]] = {}) -> set[str]:  # noqa: B006
    """Every id that the guardian is told with all areas open, asked once."""
    if not known:
        known[guardian] = set()
        for document in documents.ALL.values():
            known[guardian] |= _ids(await world.data(document, guardian=guardian))
    return known[guardian]


async def _nodes(world: World, guardian: int, ids: list[str]) -> list[Any]:
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    found: list[Any] = []
    for start in range(0, len(ids), 100):
        data = await world.data(document, guardian=guardian, ids=ids[start : start + 100])
        found += data["nodes"]
    return found


def test_every_field_of_a_student_behind_an_area_can_be_withheld() -> None:
    student = schema._schema.type_map["Student"]
    assert isinstance(student, GraphQLObjectType)
    assert {Area.GRADES, Area.ATTENDANCE, Area.HEALTH} <= set(FIELDS.values())
    assert not [name for name in FIELDS if isinstance(student.fields[name].type, GraphQLNonNull)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("area", sorted(set(FIELDS.values()), key=str))
async def test_a_shut_area_yields_nothing_on_any_path(world: World, area: Area, way: str) -> None:
    guardian = world.guardian("parent")
    students = [row[0] for row in world.rows("select student_id from guardian_student where guardian_id = ?", guardian)]
    before = (await world.data(EVERYTHING, guardian=guardian))["me"]["students"]
    gathered = await _gathered(world, guardian)
    private = sorted(
        text
        for text in gathered
        if (of := NODE_TYPES.get((read_node_id(text) or ("",))[0])) is not None and of.area is area
    )
    assert None not in await _nodes(world, guardian, private)

    shut(world, way, area, guardian, students)

    after = (await world.data(EVERYTHING, guardian=guardian))["me"]["students"]
    assert len(after) == (0 if way == "block" else len(before))
    for was, now in zip(before, after, strict=False):
        closed = {name for name, of in FIELDS.items() if of is area or way == "age"}
        assert {name for name in FIELDS if now[name] is None} == closed | {n for n in FIELDS if was[n] is None}
    assert set(await _nodes(world, guardian, private)) <= {None}
    audience = Audience(world.source)
    for student in students:
        assert not await audience.may_read(guardian, student, area)
        assert await audience.standings(student, area, [world.context(guardian)]) == [None]
    if area is Area.GRADES:
        data = await world.data("{ me { assignments { totalCount nodes { id } } } }", guardian=guardian)
        assert data["me"]["assignments"] == {"totalCount": 0, "nodes": []}
    if area is Area.MESSAGES or way in ("block", "age"):
        data = await world.data("{ me { messages { nodes { students { id } } } } }", guardian=guardian)
        assert {len(node["students"]) for node in data["me"]["messages"]["nodes"]} <= {0}


@pytest.mark.parametrize(("staff", "code"), [(None, "UNAUTHENTICATED"), (StaffRole.ADMIN, "FORBIDDEN")])
async def test_who_is_no_guardian_reads_no_area(world: World, staff: StaffRole | None, code: str) -> None:
    answer = await world.ask(EVERYTHING, staff=staff)
    assert answer.errors is not None
    assert {getattr(error.original_error, "code", None) for error in answer.errors} == {code}
    assert answer.data is None


async def test_another_guardian_of_the_same_student_loses_nothing_by_it(world: World) -> None:
    guardian, other = world.guardian("parent"), world.guardian("two_households")
    before = await world.data(EVERYTHING, guardian=other)
    shut(world, "source", Area.GRADES, guardian, [world.student("parent")])
    assert await world.data(EVERYTHING, guardian=other) == before


async def test_no_answer_holds_what_reaches_another_guardian(world: World) -> None:
    contacts = {
        row[0]: {text for text in row[1:] if text} for row in world.rows("select id, email, phone from guardian")
    }
    public = {row[0] for row in world.rows("select phone from school")}
    for guardian in (world.guardian("parent"), world.guardian("two_households"), world.guardian("large_family")):
        others = (
            set().union(*(found for key, found in contacts.items() if key != guardian)) - contacts[guardian] - public
        )
        for name, document in documents.ALL.items():
            answer = str(await world.data(document, guardian=guardian))
            assert not [text for text in others if text in answer], name


def test_no_type_but_the_viewers_own_has_a_field_by_which_a_family_is_reached() -> None:
    reached = {
        f"{type_.name}.{name}"
        for type_ in schema._schema.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name in type_.fields
        if any(word in name.lower() for word in ("email", "phone", "address"))
    }
    of_students = {place for place in reached if place.partition(".")[0] in {"Student", "Relationship", "Course"}}
    assert of_students == set()
    families = {"Parent.email", "Parent.phone"}
    assert families <= reached
    parents = [
        f"{type_.name}.{name}"
        for type_ in schema._schema.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if get_named_type(field.type).name == "Parent"
    ]
    assert set(parents) <= {"Query.me", "LogInSuccess.me"}, parents
