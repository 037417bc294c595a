"""Who may be told about whom, read afresh and for many guardians at once."""

import asyncio
from collections.abc import Iterable, Mapping

from loaders.rights import rights_of_guardians
from loaders.source import Source
from loaders.statement import Key

CHUNK = 500

Rights = Mapping[Key, frozenset[Key]]


class Audience:
    """The rights that hold now; those who ask in the same turn of the loop share one statement.

    Never answered from memory: SourceDown where the source is away.
    """

    def __init__(self, source: Source) -> None:
        self.statements = 0
        self._source = source
        self._asking: set[Key] = set()
        self._next: asyncio.Task[Rights] | None = None

    async def students_of(self, guardian: Key) -> frozenset[Key]:
        """The students to whom this guardian has a right today."""
        self._asking.add(guardian)
        if self._next is None:
            self._next = asyncio.create_task(self._read_next())
            # Whoever asked may have gone by the time that it fails.
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
        rights = await asyncio.shield(self._next)
        return rights[guardian]

    async def students_of_all(self, guardians: Iterable[Key]) -> Rights:
        """The students of each of these guardians."""
        asked = list(dict.fromkeys(guardians))
        found: dict[Key, set[Key]] = {guardian: set() for guardian in asked}
        for start in range(0, len(asked), CHUNK):
            self.statements += 1
            statement = rights_of_guardians(asked[start : start + CHUNK]).unremembered()
            (rows,) = await self._source.fetch([statement], [["guardian_key", "student_key"]])
            guardian_at, student_at = (rows.columns.index(name) for name in ("guardian_key", "student_key"))
            for row in rows.rows:
                found[row[guardian_at]].add(row[student_at])
        return {guardian: frozenset(students) for guardian, students in found.items()}

    async def _read_next(self) -> Rights:
        asking, self._asking, self._next = self._asking, set(), None
        return await self.students_of_all(asking)
