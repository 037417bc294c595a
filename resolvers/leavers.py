"""Those who are watched for nobody any more: no guardian of theirs has an account, or a right. Their looks go."""

from collections.abc import Collection, Mapping, Sequence
from time import monotonic

from loaders.portal.accounts import guardians_among
from loaders.portal.looks import digests_after, forget_looks
from loaders.portal.transaction import Store
from loaders.rights import rights_to_students
from loaders.source import Source
from loaders.statement import Key
from loaders.watched import SUBJECTS
from resolvers.watcher import Guard

#: How many owners are asked about at once.
CHUNK = 500
#: A round through all looks begins so many seconds after the last, and the first one after a while of watching.
EVERY = 86_400.0
FIRST = 600.0


class Leavers:
    """Goes through all looks, a page at a time, and deletes those that nobody needs."""

    def __init__(self, source: Source, store: Store, guard: Guard) -> None:
        self.statements = 0
        self._source = source
        self._store = store
        self._guard = guard
        self.restart()

    def restart(self) -> None:
        """Begin a round after a while."""
        self._due = monotonic() + FIRST
        self._subject = 0
        self._after = ""

    async def go_on(self, followed: Mapping[str, Collection[Key]]) -> int:
        """Go on by a page, if it is time; how many looks were deleted. Whoever is `followed` here stays."""
        subjects = list(SUBJECTS.values())
        if monotonic() < self._due:
            return 0
        subject = subjects[self._subject]
        owners = list(await digests_after(self._store, subject.name, self._after, CHUNK))
        if not owners:
            self._subject, self._after = (self._subject + 1) % len(subjects), ""
            if not self._subject:
                self._due = monotonic() + EVERY
            return 0
        needed = await self._guardians(owners) if subject.owner == "guardian" else await self._students(owners)
        needed |= {str(key) for key in followed.get(subject.owner, ())}
        gone = [owner for owner in owners if owner not in needed]
        if gone:
            async with self._store.transaction() as transaction:
                await self._guard(transaction)
                await forget_looks(transaction, subject.name, gone)
        self._after = owners[-1]
        return len(gone)

    async def _guardians(self, names: Sequence[str]) -> set[str]:
        """Of these guardians those who have an account that can log in."""
        return await guardians_among(self._store, names)

    async def _students(self, names: Sequence[str]) -> set[str]:
        """Of these students those to whom a guardian with such an account has a right."""
        keys = [self._source.adapter.parse_key("student", name) for name in names]
        self.statements += 1
        statement = rights_to_students([key for key in keys if key is not None]).unremembered()
        (rows,) = await self._source.fetch([statement], [["guardian_key", "student_key"]])
        pairs = [
            (str(guardian), str(student))
            for guardian, student in rows.layout.several(("guardian_key", "student_key"), rows.raw)
        ]
        guardians = await guardians_among(self._store, sorted({guardian for guardian, _ in pairs}))
        return {student for guardian, student in pairs if guardian in guardians}
