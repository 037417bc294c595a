"""A small schema and a real server for the tests of the edge: what it is asked, and what it holds open, is counted."""

import asyncio
import contextlib
import socket
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import strawberry
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.types import Info

from gateway.execution.documents import Prepared
from gateway.execution.engine import Engine
from gateway.limits import Limits
from gateway.serving import configure
from gateway.sockets import SocketProtocol
from gateway.transport.connection import Pace
from gateway.transport.http import HttpEndpoint
from gateway.transport.protocol import Edge
from gateway.transport.responder import Responder
from gateway.transport.websocket import WebSocketEndpoint
from loaders.errors import SourceDown
from loaders.source import Source
from resolvers.context import Caller, Context, Viewer
from resolvers.errors import Forbidden, RateLimited

DEADLINE = 30.0
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Stage:
    """What the tests look at and turn: sessions by token, contexts opened, streams that are open."""

    sessions: dict[str, int] = field(default_factory=lambda: {"maria": 1, "omar": 2})
    watches: dict[int, list[Callable[[], None]]] = field(default_factory=lambda: defaultdict(list))
    callers: list[Caller] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    live: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    boards: list["Board"] = field(default_factory=list)
    standings: dict[str, str | None] = field(default_factory=dict)
    barred: set[str] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    session_lasts: timedelta = timedelta(hours=12)
    away: bool = False

    def now(self) -> datetime:
        """The stage's clock stands still."""
        return NOW

    def watch(self, session_id: int, ended: Callable[[], None]) -> Callable[[], None]:
        """Call `ended` when the session is revoked."""
        watches = self.watches[session_id]
        watches.append(ended)
        return lambda: watches.remove(ended)

    def revoke(self, session_id: int) -> None:
        """End the session, and tell so."""
        for ended in tuple(self.watches[session_id]):
            ended()

    async def open_context(self, caller: Caller) -> Context:
        """A context of its own for each question."""
        self.callers.append(caller)
        if self.away:
            raise SourceDown("secret-host:5432 does not answer")
        session = self.sessions.get(caller.token or "")
        viewer = None
        if session is not None:
            viewer = Viewer(session, session, caller.token or "", "1", frozenset(), NOW + self.session_lasts)
        context = Context(cast("Source", self), viewer, caller, portal=self, live=None)
        self.contexts.append(context)
        return context

    def forget(self) -> None:
        """Back to the beginning, between two tests."""
        self.__init__()  # type: ignore[misc]

    def pin(self, number: int) -> None:
        """Tell all who listen of a notice, in one turn of the loop."""
        notice = Pinned(number)
        for board in tuple(self.boards):
            if board.hear is not None:
                board.hear(notice)

    def opened(self, by: int) -> None:
        """Count a stream that opens (1) or is released (-1)."""
        self.live += by
        self.changed.set()

    async def until_live(self, streams: int) -> None:
        """Wait until so many streams are open; TimeoutError where it does not come to that."""
        async with asyncio.timeout(DEADLINE):
            while self.live != streams:
                self.changed.clear()
                await self.changed.wait()


def stage_of(info: Info[Any, Any]) -> Stage:
    """The stage behind a resolver's context."""
    return cast("Stage", info.context.portal)


@strawberry.type
class Item:
    """A thing among others."""

    name: str = "item"

    @strawberry.field
    def items(self, first: int | None = None) -> list["Item"]:
        """Things below this thing."""
        return [Item() for _ in range(first or 0)]

    @strawberry.field
    def other(self) -> "Item":
        """A thing beside this thing."""
        return Item()


@strawberry.type
class Page:
    """A page of things."""

    nodes: list[Item]


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    def greeting(self, name: str = "you") -> str:
        return f"Hello, {name}!"

    @strawberry.field
    def viewer(self, info: Info[Any, Any]) -> str | None:
        viewer = info.context.viewer
        return viewer.username if viewer else None

    @strawberry.field
    def items(self) -> list[Item]:
        return [Item()]

    @strawberry.field
    def item(self) -> Item:
        return Item()

    @strawberry.field
    def page(self, first: int | None = None, after: str | None = None) -> Page:
        return Page(nodes=[Item()] * (first or 20))

    @strawberry.field
    def crash(self) -> str | None:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def crashes(self) -> list[Item]:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def refused(self) -> str | None:
        raise Forbidden("This is for parents.")

    @strawberry.field
    def busy(self) -> str | None:
        raise RateLimited("Too many tries.", retry_after=30)

    @strawberry.field
    def late(self) -> str | None:
        raise TimeoutError("lock on table users")

    @strawberry.field
    def away(self) -> str | None:
        raise SourceDown("secret-host:5432")

    @strawberry.field
    def surrogate(self) -> str:
        return "\ud800"

    @strawberry.field
    async def slow(self, info: Info[Any, Any]) -> str:
        stage = stage_of(info)
        stage.opened(1)
        try:
            await stage.gate.wait()
        finally:
            stage.opened(-1)
        return "at last"


@strawberry.type
class Mutation:
    """What can be changed."""

    @strawberry.mutation
    def note(self, text: str, info: Info[Any, Any]) -> str:
        stage_of(info).ran.append(text)
        return text

    @strawberry.mutation
    def log_in(self, info: Info[Any, Any]) -> bool:
        info.context.reply.session_cookie = "maria"
        info.context.reply.cookie_expires_at = NOW + timedelta(hours=12)
        return True

    @strawberry.mutation
    def log_out(self, info: Info[Any, Any]) -> bool:
        info.context.reply.session_cookie = ""
        return True


@strawberry.type
class Moment:
    """An event that is read again when it leaves."""

    @strawberry.field
    def context(self, info: Info[Any, Any]) -> int:
        """Which of the stage's contexts it is read with."""
        return next(n for n, context in enumerate(stage_of(info).contexts) if context is info.context)


@strawberry.type
class Notice:
    """Something on the board."""

    number: int

    @strawberry.field
    def reader(self, info: Info[Any, Any]) -> str:
        return info.context.viewer.username if info.context.viewer else "nobody"

    @strawberry.field
    def text(self, size: int) -> str:
        return "." * size

    @strawberry.field
    async def late(self, info: Info[Any, Any]) -> int:
        stage = stage_of(info)
        stage.opened(1)
        try:
            await stage.gate.wait()
        finally:
            stage.opened(-1)
        return self.number

    @strawberry.field
    def private(self, info: Info[Any, Any]) -> str | None:
        name = info.context.viewer.username
        if name in stage_of(info).barred:
            raise Forbidden(f"This is not for {name}.")
        return "for all"


class Board:
    """A source that is listened to: every notice of the stage, as a number."""

    level = True

    def __init__(self, stage: Stage, room: str) -> None:
        self.stage = stage
        self.audience = room
        self.hear: Callable[[Any], None] | None = None
        self.over: Callable[[Exception | None], None] | None = None
        stage.boards.append(self)
        stage.opened(1)

    def listen(self, hear: Callable[[Any], None], over: Callable[[Exception | None], None]) -> None:
        """Hear every notice."""
        self.hear, self.over = hear, over
        self.stage.changed.set()

    def value(self, event: "Pinned") -> Notice:
        """The notice."""
        return Notice(number=event.number)

    async def standings(self, event: "Pinned", contexts: Sequence[Context]) -> list[Any]:
        """How each viewer stands, as the stage says."""
        self.stage.asked.append(len(contexts))
        names = [context.viewer.username if context.viewer else "" for context in contexts]
        return [self.stage.standings.get(name, "alike") for name in names]

    def let_go(self) -> None:
        """Hear no more."""
        if self in self.stage.boards:
            self.stage.boards.remove(self)
            self.stage.opened(-1)

    def __aiter__(self) -> "Board":
        return self

    async def __anext__(self) -> Notice:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Hear no more."""
        self.let_go()


@dataclass(frozen=True)
class Pinned:
    """A notice as the board tells of it."""

    number: int


@strawberry.type
class Subscription:
    """What can be followed."""

    @strawberry.subscription
    async def notices(self, info: Info[Any, Any], room: str = "hall") -> AsyncGenerator[Notice, None]:
        return cast("AsyncGenerator[Notice, None]", Board(stage_of(info), room))

    @strawberry.subscription
    async def count(self, info: Info[Any, Any], to: int, after: int = 0, size: int = 0) -> AsyncGenerator[str, None]:
        stage = stage_of(info)
        stage.opened(1)
        try:
            for number in range(after + 1, to + 1):
                yield str(number) + "." * size
        finally:
            stage.opened(-1)

    @strawberry.subscription
    async def steps(self, info: Info[Any, Any]) -> AsyncGenerator[str, None]:
        stage = stage_of(info)
        stage.opened(1)
        try:
            number = 0
            while True:
                await stage.gate.wait()
                stage.gate.clear()
                number += 1
                yield str(number)
        finally:
            stage.opened(-1)

    @strawberry.subscription
    async def moments(self) -> AsyncGenerator[Moment, None]:
        for _ in range(3):
            yield Moment()

    @strawberry.subscription
    async def barred(self) -> AsyncGenerator[str, None]:
        raise Forbidden("This is for parents.")
        yield ""

    @strawberry.subscription
    async def breaks(self, info: Info[Any, Any]) -> AsyncGenerator[str, None]:
        yield "1"
        raise RuntimeError("password=hunter2")


schema = strawberry.Schema(Query, Mutation, Subscription)


@dataclass
class Served:
    """A server that runs, and the stage behind it."""

    port: int
    stage: Stage
    engine: Engine
    sockets: WebSocketEndpoint

    @property
    def url(self) -> str:
        """The endpoint's address for HTTP."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket(self) -> str:
        """The endpoint's address for sockets."""
        return f"ws://127.0.0.1:{self.port}/graphql"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """The page for browsers."""
    fields = [(b"content-type", b"text/html"), (b"content-length", b"15")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"<!doctype html>"})


class AlikeEngine(Engine):
    """An engine that knows of every operation that viewers who stand alike are answered alike."""

    def shareable(self, prepared: Prepared) -> bool:
        """All are."""
        return True


@asynccontextmanager
async def listening(app: ASGIApp, *, taken: bool = True, responder: Responder | None = None) -> AsyncIterator[int]:
    """The port of a real server of an application, gone at the end; where not `taken`, with uvicorn's own sockets.

    With a `responder` it is served as the gateway is, by the short way to it.
    """
    if responder is not None:
        config = configure(app, endpoint=lambda: responder)
        config.port, config.lifespan, config.timeout_graceful_shutdown = 0, "off", 1
    else:
        config = uvicorn.Config(
            app,
            "127.0.0.1",
            0,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
            ws=SocketProtocol if taken else "auto",
            ws_per_message_deflate=False,
        )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(DEADLINE):
            await server.ready.wait()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def serve(
    *,
    limits: Limits | None = None,
    pace: Pace | None = None,
    origins: frozenset[str] = frozenset({"https://app.example"}),
    secure: bool = False,
    taken: bool = True,
    alike: bool = False,
    direct: bool = False,
) -> AsyncIterator[Served]:
    """The stage on a real server; viewers who stand alike are answered `alike`, or each apart.

    `direct` answers without ASGI what can be.
    """
    stage = Stage()
    engine = (AlikeEngine if alike else Engine)(schema, replace(limits or Limits()))
    edge = Edge(engine, stage.open_context, allowed_origins=origins, secure_cookies=secure)
    http = HttpEndpoint(edge, page=page)
    sockets = WebSocketEndpoint(edge, revocations=stage, pace=pace)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (sockets if scope["type"] == "websocket" else http)(scope, receive, send)

    async with listening(app, taken=taken, responder=http.responder if direct else None) as port:
        try:
            yield Served(port, stage, engine, sockets)
        finally:
            stage.gate.set()
