"""The roots of reading."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
from strawberry import ID
from strawberry.dataloader import DataLoader

from loaders.ids import read_node_id
from resolvers import arguments, assignments, attachments, attendance, courses, desk, grades, messages, people, terms
from resolvers.access import Area, closed
from resolvers.context import Batch, Context
from resolvers.errors import BadUserInput
from schema.attendance import Attendance
from schema.batching import batched
from schema.documents import Document
from schema.gradebook import Assignment, Course
from schema.grades import Grade
from schema.loading import answered
from schema.messages import Message
from schema.node import Node
from schema.people import Parent, Student, Teacher
from schema.portal import Portal
from schema.registrations import registration_by_id
from schema.schools import School, Term
from schema.staff import StaffDesk

MOST_NODES = 100


@dataclass(frozen=True, eq=False)
class NodeType:
    """How objects of one type are fetched by their keys, and the area whose guard they stand behind."""

    cls: type
    resolve: Callable[..., Any]
    area: Area | None = None


NODE_TYPES = {
    "Parent": NodeType(Parent, people.parents_by_id),
    "Student": NodeType(Student, people.students_by_key),
    "Teacher": NodeType(Teacher, people.teachers_by_id),
    "School": NodeType(School, terms.schools_by_id),
    "Term": NodeType(Term, terms.terms_by_id),
    "Course": NodeType(Course, courses.courses_by_id, Area.GRADES),
    "Grade": NodeType(Grade, grades.grades_by_id, Area.GRADES),
    "Assignment": NodeType(Assignment, assignments.assignments_by_id, Area.GRADES),
    "Attendance": NodeType(Attendance, attendance.attendance_by_id, Area.ATTENDANCE),
    "Message": NodeType(Message, messages.messages_by_id),
    # Which area a document stands behind depends on what it is: its resolver asks.
    "Document": NodeType(Document, attachments.documents_by_id),
}


#: Objects of the portal store, each fetched by its id as the viewer may see it.
STORED_TYPES: Mapping[str, Callable[[Context, str], Awaitable[Any]]] = {"Registration": registration_by_id}


async def _node(context: Context, text: str) -> Any:
    """The object of an id; None where it is not there or not the viewer's, the same answer for both."""
    context.signed_in()
    context.gate()
    stored = read_node_id(text)
    if stored is not None and stored[0] in STORED_TYPES:
        return await STORED_TYPES[stored[0]](context, text)
    found = arguments.read_id(context, text)
    if found is None:
        return None
    type_name, parts = found
    place = ("node", type_name)
    if place not in context.loads:
        context.loads[place] = DataLoader(load_fn=_Nodes(context, NODE_TYPES[type_name]).load)
    return await context.loads[place].load(parts[0] if len(parts) == 1 else parts)


@dataclass(frozen=True, eq=False)
class _Nodes:
    context: Context
    type: NodeType

    async def load(self, keys: Sequence[Any]) -> list[Any]:
        asked = list(keys)
        if self.type.area is not None:
            shut = await closed(self.context, self.type.area, {key[0] for key in keys})
            asked = [key for key in keys if key[0] not in shut]
        if not asked:
            return [None for _ in keys]
        found = await answered(self.type.cls, self.type.resolve(asked, Batch(self.context)), self.context, asked)
        return [found[key][0] if found.get(key) else None for key in keys]


@strawberry.type(description="What can be read.")
class Query:
    @strawberry.field(description="What a log-in page needs; open to everybody.")
    def portal(self, info: strawberry.Info[Context, None]) -> Portal:
        return Portal(context=info.context, district_name=info.context.district_name)

    @batched(None)
    def me(keys: Any, batch: Batch) -> Parent:
        """The parent who asks; UNAUTHENTICATED without a session, FORBIDDEN for staff."""
        return people.viewer(keys, batch)

    @batched(None)
    def student(
        keys: Any, batch: Batch, id: Annotated[ID, strawberry.argument(description="The student's id.")]
    ) -> Student | None:
        """One of the viewer's students; null where there is no such student or no right to them, alike."""
        return people.student_by_id(keys, batch, id)

    @strawberry.field(
        description="The desk of the member of staff who asks; UNAUTHENTICATED without a session, FORBIDDEN for "
        "parents."
    )
    async def staff(self, info: strawberry.Info[Context, None]) -> StaffDesk:
        found = await desk.desk_of(info.context)
        return StaffDesk(
            username=found.username,
            name=found.name,
            roles=list(found.roles),
            second_factor_proven=found.second_factor_proven,
        )

    @strawberry.field(description="The object of an id; null where it is not there or not the viewer's, alike.")
    async def node(
        self,
        info: strawberry.Info[Context, None],
        id: Annotated[ID, strawberry.argument(description="The object's id.")],
    ) -> Node | None:
        found: Node | None = await _node(info.context, id)
        return found

    @strawberry.field(description="The objects of some ids, in their order; null for each that `node` has none for.")
    async def nodes(
        self,
        info: strawberry.Info[Context, None],
        ids: Annotated[list[ID], strawberry.argument(description="The objects' ids, 100 at the most.")],
    ) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise BadUserInput(f"`ids` holds {len(ids)} ids: ask for {MOST_NODES} at the most.")
        return list(await asyncio.gather(*(_node(info.context, id) for id in ids)))
