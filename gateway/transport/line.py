"""Who waits for a turn of the loop that has time: first come, first served, without a task for each."""

import asyncio
from collections import deque
from collections.abc import Callable


class Line:
    """What could not be done in one turn of the loop for want of time, to be done in the next ones.

    A turn that has no time for the first has none for the others, so only the first asks.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], bool]] = deque()
        self._called = False

    def join(self, go: Callable[[], bool]) -> None:
        """Call `go` behind those who came before, in turn after turn for as long as it says that there was no time."""
        self._waiting.append(go)
        self._call()

    def _call(self) -> None:
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._called = False
        waiting = self._waiting
        try:
            while waiting:
                go = waiting.popleft()
                if not go():
                    waiting.appendleft(go)
                    break
        finally:  # who fails does not keep the others
            if waiting:
                self._call()
