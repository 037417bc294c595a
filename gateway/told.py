"""What is told of one student, kept as JSON for every guardian with the same rights, while the source is as it was."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from gateway.execution.plan import Told
from gateway.memory import Memory
from loaders.statement import Key
from resolvers.access import Scope, closed_in
from resolvers.context import Context

MOST = 200_000


class _Notes(NamedTuple):
    volatile: bool
    fresh_until: datetime | None


class ToldParts:
    """A bounded memory of parts of answers, all made under one mark of the source; another mark empties it.

    A part is kept, and given, where the viewer has a right to the student today, by a scope that is fresh, and every
    guard of the part is open: all who stand so are told the same (see `schema.batching.batched`).
    """

    def __init__(self, most_bytes: int) -> None:
        self.given = 0
        self._mark: Hashable | None = None
        self._parts: Memory[Hashable, orjson.Fragment] = Memory(MOST, most_bytes)

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def taken(self) -> int:
        """How many bytes the kept parts take."""
        return self._parts.bytes

    def find(self, context: Context, told: Told, variables: bytes, keys: Sequence[Key]) -> list[orjson.Fragment] | None:
        """What is kept for all of these students and may be told the viewer; None where one of them is missing."""
        if not self._serves(context) or not _open(context, told, keys):
            return None
        found = []
        for key in keys:
            part = self._parts.get((told, variables, key))
            if part is None:
                return None
            found.append(part)
        self.given += len(found)
        return found

    def keep(
        self, context: Context, told: Told, variables: bytes, values: dict[Key, orjson.Fragment], size: int
    ) -> None:
        """Keep these values, `size` bytes in all, if the viewer is one of those to whom they may be told."""
        # What was read while another mark came up, or was recalled while the source was away, is nothing to keep.
        if context.mark != self._mark or context.source.mark() != self._mark:
            return
        if not _open(context, told, list(values)):
            return
        for key, value in values.items():
            self._parts.put((told, variables, key), value, size // len(values) + len(variables))

    def listen(self, context: Context) -> _Notes:
        """What the operation has noted so far, put aside."""
        noted = _Notes(context.volatile, context.fresh_until)
        context.volatile, context.fresh_until = False, None
        return noted

    def heard(self, context: Context, noted: _Notes) -> bool:
        """Put the notes back; whether others came in between: of the clock, or of what is not the source's."""
        more = context.volatile or context.fresh_until is not None
        context.volatile = context.volatile or noted.volatile
        if noted.fresh_until is not None:
            context.holds_until(noted.fresh_until)
        return more

    def _serves(self, context: Context) -> bool:
        mark = context.mark
        if mark is None:
            return False
        if mark != self._mark:
            self._parts.clear()
            self._mark = mark
        return True


def _open(context: Context, told: Told, students: Sequence[Key]) -> bool:
    """Whether the viewer has the right to all these students, and every area that the part tells of is open."""
    scope = context.scope
    if scope.__class__ is not Scope or scope.stale:
        return False
    rights = scope.rights
    for student in students:
        if student not in rights:
            return False
    return all(not closed_in(context, scope, area, students) for area in told.areas)
