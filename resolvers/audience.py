"""Who may be told about whom, read afresh and for many guardians at once."""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from loaders.messages import messages
from loaders.portal.inbox import Reader, Wanted, inbox
from loaders.posted import Posted
from loaders.rights import rights_of_guardians, scopes_of_guardians
from loaders.rows import Rows
from loaders.source import Source
from loaders.statement import Key
from resolvers.access import Area, AreaReason, Scope, closed, standing, take_scope
from resolvers.changes import ChangeEvent
from resolvers.context import Context
from resolvers.mailroom import mailroom_of
from resolvers.rules import rules_of

CHUNK = 500

Scopes = Mapping[Key, Rows]


class Audience:
    """The rights that hold now; those who ask in the same turn of the loop share one statement.

    Never answered from memory: SourceDown where the source is away.
    """

    def __init__(self, source: Source) -> None:
        self.statements = 0
        self._source = source
        self._asking: set[Key] = set()
        self._next: asyncio.Task[Scopes] | None = None

    async def students_of(self, guardian: Key) -> frozenset[Key]:
        """The students to whom this guardian has a right today."""
        return frozenset((await self._scope_of(guardian)).rights)

    async def may_read(self, guardian: Key, student: Key, area: Area) -> bool:
        """Whether the guardian has a right to the student today that opens the area."""
        scope = await self._scope_of(guardian)
        return student in scope and student not in scope.shut(area)

    async def knows_of(self, guardian: Key, student: Key, area: Area, hiding: frozenset[AreaReason]) -> bool:
        """Whether the guardian has a right to the student today, and the area is shut to them for none of these."""
        scope = await self._scope_of(guardian)
        return student in scope and scope.shut(area).get(student) not in hiding

    async def receives(self, guardian: Key, event: ChangeEvent) -> bool:
        """Whether a message that was sent to the guardian is shown now: not withdrawn, and about no student's who is
        not theirs."""
        if event.message_key is None:
            return False
        scope = await self._scope_of(guardian)
        shut = scope.shut(Area.MESSAGES)
        students = [student for student in scope.rights if student not in shut]
        if isinstance(event.message_key, Posted):
            return await self._shown(guardian, students, event.message_key)
        self.statements += 1
        statement = messages(guardian, students, self._source.now(), [event.message_key])
        (rows,) = await self._source.fetch([statement], [["message_key"]])
        return bool(rows.raw)

    async def standings(self, student: Key, area: Area, contexts: Sequence[Context]) -> list[Hashable | None]:
        """How each viewer stands to the student, their rights read together; the first of each kind keeps its scope.

        None where the area is closed to the viewer: nobody is told that something happened in it.
        The scopes of the others are let go at once: with those of 3,000 held, the garbage collector took half the time.
        """
        guardians = [context.viewer.guardian_key if context.viewer is not None else None for context in contexts]
        scopes = await self._scopes_of(guardian for guardian in guardians if guardian is not None)
        found: list[Hashable | None] = []
        known: set[Hashable | None] = set()
        for context, guardian in zip(contexts, guardians, strict=True):
            take_scope(context, None if guardian is None else scopes.get(guardian))
            shut = await closed(context, area, (student,))
            place = None if shut else await standing(context, student)
            if place in known:
                context.scope = None
            known.add(place)
            found.append(place)
        return found

    async def scopes(self, guardians: Iterable[Key]) -> Scopes:
        """What tells the scope of each of these guardians, as `access.take_scope` takes it; nothing of who has none."""
        asked = list(dict.fromkeys(guardians))
        found = await self._scopes_of(asked) if asked else {}
        return {guardian: found[guardian] for guardian in asked if guardian in found}

    async def students_of_all(self, guardians: Iterable[Key]) -> Mapping[Key, frozenset[Key]]:
        """The students of each of these guardians."""
        asked = list(dict.fromkeys(guardians))
        found: dict[Key, set[Key]] = {guardian: set() for guardian in asked}
        rules, today = rules_of(self._source), self._source.today()
        for start in range(0, len(asked), CHUNK):
            self.statements += 1
            statement = rights_of_guardians(asked[start : start + CHUNK]).unremembered()
            (rows,) = await self._source.fetch([statement], [["guardian_key", "student_key"]])
            for guardian, student in rows.layout.several(("guardian_key", "student_key"), rows.raw):
                if not rules.blocked(guardian, student, today):
                    found[guardian].add(student)
        return {guardian: frozenset(students) for guardian, students in found.items()}

    async def _shown(self, guardian: Key, students: Sequence[Key], message: Posted) -> bool:
        """Whether a message that was sent from here is shown to the guardian now."""
        room = mailroom_of(self._source)
        if room is None:
            return False
        reader = Reader(str(guardian), [str(student) for student in students], self._source.now())
        shown, _ = await inbox(room.store, reader, Wanted(numbers=[message.number]), None, 1)
        return bool(shown)

    async def _scope_of(self, guardian: Key) -> Scope:
        scopes = await self._scopes_of((guardian,))
        return Scope(scopes.get(guardian), self._source)

    async def _scopes_of(self, guardians: Iterable[Key]) -> Scopes:
        self._asking.update(guardians)
        if self._next is None:
            self._next = asyncio.create_task(self._read_next())
            # Whoever asked may have gone by the time that it fails.
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._next)

    async def _read_next(self) -> Scopes:
        asking, self._asking, self._next = list(self._asking), set(), None
        found: dict[Key, Rows] = {}
        withheld = self._source.adapter.has("withheld_area")
        for start in range(0, len(asking), CHUNK):
            self.statements += 1
            statement = scopes_of_guardians(asking[start : start + CHUNK], withheld=withheld).unremembered()
            (rows,) = await self._source.fetch([statement])
            own: dict[Key, list[Any]] = defaultdict(list)
            for guardian, raw in zip(rows.layout.values("guardian_key", rows.raw), rows.raw, strict=True):
                own[guardian].append(raw)
            found |= {guardian: Rows(rows.layout, raws, rows.as_of) for guardian, raws in own.items()}
        return found
