"""Sessions that end in another process: heard of by asking the store, so that sockets here close within a second."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from loaders.errors import LoaderError
from loaders.portal.session_list import sessions_ended_since
from resolvers.portal import Portal

LOOK_SECONDS = 0.4
#: A commit may come so long after the instant it writes, and clocks of machines may differ by so much.
OVERLAP = timedelta(seconds=60)

_log = logging.getLogger(__name__)


class Endings:
    """Asks the store, with one statement a look, which sessions have ended, and tells who watches them here."""

    def __init__(self, portal: Portal, *, seconds: float = LOOK_SECONDS) -> None:
        self._portal = portal
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.create_task(self._go_on(), name="endings of sessions")

    async def stop(self) -> None:
        """Looks no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Ends here what has ended elsewhere since the last looks."""
        revocations = self._portal.revocations
        for session_id in await sessions_ended_since(self._portal.writer, self._portal.now() - OVERLAP):
            if not revocations.has_ended(session_id):
                revocations.end(session_id)

    async def _go_on(self) -> None:
        away = False
        while True:
            try:
                await self.look()
                away = False
            except LoaderError as error:
                if not away:
                    _log.warning("Sessions that end in other processes are not heard of now (%s).", error.code)
                away = True
            await asyncio.sleep(self._seconds)
