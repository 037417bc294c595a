"""The wire of a socket as ASGI has it: one task reads, and another writes while there is something to write."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from gateway.transport.outbox import Wire

CLOSE_TIMEOUT = 5.0
#: The ASGI extension of a server that lets an accepted socket be taken over: a TakenSocket.
TAKE_OVER = "homeroom.take_over"


class Listener(Protocol):
    """Who is told of what happens on a wire."""

    def hear(self, text: str | None) -> "asyncio.Future[None] | None":
        """A message, None for one that is no text; what must be over before the next one is heard."""
        ...

    def more(self) -> None:
        """The network has room again."""
        ...

    def gone(self) -> None:
        """The client is no longer there."""
        ...


class TakenSocket(Wire, Protocol):
    """The wire of a socket that goes on without its application."""

    def listen(self, listener: Listener) -> None:
        """Tell the listener all that was heard since the handshake, and all that will be."""
        ...


class AsgiWire:
    """A socket that was accepted; `talk` holds the conversation."""

    def __init__(self, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        self._receive = receive
        self._send = send
        self._reading: asyncio.Task[Any] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._listener: Listener | None = None
        self._end: tuple[int, str] | None = None
        self._broken = False

    @staticmethod
    def framed(text: bytes) -> str:
        """The text."""
        return text.decode()

    @property
    def busy(self) -> bool:
        """Whether a text is being sent."""
        return self._writing is not None

    def write(self, framed: Any) -> bool:
        """Send a text unless another one is being sent."""
        if self._writing is not None:
            return False
        self._writing = asyncio.create_task(self._write(framed))
        return True

    def close(self, code: int, reason: str) -> None:
        """Stop reading and writing; `talk` says why."""
        if self._end is None:
            self._end = code, reason
            self._wake()

    async def talk(self, listener: Listener) -> None:
        """Tell the listener all that is heard, until either side ends it; then close with the code that says why."""
        self._listener = listener
        self._reading = asyncio.current_task()
        try:
            while self._end is None and not self._broken:
                message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    return
                work = listener.hear(message.get("text"))
                if work is not None:
                    await asyncio.shield(work)
        except asyncio.CancelledError:
            if (self._end is None and not self._broken) or self._reading is None:
                raise
            self._reading.uncancel()
        finally:
            listener.gone()
            self._reading = None
            await self._finish()

    async def _finish(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        if self._end is None or self._broken:
            return
        code, reason = self._end
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (TimeoutError, OSError, RuntimeError):
            return

    async def _write(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError):
            # The server has ended the socket on its own, and says so only when it is asked to send.
            self._broken = True
            self._wake()
            return
        self._writing = None
        if self._listener is not None and self._end is None:
            self._listener.more()

    def _wake(self) -> None:
        """End the wait for the next message; where that is not being waited for, the loop sees it itself."""
        if self._reading is not None and self._reading is not asyncio.current_task():
            self._reading.cancel()
