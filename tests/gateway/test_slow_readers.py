"""Readers who stall while thousands of events come: they cost little, are closed, and take nothing from the others."""

import asyncio
import re
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

import orjson
from websockets.exceptions import ConnectionClosedError

from tests.gateway.stage import serve
from tests.gateway.test_websocket import Client, ready

READERS = 15
EVENTS, TURN = 500, 10
SIZE = 16_000
#: What one stalled reader may cost: what its transport holds, and its outbox.
MOST_EACH = 64 * 1024 + 256 * 1024
ROOM = 12 * 2**20

QUERY = f"subscription {{ notices {{ number text(size: {SIZE}) }} }}"


async def test_stalled_readers_are_closed_and_cost_little_while_the_others_get_every_event_in_time() -> None:
    async with serve() as served, AsyncExitStack() as stack:
        fast, stalled = [], []
        for number in range(READERS):
            fast.append(await stack.enter_async_context(ready(served, max_queue=2 * TURN)))
            stalled.append(await stack.enter_async_context(ready(served, sock=await narrow(served.port), max_queue=1)))
            # An id of its own for everybody, so that no two are sent the same bytes.
            for client, id_ in ((fast[-1], f"f{number}"), (stalled[-1], f"s{number}")):
                await client.subscribe(id_, QUERY)
        for client in (*fast, *stalled):
            await client.say(type="ping")
            assert await client.hear() == {"type": "pong"}
        for client in stalled:
            client.raw.transport.pause_reading()
        before, slowest = memory(), 0.0
        for first in range(0, EVENTS, TURN):
            began = monotonic()
            for number in range(first, first + TURN):
                served.stage.pin(number)
            await asyncio.gather(*(hears(client, range(first, first + TURN)) for client in fast))
            slowest = max(slowest, monotonic() - began)
        assert memory() - before < READERS * MOST_EACH + ROOM
        assert served.sockets.open == READERS
        assert slowest < 2
        ends = await asyncio.gather(*(resume(client) for client in stalled))
        assert {code for code, _ in ends} == {4504}
        assert all(0 < taken < EVENTS for _, taken in ends)


async def narrow(port: int) -> socket.socket:
    """A socket that takes little ahead."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    return made


async def hears(client: Client, numbers: range) -> None:
    """Take these events, and no others."""
    for number in numbers:
        message = await client.hear()
        assert message["payload"]["data"]["notices"]["number"] == number


async def resume(client: Client) -> tuple[int | None, int]:
    """Read again: the code with which it ends, and how many events came before, each in its place."""
    client.raw.transport.resume_reading()
    taken = 0
    try:
        while True:
            async with asyncio.timeout(5):
                message = orjson.loads(await client.raw.recv())
            notice = message["payload"]["data"].get("notices")
            assert notice is None or notice["number"] == taken
            taken += 1
    except ConnectionClosedError as closed:
        return closed.rcvd.code if closed.rcvd else None, taken


def memory() -> int:
    """The bytes of this process that are no file's."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024
