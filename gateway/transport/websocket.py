"""GraphQL over WebSocket, in the protocol graphql-transport-ws: the door, and all who are inside."""

import asyncio

from starlette.types import Receive, Scope, Send

from gateway.transport.connection import Connection, Pace
from gateway.transport.head import read_head
from gateway.transport.messages import PROTOCOL
from gateway.transport.origin import origin_allowed
from gateway.transport.protocol import Edge
from gateway.transport.sessions import Revocations

DRAIN_TIMEOUT = 10.0


class WebSocketEndpoint:
    """The ASGI application of the GraphQL endpoint for sockets.

    Another site's page is refused before the handshake (403): a browser sends cookies and takes no CORS here. A socket
    without an Origin comes from no browser, and never gets a session by cookie.
    """

    def __init__(self, edge: Edge, *, revocations: Revocations | None = None, pace: Pace | None = None) -> None:
        self._edge = edge
        self._revocations = revocations
        self._pace = pace or Pace()
        self._connections: dict[Connection, asyncio.Event] = {}
        self._closing = False

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return len(self._connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one conversation."""
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
        connection = Connection(self._edge, self._pace, self._revocations, head, receive, send)
        over = self._connections[connection] = asyncio.Event()
        try:
            await connection.run()
        finally:
            del self._connections[connection]
            over.set()

    async def drain(self) -> None:
        """Take no more sockets, and close those that are open (1001) after their last event."""
        self._closing = True
        waiting = list(self._connections.values())
        for connection in self._connections:
            connection.drain()
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                for over in waiting:
                    await over.wait()
        except TimeoutError:
            return


async def _deny(scope: Scope, send: Send, status: int) -> None:
    """Refuse the handshake with an HTTP status; servers that cannot say one answer 403."""
    if "websocket.http.response" in scope.get("extensions", {}):
        fields = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
        await send({"type": "websocket.http.response.start", "status": status, "headers": fields})
        await send({"type": "websocket.http.response.body", "body": b""})
        return
    await send({"type": "websocket.close"})
