"""Answers that tell of an inbox: given again while those stay as they are, never once one has changed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.execution.compiled import CompiledEngine
from gateway.transport.answers import Answers
from gateway.transport.head import Head
from gateway.transport.protocol import Edge, Remembered
from gateway.transport.responder import Responder
from gateway.transport.responses import Response
from loaders.ids import node_id
from loaders.portal.inbox import count_change
from resolvers.context import Caller, Context, Viewer
from resolvers.mailroom import renew_inboxes
from resolvers.paging import cursor
from resolvers.portal.read_marks import mark_messages_read
from schema.api import schema
from schema.reading import Hurry, read
from tests.mailroom import NOON, Mail, open_mail

FOREVER = datetime.max.replace(tzinfo=UTC)
INBOX = "{ me { unreadMessageCount messages(first: 1) { nodes { subject } } } }"
NAMES = "{ me { students { name } } }"


@dataclass
class Gate:
    """An endpoint that remembers its answers, asked by one guardian."""

    mail: Mail
    answers: Answers
    responder: Responder

    async def ask(self, document: str) -> Any:
        head = Head(
            "POST", b"", [(b"content-type", b"application/json"), (b"authorization", b"Bearer me")], "127.0.0.1"
        )
        found = self.responder.at_once(head, orjson.dumps({"query": document}))
        answer = found if isinstance(found, Response) else await self.responder.finish(found)
        return orjson.loads(answer.body)["data"]["me"]

    async def again(self, document: str) -> tuple[Any, bool]:
        """The answer, and whether it was given from memory."""
        given = self.answers.given
        found = await self.ask(document)
        return found, self.answers.given > given


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    async with open_mail(tmp_path, 30) as mail:
        viewer = Viewer(1, 1, "me", mail.world.guardian("parent"), frozenset(), FOREVER)

        def context(viewer: Viewer | None, caller: Caller) -> Context:
            return Context(mail.world.source, viewer, caller, portal=mail.house.portal, live=None)

        async def open_context(caller: Caller) -> Context:
            return context(viewer, caller)

        answers = Answers(mail.world.source, 2**24)
        engine = CompiledEngine(schema, fetch=read, cursor=cursor, hurry=Hurry())
        known = Remembered(lambda token, by_cookie: viewer, context)
        yield Gate(mail, answers, Responder(Edge(engine, open_context, remembered=known, answers=answers)))


async def test_an_inbox_is_given_again_until_something_is_sent_read_or_out_of_sight(gate: Gate) -> None:
    mail = gate.mail
    quiet = await gate.ask(INBOX)
    assert await gate.again(INBOX) == (quiet, True)
    await gate.ask(NAMES)
    await mail.send(show_until=NOON + timedelta(hours=1))
    sent, given = await gate.again(INBOX)
    assert (sent["messages"]["nodes"], given) == ([{"subject": "Snow day"}], False)
    assert sent["unreadMessageCount"] == quiet["unreadMessageCount"] + 1
    assert await gate.again(INBOX) == (sent, True)
    # What tells of no inbox is given again all the time.
    assert (await gate.again(NAMES))[1]
    await mark_messages_read(mail.reader(mail.world.guardian("parent")), [node_id("Message", "portal", 1)], read=True)
    read_, given = await gate.again(INBOX)
    assert (read_["unreadMessageCount"], given) == (quiet["unreadMessageCount"], False)
    assert await gate.again(INBOX) == (read_, True)
    mail.later(hours=1)
    assert await gate.again(INBOX) == (quiet, False)
    # Another process has changed something: it is heard of at the next look.
    await renew_inboxes(mail.world.source)
    assert await gate.ask(INBOX) == quiet
    assert await gate.again(INBOX) == (quiet, True)
    async with mail.house.writer.transaction() as transaction:
        await count_change(transaction)
    assert (await gate.again(INBOX))[1]
    await renew_inboxes(mail.world.source)
    assert await gate.again(INBOX) == (quiet, False)
