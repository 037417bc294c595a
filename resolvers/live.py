"""Changes as they happen: who has subscribed, what has been logged, and who may be told.

One hub a process. Of all processes over one portal store one at a time watches the source, by a lease that another
takes when it is not heard of any more; every one reads the log and tells its own subscribers. The log names keys and
what a grade was before; what it is now every subscriber reads anew, with its own rights. Whatever happens to one thing
between two looks at the source is one change.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog

from loaders.changes import read_mark
from loaders.errors import LoaderError, SourceDown, StatementTimeout
from loaders.portal.change_log import LogState, Whose, begin_log, changes_after, changes_of, log_state
from loaders.portal.transaction import Store
from loaders.source import Source
from loaders.statement import Key
from resolvers.audience import Audience
from resolvers.changes import AREAS, KINDS, ChangeEvent, cursor_of, event_of, place_of
from resolvers.context import Context
from resolvers.errors import CursorExpired
from resolvers.lease import Lease, Replaced
from resolvers.portal.sealing import Sealer
from resolvers.roster import Roster
from resolvers.rules import rules_of
from resolvers.streams import ChangeStream, Subscriber
from resolvers.watcher import Watcher

INTERVAL = 2.0
#: How often the log is looked into for what other processes have written, in seconds; `wake` makes it now.
POLL = 0.25
#: For how long a process that watches is not given up: so long a dead one holds up what is told, and loses nothing.
LEASE = timedelta(seconds=6)
# Rights are read again with every fifth look at the source, and before each delivery for the one it goes to.
RIGHTS_EVERY = 5
# After a look the source rests at least four times as long as that took: the watcher never costs more than a fifth.
REST = 4.0
# A mark may not see everything an adapter reads (a foreign table, the database's own clock): it counts for a minute.
TRUSTED = 60.0
#: For how many seconds one look goes through all who are watched; the next goes on, after those who are followed.
SWEEP = 1.0
#: How many events are read from the log at once.
PAGE = 100

log = structlog.get_logger("homeroom.live")


@dataclass(frozen=True, slots=True)
class _Look:
    """The source's mark before it was looked at, and until when an equal one means that nothing differs."""

    mark: object | None = None
    until: float = 0.0

    def vouches(self, mark: object | None) -> bool:
        return mark is not None and mark == self.mark and monotonic() < self.until


class Live:
    """Watches the students of all families with an account over one source, and hands each change to whom it concerns.

    `interval` is the time between two looks at the source, in seconds, and so the latency of a change.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        sealer: Sealer,
        interval: float = INTERVAL,
        *,
        lease: timedelta = LEASE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.interval = interval
        self.polls = 0
        self.failures = 0
        self.events = 0
        self._source = source
        self._store = store
        self._sealer = sealer
        self._lease = Lease(store, lease, now, self._begins_to_watch)
        self._watcher = Watcher(source, store, sealer, self._lease.guard)
        self._roster = Roster(source, store)
        self._audience = Audience(source)
        self._subscribers: set[Subscriber] = set()
        self._followers: dict[Key, set[Subscriber]] = {}
        self._recipients: dict[Key, set[Subscriber]] = {}
        self._state: LogState | None = None
        self._opening: asyncio.Task[LogState] | None = None
        self._last = 0
        self._polling = asyncio.Lock()
        self._telling = asyncio.Lock()
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._source_look = _Look()
        self._sweep: _Look | None = None
        self._rights_look = _Look()
        self._rights_due = 0

    @property
    def subscribers(self) -> int:
        """How many streams are open."""
        return len(self._subscribers)

    @property
    def students_followed(self) -> int:
        """How many students somebody here is subscribed to."""
        return len(self._followers)

    @property
    def watching(self) -> bool:
        """Whether this is the process that watches the source."""
        return self._lease.held

    @property
    def statements(self) -> int:
        """How many statements over relations the hub has sent to the source."""
        return self._watcher.statements + self._audience.statements + self._roster.statements

    async def start(self) -> None:
        """Look at the source from now on, or stand by for whoever does, and tell what is logged."""
        if not self._tasks:
            await self._begun()
            self._tasks = [
                asyncio.create_task(self._run(), name="watcher"),
                asyncio.create_task(self._relay(), name="change log"),
            ]

    async def stop(self) -> None:
        """End every stream, look no more, and let another process watch at once."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        self._end_all(None)
        await self._lease.give_up()

    def wake(self) -> None:
        """Something was logged, here or elsewhere: look into the log now, and not only at the next time."""
        self._woken.set()

    async def subscribe(
        self,
        guardian: Key,
        subjects: Iterable[str] = tuple(KINDS),
        student: Key | None = None,
        after: str | None = None,
    ) -> ChangeStream:
        """The changes to what is a guardian's students', or the one's who is named, from now on or from a cursor on.

        Once it has returned no change is missed. A student to whom the guardian has no right is one who never
        changes. CursorExpired where not everything behind `after` is in the log, BadUserInput where it is no cursor;
        refuses as the source and the store do.
        """
        epoch, place = (await self._begun()).epoch, self._last
        if after is not None:
            state = await self._current()
            place = place_of(after, state)
            if place > self._last:
                await self.tell()
        subscriber = Subscriber(guardian, frozenset(subjects), student, place, place)
        if "message" in subscriber.subjects and guardian not in self._recipients:
            await self._watcher.watch((), (guardian,))
        await self._follow(subscriber, subscriber.mine(await self._audience.students_of(guardian)))
        # What was logged while the students were looked up was not pushed: it stands in the log.
        subscriber.horizon = max(place, self._last)
        self._subscribers.add(subscriber)
        if "message" in subscriber.subjects:
            self._recipients.setdefault(guardian, set()).add(subscriber)
        return ChangeStream(self, subscriber, cursor_of(epoch, place))

    async def poll(self) -> None:
        """Look at the source once, if it is ours to watch and anything can have changed, and tell what was logged.

        Refuses as the source and the store do.
        """
        async with self._polling:
            self.polls += 1
            await self._begun()
            mark = await read_mark(self._source)
            if self.polls >= self._rights_due and not self._rights_look.vouches(mark):
                await self._renew_rights()
                self._rights_look = _Look(mark, monotonic() + TRUSTED)
                self._rights_due = self.polls + RIGHTS_EVERY
            if await self._lease.hold():
                await self._watcher.watch(*await self._roster.all())
                if not self._source_look.vouches(mark):
                    await self._look(mark)
            await self.tell()

    async def _look(self, mark: object | None) -> None:
        """Go on through all who are watched; when that has come to its end, the mark of its beginning vouches."""
        if self._sweep is None:
            self._sweep = _Look(mark, monotonic() + TRUSTED)
        first = {"student": list(self._followers), "guardian": list(self._recipients)}
        with suppress(Replaced):
            if await self._watcher.look(first, self._lease.hold, SWEEP):
                self._source_look, self._sweep = self._sweep, None

    async def tell(self) -> None:
        """Tell all subscribers here what has been logged since the last time."""
        async with self._telling:
            state = await self._current()
            while self._last < state.head:
                changes = await changes_after(self._store, self._last, PAGE)
                if not changes:
                    self._last = state.head
                for change in changes:
                    event = event_of(self._source.adapter, self._sealer, state.epoch, change)
                    self._last = change.seq
                    if event is not None:
                        self.events += 1
                        self._push(event)

    def rules_changed(self) -> None:
        """End the streams of whoever is now kept from a student they followed, and read all rights again soon.

        Other orders end no stream: they are asked at each delivery, as every right is.
        """
        self._rights_look, self._rights_due = _Look(), 0
        rules, today = rules_of(self._source), self._source.today()
        if not rules.blocks:
            return
        for subscriber in list(self._subscribers):
            if any(rules.blocked(subscriber.guardian, student, today) for student in subscriber.students):
                self.release(subscriber)
                if subscriber.over is not None:
                    subscriber.over(None)

    async def read(self, subscriber: Subscriber) -> Sequence[ChangeEvent]:
        """The next events of a stream that stand in the log, up to its horizon."""
        kinds = [kind.value for subject in sorted(subscriber.subjects) for kind in KINDS[subject]]
        whose = Whose([(kinds, [str(student) for student in subscriber.students])], str(subscriber.guardian), kinds)
        place, upto = subscriber.place, subscriber.horizon
        while True:
            state = await self._current()
            if place < state.forgotten:
                raise CursorExpired("The log no longer holds what this stream has not read: go on without `after`.")
            changes = await changes_of(self._store, whose, place, upto, PAGE)
            events = [event_of(self._source.adapter, self._sealer, state.epoch, change) for change in changes]
            if not changes or any(events):
                return [event for event in events if event is not None]
            place = changes[-1].seq

    async def may_see(self, guardian: Key, event: ChangeEvent) -> bool:
        """Whether the guardian may be told of the event now; waits while that cannot be read."""
        while True:
            try:
                if event.student_key is None:
                    return event.guardian_key == guardian and await self._audience.receives(guardian, event)
                return await self._audience.may_read(guardian, event.student_key, AREAS[event.subject])
            except (SourceDown, StatementTimeout):
                await asyncio.sleep(self.interval)

    async def standings(self, event: ChangeEvent, contexts: Sequence[Context]) -> list[Hashable | None]:
        """How each of these viewers stands to the event now; waits while that cannot be read."""
        while True:
            try:
                if event.student_key is None:
                    return [await self._own(event, context) for context in contexts]
                return await self._audience.standings(event.student_key, AREAS[event.subject], contexts)
            except (SourceDown, StatementTimeout):
                await asyncio.sleep(self.interval)

    def release(self, subscriber: Subscriber) -> None:
        """Let go of all that is held for a stream."""
        if subscriber.ended:
            return
        subscriber.ended = True
        subscriber.wake()
        self._subscribers.discard(subscriber)
        if recipients := self._recipients.get(subscriber.guardian):
            recipients.discard(subscriber)
            if not recipients:
                del self._recipients[subscriber.guardian]
        students, subscriber.students = subscriber.students, set()
        self._unfollow(subscriber, students)

    async def _begun(self) -> LogState:
        """The log as it was when this process began to follow it, begun where there is none; asked once for all."""
        if self._state is not None:
            return self._state
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            # Whoever asked may have gone by the time that it fails.
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._opening)

    async def _open(self) -> LogState:
        try:
            state = await log_state(self._store)
            if state is None:
                async with self._store.transaction() as transaction:
                    state = await begin_log(transaction)
            self._state, self._last = state, state.head
            return state
        finally:
            self._opening = None

    async def _current(self) -> LogState:
        """The log as it is; where it is another one than before, every stream ends, and its client has to come anew."""
        before = await self._begun()
        # Before it is read: meanwhile others may go on.
        told = self._last
        state = await log_state(self._store)
        if state is None or state.epoch != before.epoch or state.head < told:
            self._state = None
            self._end_all(CursorExpired("The log of changes was begun anew: read what you show again, and subscribe."))
            return await self._begun()
        self._state = state
        return state

    def _begins_to_watch(self) -> None:
        """What the one before has seen last is not known here: everything is compared once."""
        self._source_look, self._sweep = _Look(), None
        self._watcher.restart()

    async def _run(self) -> None:
        failing = False
        while True:
            began = monotonic()
            try:
                await self.poll()
                failing = False
            except Exception as error:
                self.failures += 1
                if not failing:
                    detail = str(error) if isinstance(error, LoaderError) else None
                    log.warning("looking for changes fails", error=type(error).__name__, detail=detail)
                failing = True
            await asyncio.sleep(max(self.interval, REST * (monotonic() - began)))

    async def _relay(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._woken.wait()
            self._woken.clear()
            if self._subscribers:
                with suppress(LoaderError):
                    await self.tell()

    def _push(self, event: ChangeEvent) -> None:
        hearing = (
            self._followers.get(event.student_key)
            if event.student_key is not None
            else self._recipients.get(event.guardian_key)  # type: ignore[arg-type]
        )
        # A copy: whoever hears of it may leave.
        for subscriber in tuple(hearing or ()):
            subscriber.push(event)

    def _end_all(self, failure: Exception | None) -> None:
        for subscriber in list(self._subscribers):
            subscriber.failure = failure
            self.release(subscriber)
            if subscriber.over is not None:
                subscriber.over(failure)

    async def _renew_rights(self) -> None:
        """Let each stream follow the students to whom its guardian has a right now."""
        found = await self._audience.students_of_all({subscriber.guardian for subscriber in self._subscribers})
        for subscriber in list(self._subscribers):
            students = subscriber.mine(found.get(subscriber.guardian, ()))
            if subscriber.guardian in found and students != subscriber.students:
                await self._follow(subscriber, students)

    async def _follow(self, subscriber: Subscriber, students: set[Key]) -> None:
        new = students - subscriber.students
        # Whom somebody follows already is watched already.
        await self._watcher.watch(student for student in new if student not in self._followers)
        if subscriber.ended:
            return
        gone = subscriber.students - students
        subscriber.students = students
        for student in new:
            self._followers.setdefault(student, set()).add(subscriber)
        self._unfollow(subscriber, gone)

    def _unfollow(self, subscriber: Subscriber, students: Iterable[Key]) -> None:
        for student in students:
            self._followers[student].discard(subscriber)
            if not self._followers[student]:
                del self._followers[student]

    async def _own(self, event: ChangeEvent, context: Context) -> Hashable | None:
        viewer, key = context.viewer, event.guardian_key
        if viewer is None or key is None or viewer.guardian_key != key:
            return None
        return key if await self._audience.receives(key, event) else None
