"""A grade is entered in the school's system, and families read of it in their mail: watcher, notifier, outbox run."""

import asyncio
import email
import email.policy
from collections.abc import Awaitable, Callable
from datetime import date
from email.message import EmailMessage
from pathlib import Path

from gateway.mail import MailLane
from gateway.mail.composing import Sender
from gateway.mail.delivery import FolderMail
from gateway.outbox import Outbox
from loaders.errors import SourceDown
from loaders.portal.access_rules import Block, BlockReason
from loaders.portal.mail import WaitingMail
from resolvers.notifications.mail_rights import may_be_mailed
from resolvers.notifications.moments import Habits
from resolvers.notifications.notifier import Notifier
from tests.notifications import AFTERNOON, FATHER, MOTHER, PUPIL, SISTER, Told, open_told


class Heard(Notifier):
    """A notifier whose rounds can be waited for."""

    done: asyncio.Event

    async def round(self) -> int:
        """A round."""
        made = await super().round()
        self.done.set()
        return made

    async def until(self, true: Callable[[], Awaitable[int]]) -> None:
        """Return after the round from which on it is so."""
        async with asyncio.timeout(30):
            while not await true():
                self.done.clear()
                await self.done.wait()


def letters(folder: Path) -> dict[str, EmailMessage]:
    """The mails in a folder by their address, taken out of it."""
    found = {}
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found[str(message["to"])] = message
        path.unlink()
    return found


def parts(message: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    return tuple(part.get_content() for part in message.iter_parts())


async def enter(told: Told, notifier: Heard, student: int, percent: float) -> None:
    """Enter a grade as the school's own system would, and wait until both parents may have to be told of it."""
    grade = told.grade(student)
    told.world.change("update grade set percent = ?, letter = 'C' where id = ?", percent, grade)
    waiting = f"select count(*) as n from notice where state = 'WAITING' and student_id = '{student}'"

    async def both() -> int:
        return await told.house.count(waiting) == 2

    await notifier.until(both)


async def told_by(told: Told, notifier: Heard, number: int) -> None:
    """Let everything settle, and wait until there are so many notifications in all."""
    told.forward(minutes=10)
    told.house.portal.mail_posted.clear()

    async def done() -> int:
        return await told.house.count("select count(*) as n from notification") == number

    await notifier.until(done)


async def test_families_read_of_a_grade_in_their_own_language_and_of_nothing_they_lost_the_right_to(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mail"
    folder.mkdir()
    async with open_told(tmp_path) as told:
        told.world.change("update guardian set preferred_language = 'es-MX' where id = ?", FATHER)
        await told.habits(MOTHER, Habits(quiet=None, shows_detail=True))
        await told.notifier.stop()
        notifier = Heard(told.house.portal, told.world.source, interval=0.01)
        notifier.done = asyncio.Event()
        away = False

        async def may_leave(mail: WaitingMail) -> bool:
            if away:
                raise SourceDown("The student information system does not answer.")
            return await may_be_mailed(told.house.portal, told.world.source, mail)

        lane = MailLane(
            told.house.portal, FolderMail(folder, Sender("Maple Falls", "portal@school.example")), may_leave
        )
        outbox = Outbox(told.house.portal, lane)
        await told.live.start()
        await notifier.start()
        try:
            await enter(told, notifier, PUPIL, 71.5)
            await told_by(told, notifier, 2)
            assert await outbox.deliver_due() == 2
            mails = letters(folder)
            text, html = parts(mails["Marisol@families.example"])
            assert "A new grade for Rafael\n  - " in text
            assert "71.5 %" in text
            assert "<h2>A new grade for Rafael</h2><ul><li>" in html
            assert '<html lang="en">' in html
            text, html = parts(mails["Graham@families.example"])
            assert mails["Graham@families.example"]["subject"] == "Una calificación nueva de Rafael"
            assert text.startswith("Hola, Graham:")
            assert "71.5" not in text + html
            assert '<html lang="es">' in html
            # Between the mail's order and its leaving the father is kept from one of them, and the source is away.
            await enter(told, notifier, PUPIL, 72)
            await enter(told, notifier, SISTER, 73)
            await told_by(told, notifier, 6)
            told.order(Block(1, str(FATHER), str(PUPIL), date(2026, 1, 1), None, BlockReason.COURT_ORDER, AFTERNOON))
            away = True
            assert await outbox.deliver_due() == 0
            away = False
            told.forward(hours=5)
            assert await outbox.deliver_due() == 1
            assert list(letters(folder)) == ["Marisol@families.example"]
            told.forward(hours=5)
            assert await outbox.deliver_due() == 0
            assert await told.house.count("select count(*) as n from mail where text_sealed is not null") == 0
            assert await told.house.count("select count(*) as n from dead_letter") == 0
        finally:
            await notifier.stop()
