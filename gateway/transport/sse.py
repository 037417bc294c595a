"""Subscriptions as Server-Sent Events: one request, one stream (the GraphQL-over-SSE protocol's distinct connections).

Each event's `id` is its cursor, and the stream begins with the cursor of its beginning. So a browser's EventSource,
which comes back with `Last-Event-ID`, goes on exactly behind what it has, whatever ended the connection; so does any
client that sends that header. A stream joins those who hear the same, over WebSocket or here: an event is executed once
for all of them.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from starlette.types import Receive, Scope, Send

from gateway.execution.documents import Prepared
from gateway.execution.operations import Answer
from gateway.transport.accept import EVENTS
from gateway.transport.connection import Pace
from gateway.transport.fanout import Fanout
from gateway.transport.head import Head
from gateway.transport.origin import caller
from gateway.transport.parties import Seat, Shared
from gateway.transport.protocol import Edge, answer_members, code_of, encode, error_members, failure_error
from gateway.transport.responder import Begun
from gateway.transport.responses import STATUS_BY_CODE, Response, Responses
from gateway.transport.sessions import Closed, Session, Sessions
from resolvers.context import Context

COMPLETE = b"event: complete\ndata:\n\n"
#: What a proxy or a phone takes for life.
BEAT = b":\n\n"
#: Where the server asks whether a request is a stream, to end it when it stops.
STREAMING = "homeroom.streaming"
CURSOR_LENGTH = 512


def framed(payload: bytes, cursor: str | None) -> bytes:
    """One result as an event; JSON has no line break of its own."""
    name = b"" if cursor is None else b"id: %s\n" % cursor.encode()
    return b"%sevent: next\ndata: %s\n\n" % (name, payload)


def as_stream(response: Response, responses: Responses, head: Head) -> Response:
    """The answer of a query or a mutation as a stream that is over at once; a refusal as it is."""
    if response.status != 200:
        return response
    own = [field for field in response.own if field[0] in (b"set-cookie", b"retry-after")]
    return responses.answered(head, EVENTS, framed(response.body, None) + COMPLETE, own)


@dataclass(frozen=True, slots=True)
class Streams:
    """All streams of an endpoint."""

    edge: Edge
    responses: Responses
    sessions: Sessions
    fanout: Fanout
    pace: Pace

    async def serve(self, begun: Begun, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a subscription and send what it has to tell, until either side ends it."""
        head, admitted, prepared = begun.head, begun.admitted, begun.prepared
        who = caller(head, admitted.token, admitted.by_cookie, "sse")
        try:
            context = await self.edge.open_context(who)
            context.resume = _last_event(head)
            stream = EventStream(self, prepared, send)
            stream.session = self.sessions.join(stream, who, context)
        except Exception as failure:
            await _whole(send, self.responses.failed(head, admitted.media, failure, prepared))
            return
        try:
            source = await stream.open(context)
            if isinstance(source, Answer):
                members = error_members(source.errors, prepared)
                status = STATUS_BY_CODE.get(code_of(members[0]), 200)
                if status != 200:
                    await _whole(send, self.responses.with_errors(head, admitted.media, status, members))
                    return
                # A browser's EventSource shows its page nothing of a refused request: that is told in the stream.
                body = framed(encode({"errors": members}), None) + COMPLETE
                await _whole(send, self.responses.answered(head, EVENTS, body))
                return
            scope[STREAMING] = True
            fields = self.responses.streamed(head).fields
            await send({"type": "http.response.start", "status": 200, "headers": fields})
            await stream.run(source, receive)
        finally:
            stream.close()


class EventStream:
    """One stream: what it has still to send, and who fills it."""

    def __init__(self, streams: Streams, prepared: Prepared, send: Send) -> None:
        self.session: Session | None = None
        self._streams = streams
        self._prepared = prepared
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()
        self._sent = asyncio.Event()
        self._ending = False
        self._seat: Seat | None = None

    # What its session and those who hear the same tell.

    def end(self, why: Closed) -> None:
        """Send nothing more: the client comes back with its cursor, where it may."""
        self._waiting.clear()
        self._over()

    def frame(self, id_: str, payload: bytes, cursor: str | None) -> tuple[Any, int]:
        """A result as it goes out, and its length; the same for all streams."""
        event = framed(payload, cursor)
        return event, len(event)

    @property
    def alike(self) -> Any:
        """What is equal for those who are sent the same bytes."""
        return framed

    def deliver(self, id_: str, framed: Any, size: int) -> None:
        """Send a result that many share; one who reads too slowly is let go, and comes back with the last cursor."""
        pace = self._streams.pace
        if self._ending:
            return
        if len(self._waiting) >= pace.queued or self._bytes + size > pace.queued_bytes:
            self._over()
            return
        self._put(framed)

    def fail(self, id_: str, errors: Sequence[GraphQLError], prepared: Prepared) -> None:
        """End with errors; with none, as complete."""
        if errors:
            self._put(framed(encode({"errors": error_members(errors, prepared)}), None))
        self._put(COMPLETE)
        self._over()

    # Its own life.

    async def open(self, context: Context) -> Any:
        """The subscription's source, or the answer that is all there is."""
        return await self._streams.edge.engine.open(self._prepared, context)

    async def run(self, source: Any, receive: Receive) -> None:
        """Send what the source tells, until either side ends it."""
        tasks = [asyncio.create_task(self._follow(source)), asyncio.create_task(self._until_gone(receive))]
        try:
            start = getattr(source, "start", None)
            self._put(BEAT if start is None else b"id: %s\n\n" % start.encode())
            await self._write()
        except OSError:
            return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if self._seat is None:
                await source.aclose()

    def close(self) -> None:
        """Let go of everything that it held."""
        self._over()
        if self._seat is not None:
            self._seat.cancel()
        if self.session is not None:
            self.session.leave(self)

    async def _follow(self, source: Any) -> None:
        engine, session = self._streams.edge.engine, self.session
        assert session is not None
        try:
            while not (isinstance(source, Shared) and source.level):
                await self._room()
                try:
                    event = await anext(source)
                except StopAsyncIteration:
                    self.fail("", (), self._prepared)
                    return
                answer = await engine.answer(self._prepared, event, await session.context())
                self._put(framed(encode(answer_members(answer, self._prepared)), getattr(event, "cursor", None)))
            # Nothing was awaited since the last event was taken, so that none is missed and none comes twice.
            self._seat = self._streams.fanout.join(self, "", self._prepared, session, source)
        except Closed as why:
            self.end(why)
        except Exception as failure:
            self.fail("", (failure_error(failure),), self._prepared)

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(Closed(1000))

    async def _write(self) -> None:
        """Send what waits as it comes, and a sign of life where nothing does."""
        while True:
            try:
                async with asyncio.timeout(self._streams.pace.ping):
                    await self._ready.wait()
            except TimeoutError:
                self._put(BEAT)
            self._ready.clear()
            pieces, self._bytes = b"".join(self._waiting), 0
            self._waiting.clear()
            ending = self._ending
            await self._send({"type": "http.response.body", "body": pieces, "more_body": not ending})
            self._sent.set()
            if ending:
                return

    async def _room(self) -> None:
        """Return when what was read from the log has gone out: the log keeps the rest."""
        while self._waiting and not self._ending:
            self._sent.clear()
            await self._sent.wait()

    def _put(self, event: bytes) -> None:
        if not self._ending:
            self._waiting.append(event)
            self._bytes += len(event)
            self._ready.set()

    def _over(self) -> None:
        self._ending = True
        self._ready.set()
        self._sent.set()


async def _whole(send: Send, response: Response) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.fields})
    await send({"type": "http.response.body", "body": response.body})


def _last_event(head: Head) -> str | None:
    """The cursor with which an EventSource comes back; it stands above the one that its address began with."""
    last = head.one(b"last-event-id")
    return last if last and len(last) <= CURSOR_LENGTH else None
