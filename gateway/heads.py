"""The head of a request: how large it may be, how long it may take, what it must say. Nobody knows yet who sends it."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from typing import Any, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.transport.sse import STREAMING

HEAD_BYTES = 32_768
HEAD_FIELDS = 100
HEAD_SECONDS = 10.0


@dataclass(frozen=True)
class Refusal:
    """What is said to a request that is not taken, before its connection is closed."""

    status: HTTPStatus
    message: str


TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"The head of a request may have {HEAD_BYTES:,} bytes and {HEAD_FIELDS} fields.",
)
TOO_SLOW = Refusal(HTTPStatus.REQUEST_TIMEOUT, "The head of the request did not arrive in time.")
NO_HOST = Refusal(HTTPStatus.BAD_REQUEST, "A request has exactly one Host.")
BROKEN = Refusal(HTTPStatus.BAD_REQUEST, "This is no valid HTTP/1.1.")


class HeadProtocol(HttpToolsProtocol):
    """uvicorn's HTTP, which takes no request before its head is complete, small and in time.

    What is too large or has too many fields is refused with 431, what is too slow with 408, what has not one Host with
    400 (RFC 9112, 3.2), each time with the connection; a connection that says nothing is closed without a word. The
    answers to earlier requests of a pipeline go out first. Trailers, and extensions of chunks, have the bound of a
    head; trailers are dropped, as a field that comes after the head must not change what was judged by it.
    """

    head_seconds = HEAD_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._part: Literal["between", "head", "body"] = "between"
        # The bytes since a head began, or since the last byte of a body: what the parser may be holding.
        self._run = 0
        self._moved = False
        self._joined = False
        self._wrong: Refusal | None = None
        self._over = False
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a first head."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give the parser no more at once than a head may still have."""
        self._unset_keepalive_if_required()
        fed = 0
        while fed < len(data) and not self._over:
            piece = data[fed : fed + HEAD_BYTES - self._run]
            fed += len(piece)
            self._feed(piece)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._begin_head()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of a head, drop a trailer."""
        if self._part == "head":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take the request if its head is as it must be."""
        self._wrong = self._judge()
        if self._wrong is not None:
            raise _Refused
        self.take()
        self._part, self._moved, self._due = "body", True, inf

    def take(self) -> None:
        """Take the request whose head was found good."""
        HttpToolsProtocol.on_headers_complete(self)

    def fed(self) -> None:
        """A piece was parsed to its end."""

    def on_body(self, body: bytes) -> None:
        """Note that more has come than framing."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect nothing until the next head begins; uvicorn's own clock closes idle connections."""
        self._end_message()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, if no answer is still under way on it and the handshake is one."""
        if self._busy():
            self._refuse(BROKEN)
            return
        self._end()
        super().handle_websocket_upgrade()
        taken = self.transport.get_protocol()
        if isinstance(taken, WebSocketsSansIOProtocol) and not taken.handshake_initiated:
            # websockets takes no line past 8 KiB; uvicorn would neither send its answer nor close.
            self._say(TOO_LARGE)

    def _begin_head(self) -> None:
        # Where it began behind other bytes of a piece, these are not counted as its own.
        self._part = "head"
        self._joined = self._moved

    def _end_message(self) -> None:
        self._part, self._moved, self._due = "between", True, inf

    def _feed(self, piece: bytes) -> None:
        self._moved = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserError:
            self._refuse(self._wrong or BROKEN)
            return
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                # Answered as if it had asked for no other protocol; the parser has lost where its body ends.
                self._end()
                self.cycle.keep_alive = False
            return
        self.fed()
        if self._moved:
            self._run = 0
            if self._part == "between" or (self._part == "body" and not self.cycle.response_complete):
                return
        else:
            self._run += len(piece)
        if self._run >= HEAD_BYTES:
            self._refuse(TOO_LARGE)
        elif self._due == inf and (self._part != "body" or self.cycle.response_complete):
            self._expect()

    def _judge(self) -> Refusal | None:
        if len(self.headers) > HEAD_FIELDS or (self._joined and self._size() > HEAD_BYTES):
            return TOO_LARGE
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() != "1.0"):
            return NO_HOST
        return None

    def _size(self) -> int:
        first = len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1\r\n")
        return first + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers) + len("\r\n")

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect(self) -> None:
        """Start the clock; one timer serves a connection, and is set anew only when it rings."""
        self._due = self.loop.time() + self.head_seconds
        if self._timer is None:
            self._timer = self.loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._due == inf:
            return
        if self.loop.time() < self._due:
            self._timer = self.loop.call_at(self._due, self._ring)
        elif self._busy():
            # We make them wait, and may not even be reading.
            self._expect()
        elif self._part == "head":
            self._refuse(TOO_SLOW)
        else:
            self._end()
            self.transport.close()

    def _end(self) -> None:
        self._over = True
        self._due = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def shutdown(self) -> None:
        """The server stops: a stream of events ends here, for it would have no end; its client comes back."""
        super().shutdown()
        if self._busy() and getattr(self.cycle, "scope", {}).get(STREAMING):
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        self._end()
        self.logger.info("Refused with %d: %s", refusal.status, refusal.message)
        if not self._busy():
            self._say(refusal)
        elif self._part != "body":
            self.cycle.on_response = lambda: self._say_last(refusal)
        else:
            # The broken request is the newest one under way: its application hears that the client has gone.
            if not self.cycle.response_started and not self.pipeline:
                self._say(refusal)
            self.cycle.disconnected = True
            self.transport.close()

    def _say_last(self, refusal: Refusal) -> None:
        self.on_response_complete()
        self._say(refusal)

    def _say(self, refusal: Refusal) -> None:
        if self.transport.is_closing():
            return
        body = refusal.message.encode()
        fields = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        first = b"HTTP/1.1 %d %s\r\n" % (refusal.status, refusal.status.phrase.encode())
        self.transport.write(first + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n" + body)
        self.transport.close()


class _Refused(Exception):
    """Stops the parser at the end of a head that is not taken."""
