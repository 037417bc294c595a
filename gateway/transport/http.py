"""GraphQL over HTTP (graphql.github.io/graphql-over-http), by ASGI: one request, one answer."""

from graphql import OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.execution.codes import TIMEOUT
from gateway.transport.accept import wants_page
from gateway.transport.head import Head, read_head
from gateway.transport.protocol import Edge
from gateway.transport.responder import Begun, Responder
from gateway.transport.responses import Refused, Response
from gateway.transport.sse import as_stream
from gateway.transport.websocket import WebSocketEndpoint
from loaders.database.deadlines import Deadlines


class _Gone(Exception):
    """The client left before its request was complete."""


class HttpEndpoint:
    """The ASGI application of the GraphQL endpoint for HTTP; `page` answers browsers that come without a query.

    Streams of events share what they hear, and their sessions, with the `sockets`.
    """

    def __init__(self, edge: Edge, *, page: ASGIApp | None = None, sockets: WebSocketEndpoint | None = None) -> None:
        self.responder = Responder(edge, streams=sockets is not None)
        self._streams = None if sockets is None else sockets.streams(self.responder.responses)
        self._most = edge.engine.limits.body_bytes
        self._receipts = Deadlines(edge.engine.limits.receipt)
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is JSON with a code, and none has `data`."""
        head = read_head(scope)
        if self._page is not None and browsing(head):
            await self._page(scope, receive, send)
            return
        try:
            response = await self._respond(head, receive)
        except _Gone:
            return
        if isinstance(response, Begun):
            assert self._streams is not None
            await self._streams.serve(response, scope, receive, send)
            return
        await send({"type": "http.response.start", "status": response.status, "headers": response.fields})
        await send({"type": "http.response.body", "body": b"" if head.method == "HEAD" else response.body})

    async def _respond(self, head: Head, receive: Receive) -> Response | Begun:
        """The response, or the subscription that is to be streamed."""
        admitted = self.responder.admit(head)
        if isinstance(admitted, Response):
            return admitted
        try:
            body = await self._body(receive) if head.method == "POST" else b""
        except Refused as refused:
            return self.responder.responses.refused(head, admitted.media, refused)
        begun = self.responder.begin(head, admitted, body)
        if isinstance(begun, Begun) and begun.prepared.kind is OperationType.SUBSCRIPTION:
            return begun
        response = begun if isinstance(begun, Response) else await self.responder.finish(begun)
        return as_stream(response, self.responder.responses, head) if self.responder.streamed(head) else response

    async def _body(self, receive: Receive) -> bytes:
        """The whole body, within its time."""
        deadline = self._receipts.begin()
        try:
            return await self._received(receive)
        finally:
            if self._receipts.end(deadline):
                raise Refused(408, "The body did not arrive in time.", TIMEOUT, connection="close") from None

    async def _received(self, receive: Receive) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            piece = message.get("body", b"")
            size += len(piece)
            if size > self._most:
                raise self.responder.too_large()
            pieces.append(piece)
            if not message.get("more_body", False):
                return b"".join(pieces)


def browsing(head: Head) -> bool:
    """Whether a browser asks for the page at this address."""
    return head.method in ("GET", "HEAD") and not head.query and wants_page(head.every(b"accept"))
