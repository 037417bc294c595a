"""Serving: one uvicorn on one socket, which says when it takes connections and why it could not start."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway.direct import FORWARDED, DirectProtocol
from gateway.heads import HEAD_SECONDS, HeadProtocol
from gateway.sockets import SocketProtocol
from gateway.transport.responder import Responder

GRACE_SECONDS = 10
SOCKET_MESSAGE_BYTES = 65_536
BACKLOG = 2048

_uvicorn_log = logging.getLogger("uvicorn.error")


class AddressTaken(Exception):
    """The gateway cannot listen where it was told to; the message names the address and the remedy."""


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end on the fastest loop there is."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(work)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to that address; AddressTaken where another program has it, or the machine has no such address."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise AddressTaken(f"{host} is no address of this machine: set HOMEROOM_HOST to one that is.") from None
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise AddressTaken(_why(error, host, port)) from None
    return bound


def configure(
    app: ASGIApp,
    *,
    head_seconds: float = HEAD_SECONDS,
    endpoint: Callable[[], Responder | None] | None = None,
    trusted: Sequence[str] = ("127.0.0.1",),
) -> uvicorn.Config:
    """How the gateway has uvicorn serve: what strangers may send, and for how long they may take, is bounded.

    With `endpoint`, requests to it that need no application are answered by the protocol itself. `trusted` are the
    proxies that are believed for whom they ask.
    """
    kind = HeadProtocol if endpoint is None else DirectProtocol
    named: dict[str, Any] = {"head_seconds": head_seconds}
    if endpoint is not None:
        named["endpoint"] = staticmethod(endpoint)
    config = uvicorn.Config(
        app,
        interface="asgi3",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        http=type(kind.__name__, (kind,), named),
        ws=SocketProtocol,
        ws_max_size=SOCKET_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    config.app = _Forwarded(app, list(trusted))
    return config


async def serve(
    app: ASGIApp,
    bound: socket.socket,
    ready: Callable[[int], None],
    endpoint: Callable[[], Responder | None] | None = None,
    trusted: Sequence[str] = ("127.0.0.1",),
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` hears the port once connections are taken.

    What the application raises while it starts is raised here. `endpoint` and `trusted` are as `configure` has them.
    """
    startup = _Startup(app)
    server = _Server(configure(startup, endpoint=endpoint, trusted=trusted), lambda: ready(bound.getsockname()[1]))
    try:
        await server.serve(sockets=[bound])
    except SystemExit:
        if startup.failure is None:
            raise
    finally:
        _uvicorn_log.disabled = False
        bound.close()
    if startup.failure is not None:
        raise startup.failure


class _Forwarded:
    """The application, told by a trusted proxy's fields whom it asks for; without such fields nothing is in the way."""

    def __init__(self, app: ASGIApp, trusted: list[str] | str) -> None:
        self._app = app
        self._told: Any = ProxyHeadersMiddleware(cast("Any", app), trusted)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "lifespan":
            for name, _ in scope["headers"]:
                if name in FORWARDED:
                    told: Awaitable[None] = self._told(scope, receive, send)
                    return told
        return self._app(scope, receive, send)


class _Startup:
    """The application, with what it raised while it started kept instead of printed."""

    def __init__(self, app: ASGIApp) -> None:
        self.failure: Exception | None = None
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._start(scope, receive, send) if scope["type"] == "lifespan" else self._app(scope, receive, send)

    async def _start(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def quiet(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "lifespan.startup.complete"
            await send(message if started else {"type": message["type"]})

        try:
            await self._app(scope, receive, quiet)
        except Exception as error:
            if started:
                raise
            self.failure = error
            # Whoever started the server tells of the failure; uvicorn would only say that there was one.
            _uvicorn_log.disabled = True
            with suppress(AssertionError):
                await send({"type": "lifespan.startup.failed"})


class _Server(uvicorn.Server):
    """uvicorn, telling when it listens; a signal that stopped it is not raised again once it has stopped well."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        def stop(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken by another program: stop it, or set HOMEROOM_PORT to a free port."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} needs rights that this user has not: set HOMEROOM_PORT to 1024 or more."
    return f"{host} is no address of this machine: set HOMEROOM_HOST to one that is."


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
