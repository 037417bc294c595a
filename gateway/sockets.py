"""A socket on the wire: uvicorn's WebSocket, which may be taken over by its application and then costs no task."""

import asyncio
from collections import deque
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.transport.asgi import TAKE_OVER, Listener

TEXT_FIN = 0x81


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, and the wire of a socket that was taken over.

    A socket at rest then is this protocol and its listener: no task, no queue, no request. Texts are framed once for
    all who are sent the same, and written straight to the transport while that has room. Unlike uvicorn it knows that
    an application that answered a handshake in HTTP has answered it: uvicorn logs an error for it, with which any page
    of another site could fill the log.
    """

    listener: Listener | None = None
    #: How long a client that was told the end may take to say so too, and then to read what was sent before it.
    farewell_seconds = 10.0
    last_seconds = 20.0

    def handle_connect(self, event: Any) -> None:
        """Offer the application of a good handshake to take the socket over."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][TAKE_OVER] = self  # type: ignore[assignment]

    async def run_asgi(self) -> None:
        """Hold one conversation, or see it handed over."""
        app: Any = self.app
        try:
            await app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
        else:
            if not self.handshake_complete and not self.close_sent:
                self.logger.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
        if self.listener is None and self.close_timer is None:
            self.transport.close()

    def listen(self, listener: Listener) -> None:
        """Tell the listener all that was heard since the handshake, and all that will be."""
        heard: Any = self.queue
        self.listener = listener
        self.queue = _Departures(listener)  # type: ignore[assignment]
        self.writable = _Room()  # type: ignore[assignment]
        self.scope = self.request = self.response = None  # type: ignore[assignment]
        self._unheard: deque[str | None] | None = None
        self._work: asyncio.Future[None] | None = None
        while not heard.empty():
            message = heard.get_nowait()
            if message["type"] == "websocket.disconnect":
                self.queue.put_nowait(message)
            else:
                self._hear(message.get("text"))
        self.read_paused = False
        if self._work is None and not self.transport.is_closing():
            self.transport.resume_reading()

    @staticmethod
    def framed(text: bytes) -> bytes:
        """The text in a frame of its own (RFC 6455, 5.2): servers mask nothing."""
        size = len(text)
        if size < 126:
            return bytes((TEXT_FIN, size)) + text
        if size < 65_536:
            return bytes((TEXT_FIN, 126)) + size.to_bytes(2) + text
        return bytes((TEXT_FIN, 127)) + size.to_bytes(8) + text

    @property
    def busy(self) -> bool:
        """Nothing that was taken is still here."""
        return False

    def write(self, framed: bytes) -> bool:
        """Whether the network had room; what comes after the end is taken and dropped."""
        if not self.writable.is_set():
            return False
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(framed)
        return True

    def close(self, code: int, reason: str) -> None:
        """Say the end behind what was sent, and wait for it to be read, but not for ever."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.farewell_seconds, self._part)

    def resume_writing(self) -> None:
        """Tell the listener that there is room."""
        super().resume_writing()
        if self.listener is not None:
            self.listener.more()

    def send_receive_event_to_app(self) -> None:
        """Tell the listener, or the application, of a message."""
        if self.listener is None:
            super().send_receive_event_to_app()
            return
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        try:
            self._hear(data.decode() if self.curr_msg_data_type == "text" else None)
        except UnicodeDecodeError:
            self.conn.send_close(1007)
            self.handle_parser_exception()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who listens, and let go of them."""
        super().connection_lost(exc)
        if self.listener is not None:
            self.listener = None
            self.queue = _NOBODY  # type: ignore[assignment]

    def _hear(self, text: str | None) -> None:
        if self._work is not None:
            if self._unheard is None:
                self._unheard = deque()
            self._unheard.append(text)
        elif self.listener is not None:
            self._work = self.listener.hear(text)
            if self._work is not None:
                self.transport.pause_reading()
                self._work.add_done_callback(self._go_on)

    def _go_on(self, _: Any) -> None:
        self._work = None
        while self._unheard and self._work is None:
            self._hear(self._unheard.popleft())
        if self._work is None:
            self._unheard = None
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def _part(self) -> None:
        self.transport.close()
        self.close_timer = self.loop.call_later(self.last_seconds, self.transport.abort)


class _Departures:
    """Where uvicorn notes that the client has gone; all other news goes another way."""

    __slots__ = ("_listener",)

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener

    def put_nowait(self, message: Any) -> None:
        """Tell the listener."""
        if self._listener is not None:
            self._listener.gone()


class _Room:
    """Whether the transport takes more, for one who never waits for it."""

    __slots__ = ("_full",)

    def __init__(self) -> None:
        self._full = False

    def is_set(self) -> bool:
        """Whether there is room."""
        return not self._full

    def set(self) -> None:
        """There is room."""
        self._full = False

    def clear(self) -> None:
        """There is none."""
        self._full = True


_NOBODY = _Departures(None)
