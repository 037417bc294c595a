"""Errands: work that an order leaves behind, so that its answer takes the same time whatever there is to be done."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

_log = logging.getLogger(__name__)

#: So many at once, no more: strangers must not fill the memory.
_MOST = 100


class Errands:
    """Runs errands beside what is asked, each to its end; a failure is written down and told to nobody."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self.refused = 0

    def send(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begins an errand; where too many run it is dropped, as a mail may be that never comes."""
        if len(self._running) >= _MOST:
            self.refused += 1
            work.close()
            _log.warning("An errand was dropped, since %d are running: %s", _MOST, name)
            return
        task = asyncio.create_task(self._run(name, work), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def done(self) -> None:
        """Returns once all errands that were begun have ended."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            _log.exception("An errand failed: %s", name)
