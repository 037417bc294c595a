"""What one socket still has to send: bounded, so that a client which stops reading costs no memory."""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol


class SlowConsumer(Exception):
    """The client does not read as fast as events come; it resumes by its cursor when it comes back."""


class Wire(Protocol):
    """How texts reach one client's network, and how that ends."""

    @staticmethod
    def framed(text: bytes) -> Any:
        """The text as `write` takes it; sockets of one kind may be given the same."""
        ...

    def write(self, framed: Any) -> bool:
        """Whether it was taken; where not, the network has no room, and the wire says when it has."""
        ...

    @property
    def busy(self) -> bool:
        """Whether something that was taken is still on its way to the network."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Send nothing more, and say why."""
        ...


class Outbox:
    """Texts in the order in which they were put; they wait only where the network has no room."""

    __slots__ = ("_bytes", "_emptied", "_most", "_most_bytes", "_waiting", "wire")

    def __init__(self, wire: Wire, *, most: int = 100, most_bytes: int = 256 * 1024) -> None:
        self.wire = wire
        self._most = most
        self._most_bytes = most_bytes
        # Made only where something waits: an empty deque takes more than all the rest.
        self._waiting: deque[tuple[Any, int]] | None = None
        self._bytes = 0
        self._emptied: Callable[[], None] | None = None

    @property
    def waiting(self) -> int:
        """How many texts wait."""
        return len(self._waiting) if self._waiting else 0

    def put(self, framed: Any, size: int) -> None:
        """Send, or queue, a framed text of that many bytes; SlowConsumer where it does not fit."""
        if self._waiting is None:
            if self.wire.write(framed):
                return
            self._waiting = deque()
        elif len(self._waiting) >= self._most or self._bytes + size > self._most_bytes:
            raise SlowConsumer
        self._waiting.append((framed, size))
        self._bytes += size

    def more(self) -> None:
        """Go on: the network has room."""
        while self._waiting:
            framed, size = self._waiting[0]
            if not self.wire.write(framed):
                return
            self._waiting.popleft()
            self._bytes -= size
        self._waiting = None
        if self._emptied is not None and not self.wire.busy:
            emptied, self._emptied = self._emptied, None
            emptied()

    def when_empty(self, call: Callable[[], None]) -> None:
        """Call once everything that was put has been handed to the network; at once where it has."""
        if self._waiting is None and not self.wire.busy:
            call()
        else:
            self._emptied = call
