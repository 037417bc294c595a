"""GraphQL over WebSocket, in the protocol graphql-transport-ws: the door, and all who are inside."""

import asyncio

from starlette.types import Receive, Scope, Send

from gateway.transport.alarms import Alarms
from gateway.transport.asgi import TAKE_OVER, AsgiWire, TakenSocket
from gateway.transport.connection import Connection, Inside, Pace
from gateway.transport.fanout import Fanout
from gateway.transport.head import Head, read_head
from gateway.transport.messages import PROTOCOL
from gateway.transport.origin import origin_allowed
from gateway.transport.outbox import Wire
from gateway.transport.protocol import Edge
from gateway.transport.responses import Responses
from gateway.transport.sessions import Revocations, Sessions
from gateway.transport.sse import Streams

DRAIN_TIMEOUT = 10.0


class WebSocketEndpoint:
    """The ASGI application of the GraphQL endpoint for sockets.

    Another site's page is refused before the handshake (403): a browser sends cookies and takes no CORS here. A socket
    without an Origin comes from no browser, and never gets a session by cookie. Where the server lets a socket be taken
    over, the conversation goes on when the application has returned, and no task is spent on it.
    """

    def __init__(self, edge: Edge, *, revocations: Revocations | None = None, pace: Pace | None = None) -> None:
        alarms = Alarms()
        self.fanout = Fanout(edge.engine)
        self._edge = edge
        self._inside = Inside(
            edge=edge,
            pace=pace or Pace(),
            alarms=alarms,
            sessions=Sessions(edge.open_context, revocations, alarms),
            fanout=self.fanout,
            left=self._left,
        )
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._closing = False

    def streams(self, responses: Responses) -> Streams:
        """The streams of events that share sessions, and what is heard, with the sockets."""
        inside = self._inside
        return Streams(self._edge, responses, inside.sessions, self.fanout, inside.pace)

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return len(self._connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one conversation, or hand it over."""
        await receive()
        if self._closing:
            await _deny(scope, send, 503)
            return
        head = read_head(scope)
        if head.every(b"origin") and not origin_allowed(head, self._edge):
            await _deny(scope, send, 403)
            return
        if PROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        taken: TakenSocket | None = scope.get("extensions", {}).get(TAKE_OVER)
        if taken is not None:
            taken.listen(self._connect(head, taken))
            return
        wire = AsgiWire(receive, send)
        await wire.talk(self._connect(head, wire))

    async def drain(self) -> None:
        """Take no more sockets, and close those that are open (1001) after their last event."""
        self._closing = True
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await asyncio.gather(*(connection.drain() for connection in tuple(self._connections)))
                while self._connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            return

    def _connect(self, head: Head, wire: Wire) -> Connection:
        connection = Connection(self._inside, head, wire)
        self._connections.add(connection)
        return connection

    def _left(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()


async def _deny(scope: Scope, send: Send, status: int) -> None:
    """Refuse the handshake with an HTTP status; servers that cannot say one answer 403."""
    if "websocket.http.response" in scope.get("extensions", {}):
        fields = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
        await send({"type": "websocket.http.response.start", "status": status, "headers": fields})
        await send({"type": "websocket.http.response.body", "body": b""})
        return
    await send({"type": "websocket.close"})
