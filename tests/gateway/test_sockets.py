"""A socket that was taken over from its application: nothing is lost on the way, and nothing of it stays."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator

import orjson
import pytest

from gateway.sockets import SocketProtocol
from tests.gateway.seats import Seats
from tests.gateway.stage import DEADLINE, Served, serve
from tests.gateway.test_slow_readers import narrow, resume
from tests.gateway.test_websocket import Client, opened, ready

GREETING = {"type": "next", "id": "1", "payload": {"data": {"greeting": "Hello, you!"}}}


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serve() as served:
        yield served


async def test_what_is_said_before_the_acknowledgement_waits_for_it(served: Served) -> None:
    async with opened(served) as client:
        await say_at_once(client, ["connection_init", "ping", "subscribe", "pong"])
        heard = [await client.hear() for _ in range(4)]
        assert heard == [{"type": "connection_ack"}, {"type": "pong"}, GREETING, {"type": "complete", "id": "1"}]
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}


async def test_what_comes_behind_a_refused_init_is_not_heard(served: Served) -> None:
    async with opened(served) as client:
        await say_at_once(client, ["bad_init", "subscribe"])
        assert await client.closed() == (4403, "Forbidden")
    assert len(served.stage.contexts) == 1


async def say_at_once(client: Client, types: list[str]) -> None:
    """Send several messages in one piece."""
    messages = {
        "subscribe": {"type": "subscribe", "id": "1", "payload": {"query": "{ greeting }"}},
        "bad_init": {"type": "connection_init", "payload": {"accessToken": "nobody"}},
    }
    for type_ in types:
        client.raw.protocol.send_text(orjson.dumps(messages.get(type_, {"type": type_})))
    client.raw.transport.write(b"".join(client.raw.protocol.data_to_send()))


async def test_a_socket_at_rest_has_no_task(served: Served) -> None:
    before = servers_tasks()
    async with ready(served) as client:
        seats = Seats(served.sockets.fanout)
        await client.subscribe("1", "subscription { notices { number } }")
        await seats.taken()
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}
        assert servers_tasks() == before


def servers_tasks() -> int:
    """How many tasks there are beside those of the clients' library."""
    return sum("websockets/asyncio" not in repr(task) for task in asyncio.all_tasks())


async def test_nothing_stays_of_a_socket_that_is_gone(served: Served) -> None:
    async with ready(served) as client:
        (connection,) = served.sockets._connections
        wire = weakref.ref(connection.wire)
        del connection
        gc.disable()
        try:
            await client.raw.close()
            async with asyncio.timeout(DEADLINE):
                async with ready(served) as other:
                    while wire() is not None:
                        await other.say(type="ping")
                        await other.hear()
        finally:
            gc.enable()


async def test_who_does_not_read_the_end_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = asyncio.Event()

    def losing(self: SocketProtocol, exc: Exception | None) -> None:
        connection_lost(self, exc)
        lost.set()

    connection_lost = SocketProtocol.connection_lost
    monkeypatch.setattr(SocketProtocol, "connection_lost", losing)
    monkeypatch.setattr(SocketProtocol, "farewell_seconds", 0.05)
    monkeypatch.setattr(SocketProtocol, "last_seconds", 0.05)
    async with ready(served, sock=await narrow(served.port), max_queue=1) as client:
        await client.subscribe("1", "subscription { count(to: 1000, size: 60000) }")
        client.raw.transport.pause_reading()
        async with asyncio.timeout(DEADLINE):
            await lost.wait()
        assert (served.sockets.open, served.stage.live) == (0, 0)
        assert (await resume(client))[0] is None
