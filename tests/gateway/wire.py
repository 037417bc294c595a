"""HTTP byte by byte, for tests that care about what is on the wire."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from tests.gateway.stage import DEADLINE, Served

JSON_IN = {"content-type": "application/json"}


@dataclass(frozen=True)
class Reply:
    """A response: its status, its headers in lower case, its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return orjson.loads(self.body)

    def code(self) -> str:
        """The code of the first error of a response without data."""
        members = self.json()
        assert "data" not in members
        return str(members["errors"][0]["extensions"]["code"])


async def exchange(served: Served, raw: bytes, *, then_close: bool = False) -> bytes:
    """Everything that the server sends back until it closes; `then_close` half-closes after the last byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        writer.write(raw)
        if then_close:
            writer.write_eof()
        async with asyncio.timeout(DEADLINE):
            return await reader.read()
    finally:
        writer.close()


async def ask(
    served: Served,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    query: Mapping[str, str] | str | None = None,
) -> Reply:
    """One request over a connection of its own; nothing is sent that the test does not name but a host and a length."""
    path = "/graphql"
    if query:
        path += "?" + (query if isinstance(query, str) else urlencode(query))
    sent = {"host": f"127.0.0.1:{served.port}", "connection": "close", **(headers or {})}
    if (body or method == "POST") and "transfer-encoding" not in sent:
        sent.setdefault("content-length", str(len(body)))
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return parse(await exchange(served, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body))


def parse(raw: bytes) -> Reply:
    """The response in these bytes."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Reply(int(first.split()[1]), fields, body)


async def post(served: Served, members: Any, **headers: str) -> Reply:
    """One JSON request; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(served, "POST", JSON_IN | named, orjson.dumps(members))


async def run(served: Served, document: str, variables: Mapping[str, Any] | None = None) -> Any:
    """The members of the response to a document."""
    return (await post(served, {"query": document, "variables": variables})).json()
