"""Who may see what: the viewer's scope, read once per operation, and the guard of each area.

Students enter an operation only through the scope, so a key below them is a key the viewer may have.
"""

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from loaders.dialect import Dialect
from loaders.rights import SCOPE_GIVES, scope_of_guardian
from loaders.rows import Rows
from loaders.statement import Key, Statement
from resolvers.areas import PROVIDED_BY, SWITCHED, Area, AreaReason, AreaState, AreaStatus
from resolvers.context import Context
from resolvers.mailroom import mailroom_of
from resolvers.registration.forms import forms_of
from resolvers.scope import Right, Scope

__all__ = [
    "Area",
    "AreaReason",
    "AreaState",
    "AreaStatus",
    "Right",
    "Scope",
    "areas_of_students",
    "closed",
    "closed_in",
    "readable",
    "scope_of",
    "standing",
    "take_scope",
    "unread_scope",
    "visible",
]


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
    if isinstance(context.scope, Scope):
        return context.scope
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
    """The statement of the scope, where nobody has asked for it yet; whoever sends it along gives its answer back.

    None as well where it was read for an earlier operation and is as it was: it is this one's from now on.
    """
    viewer = context.viewer
    if context.scope is not None or viewer is None or viewer.guardian_key is None:
        return None
    if viewer.second_factor_needed or viewer.setup_required:
        return None
    kept = _kept(context).get(viewer.guardian_key) if context.source.shared.most else None
    if kept is not None and (again := kept[0].again(context.source)) is not None:
        context.scope = again
        context.known.add(SCOPE_GIVES, Rows(kept[1].layout, kept[1].raw, again.as_of))
        return None
    return scope_of_guardian(viewer.guardian_key, withheld=context.source.adapter.has("withheld_area"))


def take_scope(context: Context, rows: Rows | None) -> Scope:
    """The scope by the answer to its statement, from now on the operation's; None is an answer without rows."""
    context.scope = scope = Scope(rows, context.source)
    if rows is not None:
        given = rows
        if scope.narrowed:
            # A student from whom the guardian is kept must not be known by another way.
            students = rows.layout.values("student_key", rows.raw)
            own = [raw for student, raw in zip(students, rows.raw, strict=True) if student in scope.rights]
            given = Rows(rows.layout, own, rows.as_of, rows.stale)
        context.known.add(SCOPE_GIVES, given)
        viewer = context.viewer
        if not scope.stale and context.source.shared.most and viewer is not None and viewer.guardian_key is not None:
            _kept(context)[viewer.guardian_key] = scope, given
    return scope


#: For how many guardians the scope is kept.
MOST_SCOPES = 10_000


class _Scopes(NamedTuple):
    """The scopes of guardians as they were read under a mark, and the rows that tell of their people."""

    mark: Hashable
    of_guardian: dict[Key, tuple[Scope, Rows]]


def _kept(context: Context) -> dict[Key, tuple[Scope, Rows]]:
    """The scopes that were read under the operation's mark; none where nothing vouches for them.

    A server's mark is some seconds old: it may have gone away since, and that must be told.
    """
    source = context.source
    if not source.shared.most or source.reads.dialect is not Dialect.SQLITE or (mark := context.mark) is None:
        return {}
    kept: _Scopes | None = source.notes.get(_Scopes)
    if kept is None or kept.mark != mark or len(kept.of_guardian) > MOST_SCOPES:
        kept = source.notes[_Scopes] = _Scopes(mark, {})
    return kept.of_guardian


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
    shut, rights = scope.shut(area), scope.rights
    if scope.until is not None:
        context.holds_until(scope.until)
    if not shut:
        strange = set(students) - rights.keys()
        return dict.fromkeys(strange, AreaReason.NO_RIGHT) if strange else _NOBODY
    return {
        student: shut.get(student, AreaReason.NO_RIGHT)
        for student in students
        if student in shut or student not in rights
    }


_NOBODY: Mapping[Key, AreaReason] = {}


def _provided(context: Context, area: Area) -> bool:
    if area is Area.REGISTRATION:
        return bool(forms_of(context.source))
    if area is Area.MESSAGES and mailroom_of(context.source) is not None:
        return True
    selects = context.source.adapter.selects
    return not selects.keys().isdisjoint(PROVIDED_BY[area])


async def readable(context: Context, area: Area) -> list[Key]:
    """The students of the viewer whose area no right, age or switch shuts: for lists that go across students."""
    scope = await scope_of(context)
    shut = scope.shut(area)
    if scope.until is not None:
        context.holds_until(scope.until)
    return [student for student in scope.rights if student not in shut]


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
                scope.reopens_at(area, student) if reasons[area].get(student) in SWITCHED else None,
            )
            for area in Area
        ]
        for student in students
    ]


async def visible(context: Context, students: Iterable[Key]) -> list[Key]:
    """Of these students those in the viewer's scope, each once, in the order in which they came."""
    scope = await scope_of(context)
    return [student for student in dict.fromkeys(students) if student in scope]
