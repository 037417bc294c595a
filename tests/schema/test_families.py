"""`gradeChanged` over sockets of a made district: who is told, how often it is read, what a returning client gets."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.execution.compiled import CompiledEngine
from gateway.transport.protocol import Edge
from gateway.transport.websocket import WebSocketEndpoint
from loaders.database import Writer
from loaders.statement import Key
from resolvers.context import Caller, Context
from resolvers.live import Live
from resolvers.paging import cursor
from schema.api import schema
from schema.reading import read
from tests.gateway.seats import Seats
from tests.gateway.stage import Served, Stage, listening
from tests.gateway.test_websocket import Client, ready
from tests.hub import empty_store, hub
from tests.world import World, open_world

MOTHER, FATHER, PUPIL, SISTER = 1, 2, 1, 3
SHARED = "subscription ($after: String) { gradeChanged(after: $after) { cursor student { name } grade { percent } } }"
OWN = "subscription { gradeChanged { student { relationship { kind } } grade { percent } } }"


@dataclass
class Families:
    """A district whose families listen."""

    world: World
    live: Live
    served: Served
    stack: AsyncExitStack
    engine: CompiledEngine
    grade: int
    seats: Seats
    percent: int = 10

    async def open(self, guardian: Key, device: str = "") -> Client:
        """A socket of that guardian's, on one of their devices."""
        return await self.stack.enter_async_context(ready(self.served, {"accessToken": f"{guardian}{device}"}))

    async def join(self, guardian: Key, query: str = SHARED, device: str = "") -> Client:
        """A socket with a subscription that has begun."""
        client = await self.open(guardian, device)
        await client.subscribe("1", query)
        await self.seats.taken()
        return client

    async def change(self) -> str:
        """Give the sister's grade another percent, and have it seen."""
        self.percent += 1
        self.world.change("update grade set percent = ? where id = ?", self.percent, self.grade)
        await self.live.poll()
        return str(self.percent)


@pytest.fixture
async def families(tmp_path: Path) -> AsyncIterator[Families]:
    world = await open_world(tmp_path / "district.db", 60)
    store = await Writer.open(await empty_store(tmp_path / "portal.db"))
    live = hub(world.source, store)
    engine = CompiledEngine(schema, fetch=read, cursor=cursor)

    async def open_context(caller: Caller) -> Context:
        assert caller.token is not None
        made = world.context(int(caller.token[0]))
        return Context(world.source, made.viewer, caller, portal=None, live=live)

    sockets = WebSocketEndpoint(Edge(engine, open_context, secure_cookies=False))
    ((grade,),) = world.rows("select min(id) from grade where student_id = ? and released = 1", SISTER)
    async with listening(sockets) as port, AsyncExitStack() as stack:
        yield Families(world, live, Served(port, Stage(), engine, sockets), stack, engine, grade, Seats(sockets.fanout))
    await live.stop()
    await store.close()
    await world.recorded.reads.close()


def event_of(message: Any) -> Any:
    assert (message["type"], message["id"]) == ("next", "1"), message
    assert "errors" not in message["payload"]
    return message["payload"]["data"]["gradeChanged"]


async def test_both_parents_and_all_their_devices_are_told_by_one_reading(families: Families) -> None:
    fanout, clients = families.served.sockets.fanout, []
    for several in (1, 5):
        for _ in range(several):
            clients += [await families.join(guardian, device=d) for guardian in (MOTHER, FATHER) for d in ("a", "b")]
        answered, sent = fanout.answered, len(families.world.recorded.statements)
        percent = await families.change()
        told = [event_of(await client.hear()) for client in clients]
        assert [event["grade"]["percent"] for event in told] == [percent] * len(clients)
        assert all(event == told[0] for event in told)
        assert fanout.answered - answered == 1
        statements = len(families.world.recorded.statements) - sent
        # Of the watcher one a subject and, now and then, one for rights; one for rights; those of the answer.
        assert statements <= 7


async def test_what_depends_on_the_viewer_is_read_for_each(families: Families) -> None:
    mother, father = [await families.join(guardian, OWN) for guardian in (MOTHER, FATHER)]
    await families.change()
    kinds = [event_of(await client.hear())["student"]["relationship"]["kind"] for client in (mother, father)]
    assert kinds == ["MOTHER", "FATHER"]
    assert families.served.sockets.fanout.answered == 2


async def test_a_right_that_ended_is_seen_at_the_next_event_also_where_the_answer_is_shared(
    families: Families,
) -> None:
    mother, father = [await families.join(guardian) for guardian in (MOTHER, FATHER)]
    await families.change()
    assert event_of(await mother.hear()) == event_of(await father.hear())
    right = "update guardian_student set portal_access = ? where guardian_id = 2 and student_id = 3"
    families.world.change(right, 0)
    percent = await families.change()
    assert event_of(await mother.hear())["grade"]["percent"] == percent
    families.world.change(right, 1)
    for _ in range(6):
        await families.change()
    percents = [event_of(await father.hear())["grade"]["percent"]]
    assert int(percents[0]) > int(percent)


async def test_who_comes_back_gets_what_was_missed_and_then_hears_with_the_others(families: Families) -> None:
    mother = await families.join(MOTHER)
    await families.change()
    cursor = event_of(await mother.hear())["cursor"]
    missed = [await families.change() for _ in range(3)]
    heard = [event_of(await mother.hear())["cursor"] for _ in missed]
    back = await families.open(MOTHER)
    await back.subscribe("1", SHARED, variables={"after": cursor})
    events = [event_of(await back.hear()) for _ in missed]
    assert [event["cursor"] for event in events] == heard
    # Each is read as the grade is now.
    assert [event["grade"]["percent"] for event in events] == [missed[-1]] * 3
    await families.seats.taken()
    percent = await families.change()
    assert event_of(await back.hear())["grade"]["percent"] == percent
    assert event_of(await mother.hear())["grade"]["percent"] == percent
    again = await families.change()
    assert [event_of(await client.hear())["grade"]["percent"] for client in (back, mother)] == [again] * 2


async def test_a_source_that_is_away_holds_an_event_back_until_it_can_be_read(families: Families) -> None:
    mother = await families.join(MOTHER)
    families.percent += 1
    families.world.change("update grade set percent = ? where id = ?", families.percent, families.grade)
    await families.live.poll()
    with closing(sqlite3.connect(families.world.path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    elsewhere = families.world.path.with_name("away.db")
    families.world.path.rename(elsewhere)
    await mother.say(type="ping")
    assert await mother.hear() == {"type": "pong"}
    elsewhere.rename(families.world.path)
    assert event_of(await mother.hear())["grade"]["percent"] == str(families.percent)
