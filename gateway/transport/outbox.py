"""What one socket still has to send: bounded, so that a client which stops reading costs no memory."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable


class SlowConsumer(Exception):
    """The client does not read as fast as events come; it resumes by its cursor when it comes back."""


class Outbox:
    """Texts in the order they were put; one task, `run`, sends them."""

    def __init__(
        self, send: Callable[[str], Awaitable[None]], *, most: int = 100, most_bytes: int = 256 * 1024
    ) -> None:
        self._send = send
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def waiting(self) -> int:
        """How many texts wait."""
        return len(self._waiting)

    async def put(self, text: bytes) -> None:
        """Queue a text; SlowConsumer where it does not fit although the sender had its turn."""
        if self._waiting:
            await asyncio.sleep(0)
        if self._waiting and (len(self._waiting) >= self._most or self._bytes + len(text) > self._most_bytes):
            raise SlowConsumer
        self._waiting.append(text)
        self._bytes += len(text)
        self._filled.set()
        self._empty.clear()

    async def run(self) -> None:
        """Send what is put, for ever."""
        while True:
            await self._filled.wait()
            while self._waiting:
                text = self._waiting[0]
                await self._send(text.decode())
                self._waiting.popleft()
                self._bytes -= len(text)
            self._filled.clear()
            self._empty.set()

    async def flush(self) -> None:
        """Wait until everything that was put has been handed to the network."""
        await self._empty.wait()
