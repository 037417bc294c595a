"""A way to a server that runs through here, and can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit


class Hose:
    """A way to a server that can be cut, and stay cut."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.to = (parts.hostname or "127.0.0.1", parts.port or (6379 if parts.scheme == "redis" else 5432))
        self.cut_off = False
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self, host: str = "127.0.0.1") -> AsyncIterator["Hose"]:
        """The hose, with a port of its own on that address."""
        async with await asyncio.start_server(self._begin, host, 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            self.cut()
            await asyncio.gather(*self._tasks)

    @asynccontextmanager
    async def open_at(self, path: Path) -> AsyncIterator["Hose"]:
        """The hose, as a socket in the file system, which reaches into every network of the machine."""
        async with await asyncio.start_unix_server(self._begin, path):
            yield self
            self.cut()
            await asyncio.gather(*self._tasks)

    def cut(self) -> None:
        """Breaks off what flows, and lets nothing flow until `cut_off` is taken back."""
        self.cut_off = True
        for writer in self._writers:
            writer.transport.abort()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._carry(reader, writer)))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut_off:
            writer.transport.abort()
            return
        to_reader, to_writer = await asyncio.open_connection(*self.to)
        self._writers |= {writer, to_writer}
        await asyncio.gather(self._pour(reader, to_writer), self._pour(to_reader, writer), return_exceptions=True)

    async def _pour(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        finally:
            writer.transport.abort()
