"""Bodies of uploads taken in: no longer than announced, in time, and all together within a bound of memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

INTAKE_SECONDS = 120.0
MOST_BYTES_AT_ONCE = 96 * 2**20


class TooBusy(Exception):
    """More is being handed in than can be held; it is to be tried again."""


class WrongLength(Exception):
    """The body is longer or shorter than was announced."""


class Intake:
    """What is being taken in: one upload an account at a time, and so many bytes of all together."""

    def __init__(self, most: int = MOST_BYTES_AT_ONCE, seconds: float = INTAKE_SECONDS) -> None:
        self.most = most
        self.seconds = seconds
        self.held = 0
        self._accounts: set[int] = set()

    @contextmanager
    def of(self, account_id: int) -> Iterator["Turn"]:
        """The account's turn, in which what it read is held; TooBusy where it has one already."""
        if account_id in self._accounts:
            raise TooBusy
        self._accounts.add(account_id)
        turn = Turn(self)
        try:
            yield turn
        finally:
            self.held -= turn.held
            self._accounts.discard(account_id)


@dataclass
class Turn:
    """One account's turn, and the bytes that are held for it."""

    intake: Intake
    held: int = 0

    async def read(self, stream: AsyncIterator[bytes], length: int) -> bytes:
        """A body of exactly this length; WrongLength for any other, TooBusy, TimeoutError where it is too slow."""
        body = bytearray()
        async with asyncio.timeout(self.intake.seconds):
            async for chunk in stream:
                if len(body) + len(chunk) > length:
                    raise WrongLength
                if self.intake.held + len(chunk) > self.intake.most:
                    raise TooBusy
                self.intake.held += len(chunk)
                self.held += len(chunk)
                body += chunk
        if len(body) != length:
            raise WrongLength
        return bytes(body)
