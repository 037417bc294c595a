"""Who is watched: all guardians who have an account, and their students."""

from collections.abc import Collection
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Page:
    """Some guardians who have an account, and their students."""

    guardians: Collection[Key]
    students: Collection[Key]


class Roster:
    """Goes through the accounts now and then, a page at a time, and says who is to be watched."""

    def __init__(self, source: Source, store: Store, every: float = EVERY) -> None:
        self.statements = 0
        self._source = source
        self._store = store
        self._every = every
        self._due = 0.0
        self._after = ""
        self._spent = 0.0

    async def next(self) -> Page | None:
        """The next page; None where all have been gone through, until it is time to begin anew."""
        began = monotonic()
        if not self._after and began < self._due:
            return None
        names = await guardians_after(self._store, self._after, CHUNK)
        if not names:
            self._due = began + max(self._every, REST * self._spent)
            self._after, self._spent = "", 0.0
            return None
        keys = [self._source.adapter.parse_key("guardian", name) for name in names]
        guardians = [key for key in keys if key is not None]
        self.statements += 1
        statement = rights_of_guardians(guardians).unremembered()
        (rows,) = await self._source.fetch([statement], [["guardian_key", "student_key"]])
        self._after = names[-1]
        self._spent += monotonic() - began
        return Page(guardians, set(rows.layout.values("student_key", rows.raw)))
