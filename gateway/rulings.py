"""What is ordered in another process, about access and of messages: heard of by asking the store, to hold here too."""

import asyncio
import logging
from contextlib import suppress

from loaders.errors import LoaderError
from loaders.source import Source
from resolvers.live import Live
from resolvers.mailroom import renew_inboxes
from resolvers.portal import Portal
from resolvers.rules import renew_rules

LOOK_SECONDS = 0.4

_log = logging.getLogger(__name__)


class Rulings:
    """Asks the store, with two short statements a look, whether there are new orders, and lets them hold here."""

    def __init__(self, portal: Portal, source: Source, live: Live, *, seconds: float = LOOK_SECONDS) -> None:
        self._portal = portal
        self._source = source
        self._live = live
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Reads all orders, so that nobody is answered without them, and begins to look for more."""
        await self.look()
        self._task = asyncio.create_task(self._go_on(), name="orders about access")

    async def stop(self) -> None:
        """Looks no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Lets hold here what was ordered elsewhere since the last look, and what has changed in inboxes there."""
        if await renew_rules(self._source, self._portal.writer):
            self._live.rules_changed()
        await renew_inboxes(self._source)

    async def _go_on(self) -> None:
        away = False
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self.look()
                away = False
            except LoaderError as error:
                if not away:
                    _log.warning("Orders about access of other processes are not heard of now (%s).", error.code)
                away = True
