"""The short way: requests to the GraphQL endpoint that are there as a whole are answered without an application.

It does what uvicorn and ASGI would do, with a tenth of the objects. Everything else goes the ordinary way, and so
does all of it without this file: `serving.configure` is its only user.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.heads import HeadProtocol
from gateway.transport.accept import wants_stream
from gateway.transport.head import Head
from gateway.transport.responder import Begun, Responder
from gateway.transport.responses import Response

PATH = b"/graphql"
#: The fields by which a proxy says for whom it asks, and how it was asked.
FORWARDED_FOR = b"x-forwarded-for"
FORWARDED_PROTO = b"x-forwarded-proto"
FORWARDED = frozenset((FORWARDED_FOR, FORWARDED_PROTO))


class _Nobody:
    """In the place of the event for which an application would wait."""

    def set(self) -> None:
        """Nobody waits."""


class Turn:
    """One request and its response, as the protocol sees it: what uvicorn keeps in its cycle."""

    __slots__ = (
        "body",
        "disconnected",
        "keep_alive",
        "more_body",
        "on_response",
        "response_complete",
        "response_started",
    )
    message_event = _Nobody()

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.body = b""
        self.more_body = False
        self.disconnected = False
        self.response_started = False
        self.response_complete = False
        self.on_response: Callable[[], Any] | None = None


class DirectProtocol(HeadProtocol):
    """Heads as `HeadProtocol` takes them; a POST to the endpoint waits here for the rest of its piece.

    What is whole at the end of the piece is answered: at once where that needs no wait, in a later turn of the loop
    where this one has no time for it, else by one task. A body that is still to come, a request behind one that is
    under way, a client that does not read, an upgrade, an `Expect`, a proxy that says for whom it asks, an answer in
    events: all these take the ordinary way.
    """

    endpoint: Callable[[], Responder | None]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._held: Head | None = None
        self._last: Head | None = None
        self._last_headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._first = False
        self._dated: tuple[Any, bytes] = (None, b"")
        self._idle_due = inf
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The first request in what was received had begun to arrive before the loop's present turn."""
        self._first, self._idle_due = True, inf
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Go on after a response; one timer serves a connection's idle times, and is set anew only when it rings."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_due = self.loop.time() + self.timeout_keep_alive
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_at(self._idle_due, self._idle)

    def on_message_begin(self) -> None:
        """A head begins; what an application would be told of it is not made yet."""
        self._begin_head()
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of a head, drop a trailer."""
        if self._part == "head":
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def take(self) -> None:
        """Hold a request that may be answered here; hand every other one over."""
        if self.url == PATH and self.parser.get_method() == b"POST" and self._free():
            if self._last is not None and self.headers == self._last_headers:
                self._held = self._last
                return
            head = Head("POST", b"", self.headers, str(self.client[0]) if self.client else "")
            forwarded = head.has(FORWARDED_FOR) or head.has(FORWARDED_PROTO)
            if not forwarded and not wants_stream(head.every(b"accept")):
                self._held = self._last = head
                self._last_headers = self.headers
                return
        self._hand_over()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._moved = True
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Answer the request if it was held."""
        head, self._held = self._held, None
        if head is None:
            super().on_message_complete()
            return
        self._end_message()
        pieces, self._pieces = self._pieces, []
        self.cycle = turn = Turn(self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive())  # type: ignore[assignment]
        responder = type(self).endpoint()
        assert responder is not None
        first, self._first = self._first, False
        found = responder.at_once(head, pieces[0] if len(pieces) == 1 else b"".join(pieces), shared=first)
        if isinstance(found, Response):
            self._answer(turn, found)
        elif found.later:
            responder.line.join(partial(self._again, turn, responder, found))
        else:
            self._start(turn, responder, found)

    def fed(self) -> None:
        """Hand over what is still held: its body is not all there."""
        if self._held is not None:
            self._held = None
            pieces, self._pieces = self._pieces, []
            self._hand_over()
            for piece in pieces:
                HttpToolsProtocol.on_body(self, piece)

    def _free(self) -> bool:
        """Whether nothing is in the way of an answer here."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and not self.parser.should_upgrade()
            and type(self).endpoint() is not None
        )

    def _hand_over(self) -> None:
        """Have uvicorn take the request, as if it had met it itself."""
        url, headers, expecting = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expecting
        self.headers.extend(headers)
        HttpToolsProtocol.on_headers_complete(self)

    def _again(self, turn: Turn, responder: Responder, begun: Begun) -> bool:
        """Answer what had to wait for the loop's next turn; False where that has no time for it either."""
        if turn.disconnected:
            return True
        found = responder.again(begun)
        if isinstance(found, Response):
            self._answer(turn, found)
        elif found.later:
            return False
        else:
            self._start(turn, responder, found)
        return True

    def _start(self, turn: Turn, responder: Responder, begun: Begun) -> None:
        task = self.loop.create_task(self._finish(turn, responder, begun))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _finish(self, turn: Turn, responder: Responder, begun: Begun) -> None:
        response = await responder.finish(begun)
        if self.flow.write_paused and not turn.disconnected:
            await self.flow.drain()
        self._answer(turn, response)

    def _answer(self, turn: Turn, response: Response) -> None:
        """Send the response in one piece, and go on as uvicorn does after one."""
        if turn.disconnected:
            return
        own, closing = b"", False
        for name, value in response.own:
            own += b"%s: %s\r\n" % (name, value)
            closing = closing or name == b"connection"
        if closing:
            turn.keep_alive = False
        elif not turn.keep_alive:
            own += b"connection: close\r\n"
        first = STATUS_LINE[response.status]
        turn.response_started = turn.response_complete = True
        self.transport.write(b"".join((first, self._default(), response.fixed.raw, own, b"\r\n", response.body)))
        if not turn.keep_alive:
            self.transport.close()
        after = turn.on_response or self.on_response_complete
        after()

    def _idle(self) -> None:
        self._idle_timer = None
        if self._idle_due == inf:
            return
        if self.loop.time() < self._idle_due:
            self._idle_timer = self.loop.call_at(self._idle_due, self._idle)
        else:
            self.timeout_keep_alive_handler()

    def _default(self) -> bytes:
        """The fields that the server adds to every response; they change once a second."""
        fields = self.server_state.default_headers
        if self._dated[0] is not fields:
            self._dated = fields, b"".join([b"%s: %s\r\n" % field for field in fields])
        return self._dated[1]
