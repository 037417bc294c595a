"""Subscriptions as Server-Sent Events: what is told, what a returning EventSource gets, and what is shared."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from gateway.execution.compiled import CompiledEngine
from gateway.transport.http import HttpEndpoint
from gateway.transport.protocol import Edge
from gateway.transport.websocket import WebSocketEndpoint
from loaders.database import Writer
from resolvers.context import Caller, Context
from resolvers.live import Live
from resolvers.paging import cursor
from resolvers.streams import Subscriber
from schema.api import schema
from schema.reading import read
from tests.gateway.event_source import EventSource, event_source
from tests.gateway.seats import Seats
from tests.gateway.stage import Served, Stage, listening
from tests.gateway.test_websocket import ready
from tests.gateway.wire import exchange
from tests.hub import empty_store, hub
from tests.world import World, open_world

MOTHER, FATHER, SISTER = "1", "2", 3
QUERY = "subscription ($after: String) { gradeChanged(after: $after) { cursor grade { percent } } }"


@dataclass
class Streams:
    """A district whose families listen by events."""

    world: World
    live: Live
    port: int
    sockets: WebSocketEndpoint
    seats: Seats
    served: Served
    grade: int

    async def change(self, percent: int) -> None:
        """Give the sister's grade another percent, and have it seen."""
        self.world.change("update grade set percent = ? where id = ?", percent, self.grade)
        await self.live.poll()


@pytest.fixture
async def streams(tmp_path: Path) -> AsyncIterator[Streams]:
    world = await open_world(tmp_path / "district.db", 60)
    store = await Writer.open(await empty_store(tmp_path / "portal.db"))
    live = hub(world.source, store)
    engine = CompiledEngine(schema, fetch=read, cursor=cursor)

    async def open_context(caller: Caller) -> Context:
        made = world.context(int(caller.token)) if caller.token else world.context()
        return Context(world.source, made.viewer, caller, portal=None, live=live)

    edge = Edge(engine, open_context, secure_cookies=False)
    sockets = WebSocketEndpoint(edge)
    http = HttpEndpoint(edge, sockets=sockets)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (sockets if scope["type"] == "websocket" else http)(scope, receive, send)

    ((grade,),) = world.rows("select min(id) from grade where student_id = ? and released = 1", SISTER)
    async with listening(app, responder=http.responder) as port:
        served = Served(port, Stage(), engine, sockets)
        yield Streams(world, live, port, sockets, Seats(sockets.fanout), served, grade)
    await live.stop()
    await store.close()
    await world.recorded.reads.close()


async def percent_of(source: EventSource) -> str:
    event = await source.event()
    assert event is not None
    assert event.kind == "next"
    told = event.data["data"]["gradeChanged"]
    assert event.id == told["cursor"]
    return str(told["grade"]["percent"])


async def test_a_change_is_an_event_whose_id_is_its_cursor(streams: Streams) -> None:
    async with event_source(streams.port, QUERY, MOTHER) as source:
        assert source.status == 200
        assert source.fields["content-type"] == "text/event-stream; charset=utf-8"
        assert source.fields["cache-control"] == "no-store"
        assert await source.begun()
        await streams.seats.taken()
        await streams.change(61)
        assert await percent_of(source) == "61"


async def test_an_event_source_that_was_cut_off_misses_nothing_and_hears_nothing_twice(streams: Streams) -> None:
    source = await EventSource(streams.port, QUERY, MOTHER).open()
    await source.begun()
    heard = []
    for start in (10, 20, 30):
        await source.cut()
        # Also what happens before the first event of all, for the stream began with a cursor.
        for percent in range(start, start + 3):
            await streams.change(percent)
        await source.open()
        heard += [(await source.event(), source.last_id) for _ in range(2)]
    await source.cut()
    await source.open()
    heard += [(await source.event(), source.last_id) for _ in range(3)]
    await source.cut()
    cursors = [id_ for _, id_ in heard]
    assert len(cursors) == len(set(cursors)) == 9
    assert streams.live.events == 9


async def test_a_socket_and_two_streams_are_told_by_one_execution(streams: Streams) -> None:
    async with (
        event_source(streams.port, QUERY, MOTHER) as mother,
        event_source(streams.port, QUERY, FATHER) as father,
        ready(streams.served, {"accessToken": MOTHER}) as socket,
    ):
        await socket.subscribe("1", QUERY)
        for _ in range(3):
            await streams.seats.taken()
        answered = streams.sockets.fanout.answered
        await streams.change(77)
        assert [await percent_of(source) for source in (mother, father)] == ["77", "77"]
        assert (await socket.hear())["payload"]["data"]["gradeChanged"]["grade"]["percent"] == "77"
        assert streams.sockets.fanout.answered - answered == 1


async def test_who_has_left_holds_nothing(streams: Streams) -> None:
    left, release = asyncio.Event(), streams.live.release

    def noticed(subscriber: Subscriber) -> None:
        release(subscriber)
        left.set()

    streams.live.release = noticed  # type: ignore[method-assign]
    async with event_source(streams.port, QUERY, MOTHER):
        await streams.seats.taken()
        assert streams.live.subscribers == 1
    async with asyncio.timeout(5):
        await left.wait()
    assert streams.live.subscribers == 0
    assert len(streams.sockets.fanout) == 0


async def test_a_right_that_ended_ends_what_is_told(streams: Streams) -> None:
    async with event_source(streams.port, QUERY, FATHER) as father:
        await streams.seats.taken()
        streams.world.change("update guardian_student set portal_access = 0 where guardian_id = 2 and student_id = 3")
        await streams.change(11)
        streams.world.change("update guardian_student set portal_access = 1 where guardian_id = 2 and student_id = 3")
        for _ in range(6):
            streams.world.change("update term set name = name || '.'")
            await streams.live.poll()
        await streams.change(12)
        assert await percent_of(father) == "12"


async def test_without_a_session_there_is_no_stream(streams: Streams) -> None:
    async with event_source(streams.port, QUERY, "") as source:
        assert source.status == 401
        assert (await source.body())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_cursor_that_leads_nowhere_is_told_in_the_stream(streams: Streams) -> None:
    async with event_source(streams.port, QUERY, MOTHER, {"after": "nonsense"}) as source:
        assert source.status == 200
        event, end = await source.event(), await source.event()
    assert event is not None
    assert event.data["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert end is not None
    assert (end.kind, end.data) == ("complete", None)
    assert streams.live.subscribers == 0


async def test_a_query_comes_as_one_event_and_the_end(streams: Streams) -> None:
    async with event_source(streams.port, "{ me { username } }", MOTHER) as source:
        event, end = await source.event(), await source.event()
    assert event is not None
    assert event.data == {"data": {"me": {"username": "somebody"}}}
    assert end is not None
    assert end.kind == "complete"


async def test_a_document_that_cannot_run_is_refused_before_any_stream(streams: Streams) -> None:
    async with event_source(streams.port, "subscription { nothing }", MOTHER) as source:
        assert source.status == 400
        assert (await source.body())["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_subscription_that_is_not_asked_for_in_events_is_told_where_it_runs(streams: Streams) -> None:
    raw = (
        b"GET /graphql?query=subscription%7BgradeChanged%7Bcursor%7D%7D HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n"
        b"Authorization: Bearer 1\r\nConnection: close\r\n\r\n"
    )
    answer = await exchange(streams.served, raw)
    assert b"text/event-stream" in answer


async def test_a_posted_subscription_is_streamed_as_well(streams: Streams) -> None:
    body = json.dumps({"query": QUERY}).encode()
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer 1\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", streams.port)
    writer.write(head + body)
    async with asyncio.timeout(10):
        assert b"text/event-stream" in await reader.readuntil(b"\r\n\r\n")
        await streams.seats.taken()
        await streams.change(55)
        assert b'"percent":"55"' in await reader.readuntil(b'"55"')
    writer.transport.abort()
