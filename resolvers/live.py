"""Changes as they happen: who has subscribed, what has been logged, and who may be told.

One hub a process. Of all processes over one portal store one at a time watches the source; every one reads the log and
tells its own subscribers. The log names keys and what a grade was before; what it is now every subscriber reads anew,
with its own rights. Whatever happens to one thing between two looks at the source is one change.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

import structlog

from loaders.changes import read_mark
from loaders.errors import LoaderError, SourceDown, StatementTimeout
from loaders.portal.transaction import Store
from loaders.source import Source
from loaders.statement import Key
from resolvers.audience import Audience
from resolvers.changes import AREAS, KINDS, ChangeEvent, cursor_of, place_of
from resolvers.context import Context
from resolvers.followers import Followers
from resolvers.portal.sealing import Sealer
from resolvers.relay import Relay
from resolvers.rules import rules_of
from resolvers.streams import ChangeStream, Subscriber
from resolvers.watching import LEASE, Vouched, Watching, vouched

INTERVAL = 2.0
#: How often the log is looked into for what other processes have written, in seconds; `wake` makes it now. Where the
#: others are heard it is seldom that a look is needed.
POLL, POLL_WHILE_HEARD = 0.25, 2.0
# Rights are read again with every fifth look at the source, and before each delivery for the one it goes to.
RIGHTS_EVERY = 5
# After a look the source rests at least four times as long as that took: the watcher never costs more than a fifth.
REST = 4.0

log = structlog.get_logger("homeroom.live")


class Calls(Protocol):
    """How processes over one portal store call to each other."""

    @property
    def open(self) -> bool:
        """Whether the others are heard now, as far as is known."""
        ...

    def say(self, number: int) -> None:
        """Let the others hear soon that the log reaches to this number."""
        ...


class Live:
    """Watches the students of all families with an account over one source, and hands each change to whom it concerns.

    `interval` is the time between two looks at the source, in seconds, and so the latency of a change. `calls` is how
    other processes are told of what is logged, where there are any.
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
        self.calls: Calls | None = None
        self.polls = 0
        self.failures = 0
        self._source = source
        self._followers = Followers()
        self._relay = Relay(store, source.adapter, sealer, self._followers.push, self._followers.end_all)
        self._watching = Watching(source, store, sealer, lease, now)
        self._audience = Audience(source)
        self._polling = asyncio.Lock()
        self._woken = asyncio.Event()
        self._written = asyncio.Event()
        # The last number that all processes can have heard of, and the last that somebody has called out.
        self._called = self._heard = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._rights_look = Vouched()
        self._rights_due = 0

    @property
    def subscribers(self) -> int:
        """How many streams are open."""
        return len(self._followers)

    @property
    def students_followed(self) -> int:
        """How many students somebody here is subscribed to."""
        return self._followers.students

    @property
    def events(self) -> int:
        """How many events of the log were told here."""
        return self._relay.events

    @property
    def watching(self) -> bool:
        """Whether this is the process that watches the source."""
        return self._watching.held

    @property
    def statements(self) -> int:
        """How many statements over relations the hub has sent to the source."""
        return self._watching.statements + self._audience.statements

    async def epoch(self) -> str:
        """The name of the log, by which everybody who follows it knows the others."""
        return (await self._relay.begun()).epoch

    async def start(self) -> None:
        """Look at the source from now on, or stand by for whoever does, and tell what is logged."""
        if not self._tasks:
            await self._relay.begun()
            self._tasks = [
                asyncio.create_task(self._run(), name="watcher"),
                asyncio.create_task(self._go_on_telling(), name="change log"),
            ]

    async def stop(self) -> None:
        """End every stream, look no more, and let another process watch at once."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        self._followers.end_all()
        await self._watching.give_up()

    def wake(self) -> None:
        """Something was logged here: look into the log now, and not only at the next time."""
        self._woken.set()

    def hear(self, number: int | None) -> None:
        """Another process says that the log reaches to this number; None: nobody knows what it has said meanwhile."""
        if number is not None:
            self._heard = max(self._heard, number)
        if self._followers and (number is None or number > self._relay.last):
            self._woken.set()

    def source_wrote(self, _number: int | None = None) -> None:
        """Something was written into the source, or may have been: look at it as soon as the last look has rested."""
        self._written.set()

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
        epoch, place = (await self._relay.begun()).epoch, self._relay.last
        if after is not None:
            state = await self._relay.current()
            place = place_of(after, state)
            if place > self._relay.last:
                await self.tell()
        subscriber = Subscriber(guardian, frozenset(subjects), student, place, place)
        if "message" in subscriber.subjects and not self._followers.receives(guardian):
            await self._watching.watch((), (guardian,))
        await self._follow(subscriber, subscriber.mine(await self._audience.students_of(guardian)))
        # What was logged while the students were looked up was not pushed: it stands in the log.
        subscriber.horizon = max(place, self._relay.last)
        self._followers.add(subscriber)
        return ChangeStream(self, subscriber, cursor_of(epoch, place))

    async def poll(self) -> None:
        """Look at the source once, if it is ours to watch and anything can have changed, and tell what was logged.

        Refuses as the source and the store do.
        """
        async with self._polling:
            self.polls += 1
            await self._relay.begun()
            mark = await read_mark(self._source)
            if self.polls >= self._rights_due and not self._rights_look.vouches(mark):
                await self._renew_rights()
                self._rights_look = vouched(mark)
                self._rights_due = self.polls + RIGHTS_EVERY
            await self._watching.look(mark, self._followers.followed)
            await self.tell()

    async def tell(self) -> None:
        """Tell all subscribers here what has been logged since the last time, and other processes that something was.

        Whoever finds it first calls it out. A number that was heard counts once, and as far as the log really reaches.
        """
        heard, self._heard = self._heard, 0
        await self._relay.tell()
        self._called = max(self._called, min(heard, self._relay.last))
        if self.calls is not None and self._relay.last > self._called:
            self._called = self._relay.last
            self.calls.say(self._called)

    def rules_changed(self) -> None:
        """End the streams of whoever is now kept from a student they followed, and read all rights again soon.

        Other orders end no stream: they are asked at each delivery, as every right is.
        """
        self._rights_look, self._rights_due = Vouched(), 0
        rules, today = rules_of(self._source), self._source.today()
        if not rules.blocks:
            return
        for subscriber in self._followers:
            if any(rules.blocked(subscriber.guardian, student, today) for student in subscriber.students):
                self._followers.end(subscriber)

    async def read(self, subscriber: Subscriber) -> Sequence[ChangeEvent]:
        """The next events of a stream that stand in the log, up to its horizon."""
        return await self._relay.read(subscriber)

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
        self._followers.release(subscriber)

    async def _run(self) -> None:
        failing = False
        while True:
            self._written.clear()
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
            rest = REST * (monotonic() - began)
            await asyncio.sleep(rest)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self.interval - rest)):
                    await self._written.wait()

    async def _go_on_telling(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_WHILE_HEARD if self.calls and self.calls.open else POLL):
                    await self._woken.wait()
            woken = self._woken.is_set()
            self._woken.clear()
            if woken or self._followers:
                with suppress(LoaderError):
                    await self.tell()

    async def _renew_rights(self) -> None:
        """Let each stream follow the students to whom its guardian has a right now."""
        found = await self._audience.students_of_all({subscriber.guardian for subscriber in self._followers})
        for subscriber in self._followers:
            students = subscriber.mine(found.get(subscriber.guardian, ()))
            if subscriber.guardian in found and students != subscriber.students:
                await self._follow(subscriber, students)

    async def _follow(self, subscriber: Subscriber, students: set[Key]) -> None:
        # Whom somebody follows already is watched already.
        await self._watching.watch(self._followers.unfollowed(students - subscriber.students))
        if not subscriber.ended:
            self._followers.follow(subscriber, students)

    async def _own(self, event: ChangeEvent, context: Context) -> Hashable | None:
        viewer, key = context.viewer, event.guardian_key
        if viewer is None or key is None or viewer.guardian_key != key:
            return None
        return key if await self._audience.receives(key, event) else None
