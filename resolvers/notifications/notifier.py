"""The notifier: decides and tells, round by round; of all processes over one portal store one at a time."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from loaders.errors import LoaderError
from loaders.source import Source
from resolvers.audience import Audience
from resolvers.lease import Lease, Replaced
from resolvers.notifications.deciding import Decider
from resolvers.notifications.looking import Looker
from resolvers.notifications.telling import Teller
from resolvers.portal.service import Portal

#: For how long a thing must rest before it is told.
WINDOW = timedelta(minutes=10)
#: For how long a process that tells is not given up.
LEASE = timedelta(seconds=6)
#: Seconds between two rounds.
INTERVAL = 2.0

log = structlog.get_logger("homeroom.notifications")


class Notifier:
    """Goes through the change log and tells guardians what their rules want; another process goes on where it stops."""

    def __init__(
        self,
        portal: Portal,
        source: Source,
        window: timedelta = WINDOW,
        *,
        interval: float = INTERVAL,
        lease: timedelta = LEASE,
    ) -> None:
        self.rounds = 0
        self.failures = 0
        self._interval = interval
        self._lease = Lease(portal.writer, lease, portal.now, lambda: None, "notifier")
        audience, guard = Audience(source), self._lease.guard
        self._decider = Decider(portal, source, audience, guard, window)
        self._looker = Looker(portal, source, audience, guard)
        self._teller = Teller(portal, source, audience, guard, window)
        self._task: asyncio.Task[None] | None = None

    @property
    def telling(self) -> bool:
        """Whether this is the process that tells."""
        return self._lease.held

    async def start(self) -> None:
        """Begins to go round."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_round(), name="notifier")

    async def stop(self) -> None:
        """Ends; another process goes on at once."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._lease.give_up()

    async def round(self) -> int:
        """Decides what the log holds, looks if it is time, and tells what is due; how many notifications that made.

        Nothing where another process does it. Refuses as the source and the store do; what was not done then is done
        in the next round.
        """
        self.rounds += 1
        if not await self._lease.hold():
            return 0
        try:
            while await self._decider.decide():
                pass
            await self._looker.look_if_due()
            return await self._teller.tell_due()
        except Replaced:
            return 0

    async def _go_round(self) -> None:
        failing = False
        while True:
            try:
                await self.round()
                failing = False
            except Exception as error:
                self.failures += 1
                if not failing:
                    detail = str(error) if isinstance(error, LoaderError) else None
                    log.warning("telling fails", error=type(error).__name__, detail=detail)
                failing = True
            await asyncio.sleep(self._interval)
