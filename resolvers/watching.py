"""This process's part in watching the source: whether it is the one, when it has to look, and how long a look may take.

Of all processes over one portal store one at a time watches, by a lease that another takes when it is not heard of any
more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from loaders.portal.transaction import Store
from loaders.source import Source
from loaders.statement import Key
from resolvers.lease import Lease, Replaced
from resolvers.portal.sealing import Sealer
from resolvers.roster import Roster
from resolvers.watcher import Watcher

#: For how long a process that watches is not given up: so long a dead one holds up what is told, and loses nothing.
LEASE = timedelta(seconds=6)
# A mark may not see everything an adapter reads (a foreign table, the database's own clock): it counts for a minute.
TRUSTED = 60.0
#: For how many seconds one look goes through all who are watched; the next goes on, after those who are followed.
SWEEP = 1.0


@dataclass(frozen=True, slots=True)
class Vouched:
    """The source's mark before something was read, and until when an equal one means that nothing differs."""

    mark: object | None = None
    until: float = 0.0

    def vouches(self, mark: object | None) -> bool:
        """Whether nothing can differ under this mark."""
        return mark is not None and mark == self.mark and monotonic() < self.until


def vouched(mark: object | None) -> Vouched:
    """What a mark that was read now vouches for."""
    return Vouched(mark, monotonic() + TRUSTED)


class Watching:
    """Watches all students and guardians of the roster, and whom `watch` names, whenever the lease is here."""

    def __init__(
        self, source: Source, store: Store, sealer: Sealer, span: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._lease = Lease(store, span, now, self._begins)
        self._watcher = Watcher(source, store, sealer, self._lease.guard)
        self._roster = Roster(source, store)
        self._looked = Vouched()
        self._sweep: Vouched | None = None

    @property
    def held(self) -> bool:
        """Whether this is the process that watches."""
        return self._lease.held

    @property
    def statements(self) -> int:
        """How many statements over relations were sent to the source."""
        return self._watcher.statements + self._roster.statements

    async def watch(self, students: Iterable[Key], guardians: Iterable[Key] = ()) -> None:
        """Returns when each of these is watched, so that the next change is logged."""
        await self._watcher.watch(students, guardians)

    async def look(self, mark: object | None, first: Mapping[str, Sequence[Key]]) -> None:
        """Look at the source, if it is ours to watch and anything can have changed, beginning with those who come
        `first`; when all have been gone through, the mark of the beginning vouches for them.
        """
        if not await self._lease.hold():
            return
        await self._watcher.watch(*await self._roster.all())
        if self._looked.vouches(mark):
            return
        if self._sweep is None:
            self._sweep = vouched(mark)
        with suppress(Replaced):
            if await self._watcher.look(first, self._lease.hold, SWEEP):
                self._looked, self._sweep = self._sweep, None

    async def give_up(self) -> None:
        """Let another process watch at once."""
        await self._lease.give_up()

    def _begins(self) -> None:
        """What the one before has seen last is not known here: everything is compared once."""
        self._looked, self._sweep = Vouched(), None
        self._watcher.restart()
