"""The postman: takes what is due out of the outbox, hands it over, and comes back for what could not be."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.mail.composing import Outgoing
from gateway.mail.delivery import Mail, Undeliverable, Unreachable
from loaders.errors import LoaderError
from loaders.portal import mail as rows
from loaders.portal.mail import WaitingMail
from resolvers.portal import Portal
from resolvers.portal.mail import SEALED_FOR
from resolvers.portal.sealing import SealBroken

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rounds:
    """How the postman goes round: times between tries double, and after the last a mail is given up.

    `look_every` is for mail that another process posted; of our own the postman hears at once. A try that has not
    ended after `lease` is taken for lost. Mail that is done with is kept for so long, without its
    text. A lease outlasts a whole handful of mails that each take the longest that a try may take.
    """

    look_every: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(minutes=5)
    first_wait: timedelta = timedelta(minutes=1)
    longest_wait: timedelta = timedelta(hours=2)
    most_tries: int = 16
    at_once: int = 10
    kept: timedelta = timedelta(days=30)

    def wait_after(self, tries: int) -> timedelta:
        """How long a mail waits that was tried so often."""
        doubled: timedelta = self.first_wait * 2 ** min(tries - 1, 20)
        return min(doubled, self.longest_wait)


class Postman:
    """Delivers the outbox of one portal store; several may go round the same one, and no mail goes twice for that."""

    def __init__(self, portal: Portal, mail: Mail, rounds: Rounds = Rounds()) -> None:
        self._portal = portal
        self._mail = mail
        self._rounds = rounds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to go round."""
        self._task = asyncio.create_task(self._go_round(), name="postman")

    async def stop(self) -> None:
        """Ends the round; a mail that is being handed over is tried again later."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def deliver_due(self) -> int:
        """Tries every mail that is due, once, and says how many went out; then forgets what is long done with."""
        sent = 0
        while due := await rows.due_mail(self._portal.writer, self._portal.now(), self._rounds.at_once):
            taken = await self._take(due)
            # Where another postman has taken them all, it will see to them.
            if not taken:
                break
            for mail in taken:
                sent += await self._try(mail)
        if sent:
            await self._forget()
        return sent

    async def _go_round(self) -> None:
        while True:
            self._portal.mail_posted.clear()
            try:
                await self.deliver_due()
                pause = await self._pause()
            except LoaderError as error:
                _log.warning("The outbox cannot be read or written now (%s).", error.code)
                pause = self._rounds.look_every.total_seconds()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._portal.mail_posted.wait()

    async def _pause(self) -> float:
        """Seconds until the next mail is due, or until it is time to look for others' mail."""
        longest = self._rounds.look_every.total_seconds()
        due = await rows.next_due_at(self._portal.writer)
        return longest if due is None else min(max((due - self._portal.now()).total_seconds(), 0.0), longest)

    async def _take(self, due: Sequence[WaitingMail]) -> list[WaitingMail]:
        """Of these mails those that are now ours to try."""
        until = self._portal.now() + self._rounds.lease
        async with self._portal.writer.transaction() as transaction:
            return [mail for mail in due if await rows.take(transaction, mail, until)]

    async def _try(self, mail: WaitingMail) -> bool:
        """Hands one mail over, and notes what became of it; whether it went out."""
        tries = mail.tries + 1
        try:
            if mail.worthless_at is not None and mail.worthless_at <= self._portal.now():
                raise Undeliverable("What it tells of was over before it could be sent.")
            await self._mail.send(self._opened(mail))
        except Unreachable as error:
            if tries < self._rounds.most_tries:
                await self._later(mail, tries, str(error))
            else:
                await self._finish(mail, "FAILED", str(error))
            return False
        except Undeliverable as error:
            await self._finish(mail, "FAILED", str(error))
            return False
        except Exception as error:
            # A mail that we cannot handle must not keep the others waiting; its lease brings it back.
            _log.error("Mail %d met an unexpected %s.", mail.id, type(error).__name__)
            return False
        await self._finish(mail, "SENT")
        return True

    def _opened(self, mail: WaitingMail) -> Outgoing:
        sealer = self._portal.sealer
        try:
            text = sealer.open(SEALED_FOR, mail.text_sealed)
            html = None if mail.html_sealed is None else sealer.open(SEALED_FOR, mail.html_sealed)
        except SealBroken:
            raise Undeliverable("It was sealed with another key.") from None
        return Outgoing(mail.id, mail.to_address, mail.subject, text, html, mail.posted_at)

    async def _later(self, mail: WaitingMail, tries: int, why: str) -> None:
        _log.warning("Mail %d was not sent in try %d: %s", mail.id, tries, why)
        next_try: datetime = self._portal.now() + self._rounds.wait_after(tries)
        async with self._portal.writer.transaction() as transaction:
            await rows.try_later(transaction, mail.id, next_try, why)

    async def _finish(self, mail: WaitingMail, state: str, why: str | None = None) -> None:
        if why is not None:
            _log.error("Mail %d was given up: %s", mail.id, why)
        async with self._portal.writer.transaction() as transaction:
            await rows.finish(transaction, mail.id, state, self._portal.now(), why)

    async def _forget(self) -> None:
        async with self._portal.writer.transaction() as transaction:
            await rows.forget_finished(transaction, self._portal.now() - self._rounds.kept)
