"""Uses of sessions: noted beside the answers' path, all that came together in one transaction."""

import asyncio
import logging
from datetime import datetime
from itertools import islice

from loaders.errors import LoaderError
from loaders.portal.sessions import touch
from loaders.portal.transaction import Store

GATHER_SECONDS = 0.2
#: How many go into one transaction, so that a log-in does not wait behind a whole school.
TOGETHER = 200

_log = logging.getLogger(__name__)


class Uses:
    """Notes when sessions were used and until when that prolongs them; a use that cannot be noted is let go."""

    def __init__(self, store: Store, *, seconds: float = GATHER_SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        self._waiting: dict[int, tuple[datetime, datetime]] = {}
        self._hurry = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def note(self, session_id: int, seen_at: datetime, expires_at: datetime) -> None:
        """Have a use noted with the others of these moments."""
        self._waiting[session_id] = seen_at, expires_at
        if self._writing is None:
            self._hurry.clear()
            self._writing = asyncio.create_task(self._write(), name="uses of sessions")

    def prolonged(self, session_id: int, expires_at: datetime) -> datetime:
        """Until when a session's token holds of which the store says `expires_at`, by a use that is yet to be noted."""
        waiting = self._waiting.get(session_id)
        return expires_at if waiting is None else max(expires_at, waiting[1])

    async def written(self) -> None:
        """Waits until all that waits is noted, which it need not do any longer."""
        while self._writing is not None:
            self._hurry.set()
            await asyncio.wait({self._writing})

    async def _write(self) -> None:
        try:
            while self._waiting:
                try:
                    async with asyncio.timeout(self._seconds):
                        await self._hurry.wait()
                except TimeoutError:
                    pass
                await self._write_some()
        finally:
            self._writing = None

    async def _write_some(self) -> None:
        some = dict(islice(self._waiting.items(), TOGETHER))
        try:
            async with self._store.transaction() as transaction:
                for session_id, (seen_at, expires_at) in some.items():
                    await touch(transaction, session_id, seen_at, expires_at)
        except LoaderError as error:
            _log.warning("The use of %d sessions was not noted (%s).", len(some), error.code)
        for session_id, use in some.items():
            if self._waiting.get(session_id) == use:
                del self._waiting[session_id]
