"""Calls between processes: hints that something new stands in the log, and never the only way to hear of it.

A call that is lost costs a look at the log a little later; so nothing here waits, retries for long, or fails anybody.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

#: A line that broke is opened again after this, each time after twice as long, up to the second; all by chance, so that
#: a hundred processes do not come back at once.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
#: A line that says nothing is asked this often whether it is there, and has so long to answer.
ASK_EVERY, ANSWER_WITHIN = 5.0, 2.0

_log = logging.getLogger(__name__)


class Line(Protocol):
    """A connection over which all processes hear each other; any exception means that it is broken."""

    async def open(self) -> None:
        """Returns once everything that is said from now on is heard."""
        ...

    async def hear(self) -> int | None:
        """The next number that somebody said, this process included; None where a while has passed in silence."""
        ...

    async def say(self, number: int) -> None:
        """Lets all processes hear a number; the line is asked so whether it is there."""
        ...

    async def close(self) -> None:
        """Lets go of the connection, broken or not."""
        ...


class Wakes:
    """Keeps a line open, hands what is heard to `heard`, and says the latest number that is to be said.

    After each opening `heard` gets None: what was said meanwhile was lost.
    """

    def __init__(self, line: Callable[[], Line], heard: Callable[[int | None], None]) -> None:
        self._make = line
        self._heard = heard
        self._tasks: list[asyncio.Task[None]] = []
        self._line: Line | None = None
        self._due = asyncio.Event()
        self._number = 0
        self.openings = 0

    @property
    def open(self) -> bool:
        """Whether the others are heard now, as far as is known."""
        return self._line is not None

    async def start(self) -> None:
        """Opens the line as soon as it can be; whoever starts this waits for nothing."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="wakes heard"),
            asyncio.create_task(self._speak(), name="wakes said"),
        ]

    async def stop(self) -> None:
        """Closes the line."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    def say(self, number: int) -> None:
        """Lets the others hear soon that the log reaches to this number; several at once are one call."""
        self._number = max(self._number, number)
        self._due.set()

    async def _listen(self) -> None:
        pause, told = FIRST_PAUSE, False
        while True:
            line = self._make()
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    await line.open()
                self._line, pause, told = line, FIRST_PAUSE, False
                self.openings += 1
                self._heard(None)
                while True:
                    number = await line.hear()
                    if number is not None:
                        self._heard(number)
            except Exception as error:
                if not told:
                    _log.warning("Other processes are not heard now, but looked for (%s).", type(error).__name__)
                told = True
            finally:
                self._line = None
                with suppress(Exception):
                    async with asyncio.timeout(ANSWER_WITHIN):
                        await line.close()
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _speak(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            line, number = self._line, self._number
            if line is not None:
                with suppress(Exception):
                    async with asyncio.timeout(ANSWER_WITHIN):
                        await line.say(number)
