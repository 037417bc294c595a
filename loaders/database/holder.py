"""One connection of a `databases.Database`, held for as long as it is wanted."""

import asyncio
from contextlib import suppress
from typing import Any, Self

from databases import Database


class Holder:
    """Holds a connection in a task of its own, because `databases` ties a connection to the task that opened it."""

    def __init__(self) -> None:
        self.raw: Any = None
        self._given_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, database: Database, seconds: float) -> Self:
        """A connection that is open; TimeoutError after `seconds`, or the driver's own error."""
        holder = cls()
        ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        holder._task = task = asyncio.create_task(holder._hold(database, ready), name="database connection")
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            task.cancel()
            with suppress(BaseException):
                await task
            raise
        if task.done():
            ready.cancel()
            await task
        holder.raw = ready.result()
        return holder

    async def close(self) -> None:
        """Gives the connection up and waits until it is closed, whatever state it was in."""
        self._given_up.set()
        if self._task is not None:
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.exception()

    async def _hold(self, database: Database, ready: asyncio.Future[Any]) -> None:
        async with database.connection() as connection:
            ready.set_result(connection.raw_connection)
            await self._given_up.wait()
