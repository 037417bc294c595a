"""Who may see what: the viewer's scope, read once per operation, and the guard of each area.

Students enter an operation only through the scope, so a key below them is a key the viewer may have.
"""

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import NamedTuple

from loaders.contract import GradeLevel, RelationshipKind
from loaders.rights import scope_of_guardian
from loaders.rows import Raw, Rows
from loaders.statement import Key, Statement
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


class Right(NamedTuple):
    """A guardian's right to one student, as it holds today."""

    guardian_key: Key
    student_key: Key
    kind: RelationshipKind
    legal_guardian: bool | None
    lives_with: bool | None
    contact_priority: int | None
    starts_on: date | None
    ends_on: date | None


class Enrolled(NamedTuple):
    """Where a student is or was, as much as is needed to say what to show."""

    school_key: Key
    school_year: int


class Scope:
    """The students a viewer may see today, where they are enrolled, and how fresh that knowledge is.

    A student's enrolments stand in the order in which a family would name them, the present one first.
    """

    __slots__ = ("_first", "_layout", "as_of", "enrolled", "rights", "stale")

    def __init__(self, rows: Rows | None, as_of: datetime) -> None:
        self.rights: dict[Key, Right] = {}
        self.enrolled: dict[Key, list[Enrolled]] = {}
        self.as_of = as_of
        self.stale = rows is not None and rows.stale
        self._first: dict[Key, Raw] = {}
        self._layout = rows.layout if rows is not None else None
        if rows is None:
            return
        # The grade level is left unread: a word that nobody knows must not close everything else.
        parts = rows.layout.several((*Right._fields, *Enrolled._fields), rows.raw)
        for part, raw in zip(parts, rows.raw, strict=True):
            student = part[1]
            if student not in self.rights:
                self.rights[student] = Right._make(part[:_RIGHT])
                self.enrolled[student] = []
                self._first[student] = raw
            self.enrolled[student].append(Enrolled._make(part[_RIGHT:]))

    def __contains__(self, student: object) -> bool:
        return student in self.rights

    @property
    def students(self) -> list[Key]:
        """The students' keys, in no order that means anything."""
        return list(self.rights)

    def grade_levels(self, students: Sequence[Key]) -> list[GradeLevel | None]:
        """The grade level of each student's first enrolment; ValueInvalid where the source's word is none we know."""
        if self._layout is None:
            return [None for _ in students]
        layout, first = self._layout, self._first
        return [layout.values("grade_level", [first[key]])[0] if key in first else None for key in students]


_RIGHT = len(Right._fields)


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

    Raises SourceDown where the source is away and this viewer's rights of today are not remembered, and what the
    gate refuses.
    """
    context.gate()
    while True:
        known = context.scope
        if isinstance(known, Scope):
            return known
        if known is None:
            return await _read_scope(context)
        # graphql-core asks many fields at once: one reads, the others wait, and look again when it is done or gone.
        await asyncio.shield(known)


async def _read_scope(context: Context) -> Scope:
    statement = unread_scope(context)
    if statement is None:
        return take_scope(context, None)
    context.scope = reading = asyncio.get_running_loop().create_future()
    try:
        (rows,) = await context.source.fetch([statement])
        return take_scope(context, rows)
    finally:
        if context.scope is reading:
            context.scope = None
        reading.set_result(None)


def unread_scope(context: Context) -> Statement | None:
    """The statement of the scope, where nobody has asked for it yet; whoever sends it along gives its answer back."""
    viewer = context.viewer
    if context.scope is not None or viewer is None or viewer.guardian_key is None:
        return None
    if viewer.second_factor_needed or viewer.setup_required:
        return None
    return scope_of_guardian(viewer.guardian_key)


def take_scope(context: Context, rows: Rows | None) -> Scope:
    """The scope by the answer to its statement, from now on the operation's; None is an answer without rows."""
    as_of = rows.as_of if rows is not None else None
    context.scope = scope = Scope(rows, as_of or context.source.now())
    return scope


async def standing(context: Context, student: Key) -> Hashable | None:
    """All that a guard will say of the viewer and the student; None where there is no right to the student at all."""
    scope = await scope_of(context)
    if student not in scope:
        return None
    return (scope.stale, *[(await closed(context, area, (student,))).get(student) for area in Area])


async def closed(context: Context, area: Area, students: Iterable[Key]) -> Mapping[Key, AreaReason]:
    """Of these students those whose area the viewer cannot read now, and why; asked once per level."""
    return closed_in(context, await scope_of(context), area, students)


def closed_in(context: Context, scope: Scope, area: Area, students: Iterable[Key]) -> Mapping[Key, AreaReason]:
    """The same where the scope is known."""
    if not _provided(context, area):
        return dict.fromkeys(students, AreaReason.NOT_PROVIDED)
    if scope.stale:
        return dict.fromkeys(students, AreaReason.SOURCE_DOWN)
    rights = scope.rights
    return {student: AreaReason.NO_RIGHT for student in students if student not in rights}


def _provided(context: Context, area: Area) -> bool:
    selects = context.source.adapter.selects
    return any(relation in selects for relation in _PROVIDED_BY[area])


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
