"""A client of Server-Sent Events as a browser has it (WHATWG HTML, 9.2): it reads, remembers ids, and comes back."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Event:
    """One event: its kind, its data, and the last id that stood before it."""

    kind: str
    data: Any
    id: str


class EventSource:
    """Connects, and connects again with `Last-Event-ID` whenever it is told to."""

    def __init__(
        self, port: int, query: str, token: str, variables: Mapping[str, Any] | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.last_id = ""
        self.status = 0
        self.fields: dict[str, str] = {}
        self._place = (host, port)
        self._address = "/graphql?" + urlencode({"query": query, "variables": json.dumps(dict(variables or {}))})
        self._token = token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> "EventSource":
        """Connect, with the last id where there is one; returns when the head of the answer is there."""
        self._reader, self._writer = await asyncio.open_connection(*self._place)
        head = [f"GET {self._address} HTTP/1.1", "Host: x", "Accept: text/event-stream"]
        head += [f"Authorization: Bearer {self._token}"] if self._token else []
        head += [f"Last-Event-ID: {self.last_id}"] if self.last_id else []
        self._writer.write("\r\n".join([*head, "", ""]).encode())
        lines = (await self._within(self._reader.readuntil(b"\r\n\r\n"))).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        return self

    async def cut(self) -> None:
        """Lose the connection."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None

    async def body(self) -> Any:
        """The body of an answer that is no stream."""
        assert self._reader is not None
        return json.loads(await self._within(self._reader.readexactly(int(self.fields["content-length"]))))

    async def event(self) -> Event | None:
        """The next event that has data, or is of a kind of its own; None where the stream has ended."""
        kind, data = "message", list[str]()
        async for line in self._lines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data.append(value)
            elif not line:
                if data:
                    text = "\n".join(data)
                    return Event(kind, json.loads(text) if text else None, self.last_id)
                kind = "message"
        return None

    async def begun(self) -> str:
        """The id with which the stream begins."""
        async for line in self._lines():
            if not line and self.last_id:
                break
            if line.startswith("id: "):
                self.last_id = line.removeprefix("id: ")
        return self.last_id

    async def _lines(self) -> AsyncIterator[str]:
        assert self._reader is not None
        chunked = self.fields.get("transfer-encoding") == "chunked"
        rest = getattr(self, "_rest", b"") if self._at is self._reader else b""
        self._at = self._reader
        while True:
            while b"\n" in rest:
                line, _, rest = rest.partition(b"\n")
                self._rest = rest
                yield line.decode()
            piece = await self._within(self._piece(chunked))
            if not piece:
                return
            rest += piece
            self._rest = rest

    _at: asyncio.StreamReader | None = None
    _rest: bytes = b""

    async def _piece(self, chunked: bool) -> bytes:
        assert self._reader is not None
        if not chunked:
            return await self._reader.read(65_536)
        try:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            piece = await self._reader.readexactly(size + 2)
        except asyncio.IncompleteReadError:
            return b""
        return piece[:-2]

    async def _within(self, wait: Any) -> Any:
        async with asyncio.timeout(10):
            return await wait


@asynccontextmanager
async def event_source(
    port: int, query: str, token: str, variables: Mapping[str, Any] | None = None
) -> AsyncIterator[EventSource]:
    """A connected source, cut at the end."""
    made = await EventSource(port, query, token, variables).open()
    try:
        yield made
    finally:
        await made.cut()
