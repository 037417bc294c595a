"""A process that is killed in the middle of a message to two thousand guardians: the next goes on, nobody twice."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest_asyncio

from loaders.portal.posted_messages import SendingState, message_by_id
from resolvers.mailroom import renew_inboxes
from tests.mailroom import NOON, Mail, open_mail
from tests.processes import CHECKOUT

MANY = 2_000
#: Sends what is ordered, and dies before the commit of the batch of that number, or behind it.
SENDER = """
import asyncio, os, sys
from datetime import datetime

from gateway.sending import MessageSender
from gateway.sealing import sealer_of
from loaders.adapter import load_adapter
from loaders.database import Readers, Writer
from loaders.dialect import Dialect
from loaders.relations import Relations
from loaders.source import Source
from resolvers.mailroom import put_mailroom
from resolvers.portal import Portal, sending

district, store, batch, where, now = sys.argv[1:]
NOON = datetime.fromisoformat(now)
counted, renewed, left = sending.count_change, sending.renew_inboxes, int(batch)

async def die_before(transaction):
    global left
    await counted(transaction)
    left -= 1
    if where == "before" and left == 0:
        os.kill(os.getpid(), 9)

async def die_behind(source):
    if where == "behind" and left == 0:
        os.kill(os.getpid(), 9)
    await renewed(source)

async def main():
    readers, writer = await Readers.open(f"sqlite:///{district}"), await Writer.open(store)
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, lambda: NOON)
    sealer = sealer_of(b"a key of the tests, and of nobody")
    put_mailroom(source, writer, sealer)
    sending.count_change, sending.renew_inboxes = die_before, die_behind
    await MessageSender(Portal(writer, None, lambda: NOON, sealer=sealer), source).send_ordered()
    await writer.close()
    await readers.close()

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def mail(tmp_path: Path) -> AsyncIterator[Mail]:
    """A district in which two thousand more guardians have a right to some student."""
    async with open_mail(tmp_path, 30) as mail:
        with closing(sqlite3.connect(mail.world.path)) as district, district:
            district.executemany(
                "insert into guardian (id, given_name, family_name) values (?, 'Kim', 'Many')",
                [(10_000 + n,) for n in range(MANY)],
            )
            district.executemany(
                "insert into guardian_student (guardian_id, student_id, relationship, portal_access) "
                "values (?, ?, 'PARENT', 1)",
                [(10_000 + n, mail.world.student("parent")) for n in range(MANY)],
            )
        yield mail


async def _sender(mail: Mail, batch: int, where: str) -> int | None:
    store = f"sqlite:///{mail.world.path.parent}/portal.sqlite"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SENDER, str(mail.world.path), store, str(batch), where, NOON.isoformat()),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    async with asyncio.timeout(60):
        return await process.wait()


async def test_killed_before_and_behind_a_commit_each_gets_it_exactly_once(mail: Mail) -> None:
    accounts = [10_000, 10_250, 11_999]
    for guardian in accounts:
        await mail.house.account(f"kim{guardian}", str(guardian))
    order = await mail.order()
    assert await _sender(mail, 2, "before") == -signal.SIGKILL
    assert await _sender(mail, 3, "behind") == -signal.SIGKILL
    halfway = await message_by_id(mail.house.writer, order.id)
    assert halfway is not None
    assert (halfway.state, 0 < halfway.delivered < MANY) == (SendingState.SENDING, True)
    assert await mail.house.count("select count(*) as n from message_delivery") == halfway.delivered
    assert await _sender(mail, 0, "never") == 0
    done = await message_by_id(mail.house.writer, order.id)
    assert done is not None
    assert (done.state, done.total) == (SendingState.SENT, done.delivered + done.withheld)
    rows = await mail.house.writer.rows("select guardian_id from message_delivery")
    found = Counter(row["guardian_id"] for row in rows)
    assert set(found.values()) == {1}
    assert len(found) == done.delivered
    assert {str(10_000 + n) for n in range(MANY)} <= set(found)
    # Each of those with an account was told of it once, in the order in which it was committed.
    told = await mail.house.writer.rows("select seq, guardian_id from change order by seq")
    assert [row["guardian_id"] for row in told] == [str(guardian) for guardian in accounts]
    assert [row["seq"] for row in told] == [1, 2, 3]
    await renew_inboxes(mail.world.source)
    assert await mail.subjects(11_999) == ["Snow day"]
