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
from resolvers.changed import Changed
from resolvers.elsewhere import Elsewhere
from resolvers.lease import Lease, Replaced
from resolvers.leavers import Leavers
from resolvers.portal.sealing import Sealer
from resolvers.roster import Roster
from resolvers.watcher import Round, Watcher

#: For how long a process that watches is not given up: so long a dead one holds up what is told, and loses nothing.
LEASE = timedelta(seconds=6)
# A mark may not see everything an adapter reads (a foreign table, the database's own clock): it counts for a minute.
TRUSTED = 60.0
#: For how many seconds one look goes through all who are watched; the next goes on, after those who are followed.
SWEEP = 1.0
#: Where the source says who has changed, the others are gone through a page at a time, with rests so many times as
#: long: a twentieth of a core.
LEISURE = 19.0


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


@dataclass(slots=True)
class _Sweep:
    """A round, the mark under which it was begun, and that of the last that came to its end."""

    round: Round
    looked: Vouched = Vouched()
    begun: Vouched | None = None


class Watching:
    """Watches all students and guardians of the roster, and whom `watch` names, whenever the lease is here.

    Where the source says who has changed, these are looked at; all others are gone through as well, behind them and at
    leisure, for what it does not say: rows that are deleted, that bear no mark, or that a day has brought.
    """

    def __init__(
        self, source: Source, store: Store, sealer: Sealer, span: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._lease = Lease(store, span, now, self._begins)
        self._watcher = Watcher(source, store, sealer, self._lease.guard)
        self._roster = Roster(source, store)
        self._elsewhere = Elsewhere(source, store, now)
        self._leavers = Leavers(source, store, self._lease.guard)
        self._changed = Changed(source, store, now)
        self._guardians, self._students = _Sweep(Round("guardian")), _Sweep(Round("student"))
        self._told = Vouched()
        #: Whether all are to be gone through at once, and when a page of them is due where not.
        self._hasty = False
        self._leisure = 0.0

    @property
    def held(self) -> bool:
        """Whether this is the process that watches."""
        return self._lease.held

    @property
    def statements(self) -> int:
        """How many statements over relations were sent to the source."""
        parts = (self._watcher, self._roster, self._leavers, self._changed)
        return sum(part.statements for part in parts)

    async def watch(self, students: Iterable[Key], guardians: Iterable[Key] = ()) -> None:
        """Returns when each of these is watched, so that the next change is logged."""
        await self._watcher.watch(students, guardians)

    async def look(self, mark: object | None, first: Mapping[str, Sequence[Key]]) -> None:
        """Look at the source, if it is ours to watch and anything can have changed, beginning with those who come
        `first`; when all have been gone through, the mark of the beginning vouches for them.
        """
        if not await self._lease.hold():
            await self._elsewhere.say(first)
            return
        with suppress(Replaced):
            await self._enroll()
            await self._leavers.go_on(first)
            told = await self._look_at_changed(mark)
            if self._students.round.place is not None or self._guardians.round.place is not None:
                first = await self._elsewhere.hear(first)
            await self._sweep(self._guardians, mark, first, SWEEP)
            if not told or self._hasty:
                if await self._sweep(self._students, mark, first, SWEEP):
                    self._hasty = False
            elif monotonic() >= self._leisure:
                began = monotonic()
                await self._sweep(self._students, mark, {}, 0.0)
                self._leisure = monotonic() + LEISURE * (monotonic() - began)

    async def give_up(self) -> None:
        """Let another process watch at once."""
        await self._lease.give_up()

    async def _enroll(self) -> None:
        """Watch whoever has come onto the roster, for a second at the most; the next look goes on there."""
        until = monotonic() + SWEEP
        while page := await self._roster.next():
            await self._watcher.watch(page.students, page.guardians)
            if monotonic() >= until:
                break

    async def _look_at_changed(self, mark: object | None) -> bool:
        """Look at the students who have changed, where the source says who; whether it does."""
        if self._told.vouches(mark):
            return self._changed.name is not None
        since = vouched(mark)
        reading = await self._changed.read()
        if reading is None:
            return False
        if reading.all_of_them:
            self._hasty, self._students = True, _Sweep(Round("student"))
        await self._watcher.look_at("student", reading.students)
        await self._changed.took()
        self._told = since
        return True

    async def _sweep(
        self, sweep: _Sweep, mark: object | None, first: Mapping[str, Sequence[Key]], seconds: float
    ) -> bool:
        """Go on through all, unless nothing can differ; whether there is nothing left to do."""
        if sweep.looked.vouches(mark):
            return True
        if sweep.begun is None:
            sweep.begun = vouched(mark)
        if await self._watcher.look(sweep.round, first, self._lease.hold, seconds):
            sweep.looked, sweep.begun = sweep.begun, None
        return sweep.begun is None

    def _begins(self) -> None:
        """What the one before has seen last is not known here: everything is compared once."""
        self._guardians, self._students = _Sweep(Round("guardian")), _Sweep(Round("student"))
        self._told = Vouched()
        self._hasty = False
        self._leisure = 0.0
        self._changed.restart()
        self._leavers.restart()
