"""Who may see what: the viewer's scope, read once per operation, and the guard of each area.

Students enter an operation only through the scope, so a key below them is a key the viewer may have.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from loaders.contract import RelationshipKind
from loaders.rights import rights_of_guardians
from loaders.statement import Key
from resolvers.context import Context


class Area(Enum):
    """The parts of a student's record for which rights are given apart."""

    GRADES = "GRADES"
    ATTENDANCE = "ATTENDANCE"
    HEALTH = "HEALTH"
    DOCUMENTS = "DOCUMENTS"
    TRANSCRIPT = "TRANSCRIPT"
    MESSAGES = "MESSAGES"
    REGISTRATION = "REGISTRATION"


class AreaState(Enum):
    """Whether an area can be read now."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class AreaReason(Enum):
    """Why an area is closed."""

    NO_RIGHT = "NO_RIGHT"
    SCHOOL_SETTING = "SCHOOL_SETTING"
    GRADING_WINDOW = "GRADING_WINDOW"
    ELIGIBLE_STUDENT = "ELIGIBLE_STUDENT"
    SOURCE_DOWN = "SOURCE_DOWN"
    NOT_PROVIDED = "NOT_PROVIDED"


#: The relations of which a source must have at least one for an area to be there at all.
_PROVIDED_BY: Mapping[Area, tuple[str, ...]] = {
    Area.GRADES: ("grade", "assignment", "enrollment"),
    Area.ATTENDANCE: ("attendance",),
    Area.HEALTH: (),
    Area.DOCUMENTS: (),
    Area.TRANSCRIPT: (),
    Area.MESSAGES: ("message",),
    Area.REGISTRATION: (),
}


@dataclass(frozen=True, slots=True)
class Right:
    """A guardian's right to one student, as it holds today."""

    guardian_key: Key
    student_key: Key
    kind: RelationshipKind
    legal_guardian: bool | None
    lives_with: bool | None
    contact_priority: int | None
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Scope:
    """The students a viewer may see today, and how fresh that knowledge is."""

    rights: Mapping[Key, Right]
    as_of: datetime
    stale: bool = False

    def __contains__(self, student: object) -> bool:
        return student in self.rights

    @property
    def students(self) -> list[Key]:
        """The students' keys, in no order that means anything."""
        return list(self.rights)


@dataclass(frozen=True, slots=True)
class AreaStatus:
    """The state of one area of one student's record."""

    area: Area
    state: AreaState
    reason: AreaReason | None
    as_of: datetime
    stale: bool


async def scope_of(context: Context) -> Scope:
    """The viewer's scope, read once per operation; empty for staff and for nobody.

    Raises SourceDown where the source is away and this viewer's rights of today are not remembered.
    """
    if context.viewer is None or context.viewer.guardian_key is None:
        return Scope({}, context.source.now())
    known = context._scope
    if isinstance(known, Scope):
        return known
    if known is None:
        known = context._scope = asyncio.ensure_future(_read_scope(context, context.viewer.guardian_key))
    # Shielded: graphql-core cancels the siblings of a failed field, and this one reading serves them all.
    scope: Scope = await asyncio.shield(known)
    context._scope = scope
    return scope


async def _read_scope(context: Context, guardian: Key) -> Scope:
    (rows,) = await context.source.fetch([rights_of_guardians([guardian])])
    rights = [Right(**dict(zip(rows.columns, row, strict=True))) for row in rows.rows]
    return Scope({right.student_key: right for right in rights}, rows.as_of or context.source.now(), rows.stale)


async def closed(context: Context, area: Area, students: Iterable[Key]) -> Mapping[Key, AreaReason]:
    """Of these students those whose area the viewer cannot read now, and why; asked once per level."""
    scope = await scope_of(context)
    if not _provided(context, area):
        return dict.fromkeys(students, AreaReason.NOT_PROVIDED)
    if scope.stale:
        return dict.fromkeys(students, AreaReason.SOURCE_DOWN)
    return {student: AreaReason.NO_RIGHT for student in students if student not in scope}


def _provided(context: Context, area: Area) -> bool:
    return any(context.source.adapter.has(relation) for relation in _PROVIDED_BY[area])


async def areas_of_students(context: Context, students: Sequence[Key]) -> list[list[AreaStatus]]:
    """All areas of each student, in the order of the enumeration; each says of which instant it is."""
    context.volatile = True
    scope = await scope_of(context)
    reasons = {area: await closed(context, area, students) for area in Area}
    return [
        [
            AreaStatus(
                area,
                AreaState.CLOSED if reasons[area].get(student) else AreaState.OPEN,
                reasons[area].get(student),
                scope.as_of,
                scope.stale,
            )
            for area in Area
        ]
        for student in students
    ]


async def visible(context: Context, students: Iterable[Key]) -> list[Key]:
    """Of these students those in the viewer's scope, each once, in the order in which they came."""
    scope = await scope_of(context)
    return [student for student in dict.fromkeys(students) if student in scope]
