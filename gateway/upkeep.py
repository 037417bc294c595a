"""The upkeep of the portal store: once an hour, what is past its time is forgotten, and what is due is posted."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from loaders.errors import LoaderError
from loaders.portal.change_log import forget_changes
from loaders.portal.dead_letters import forget_dead_letters
from loaders.portal.devices import forget_devices
from loaders.portal.document_links import forget_document_links
from loaders.portal.letter_jobs import forget_letters
from loaders.portal.mail import forget_finished
from loaders.portal.message_files import forget_waiting_files
from loaders.portal.notices import forget_notices
from loaders.portal.notifications import forget_notifications
from loaders.portal.portal_requests import expire_requests, forget_portal_requests
from loaders.portal.push_devices import sweep_devices
from loaders.portal.pushes import forget_pushes
from loaders.portal.recovery_attempts import forget_attempts
from loaders.portal.recovery_email import forget_links
from loaders.portal.resets import forget_resets
from loaders.portal.session_list import forget_sessions
from loaders.portal.support_requests import forget_support_requests
from loaders.portal.transaction import Transaction
from resolvers.portal import Portal
from resolvers.portal.message_files import WAITS

_log = logging.getLogger(__name__)

Forget = Callable[[Transaction, datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Retention:
    """One thing that is forgotten: what it is called in the log, for how long it is kept, and what forgets it."""

    name: str
    kept: timedelta
    forget: Forget


#: The trail and the access log are not among them: they stay.
RETENTIONS: tuple[Retention, ...] = (
    Retention("changes", timedelta(days=2), partial(forget_changes, least=100_000)),
    Retention("mails", timedelta(days=30), forget_finished),
    Retention("dead letters", timedelta(days=30), forget_dead_letters),
    Retention("pushes", timedelta(days=30), forget_pushes),
    Retention("devices for push", timedelta(0), sweep_devices),
    Retention("notices", timedelta(days=200), forget_notices),
    Retention("notifications", timedelta(days=183), forget_notifications),
    Retention("recovery attempts", timedelta(days=30), forget_attempts),
    Retention("links to new passwords", timedelta(days=30), forget_resets),
    Retention("links to recovery addresses", timedelta(days=30), forget_links),
    Retention("devices", timedelta(days=400), forget_devices),
    Retention("sessions", timedelta(days=90), forget_sessions),
    Retention("support requests", timedelta(days=365), forget_support_requests),
    Retention("portal requests past their time", timedelta(0), expire_requests),
    Retention("portal requests", timedelta(days=365), forget_portal_requests),
    Retention("letters", timedelta(0), forget_letters),
    Retention("files without a message", WAITS, forget_waiting_files),
    Retention("addresses of documents", timedelta(0), forget_document_links),
)


class Upkeep:
    """Goes through what is kept once an hour; several processes may, for each only deletes what is past its time.

    `notices` posts those that are due, each once whichever process does, and says how many.
    """

    def __init__(
        self,
        portal: Portal,
        *,
        every: timedelta = timedelta(hours=1),
        retentions: tuple[Retention, ...] = RETENTIONS,
        notices: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self._portal = portal
        self._every = every.total_seconds()
        self._retentions = retentions
        self._notices = notices
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins; the first time after one interval, so that a start waits for nothing."""
        self._task = asyncio.create_task(self._go_on(), name="upkeep")

    async def stop(self) -> None:
        """Ends; what is under way is finished by the next."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def sweep(self) -> dict[str, int]:
        """Forgets what is past its time, each kind in a transaction of its own; how many of each."""
        done: dict[str, int] = {}
        for retention in self._retentions:
            async with self._portal.writer.transaction() as transaction:
                done[retention.name] = await retention.forget(transaction, self._portal.now() - retention.kept)
        return done

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                done = await self.sweep()
            except LoaderError as error:
                _log.warning("The portal store cannot be swept now (%s).", error.code)
                continue
            if any(done.values()):
                _log.info("Forgotten: %s.", ", ".join(f"{count} {name}" for name, count in done.items() if count))
            if self._notices is not None:
                await self._post(self._notices)

    async def _post(self, notices: Callable[[], Awaitable[int]]) -> None:
        try:
            posted = await notices()
        except LoaderError as error:
            _log.warning("Notices that are due wait for the next hour (%s).", error.code)
            return
        if posted:
            _log.info("Posted: %d notices.", posted)
