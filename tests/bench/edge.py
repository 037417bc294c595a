"""What the edge costs in process, without a socket: microseconds of CPU for a request, and for each of its stages.

    python -m tests.bench.edge [requests]

The median of seven interleaved rounds over a made district. `asgi` is the whole application as uvicorn would call it,
`direct` the protocol with the bytes of a request; `given` answers come from memory, `computed` ones do not. `nothing`
is an application that gives back what it gets.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gateway.app import Gateway, create_app
from gateway.authentication import CHEAPEST
from gateway.operators import migrate_store
from gateway.serving import configure
from gateway.settings import load_settings
from gateway.transport.head import Head
from gateway.transport.responder import Admitted, Responder
from loaders.database import Writer
from loaders.demo import make_district
from loaders.portal.accounts import NewAccount, add_account
from loaders.portal.sessions import NewSession, Tokens, add_session
from resolvers.context import ClientKind
from resolvers.portal.tokens import token_hash

ROUNDS = 7
TOKEN = "benchmark-of-the-edge-session-of-one-parent"
DOCUMENTS = {
    "trivial": "{ __typename }",
    "small": "query Small { me { name students { name gradeLevel } } }",
}
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Client:
    """One that asks the same again and again, as a server on a socket would hand it over."""

    def __init__(self, app: App, document: str, variables: dict[str, Any] | None = None) -> None:
        self.app = app
        self.body = orjson.dumps({"query": document} | ({} if variables is None else {"variables": variables}))
        self.headers = [
            (b"host", b"127.0.0.1:8000"),
            (b"user-agent", b"bench"),
            (b"accept", b"application/json"),
            (b"content-type", b"application/json"),
            (b"authorization", b"Bearer " + TOKEN.encode()),
            (b"content-length", b"%d" % len(self.body)),
        ]
        self.status = 0
        self.answer = b""

    async def receive(self) -> dict[str, Any]:
        """The whole body at once."""
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Any) -> None:
        """Keep the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.answer = message["body"]

    async def ask(self) -> None:
        """One request."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "root_path": "",
            "headers": self.headers,
            "state": {},
            "method": "POST",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
        }
        await self.app(scope, self.receive, self.send)


class Wire(asyncio.Transport):
    """A connection whose bytes are kept and go nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Addresses of this machine."""
        return ("127.0.0.1", 50000) if name in ("peername", "sockname") else default

    def is_closing(self) -> bool:
        """Never."""
        return False

    def write(self, data: Any) -> None:
        """Keep what was said last."""
        self.said = data

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """There is but one."""


class Socket:
    """The same client on a connection of uvicorn's, with the gateway's protocol."""

    def __init__(self, client: Client, app: Gateway) -> None:
        config = configure(app, endpoint=app.endpoint)
        config.load()
        protocol: Any = config.http_protocol_class
        self.wire = Wire()
        self.protocol = protocol(config=config, server_state=ServerState(), app_state={})
        self.protocol.connection_made(self.wire)
        fields = b"".join(b"%s: %s\r\n" % field for field in client.headers)
        self.raw = b"POST /graphql HTTP/1.1\r\n" + fields + b"\r\n" + client.body

    async def ask(self) -> None:
        """One request."""
        self.wire.said = b""
        self.protocol.data_received(self.raw)
        while not self.wire.said:  # noqa: ASYNC110 - nothing is waited for but the loop's turns
            await asyncio.sleep(0)


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that only takes a request and gives an answer."""
    message = await receive()
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(message["body"]))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": message["body"]})


async def open_portal(url: str, guardian: int) -> None:
    """A portal store with one live session."""
    await migrate_store(url)
    writer, now = await Writer.open(url), datetime.now(UTC)
    ends = now + timedelta(days=1)
    try:
        async with writer.transaction() as transaction:
            account = await add_account(transaction, NewAccount("ana", "ana", "none", str(guardian), frozenset(), now))
            tokens = Tokens(token_hash(TOKEN), ends)
            kind = ClientKind.MOBILE.value
            await add_session(transaction, NewSession(account, kind, None, "", "", tokens, ends, now))
    finally:
        await writer.close()


async def measure(ask: Callable[[], Awaitable[None]], requests: int) -> float:
    """Microseconds of CPU for one of so many calls."""
    began = process_time()
    for _ in range(requests):
        await ask()
    return (process_time() - began) / requests * 1e6


def stages(responder: Responder, client: Client) -> dict[str, Callable[[], Any]]:
    """The steps of a request whose answer is given again, each alone."""
    head = Head("POST", b"", client.headers, "127.0.0.1")
    admitted = responder.admit(head)
    prepared = responder._requests.in_body(client.body)
    edge = responder._edge
    assert isinstance(admitted, Admitted)
    assert edge.remembered is not None
    assert edge.answers is not None
    token, mark = admitted.token or "", edge.answers.mark()
    viewer = edge.remembered.viewer(token, admitted.by_cookie)
    body = edge.answers.find(mark, viewer, prepared)
    remembered, answers = edge.remembered, edge.answers
    assert body is not None
    return {
        "head": lambda: Head("POST", b"", client.headers, "127.0.0.1"),
        "admit": lambda: responder.admit(head),
        "request": lambda: responder._requests.in_body(client.body),
        "viewer": lambda: remembered.viewer(token, admitted.by_cookie),
        "mark": answers.mark,
        "find": lambda: answers.find(mark, viewer, prepared),
        "response": lambda: responder._sent(head, admitted.media, body),
        "all at once": lambda: responder.at_once(head, client.body),
    }


async def main(requests: int) -> None:
    """Print a line for each way, and for each stage."""
    with tempfile.TemporaryDirectory() as folder:
        sis, portal = Path(folder) / "sis.db", f"sqlite:///{folder}/portal.db"
        district = make_district(sis, students=200, seed=1, today=datetime.now(UTC).date())
        guardian = district.cases["parent"].guardian_id
        assert guardian is not None
        await open_portal(portal, guardian)
        asked: dict[str, Callable[[], Awaitable[None]]] = {"nothing": Client(nothing, "").ask}
        async with AsyncExitStack() as stack:
            for kind, memory in (("given", 2**24), ("computed", 0)):
                settings = load_settings(
                    sis_url=f"sqlite:///{sis}", portal_url=portal, answer_memory=memory, told_memory=memory
                )
                app = create_app(settings, hashing=CHEAPEST)
                await stack.enter_async_context(app.pages.router.lifespan_context(app.pages))
                for name, document in DOCUMENTS.items():
                    client = Client(app, document)
                    asked[f"{name}, {kind}, asgi"] = client.ask
                    asked[f"{name}, {kind}, direct"] = Socket(client, app).ask
                    if (name, kind) == ("small", "given"):
                        await client.ask()
                        responder = app.endpoint()
                        assert responder is not None
                        for stage, step in stages(responder, client).items():
                            asked[f"    {stage}"] = _awaited(step)
            took: dict[str, list[float]] = {name: [] for name in asked}
            for _ in range(ROUNDS):
                for name, ask in asked.items():
                    took[name].append(await measure(ask, requests))
            for name, times in took.items():
                print(f"{name:28}{median(times):9.1f} µs")


def _awaited(step: Callable[[], Any]) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        step()

    return ask


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
