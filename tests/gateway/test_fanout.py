"""One event for many sockets: who shares an answer, who never does, and that nobody misses or overtakes anything."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from gateway.sockets import SocketProtocol
from gateway.transport.fanout import AT_ONCE, WAITING
from resolvers.errors import RateLimited
from tests.gateway.seats import Seats
from tests.gateway.stage import Served, serve
from tests.gateway.test_websocket import Client, ready

NOTICES = "subscription { notices { number } }"
READER = "subscription { notices { number reader } }"
PRIVATE = "subscription { notices { number private } }"
LATE = "subscription ($room: String) { notices(room: $room) { late } }"


@pytest.fixture(params=[True, False], ids=["taken over", "by ASGI"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serve(taken=request.param) as served:
        yield served


@pytest.fixture
async def alike() -> AsyncIterator[Served]:
    async with serve(alike=True) as served:
        yield served


class Audience:
    """Sockets that hear."""

    def __init__(self, served: Served, stack: AsyncExitStack) -> None:
        self.served = served
        self.stack = stack
        self.seats = Seats(served.sockets.fanout)

    async def join(self, token: str, query: str, id_: str = "1", **variables: Any) -> Client:
        """A socket of that session with a subscription that has begun."""
        client = await self.stack.enter_async_context(ready(self.served, {"accessToken": token}))
        await self.subscribe(client, query, id_, **variables)
        return client

    async def subscribe(self, client: Client, query: str, id_: str = "1", **variables: Any) -> None:
        """Begin a subscription."""
        await client.subscribe(id_, query, variables=variables)
        await self.seats.taken()


@pytest.fixture
async def hall(served: Served) -> AsyncIterator[Audience]:
    async with AsyncExitStack() as stack:
        yield Audience(served, stack)


@pytest.fixture
async def alike_hall(alike: Served) -> AsyncIterator[Audience]:
    async with AsyncExitStack() as stack:
        yield Audience(alike, stack)


def told(id_: str, **notice: Any) -> Any:
    return {"type": "next", "id": id_, "payload": {"data": {"notices": notice}}}


async def test_sockets_of_one_session_that_ask_the_same_are_answered_once(hall: Audience) -> None:
    clients = [await hall.join("maria", NOTICES, str(n % 3)) for n in range(30)]
    stage, fanout = hall.served.stage, hall.served.sockets.fanout
    contexts = len(stage.contexts)
    stage.pin(7)
    for n, client in enumerate(clients):
        assert await client.hear() == told(str(n % 3), number=7)
    assert (fanout.answered, fanout.delivered, len(stage.contexts) - contexts) == (1, 30, 1)
    assert (len(stage.boards), stage.asked) == (1, [1])


async def test_they_are_sent_the_same_bytes(hall: Audience) -> None:
    clients = [await hall.join("maria", READER) for _ in range(3)]
    hall.served.stage.pin(1)
    raw = {await client.raw.recv() for client in clients}
    assert raw == {'{"type":"next","id":"1","payload":{"data":{"notices":{"number":1,"reader":"maria"}}}}'}


async def test_other_sessions_documents_variables_and_sources_are_answered_apart(hall: Audience) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [("maria", READER, {}), ("omar", READER, {}), ("maria", NOTICES, {})]
    clients = [await hall.join(token, query, **variables) for token, query, variables in asked]
    hall.served.stage.pin(1)
    assert await clients[0].hear() == told("1", number=1, reader="maria")
    assert await clients[1].hear() == told("1", number=1, reader="omar")
    assert await clients[2].hear() == told("1", number=1)
    assert hall.served.sockets.fanout.answered == 3
    rooms = [await hall.join("maria", LATE, room=room) for room in ("attic", "cellar")]
    assert len(hall.served.sockets.fanout) == 5
    hall.served.stage.gate.set()
    hall.served.stage.pin(2)
    assert [await client.hear() for client in rooms] == [told("1", late=2)] * 2
    assert hall.served.sockets.fanout.answered == 8


async def test_how_each_stands_is_asked_at_every_event_and_who_may_not_is_told_nothing(alike_hall: Audience) -> None:
    maria, omar = [await alike_hall.join(token, NOTICES) for token in ("maria", "omar")]
    stage = alike_hall.served.stage
    stage.pin(1)
    assert [await client.hear() for client in (maria, omar)] == [told("1", number=1)] * 2
    assert (alike_hall.served.sockets.fanout.answered, stage.asked) == (1, [2])
    stage.standings["omar"] = None
    stage.pin(2)
    assert await maria.hear() == told("1", number=2)
    stage.standings["omar"] = "alike"
    stage.pin(3)
    assert await omar.hear() == told("1", number=3)


async def test_who_stands_otherwise_is_answered_apart_even_where_the_answer_is_the_same_for_all(
    alike_hall: Audience,
) -> None:
    clients = [await alike_hall.join(token, READER) for token in ("maria", "omar")]
    alike_hall.served.stage.standings["omar"] = "otherwise"
    alike_hall.served.stage.pin(1)
    assert await clients[0].hear() == told("1", number=1, reader="maria")
    assert await clients[1].hear() == told("1", number=1, reader="omar")


async def test_an_error_is_told_to_nobody_else(alike_hall: Audience) -> None:
    maria, omar = [await alike_hall.join(token, PRIVATE) for token in ("maria", "omar")]
    alike_hall.served.stage.barred.add("maria")
    alike_hall.served.stage.pin(1)
    refused = (await maria.hear())["payload"]
    assert refused["data"] == {"notices": {"number": 1, "private": None}}
    assert [error["message"] for error in refused["errors"]] == ["This is not for maria."]
    assert await omar.hear() == told("1", number=1, private="for all")


async def test_a_session_that_has_ended_is_closed_and_the_others_are_answered(alike_hall: Audience) -> None:
    maria, second, omar = [await alike_hall.join(token, NOTICES) for token in ("maria", "maria", "omar")]
    del alike_hall.served.stage.sessions["maria"]
    alike_hall.served.stage.pin(1)
    assert await omar.hear() == told("1", number=1)
    assert await maria.closed() == await second.closed() == (4403, "Session ended")


async def test_who_comes_after_an_event_is_not_told_of_it_and_who_left_is_not_either(hall: Audience) -> None:
    first = await hall.join("maria", LATE)
    leaves = await hall.join("maria", LATE)
    hall.served.stage.pin(1)
    await hall.served.stage.until_live(2)
    second = await hall.join("maria", LATE)
    await leaves.say(type="complete", id="1")
    await leaves.say(type="ping")
    assert await leaves.hear() == {"type": "pong"}
    hall.served.stage.gate.set()
    assert await first.hear() == told("1", late=1)
    hall.served.stage.pin(2)
    assert await first.hear() == await second.hear() == told("1", late=2)
    await leaves.say(type="ping")
    assert await leaves.hear() == {"type": "pong"}


async def test_the_source_goes_with_the_last_who_hears(hall: Audience) -> None:
    first, second = [await hall.join("maria", NOTICES) for _ in range(2)]
    assert hall.served.stage.live == 1
    await first.say(type="complete", id="1")
    hall.served.stage.pin(1)
    assert await second.hear() == told("1", number=1)
    await second.raw.close()
    await hall.served.stage.until_live(0)
    assert len(hall.served.sockets.fanout) == 0


async def test_events_come_in_their_order_although_later_ones_are_answered_first(hall: Audience) -> None:
    client = await hall.join("maria", "subscription { notices { number late } }")
    for number in range(5):
        hall.served.stage.pin(number)
    await hall.served.stage.until_live(6)
    hall.served.stage.gate.set()
    assert [await client.hear() for _ in range(5)] == [told("1", number=n, late=n) for n in range(5)]


async def test_many_events_at_once_are_answered_some_at_a_time(hall: Audience) -> None:
    client = await hall.join("maria", LATE)
    for number in range(3 * AT_ONCE):
        hall.served.stage.pin(number)
    await hall.served.stage.until_live(1 + AT_ONCE)
    await client.say(type="ping")
    assert await client.hear() == {"type": "pong"}
    assert hall.served.stage.live == 1 + AT_ONCE
    hall.served.stage.gate.set()
    assert [await client.hear() for _ in range(3 * AT_ONCE)] == [told("1", late=n) for n in range(3 * AT_ONCE)]


async def test_a_hundred_events_may_wait_then_the_stream_ends_and_says_so(hall: Audience) -> None:
    client = await hall.join("maria", LATE)
    for number in range(WAITING + 1):
        hall.served.stage.pin(number)
    hall.served.stage.gate.set()
    for number in range(WAITING):
        assert await client.hear() == told("1", late=number)
    message = await client.hear()
    assert (message["type"], message["id"]) == ("error", "1")
    assert [error["extensions"]["code"] for error in message["payload"]] == [RateLimited.code]
    await hall.served.stage.until_live(0)
    await hall.subscribe(client, NOTICES)
    hall.served.stage.pin(7)
    assert await client.hear() == told("1", number=7)


async def test_a_source_that_ends_completes_its_operations_after_their_last_event(hall: Audience) -> None:
    clients = [await hall.join("maria", LATE) for _ in range(2)]
    (board,) = hall.served.stage.boards
    hall.served.stage.pin(1)
    assert board.over is not None
    board.over(None)
    hall.served.stage.gate.set()
    for client in clients:
        assert await client.hear() == told("1", late=1)
        assert await client.hear() == {"type": "complete", "id": "1"}


async def test_draining_releases_those_who_hear(hall: Audience) -> None:
    client = await hall.join("maria", NOTICES)
    await hall.served.sockets.drain()
    assert await client.closed() == (1001, "Going away")
    assert hall.served.stage.live == 0


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 70_000])
def test_a_text_is_framed_as_websockets_reads_it(length: int) -> None:
    reader = ClientProtocol(parse_uri("ws://x"), state=State.OPEN)
    reader.receive_data(SocketProtocol.framed(b"x" * length))
    (frame,) = reader.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * length)
