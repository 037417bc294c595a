"""Waiting for operations to begin: the protocol has no answer to subscribe."""

import asyncio
from typing import Any

from gateway.transport.fanout import Fanout
from gateway.transport.parties import Seat
from tests.gateway.stage import DEADLINE


class Seats:
    """Notices every operation that from now on hears what others hear."""

    def __init__(self, fanout: Fanout) -> None:
        self._taken = asyncio.Semaphore(0)
        join = fanout.join

        def noticed(*given: Any) -> Seat:
            seat = join(*given)
            self._taken.release()
            return seat

        fanout.join = noticed  # type: ignore[method-assign, assignment]

    async def taken(self) -> None:
        """Wait until the next operation has its seat."""
        async with asyncio.timeout(DEADLINE):
            await self._taken.acquire()
