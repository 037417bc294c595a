"""Changes as they happen: who has subscribed, what has changed, and who may be told.

One hub a process. It knows keys and what a grade was before; what it is now every subscriber reads anew, with its
own rights. Whatever happens to one grade between two looks at the source is one event.
"""

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import structlog

from loaders.changes import read_mark
from loaders.errors import LoaderError, SourceDown, StatementTimeout
from loaders.source import Source
from loaders.statement import Key
from resolvers.areas import Area
from resolvers.audience import Audience
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.history import History
from resolvers.rules import rules_of
from resolvers.streams import GradeStream, Subscriber
from resolvers.watcher import Watcher

INTERVAL = 2.0
LINGER = 600.0
# Rights are read again with every fifth look at the grades, and before each delivery for the one it goes to.
RIGHTS_EVERY = 5
# After a look the source rests at least four times as long as that took: the watcher never costs more than a fifth.
REST = 4.0
# A mark may not see everything an adapter reads (a foreign table, the database's own clock): it counts for a minute.
TRUSTED = 60.0

log = structlog.get_logger("homeroom.live")


@dataclass(frozen=True, slots=True)
class _Look:
    """The source's mark before it was looked at, and until when an equal one means that nothing differs."""

    mark: object | None = None
    until: float = 0.0

    def vouches(self, mark: object | None) -> bool:
        return mark is not None and mark == self.mark and monotonic() < self.until


class Live:
    """Watches the grades of all subscribers' students over one source, and hands each change to whom it concerns.

    `interval` is the time between two looks at the source, in seconds, and so the latency of a change. Students are
    watched while somebody is subscribed and `linger` seconds longer, so that one who comes back within that time
    with the cursor of the last event gets what was missed.
    """

    def __init__(self, source: Source, interval: float = INTERVAL, *, linger: float = LINGER) -> None:
        self.interval = interval
        self.polls = 0
        self.failures = 0
        self.events = 0
        self._source = source
        self._history = History()
        self._watcher = Watcher(source, self._history.stamp, linger)
        self._audience = Audience(source)
        self._subscribers: set[Subscriber] = set()
        self._followers: dict[Key, set[Subscriber]] = {}
        self._polling = asyncio.Lock()
        self._needed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._grades_look = _Look()
        self._rights_look = _Look()
        self._rights_due = 0

    @property
    def subscribers(self) -> int:
        """How many streams are open."""
        return len(self._subscribers)

    @property
    def students_watched(self) -> int:
        """How many students are watched, those included whose last subscriber has just left."""
        return len(self._watcher)

    @property
    def statements(self) -> int:
        """How many statements over relations the hub has sent to the source."""
        return self._watcher.statements + self._audience.statements

    async def start(self) -> None:
        """Look at the source from now on whenever somebody is subscribed."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="grade watcher")

    async def stop(self) -> None:
        """End every stream, and look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for subscriber in list(self._subscribers):
            self.release(subscriber)
            if subscriber.over is not None:
                subscriber.over(None)

    async def subscribe_grades(
        self, guardian: Key, student: Key | None = None, after: str | None = None
    ) -> GradeStream:
        """The changes to the grades of a guardian's students, or of the one named, from now on or from a cursor on.

        Once it has returned no change is missed. A student to whom the guardian has no right is one who never
        changes. BadUserInput where not everything behind `after` is known; refuses as the source does.
        """
        position = None if after is None else self._history.position(after)
        subscriber = Subscriber(guardian, student)
        rights = await self._audience.students_of(guardian)
        await self._follow(subscriber, subscriber.mine(rights))
        if position is not None:
            try:
                since = max((self._watcher.since(key) for key in subscriber.students), default=0)
                missed = self._history.behind(position, since)
            except BadUserInput:
                self.release(subscriber)
                raise
            subscriber.queue.extend(event for event in missed if event.change.student_key in subscriber.students)
            subscriber.room += len(subscriber.queue)
        self._subscribers.add(subscriber)
        self._needed.set()
        return GradeStream(self, subscriber)

    async def poll(self) -> None:
        """Look at the source once, if anything can have changed; refuses as the source does."""
        async with self._polling:
            self._watcher.forget()
            if not self._wanted():
                return
            self.polls += 1
            mark = await read_mark(self._source)
            if self.polls >= self._rights_due and not self._rights_look.vouches(mark):
                await self._renew_rights()
                self._rights_look = _Look(mark, monotonic() + TRUSTED)
                self._rights_due = self.polls + RIGHTS_EVERY
            if self._grades_look.vouches(mark):
                return
            async for changes in self._watcher.compare():
                for change in changes:
                    event = self._history.record(change, self._source.now())
                    self.events += 1
                    # A copy: whoever hears of it may leave.
                    for subscriber in tuple(self._followers.get(change.student_key, ())):
                        subscriber.push(event)
            self._grades_look = _Look(mark, monotonic() + TRUSTED)

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

    async def may_see(self, guardian: Key, student: Key) -> bool:
        """Whether the guardian may be told of the student's grades now; waits while that cannot be read."""
        while True:
            try:
                return await self._audience.may_read(guardian, student, Area.GRADES)
            except (SourceDown, StatementTimeout):
                await asyncio.sleep(self.interval)

    async def standings(self, student: Key, contexts: Sequence[Context]) -> list[Hashable | None]:
        """How each of these viewers stands to the student now; waits while that cannot be read."""
        while True:
            try:
                return await self._audience.standings(student, Area.GRADES, contexts)
            except (SourceDown, StatementTimeout):
                await asyncio.sleep(self.interval)

    def _wanted(self) -> bool:
        return bool(self._subscribers or self._watcher)

    async def _run(self) -> None:
        failing = False
        while True:
            await self._needed.wait()
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
            if self._wanted():
                await asyncio.sleep(max(self.interval, REST * (monotonic() - began)))
            else:
                self._needed.clear()

    async def _renew_rights(self) -> None:
        """Let each stream follow the students to whom its guardian has a right now."""
        found = await self._audience.students_of_all({subscriber.guardian for subscriber in self._subscribers})
        for subscriber in list(self._subscribers):
            students = subscriber.mine(found.get(subscriber.guardian, ()))
            if subscriber.guardian in found and students != subscriber.students:
                await self._follow(subscriber, students)

    async def _follow(self, subscriber: Subscriber, students: set[Key]) -> None:
        new = students - subscriber.students
        await self._watcher.watch(new)
        if subscriber.ended:
            self._watcher.leave(new)
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
        self._watcher.leave(students)

    def release(self, subscriber: Subscriber) -> None:
        """Let go of all that is held for a stream."""
        if subscriber.ended:
            return
        subscriber.ended = True
        subscriber.wake()
        self._subscribers.discard(subscriber)
        students, subscriber.students = subscriber.students, set()
        self._unfollow(subscriber, students)
