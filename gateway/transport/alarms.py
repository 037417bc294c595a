"""Moments at which something is due, for all sockets together: one timer of the loop serves them all."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count


class Alarm:
    """Something that is due at a moment of the loop's clock, unless it is cancelled before."""

    __slots__ = ("_alarms", "call", "due")

    def __init__(self, alarms: "Alarms", due: float, call: Callable[[], None]) -> None:
        self._alarms = alarms
        self.due = due
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Let it not ring; one that has rung is past cancelling."""
        if self.call is not None:
            self.call = None
            self._alarms.cancelled()


class Alarms:
    """Rings each alarm once, in the order in which they are due."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Alarm]] = []
        self._numbers = count()
        self._cancelled = 0
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting) - self._cancelled

    def after(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """An alarm that calls so many seconds from now."""
        loop = asyncio.get_running_loop()
        alarm = Alarm(self, loop.time() + seconds, call)
        heapq.heappush(self._waiting, (alarm.due, next(self._numbers), alarm))
        if self._waiting[0][2] is alarm:
            self._set(loop)
        return alarm

    def cancelled(self) -> None:
        """Make room for what will never ring once it is more than what will."""
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled > len(self._waiting) // 2:
            self._waiting = [entry for entry in self._waiting if entry[2].call is not None]
            heapq.heapify(self._waiting)
            self._cancelled = 0

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._waiting[0][0], self._ring) if self._waiting else None

    def _ring(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        # Timers may ring a little before their moment.
        now = loop.time() + 0.001
        try:
            while self._waiting and self._waiting[0][0] <= now:
                _, _, alarm = heapq.heappop(self._waiting)
                call, alarm.call = alarm.call, None
                if call is None:
                    self._cancelled -= 1
                else:
                    call()
        finally:
            self._set(loop)
