"""The pipelines of one PostgreSQL database: opened together, chosen by how many wait, opened again when lost."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg

from loaders.database.pipeline import Pipeline

RETRY_SECONDS = 1.0


class Pipelines:
    """At most `size` pipelines; whoever finds none here has to ask a connection of its own."""

    def __init__(self, connect: Callable[[], Awaitable[Pipeline]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._open: list[Pipeline] = []
        self._opening: asyncio.Task[None] | None = None
        self._after = 0.0
        self._closed = False

    def shortest(self) -> Pipeline | None:
        """The pipeline where the fewest calls are under way; None where none is open."""
        found: Pipeline | None = None
        for pipeline in self._open:
            if pipeline.usable and (found is None or pipeline.waiting < found.waiting):
                found = pipeline
        return found

    async def fill(self) -> int:
        """Opens those that are missing, as far as the server lets us; how many there are then."""
        self._open = [pipeline for pipeline in self._open if pipeline.usable]
        while len(self._open) < self._size and not self._closed:
            try:
                pipeline = await self._connect()
            except (psycopg.Error, OSError):
                break
            if self._closed:
                pipeline.close()
            else:
                self._open.append(pipeline)
        return len(self._open)

    def refill(self) -> None:
        """Opens lost ones in the background, now and then: call it when the server has just answered."""
        if self._opening is not None or sum(pipeline.usable for pipeline in self._open) == self._size:
            return
        now = asyncio.get_running_loop().time()
        if now >= self._after and not self._closed:
            self._after = now + RETRY_SECONDS
            self._opening = asyncio.create_task(self._refilled())

    async def close(self) -> None:
        """Closes them at once; their callers have to ask elsewhere."""
        self._closed = True
        for pipeline in self._open:
            pipeline.close()
        if self._opening is not None:
            await asyncio.wait({self._opening})

    async def _refilled(self) -> None:
        try:
            await self.fill()
        finally:
            self._opening = None
