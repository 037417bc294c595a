"""The worker of an outbox: takes what is due, hands it over, and comes back for what could not be.

A letter that was handed over by a process that died before it could note so is handed over again, after its lease:
whoever receives it knows it by an id that is the same at every try. Nothing is lost for that, and nothing else comes
twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from gateway.outbox.outcomes import Undeliverable, Unreachable, Unwanted
from gateway.outbox.rounds import PLAIN, Rounds
from loaders.errors import LoaderError
from loaders.portal.transaction import Transaction
from resolvers.portal import Portal

_log = logging.getLogger(__name__)


class Waiting(Protocol):
    """A letter that waits; after `worthless_at` it is not sent any more."""

    @property
    def id(self) -> int:
        """Its number in the lane."""
        ...

    @property
    def tries(self) -> int:
        """How often it was tried."""
        ...

    @property
    def worthless_at(self) -> datetime | None:
        """When nobody needs it any more."""
        ...


W = TypeVar("W", bound=Waiting)


class Lane(Protocol[W]):
    """One kind of letters: where they wait, how they are handed over, and how their end is noted."""

    @property
    def name(self) -> str:
        """What they are called in the log."""
        ...

    @property
    def posted(self) -> asyncio.Event:
        """Set whenever one was posted by this process."""
        ...

    @property
    def abreast(self) -> bool:
        """Whether several are handed over at a time."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[W]:
        """Those whose time has come, the longest due first."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When the next one is to be tried; None where none waits."""
        ...

    async def take(self, transaction: Transaction, letter: W, until: datetime) -> bool:
        """Takes one for a try that is over at the latest `until`; False where another process has taken it."""
        ...

    async def hand_over(self, letter: W) -> None:
        """Returns once it was taken; Unreachable where it may be later, Undeliverable where not, or Unwanted."""
        ...

    async def try_later(self, transaction: Transaction, letter: W, at: datetime, why: str) -> None:
        """Leaves one for another try."""
        ...

    async def sent(self, transaction: Transaction, letter: W, now: datetime) -> None:
        """Notes that one was taken."""
        ...

    async def drop(self, transaction: Transaction, letter: W, now: datetime, why: str) -> None:
        """Notes that one is for nobody any more."""
        ...

    async def give_up(self, transaction: Transaction, letter: W, now: datetime, why: str, *, hopeless: bool) -> None:
        """Puts one among the dead letters, with what it says unless that is hopeless."""
        ...


class Outbox(Generic[W]):
    """Delivers one lane of one portal store; several may go round the same one, and no letter goes twice for that."""

    def __init__(self, portal: Portal, lane: Lane[W], rounds: Rounds = PLAIN) -> None:
        self._portal = portal
        self._lane = lane
        self._rounds = rounds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to go round."""
        self._task = asyncio.create_task(self._go_round(), name=f"outbox of {self._lane.name}")

    async def stop(self) -> None:
        """Ends the round; what is being handed over is tried again later."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def deliver_due(self) -> int:
        """Tries every letter that is due, once, and says how many went out."""
        sent = 0
        while due := await self._lane.due(self._portal.now(), self._rounds.at_once):
            taken = await self._take(due)
            # Where another process has taken them all, it will see to them.
            if not taken:
                break
            if self._lane.abreast:
                sent += await self._note(await asyncio.gather(*map(self._try, taken)))
            else:
                for letter in taken:
                    sent += await self._note([await self._try(letter)])
        return sent

    async def _go_round(self) -> None:
        while True:
            self._lane.posted.clear()
            try:
                await self.deliver_due()
                pause = await self._pause()
            except LoaderError as error:
                _log.warning("The outbox of %s cannot be read or written now (%s).", self._lane.name, error.code)
                pause = self._rounds.look_every.total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._lane.posted.wait()

    async def _pause(self) -> float:
        """Seconds until the next letter is due, or until it is time to look for others' letters."""
        longest = self._rounds.look_every.total_seconds()
        due = await self._lane.next_due_at()
        return longest if due is None else min(max((due - self._portal.now()).total_seconds(), 0.0), longest)

    async def _take(self, due: Sequence[W]) -> list[W]:
        """Of these letters those that are now ours to try."""
        until = self._portal.now() + self._rounds.lease
        async with self._portal.writer.transaction() as transaction:
            return [letter for letter in due if await self._lane.take(transaction, letter, until)]

    async def _try(self, letter: W) -> "_Tried":
        """Hands one letter over; whether it went out, and what is to be noted of it."""
        lane, now, tries = self._lane, self._portal.now(), letter.tries + 1
        try:
            if letter.worthless_at is not None and letter.worthless_at <= now:
                raise Undeliverable("What it tells of was over before it could be sent.", hopeless=True)
            await lane.hand_over(letter)
        except Unreachable as error:
            if not error.held and tries >= self._rounds.most_tries:
                return _Tried(False, self._given_up(letter, str(error), hopeless=False))
            if not error.held:
                _log.warning("Letter %d of %s was not sent in try %d: %s", letter.id, lane.name, tries, error)
            at = self._portal.now() + self._rounds.wait_after(tries, error.wait)
            return _Tried(False, partial(lane.try_later, letter=letter, at=at, why=str(error)))
        except Undeliverable as error:
            return _Tried(False, self._given_up(letter, str(error), hopeless=error.hopeless))
        except Unwanted as error:
            return _Tried(False, partial(lane.drop, letter=letter, now=self._portal.now(), why=str(error)))
        except Exception as error:
            # A letter that we cannot handle must not keep the others waiting; its lease brings it back.
            _log.error("Letter %d of %s met an unexpected %s.", letter.id, lane.name, type(error).__name__)
            return _Tried(False, None)
        return _Tried(True, partial(lane.sent, letter=letter, now=self._portal.now()))

    def _given_up(self, letter: W, why: str, *, hopeless: bool) -> "_Note":
        _log.error("Letter %d of %s was given up: %s", letter.id, self._lane.name, why)
        return partial(self._lane.give_up, letter=letter, now=self._portal.now(), why=why, hopeless=hopeless)

    async def _note(self, tried: Sequence["_Tried"]) -> int:
        """Notes in one transaction what became of letters that were tried together; how many went out."""
        async with self._portal.writer.transaction() as transaction:
            for each in tried:
                if each.note is not None:
                    await each.note(transaction)
        return sum(each.sent for each in tried)


_Note = Callable[[Transaction], Awaitable[None]]


class _Tried(NamedTuple):
    sent: bool
    note: _Note | None
