"""The batch law: any list of keys, empty, repeated or shuffled, answers as each key alone."""

import random
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from strawberry.types.base import get_object_definition

from resolvers.arguments import read_id
from resolvers.context import Batch
from schema.calculation import GradeTargetInput
from schema.connections import Connection
from schema.levels import METADATA, BatchField
from schema.loading import Level, answered
from schema.query import NODE_TYPES
from tests.world import World, open_world

#: What the portal store tells, which is not there.
IN_THE_STORE = {("Document", "url"), ("Document", "first_viewed_at")}

FIELDS = [
    (name, field)
    for name, node in NODE_TYPES.items()
    for field in get_object_definition(node.cls, strict=True).fields
    if METADATA in field.metadata and (name, field.python_name) not in IN_THE_STORE
]


#: What a field cannot be asked without.
REQUIRED: dict[str, dict[str, Any]] = {
    "Grade.what_if": {"scores": []},
    "Grade.score_needed": {"target": GradeTargetInput(percent=Decimal(80))},
}


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of eighty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("batches")) / "district.db", 80)
    yield made
    await made.recorded.reads.close()


def _plain(value: Any) -> Any:
    """A value as something that can be compared, whatever object carries it."""
    if isinstance(value, Connection):
        return [_plain(node) for node in value.nodes], value.page_info.has_next_page, value.page_info.end_cursor
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {k: v for k, v in vars(value).items() if not callable(v)} if hasattr(value, "__dict__") else value


async def _parents(world: World, type_name: str) -> list[Any]:
    """Some objects of a type in one family's scope."""
    student, section = world.rows(
        "select student_id, section_id from enrollment where student_id = ? order by 2 limit 1", world.student("parent")
    )[0]
    guardian = world.guardian("parent")
    own = [r[0] for r in world.rows("select student_id from guardian_student where guardian_id = ?", guardian)]
    several = f"student_id in ({', '.join(map(str, own))})"
    keys: dict[str, list[Any]] = {
        "Parent": [guardian],
        "Student": own,
        "Teacher": [r[0] for r in world.rows("select staff_id from section_teacher where section_id = ?", section)],
        "School": [r[0] for r in world.rows(f"select distinct school_id from school_enrollment where {several}")],
        "Term": [r[0] for r in world.rows("select id from term order by id limit 10")],
        "Course": world.rows(f"select student_id, section_id from enrollment where {several} limit 12"),
        "Grade": world.rows(f"select student_id, id from grade where {several} limit 12"),
        "Assignment": world.rows(
            "select e.student_id, e.section_id, a.id from enrollment e join assignment a on a.section_id = e.section_id"
            " where e.student_id = ? limit 12",
            student,
        ),
        "Attendance": [],
        "Document": [],
        "Message": [
            r[0] for r in world.rows("select message_id from message_recipient where guardian_id = ?", guardian)
        ],
    }
    context = world.context(guardian)
    if type_name == "Document":
        data = await world.data("{ me { students { documents { id } } } }", guardian=guardian)
        ids = [document["id"] for entry in data["me"]["students"] for document in entry["documents"]]
        keys["Document"] = [found[1] for id in ids if (found := read_id(context, id)) is not None]
    if type_name == "Attendance":
        data = await world.data("{ me { students { attendance { nodes { id } } } } }", guardian=guardian)
        ids = [node["id"] for entry in data["me"]["students"] for node in entry["attendance"]["nodes"]]
        keys["Attendance"] = [found[1] for id in ids if (found := read_id(context, id)) is not None][:12]
    node = NODE_TYPES[type_name]
    asked = keys[type_name]
    made = await answered(node.cls, node.resolve(asked, Batch(context)), context, asked)
    return [objects[0] for objects in made.values()]


@pytest.mark.parametrize(("type_name", "field"), FIELDS, ids=[f"{name}.{f.python_name}" for name, f in FIELDS])
async def test_a_batch_answers_as_each_key_alone(world: World, type_name: str, field: Any) -> None:
    spec: BatchField = field.metadata[METADATA]
    assert spec.key is not None
    parents = await _parents(world, type_name)
    keys = [key for parent in parents if (key := getattr(parent, spec.key)) is not None]
    assert keys, "no key to try"
    args: dict[str, Any] = {"first": 3} if spec.paged else REQUIRED.get(f"{type_name}.{field.python_name}", {})

    async def ask(some: list[Any]) -> list[Any]:
        level = Level(world.context(world.guardian("parent")), spec, field, args)
        return [_plain(value) for value in await level.load(some)]

    alone = {key: (await ask([key]))[0] for key in keys}
    shuffled = random.Random(5).sample(keys * 2, len(keys) * 2)
    assert await ask(shuffled) == [alone[key] for key in shuffled]
    assert await ask([]) == []
