"""PostgreSQL's LISTEN and NOTIFY: one connection a process, and one small transaction of its own a call.

A NOTIFY takes a lock of the whole server at its commit, so none stands in a transaction that does anything else.
"""

import asyncio
from typing import Any

import asyncpg

from loaders.wakes.calls import ASK_EVERY


class NotifyLine:
    """A line over the portal store's own server; a channel is one database's there."""

    def __init__(self, portal_url: str, channel: str) -> None:
        self._url = portal_url
        self._channel = channel
        self._heard: asyncio.Queue[int] = asyncio.Queue(1_000)
        self._link: Any = None

    async def open(self) -> None:
        """Returns once the channel is listened to."""
        self._link = await asyncpg.connect(self._url)
        await self._link.add_listener(self._channel, self._hears)

    async def hear(self) -> int | None:
        """The next number; a connection that is silent is asked whether it is there."""
        try:
            async with asyncio.timeout(ASK_EVERY):
                return await self._heard.get()
        except TimeoutError:
            await self._link.fetchval("select 1", timeout=2)
            return None

    async def say(self, number: int) -> None:
        """One statement, and so one transaction, with nothing in it but the number."""
        await self._link.execute("select pg_notify($1, $2)", self._channel, str(number))

    async def close(self) -> None:
        """Lets go of the connection."""
        if self._link is not None:
            self._link.terminate()

    def _hears(self, _link: Any, _pid: int, _channel: str, payload: str) -> None:
        number = number_in(payload)
        if number is not None and not self._heard.full():
            self._heard.put_nowait(number)


def number_in(payload: str | bytes) -> int | None:
    """The number that a message says; None for what is none of ours."""
    text = payload.decode("ascii", "replace") if isinstance(payload, bytes) else payload
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
