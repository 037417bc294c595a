"""Mail on its way out, to a real SMTP server and a real folder: once, singly, and again after a failure."""

import asyncio
import email
import email.policy
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from gateway.mail import Mail, MailLane, Outgoing, mail_of
from gateway.mail.composing import Sender, composed
from gateway.mail.delivery import FolderMail, SmtpMail
from gateway.outbox import Outbox, Rounds, Undeliverable, Unreachable
from gateway.settings import load_settings
from loaders.portal.mail import WaitingMail
from resolvers.portal.mail import Letter, post
from tests.portal import NOON, House, empty_place, open_house

SENDER = Sender("Maple Falls", "portal@school.example")
VALUES = {"name": "Ana", "username": "ana", "when": "today"}
DEADLINE = 30.0


@dataclass
class Inbox:
    """What an SMTP server was given: its envelopes; `answers` go out first, for as long as there are any."""

    answers: list[str] = field(default_factory=list)
    envelopes: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """The verdict on a recipient."""
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Takes a message."""
        self.envelopes.append(envelope)
        return "250 OK"

    def message(self, number: int) -> EmailMessage:
        """One of the messages."""
        message = email.message_from_bytes(self.envelopes[number].content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def server(inbox: Inbox) -> AsyncIterator[int]:
    """The port of an SMTP server on this machine."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(inbox, loop=loop, timeout=DEADLINE), "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


def smtp(port: int) -> SmtpMail:
    return SmtpMail("127.0.0.1", port, SENDER)


def postman(house: House, mail: Mail, **changes: Any) -> Outbox[WaitingMail]:
    """The outbox of mail, which waits as long as it may between tries."""
    rounds = Rounds(first_wait=timedelta(minutes=1), draw=lambda: 1.0, **changes)
    return Outbox(house.portal, MailLane(house.portal, mail), rounds)


def outgoing(to: str = "ana@example.org", id: int = 7) -> Outgoing:
    return Outgoing(id, to, "¿Qué?", "Sí.\n", None, NOON)


async def order(house: House, *addresses: str, **given: Any) -> None:
    async with house.writer.transaction() as transaction:
        for address in addresses:
            await post(house.portal, transaction, Letter("password_changed", address, "en", VALUES, **given))
    house.portal.mail_posted.set()


async def rows(house: House) -> list[tuple[Any, ...]]:
    found = await house.writer.rows(
        "select to_address, state, tries, last_error, text_sealed is null as emptied from mail order by id"
    )
    return [(*list(row.values())[:4], bool(row["emptied"])) for row in found]


async def test_a_mail_reaches_a_server_addressed_to_one(server: int, inbox: Inbox) -> None:
    await smtp(server).send(outgoing())
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("portal@school.example", ["ana@example.org"])
    message = inbox.message(0)
    assert (message["From"], message["To"]) == ("Maple Falls <portal@school.example>", "ana@example.org")
    assert (message["Subject"], message.get_content()) == ("¿Qué?", "Sí.\r\n")
    assert message["Auto-Submitted"] == "auto-generated"
    assert (message["Cc"], message["Bcc"]) == (None, None)


def test_every_try_has_the_same_message_id() -> None:
    first, again, other = (composed(outgoing(id=id), SENDER)["Message-ID"] for id in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "address",
    [
        "a@x.org, b@x.org",
        "a@x.org\r\nBcc: b@x.org",
        "Ana <a@x.org>",
        "a@x.org;b@x.org",
        "nobody",
        "",
        "a@x.org b@x.org",
    ],
)
async def test_an_address_of_several_is_no_address(address: str, server: int, inbox: Inbox, tmp_path: Path) -> None:
    for mail in (smtp(server), FolderMail(tmp_path, SENDER)):
        with pytest.raises(Undeliverable):
            await mail.send(outgoing(address))
    assert inbox.envelopes == []
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("answer", "failure"), [("451 later", Unreachable), ("550 nobody here", Undeliverable)])
async def test_a_server_that_refuses_says_whether_for_good(
    answer: str, failure: type[Exception], server: int, inbox: Inbox
) -> None:
    inbox.answers.append(answer)
    with pytest.raises(failure, match=answer[:3]) as caught:
        await smtp(server).send(outgoing())
    assert "ana" not in str(caught.value)


async def test_a_server_that_is_away_may_be_there_later() -> None:
    with pytest.raises(Unreachable):
        await smtp(1).send(outgoing())


async def test_no_mail_crosses_the_net_in_the_clear(server: int, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.mail.delivery._is_loopback", lambda host: False)
    with pytest.raises(Unreachable):
        await smtp(server).send(outgoing())
    assert inbox.envelopes == []


async def test_a_folder_holds_each_mail_for_its_owner_to_read(tmp_path: Path) -> None:
    mail = FolderMail(tmp_path / "mail", SENDER)
    await mail.send(outgoing())
    await mail.send(outgoing())
    (path,) = (tmp_path / "mail").iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (path.name, message["Subject"]) == ("20261123-120000-7.eml", "¿Qué?")
    assert (path.stat().st_mode & 0o077, path.parent.stat().st_mode & 0o077) == (0, 0)


async def test_what_is_ordered_together_goes_out_singly_and_leaves_no_text(
    house: House, server: int, inbox: Inbox
) -> None:
    await order(house, "ana@example.org", "ben@example.org")
    mails = postman(house, smtp(server))
    assert await mails.deliver_due() == 2
    assert [envelope.rcpt_tos for envelope in inbox.envelopes] == [["ana@example.org"], ["ben@example.org"]]
    assert inbox.message(0).get_content().startswith("Hello Ana,\r\n")
    assert await rows(house) == [(f"{name}@example.org", "SENT", 1, None, True) for name in ("ana", "ben")]
    assert await mails.deliver_due() == 0


async def test_an_order_that_is_not_done_sends_nothing(house: House) -> None:
    async def order_that_fails() -> None:
        async with house.writer.transaction() as transaction:
            await post(house.portal, transaction, Letter("password_changed", "ana@example.org", "en", VALUES))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await order_that_fails()
    assert await rows(house) == []


async def test_a_mail_is_tried_again_after_waits_that_double(house: House, server: int, inbox: Inbox) -> None:
    await order(house, "ana@example.org")
    inbox.answers += ["451 later"] * 3
    mails = postman(house, smtp(server))
    for minutes in (1, 2, 4):
        assert await mails.deliver_due() == 0
        house.clock.pass_by(minutes=minutes, seconds=-1)
        assert await mails.deliver_due() == 0
        house.clock.pass_by(seconds=1)
    assert await rows(house) == [("ana@example.org", "WAITING", 3, "The address was refused (451).", False)]
    assert await mails.deliver_due() == 1
    assert await rows(house) == [("ana@example.org", "SENT", 4, None, True)]


async def test_one_bad_address_keeps_no_other_mail_waiting(house: House, server: int, inbox: Inbox) -> None:
    await order(house, "bad@example.org", "ana@example.org")
    inbox.answers.append("550 nobody here")
    assert await postman(house, smtp(server)).deliver_due() == 1
    assert await rows(house) == [
        ("bad@example.org", "FAILED", 1, "The address was refused (550).", True),
        ("ana@example.org", "SENT", 1, None, True),
    ]


async def test_a_mail_is_given_up_in_the_end(house: House) -> None:
    await order(house, "ana@example.org")
    mails = postman(house, smtp(1), most_tries=3)
    for _ in range(5):
        await mails.deliver_due()
        house.clock.pass_by(hours=3)
    ((_, state, tries, _, emptied),) = await rows(house)
    assert (state, tries, emptied) == ("FAILED", 3, True)


async def test_what_is_over_is_not_sent(house: House, server: int, inbox: Inbox) -> None:
    await order(house, "ana@example.org", worthless_at=NOON + timedelta(minutes=30))
    house.clock.pass_by(minutes=30)
    assert await postman(house, smtp(server)).deliver_due() == 0
    assert (inbox.envelopes, (await rows(house))[0][1]) == ([], "FAILED")


async def test_two_postmen_deliver_each_mail_once(house: House, server: int, inbox: Inbox) -> None:
    await order(house, *(f"p{n}@example.org" for n in range(12)))
    postmen = [postman(house, smtp(server), at_once=3) for _ in range(2)]
    assert sum(await asyncio.gather(*(each.deliver_due() for each in postmen))) == 12
    assert sorted(e.rcpt_tos[0] for e in inbox.envelopes) == sorted(f"p{n}@example.org" for n in range(12))


async def test_a_try_that_never_ended_is_made_again(house: House, server: int, inbox: Inbox) -> None:
    await order(house, "ana@example.org")
    begun = asyncio.Event()

    class Hangs:
        async def send(self, mail: Outgoing) -> None:
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(postman(house, Hangs()).deliver_due())
    async with asyncio.timeout(DEADLINE):
        await begun.wait()
    task.cancel()
    await asyncio.wait({task})
    mails = postman(house, smtp(server))
    assert await mails.deliver_due() == 0
    house.clock.pass_by(minutes=5)
    assert await mails.deliver_due() == 1


async def test_the_postman_hears_at_once_of_what_is_posted_here(house: House, server: int, inbox: Inbox) -> None:
    sent = asyncio.Event()

    class Tells(SmtpMail):
        async def send(self, mail: Outgoing) -> None:
            await super().send(mail)
            sent.set()

    mails = postman(house, Tells("127.0.0.1", server, SENDER), look_every=timedelta(hours=1))
    await mails.start()
    try:
        await order(house, "ana@example.org")
        async with asyncio.timeout(DEADLINE):
            await sent.wait()
    finally:
        await mails.stop()
    assert len(inbox.envelopes) == 1


def test_the_settings_say_how_mail_leaves(tmp_path: Path) -> None:
    sis = "sqlite:///sis.db"
    assert mail_of(load_settings(sis_url=sis)) is None
    folder = mail_of(load_settings(sis_url=sis, mail_folder=tmp_path))
    assert folder == FolderMail(tmp_path, Sender("Homeroom", "homeroom@localhost"))
    url = "smtps://portal:pa%40ss@mail.example.org"
    mail = mail_of(load_settings(sis_url=sis, mail_folder=tmp_path, smtp_url=url, mail_from="p@example.org"))
    assert mail == SmtpMail("mail.example.org", 465, Sender("Homeroom", "p@example.org"), "portal", "pa@ss", True)
    assert "pa@ss" not in repr(mail)
