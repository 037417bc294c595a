"""What the edge costs in process: a request through the whole application, without a socket, in microseconds of CPU.

    python -m tests.bench.edge [requests]

The median of seven interleaved rounds over a made district; `nothing` is the loop alone with a receive and a send.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from gateway.app import create_app
from gateway.authentication import CHEAPEST
from gateway.operators import migrate_store
from gateway.settings import load_settings
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


async def main(requests: int) -> None:
    """Print a line for each document and setting."""
    with tempfile.TemporaryDirectory() as folder:
        sis, portal = Path(folder) / "sis.db", f"sqlite:///{folder}/portal.db"
        district = make_district(sis, students=200, seed=1, today=datetime.now(UTC).date())
        guardian = district.cases["parent"].guardian_id
        assert guardian is not None
        await open_portal(portal, guardian)
        settings = load_settings(sis_url=f"sqlite:///{sis}", portal_url=portal)
        app = create_app(settings, hashing=CHEAPEST)
        async with app.pages.router.lifespan_context(app.pages):
            clients = {"nothing": Client(nothing, "")} | {
                name: Client(app, document) for name, document in DOCUMENTS.items()
            }
            took: dict[str, list[float]] = {name: [] for name in clients}
            for _ in range(ROUNDS):
                for name, client in clients.items():
                    took[name].append(await measure(client.ask, requests))
            for name, client in clients.items():
                print(f"{name:12}{median(took[name]):9.1f} µs   {client.status} {client.answer[:60]!r}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
