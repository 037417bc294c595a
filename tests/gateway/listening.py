"""A server as the gateway configures it, asked in raw bytes."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import Receive, Scope, Send

from gateway.execution.engine import Engine
from gateway.heads import HEAD_SECONDS
from gateway.limits import Limits
from gateway.serving import configure
from gateway.transport.protocol import Edge
from gateway.transport.responder import Responder
from gateway.transport.websocket import WebSocketEndpoint
from tests.gateway.stage import DEADLINE, Stage, schema

SOON = 0.2
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
LAST = b"Connection: close\r\n\r\n"
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@dataclass
class Running:
    """A server, what its application was asked, and the gate before the answers to /wait."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: WebSocketEndpoint = field(
        default_factory=lambda: WebSocketEndpoint(
            Edge(Engine(schema, Limits()), Stage().open_context), revocations=Stage()
        )
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "websocket":
            await self.sockets(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        size, more = 0, scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            size, more = size + len(message["body"]), message["more_body"]
        if scope["path"] == "/wait":
            self.waiting.set()
            await self.gate.wait()
        names = b",".join(name for name, _ in scope["headers"])
        body = b"%s %d %s\n" % (scope["path"].encode(), size, names)
        fields = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(head_seconds: float = HEAD_SECONDS, *, direct: bool = False) -> AsyncIterator[Running]:
    """A server on a free port, gone at the end with all its connections; `direct` as the gateway is served."""
    app = Running()
    responder = Responder(Edge(Engine(schema, Limits()), Stage().open_context))
    config = configure(app, head_seconds=head_seconds, endpoint=(lambda: responder) if direct else None)
    config.timeout_graceful_shutdown = 1
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        app.port = bound.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            yield app
        finally:
            app.gate.set()
            server.should_exit = True
            await serving
    assert not server.server_state.connections


def _talk(port: int, raw: bytes) -> bytes:
    """All that comes until the server closes; a reset after its words is a close as well."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(raw)
        with contextlib.suppress(ConnectionResetError):
            while some := client.recv(65_536):
                said += some
    return said


async def talk(app: Running, raw: bytes) -> bytes:
    """All that is said to these bytes until the server closes."""
    return await asyncio.to_thread(_talk, app.port, raw)


def statuses(said: bytes) -> list[int]:
    """The statuses of the responses in these bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]
