"""Mail in its outbox: opened as it leaves, sealed while it waits, and among the dead letters where it is given up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.mail.composing import Outgoing
from gateway.mail.delivery import Mail
from gateway.outbox import Undeliverable, Unreachable, Unwanted
from loaders.errors import LoaderError
from loaders.portal import mail as rows
from loaders.portal.dead_letters import LetterKind, NewDeadLetter, add_dead_letter
from loaders.portal.mail import WaitingMail
from loaders.portal.transaction import Transaction
from resolvers.portal import Portal
from resolvers.portal.mail import SEALED_FOR
from resolvers.portal.sealing import SealBroken


@dataclass(frozen=True, slots=True)
class MailLane:
    """The mail of a portal, and whatever takes it; one at a time, as mail servers like it.

    `may_leave` says of a mail that tells of records whether its reader still has the right to them.
    """

    portal: Portal
    mail: Mail
    may_leave: Callable[[WaitingMail], Awaitable[bool]] | None = None
    name: str = "mail"
    abreast: bool = False

    @property
    def posted(self) -> asyncio.Event:
        """Set whenever mail was posted by this process."""
        return self.portal.mail_posted

    async def due(self, now: datetime, limit: int) -> Sequence[WaitingMail]:
        """The mails whose time has come."""
        return await rows.due_mail(self.portal.writer, now, limit)

    async def next_due_at(self) -> datetime | None:
        """When the next mail is to be tried."""
        return await rows.next_due_at(self.portal.writer)

    async def take(self, transaction: Transaction, letter: WaitingMail, until: datetime) -> bool:
        """Takes a mail for one try."""
        return await rows.take(transaction, letter, until)

    async def hand_over(self, letter: WaitingMail) -> None:
        """Gives a mail to whatever takes it, if it may leave."""
        if self.may_leave is not None:
            try:
                allowed = await self.may_leave(letter)
            except LoaderError as error:
                raise Unreachable(f"The rights to what it tells of cannot be read now ({error.code}).") from None
            if not allowed:
                raise Unwanted("The right to what it tells of has ended.")
        await self.mail.send(self._opened(letter))

    async def try_later(self, transaction: Transaction, letter: WaitingMail, at: datetime, why: str) -> None:
        """Leaves a mail for another try."""
        await rows.try_later(transaction, letter.id, at, why)

    async def sent(self, transaction: Transaction, letter: WaitingMail, now: datetime) -> None:
        """Notes that a mail was taken."""
        await rows.finish(transaction, letter.id, "SENT", now)

    async def drop(self, transaction: Transaction, letter: WaitingMail, now: datetime, why: str) -> None:
        """Notes that a mail is for nobody any more."""
        await rows.finish(transaction, letter.id, "FAILED", now, why)

    async def give_up(
        self, transaction: Transaction, letter: WaitingMail, now: datetime, why: str, *, hopeless: bool
    ) -> None:
        """Puts a mail among the dead letters."""
        await rows.finish(transaction, letter.id, "FAILED", now, why)
        await add_dead_letter(
            transaction,
            NewDeadLetter(
                kind=LetterKind.MAIL,
                letter_id=letter.id,
                account_id=letter.account_id,
                about=letter.template,
                reason=why,
                tries=letter.tries + 1,
                posted_at=letter.posted_at,
                died_at=now,
                worthless_at=letter.worthless_at,
                content_sealed=None if hopeless else letter.text_sealed,
                html_sealed=None if hopeless else letter.html_sealed,
            ),
        )

    def _opened(self, mail: WaitingMail) -> Outgoing:
        sealer = self.portal.sealer
        try:
            text = sealer.open(SEALED_FOR, mail.text_sealed)
            html = None if mail.html_sealed is None else sealer.open(SEALED_FOR, mail.html_sealed)
        except SealBroken:
            raise Undeliverable("It was sealed with another key.") from None
        return Outgoing(mail.id, mail.to_address, mail.subject, text, html, mail.posted_at)
