"""Who is watched: all guardians who have an account, and their students."""

from time import monotonic

from loaders.portal.accounts import guardians_after
from loaders.portal.transaction import Store
from loaders.rights import rights_of_guardians
from loaders.source import Source
from loaders.statement import Key

#: How many guardians are asked about at once.
CHUNK = 500
#: All are gone through again after so many seconds, and after so many times the seconds that it took.
EVERY = 60.0
REST = 20.0


class Roster:
    """Goes through the accounts now and then, and says who is to be watched."""

    def __init__(self, source: Source, store: Store, every: float = EVERY) -> None:
        self.statements = 0
        self._source = source
        self._store = store
        self._every = every
        self._due = 0.0

    async def all(self) -> tuple[set[Key], set[Key]]:
        """The students of all guardians with an account, and these, where it is time to look; else nobody."""
        began = monotonic()
        students: set[Key] = set()
        everybody: set[Key] = set()
        if began < self._due:
            return students, everybody
        after = ""
        while page := await guardians_after(self._store, after, CHUNK):
            after = page[-1]
            keys = [self._source.adapter.parse_key("guardian", guardian) for guardian in page]
            guardians = [key for key in keys if key is not None]
            everybody.update(guardians)
            self.statements += 1
            statement = rights_of_guardians(guardians).unremembered()
            (rows,) = await self._source.fetch([statement], [["guardian_key", "student_key"]])
            students.update(rows.layout.values("student_key", rows.raw))
        self._due = monotonic() + max(self._every, REST * (monotonic() - began))
        return students, everybody
