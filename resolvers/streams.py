"""One subscriber's changes: a stream to take them from, or to listen to."""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from loaders.statement import Key
from resolvers.context import Context
from resolvers.errors import RateLimited
from resolvers.history import GradeEvent

QUEUE = 100


@dataclass(eq=False, slots=True)
class Subscriber:
    """One stream as the hub sees it: whose it is, which students it follows now, and what it has not taken yet."""

    guardian: Key
    only: Key | None
    students: set[Key] = field(default_factory=set)
    queue: deque[GradeEvent] = field(default_factory=deque)
    room: int = QUEUE
    ready: asyncio.Event | None = None
    hear: Callable[[GradeEvent], None] | None = None
    over: Callable[[Exception | None], None] | None = None
    slow: bool = False
    ended: bool = False

    def mine(self, rights: Iterable[Key]) -> set[Key]:
        """Of these students those whom the stream follows."""
        return {student for student in rights if self.only is None or student == self.only}

    def push(self, event: GradeEvent) -> None:
        """Tell who listens, or keep it until it is taken."""
        if self.hear is not None:
            self.hear(event)
            return
        if len(self.queue) < self.room and not self.slow:
            self.queue.append(event)
        else:
            self.slow = True
        self.wake()

    def wake(self) -> None:
        """Let whoever waits look again."""
        if self.ready is not None:
            self.ready.set()

    async def wait(self) -> None:
        """Wait until there may be something."""
        if self.ready is None:
            self.ready = asyncio.Event()
        self.ready.clear()
        await self.ready.wait()


class Hub(Protocol):
    """Who keeps the streams, and knows who may see what."""

    async def may_see(self, guardian: Key, student: Key) -> bool:
        """Whether the guardian has a right to the student now."""
        ...

    async def standings(self, student: Key, contexts: Sequence[Context]) -> list[Hashable | None]:
        """How each of these viewers stands to the student now."""
        ...

    def release(self, subscriber: Subscriber) -> None:
        """Let go of all that is held for a stream."""
        ...


class GradeStream:
    """One subscriber's events, in order, each once; rights are asked again at every one.

    Close it with `aclose`; one that is lost closes itself. RateLimited where a hundred events waited to be taken and
    another came: those are still given, then it ends, and the cursor of the last leads on.
    """

    def __init__(self, hub: Hub, subscriber: Subscriber) -> None:
        self._hub = hub
        self._subscriber = subscriber
        self._let_go = weakref.finalize(self, hub.release, subscriber)
        self._let_go.atexit = False

    def __aiter__(self) -> "GradeStream":
        return self

    async def __anext__(self) -> GradeEvent:
        mine = self._subscriber
        while not mine.ended:
            if mine.queue:
                event = mine.queue[0]
                allowed = await self._hub.may_see(mine.guardian, event.change.student_key)
                # Only now: a caller who stops waiting loses nothing.
                mine.queue.popleft()
                if allowed:
                    return event
            elif mine.slow:
                await self.aclose()
                raise RateLimited("This stream fell behind: subscribe again with `after` and the last cursor.", 1)
            else:
                await mine.wait()
        raise StopAsyncIteration

    @property
    def level(self) -> bool:
        """Whether nothing waits to be taken, so that `listen` misses nothing."""
        return not self._subscriber.queue and not self._subscriber.slow

    @property
    def audience(self) -> tuple[Key, Key | None]:
        """The guardian and the one student: streams that are equal in them tell of the same events."""
        return self._subscriber.guardian, self._subscriber.only

    def listen(self, hear: Callable[[GradeEvent], None], over: Callable[[Exception | None], None]) -> None:
        """Call `hear` with every event as it is recorded, instead of keeping it; `over` where the hub stops.

        Rights are not asked here: who listens asks `standings` before anybody is told.
        """
        self._subscriber.hear, self._subscriber.over = hear, over

    async def standings(self, event: GradeEvent, contexts: Sequence[Context]) -> list[Hashable | None]:
        """How each viewer stands to the event's student, read now; waits while that cannot be read."""
        return await self._hub.standings(event.change.student_key, contexts)

    def let_go(self) -> None:
        """Let go of everything that the stream held."""
        self._let_go()

    async def aclose(self) -> None:
        """Let go of everything that the stream held."""
        self._let_go()
