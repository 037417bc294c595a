"""Deadlines of many calls with one timer: all have the same length, so the oldest call is the first to be late."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Deadline:
    """One call's deadline: when it is, whose it is, and whether it has passed."""

    at: float
    task: asyncio.Task[object]
    cancelling: int
    passed: bool = field(default=False)


class Deadlines:
    """Cancels the task of a call that takes longer than `seconds`.

    `asyncio.timeout` makes and cancels a timer a call, which costs a third of a small statement of PostgreSQL.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> Deadline:
        """The deadline of a call that the current task begins now."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # the timer of a loop that has ended never rings
            self._loop, self._timer = loop, None
            self._open.clear()
        task = asyncio.current_task()
        assert task is not None
        deadline = Deadline(loop.time() + self._seconds, task, task.cancelling())
        self._open[deadline] = None
        if self._timer is None:
            self._timer = loop.call_at(deadline.at, self._ring)
        return deadline

    def end(self, deadline: Deadline) -> bool:
        """Ends the call; whether it was late, and nobody else cancelled its task as well."""
        self._open.pop(deadline, None)
        return deadline.passed and deadline.task.uncancel() <= deadline.cancelling

    def close(self) -> None:
        """Lets go of the timer, unless a call is still open."""
        if self._timer is not None and not self._open:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for deadline in list(self._open):
            if deadline.at > loop.time():
                self._timer = loop.call_at(deadline.at, self._ring)
                break
            del self._open[deadline]
            deadline.passed = True
            deadline.task.cancel()
