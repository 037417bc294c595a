"""One subscriber's changes: a stream to take them from, or to listen to."""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from loaders.statement import Key
from resolvers.changes import ChangeEvent
from resolvers.context import Context

#: How many events are held for one who does not take them; beyond that they are read from the log when they are taken.
QUEUE = 100


@dataclass(eq=False, slots=True)
class Subscriber:
    """One stream as the hub sees it: whose it is, what it follows now, and what it has not taken yet.

    What it has not taken stands in the log up to `horizon`, and behind that in the queue. `place` is how far it has
    come.
    """

    guardian: Key
    subjects: frozenset[str]
    only: Key | None
    place: int
    horizon: int
    students: set[Key] = field(default_factory=set)
    read: deque[ChangeEvent] = field(default_factory=deque)
    queue: deque[ChangeEvent] = field(default_factory=deque)
    ready: asyncio.Event | None = None
    hear: Callable[[ChangeEvent], None] | None = None
    over: Callable[[Exception | None], None] | None = None
    failure: Exception | None = None
    ended: bool = False

    def mine(self, rights: Iterable[Key]) -> set[Key]:
        """Of these students those whom the stream follows."""
        return {student for student in rights if self.only is None or student == self.only}

    def push(self, event: ChangeEvent) -> None:
        """Tell who listens, or keep it until it is taken."""
        if event.subject not in self.subjects or event.sequence <= self.place:
            return
        if self.hear is not None:
            self.place = self.horizon = event.sequence
            self.hear(event)
            return
        if len(self.queue) < QUEUE:
            self.queue.append(event)
        else:
            self.queue.clear()
            self.horizon = event.sequence
        self.wake()

    def wake(self) -> None:
        """Let the one who waits look again."""
        if self.ready is not None:
            self.ready.set()

    async def wait(self) -> None:
        """Return when there may be something to take."""
        self.ready = asyncio.Event()
        try:
            await self.ready.wait()
        finally:
            self.ready = None


class Hub(Protocol):
    """Who keeps the streams, reads the log, and knows who may see what."""

    async def read(self, subscriber: Subscriber) -> Sequence[ChangeEvent]:
        """The next events of a stream that stand in the log, up to its horizon; none where there are no more."""
        ...

    async def may_see(self, guardian: Key, event: ChangeEvent) -> bool:
        """Whether the guardian may be told of the event now."""
        ...

    async def standings(self, event: ChangeEvent, contexts: Sequence[Context]) -> list[Hashable | None]:
        """How each of these viewers stands to the event now."""
        ...

    def release(self, subscriber: Subscriber) -> None:
        """Let go of all that is held for a stream."""
        ...


class ChangeStream:
    """One subscriber's events, in order, each once, none left out; rights are asked again at every one.

    Close it with `aclose`; one that is lost closes itself. However slowly it is read, it holds no more than two hundred
    events: the rest wait in the log. CursorExpired where they waited for so long that the log has let them go.
    """

    def __init__(self, hub: Hub, subscriber: Subscriber, start: str) -> None:
        #: The cursor from which on everything is told.
        self.start = start
        self._hub = hub
        self._subscriber = subscriber
        self._let_go = weakref.finalize(self, hub.release, subscriber)
        self._let_go.atexit = False

    def __aiter__(self) -> "ChangeStream":
        return self

    async def __anext__(self) -> ChangeEvent:
        mine = self._subscriber
        while not mine.ended:
            waiting = mine.read or (mine.queue if mine.place >= mine.horizon else None)
            if waiting:
                event = waiting[0]
                allowed = event.sequence > mine.place and await self._hub.may_see(mine.guardian, event)
                # Only now: a caller who stops waiting loses nothing. Meanwhile the queue may have been given up.
                if waiting and waiting[0] is event:
                    waiting.popleft()
                mine.place = max(mine.place, event.sequence)
                if allowed:
                    return event
            elif mine.place < mine.horizon:
                horizon = mine.horizon
                mine.read.extend(await self._hub.read(mine))
                if not mine.read:
                    mine.place = horizon
            else:
                await mine.wait()
        if mine.failure is not None:
            raise mine.failure
        raise StopAsyncIteration

    @property
    def level(self) -> bool:
        """Whether nothing waits to be taken, so that `listen` misses nothing."""
        mine = self._subscriber
        return not mine.read and not mine.queue and mine.place >= mine.horizon

    @property
    def audience(self) -> Hashable:
        """What the stream tells of: streams that are equal in it tell of the same events."""
        mine = self._subscriber
        return mine.guardian, mine.only, mine.subjects

    def listen(self, hear: Callable[[ChangeEvent], None], over: Callable[[Exception | None], None]) -> None:
        """Call `hear` with every event as it is logged, instead of keeping it; `over` where the hub stops.

        Rights are not asked here: who listens asks `standings` before anybody is told.
        """
        self._subscriber.hear, self._subscriber.over = hear, over

    async def standings(self, event: ChangeEvent, contexts: Sequence[Context]) -> list[Hashable | None]:
        """How each viewer stands to the event, read now; waits while that cannot be read."""
        return await self._hub.standings(event, contexts)

    def let_go(self) -> None:
        """Let go of everything that the stream held."""
        self._let_go()

    async def aclose(self) -> None:
        """Let go of everything that the stream held."""
        self._let_go()
