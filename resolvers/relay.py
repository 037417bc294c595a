"""The log as one process follows it: how it stands, what is new in it, and what a stream has not read yet."""

import asyncio
from collections.abc import Callable, Sequence

from loaders.adapter import Adapter
from loaders.portal.change_log import LogState, Whose, begin_log, changes_after, changes_of, log_state
from loaders.portal.transaction import Store
from resolvers.changes import KINDS, ChangeEvent, event_of
from resolvers.errors import CursorExpired
from resolvers.portal.sealing import Sealer
from resolvers.streams import Subscriber

#: How many events are read from the log at once.
PAGE = 100


class Relay:
    """Hands what is logged to `push`, in order, each once; `expire` is called where the log was begun anew."""

    def __init__(
        self,
        store: Store,
        adapter: Adapter,
        sealer: Sealer,
        push: Callable[[ChangeEvent], None],
        expire: Callable[[Exception], None],
    ) -> None:
        #: The number of the last change that was handed on, and how many were.
        self.last = 0
        self.events = 0
        self._store = store
        self._adapter = adapter
        self._sealer = sealer
        self._push = push
        self._expire = expire
        self._state: LogState | None = None
        self._opening: asyncio.Task[LogState] | None = None
        self._telling = asyncio.Lock()

    async def begun(self) -> LogState:
        """The log as it was when this process began to follow it, begun where there is none; asked once for all."""
        if self._state is not None:
            return self._state
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
            # Whoever asked may have gone by the time that it fails.
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._opening)

    async def current(self) -> LogState:
        """The log as it is; where it is another one than before, every stream ends, and its client has to come anew."""
        before = await self.begun()
        # Before it is read: meanwhile others may go on.
        told = self.last
        state = await log_state(self._store)
        if state is None or state.epoch != before.epoch or state.head < told:
            self._state = None
            self._expire(CursorExpired("The log of changes was begun anew: read what you show again, and subscribe."))
            return await self.begun()
        self._state = state
        return state

    async def tell(self) -> None:
        """Hand on what has been logged since the last time."""
        async with self._telling:
            state = await self.current()
            while self.last < state.head:
                changes = await changes_after(self._store, self.last, PAGE)
                if not changes:
                    self.last = state.head
                for change in changes:
                    event = event_of(self._adapter, self._sealer, state.epoch, change)
                    self.last = change.seq
                    if event is not None:
                        self.events += 1
                        self._push(event)

    async def read(self, subscriber: Subscriber) -> Sequence[ChangeEvent]:
        """The next events of a stream that stand in the log, up to its horizon; CursorExpired where they are gone."""
        kinds = [kind.value for subject in sorted(subscriber.subjects) for kind in KINDS[subject]]
        whose = Whose([(kinds, [str(student) for student in subscriber.students])], str(subscriber.guardian), kinds)
        place, upto = subscriber.place, subscriber.horizon
        while True:
            state = await self.current()
            if place < state.forgotten:
                raise CursorExpired("The log no longer holds what this stream has not read: go on without `after`.")
            changes = await changes_of(self._store, whose, place, upto, PAGE)
            events = [event_of(self._adapter, self._sealer, state.epoch, change) for change in changes]
            if not changes or any(events):
                return [event for event in events if event is not None]
            place = changes[-1].seq

    async def _open(self) -> LogState:
        try:
            state = await log_state(self._store)
            if state is None:
                async with self._store.transaction() as transaction:
                    state = await begin_log(transaction)
            self._state, self.last = state, state.head
            return state
        finally:
            self._opening = None
