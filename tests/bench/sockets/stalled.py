"""Readers who stop reading: when they are dropped, by which code, what they cost, and that they come back by cursor."""

import asyncio
import json
import socket
from collections import Counter
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

COMMITS, EACH = 60, 10
#: An event of twelve kilobytes, so that what waits is soon more than the kernel and an outbox take together; and a
#: narrow window, as of a telephone in a tunnel.
FIELDS = " ".join(f"{'waiting' * 55}{n}: cursor" for n in range(28))
QUERY = f"subscription ($after: String) {{ gradeChanged(after: $after) {{ cursor {FIELDS} }} }}"
WINDOW = 4_096


class Reader:
    """A subscriber, and the cursors that it has received."""

    def __init__(self) -> None:
        self.cursors: list[str] = []
        self.code = 0
        self.raw: Any = None

    async def open(self, port: int, token: str) -> "Reader":
        """Subscribes, from the last cursor on where there is one."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
        raw: ClientConnection = await connect(
            f"ws://127.0.0.1:{port}/graphql", sock=made, subprotocols=["graphql-transport-ws"], max_queue=1,  # type: ignore[list-item]
            ping_interval=None,
        )  # fmt: skip
        self.raw = raw
        after = self.cursors[-1] if self.cursors else None
        await raw.send(json.dumps({"type": "connection_init", "payload": {"accessToken": token}}))
        payload = {"query": QUERY, "variables": {"after": after}}
        await raw.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        await raw.send('{"type":"ping"}')
        while (message := json.loads(await raw.recv()))["type"] != "pong":
            if message["type"] == "error":
                raise ValueError(message["payload"])
        return self

    async def read(self, most: int) -> None:
        """Reads until it has received so many events in all, or is closed."""
        try:
            while len(self.cursors) < most:
                message = json.loads(await self.raw.recv())
                if message["type"] == "error":
                    raise ValueError(message["payload"])
                if message["type"] == "next":
                    self.cursors.append(message["payload"]["data"]["gradeChanged"]["cursor"])
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else 1006


async def stall(served: Any, district: Any, count: int, token: str, student: int) -> None:
    """Has so many stop reading while events come for them and for one who reads, and prints what became of them."""
    fast = await Reader().open(served.port, token)
    slow = [await Reader().open(served.port, token) for _ in range(count)]
    for one in slow:
        one.raw.transport.pause_reading()
    before = served.resident()
    for commit in range(1, COMMITS + 1):
        district.change(student, EACH)
        await asyncio.wait_for(fast.read(commit * EACH), 60)
    grown = served.resident() - before
    for one in slow:
        one.raw.transport.resume_reading()
    await asyncio.wait_for(asyncio.gather(*(one.read(len(fast.cursors)) for one in slow)), 120)
    codes, taken = Counter(one.code for one in slow), [len(one.cursors) for one in slow]
    for one in slow:
        if one.code:
            await one.open(served.port, token)
    await asyncio.wait_for(asyncio.gather(*(one.read(len(fast.cursors)) for one in slow)), 120)
    whole = sum(one.cursors == fast.cursors for one in slow)
    print(
        f"{'stalled readers':<22}{count:>9} of them, {len(fast.cursors)} events: closed with {dict(codes)} after "
        f"{min(taken)} to {max(taken)}, +{grown:.1f} MiB while stalled; {whole} have every event once, by cursor"
    )
    for one in (fast, *slow):
        await one.raw.close()
