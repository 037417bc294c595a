"""One process of the load: many subscribers as lean as they can be, which note when an event reaches them.

python -m tests.bench.sockets.load PORT, driven by JSON lines: {"open": [[token, count, after], ...]} and {"tell": n}.
"""

import asyncio
import base64
import json
import os
import sys
from collections import Counter
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

ROOM_AT_ONCE, TRIES = 20, 10
#: Addresses of this machine that the sockets come from in turn: each has some 28,000 ports to one server.
PER_ADDRESS = 20_000
QUERY = (
    "subscription { gradeChanged { cursor previousPercent grade { percent letter course { title } } student { id } } }"
)


def framed(text: bytes) -> bytes:
    """A text as a client sends it (RFC 6455, 5.2), under a mask of zeros, which costs nothing."""
    length = len(text)
    head = bytes([0x81, 0x80 | length]) if length < 126 else bytes([0x81, 0xFE]) + length.to_bytes(2, "big")
    return head + bytes(4) + text


SUBSCRIBE = framed(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": QUERY}}).encode())
PONG = framed(b'{"type":"pong"}')


class Subscriber(asyncio.Protocol):
    """One socket: it says who it is and what it wants, and tells `load` of each event."""

    def __init__(self, load: "Load", token: str, done: "asyncio.Future[None]") -> None:
        self.load = load
        self.done = done
        self.held = b""
        self.greeted = False
        self.token = token
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self.held += data
        if not self.greeted:
            head, found, self.held = self.held.partition(b"\r\n\r\n")
            if not found:
                self.held = head
                return
            self.greeted = True
            init = {"type": "connection_init", "payload": {"accessToken": self.token}}
            self.transport.write(framed(json.dumps(init).encode()))
        while len(self.held) >= 2:
            length, start = self.held[1] & 0x7F, 2
            if length == 126:
                length, start = int.from_bytes(self.held[2:4], "big"), 4
            if len(self.held) < start + length or (start == 4 and len(self.held) < 4):
                return
            opcode, text = self.held[0] & 0x0F, self.held[start : start + length]
            self.held = self.held[start + length :]
            self.hear(opcode, text)

    def hear(self, opcode: int, text: bytes) -> None:
        if opcode == 0x9:
            self.transport.write(bytes([0x8A, 0x80 | len(text)]) + bytes(4) + text)
        elif opcode == 0x8:
            self.load.closed[int.from_bytes(text[:2], "big")] += 1
        elif b'"type":"next"' in text:
            self.load.hear(monotonic())
        elif b'"connection_ack"' in text:
            self.transport.write(SUBSCRIBE + framed(b'{"type":"ping"}'))
        elif b'"TIMEOUT"' in text:
            # Too many opened at once for one core: it asks again, as any client does.
            self.load.again += 1
            self.transport.write(SUBSCRIBE)
        elif b'"type":"pong"' in text:
            if not self.done.done():
                self.done.set_result(None)
        elif b'"type":"ping"' in text:
            self.transport.write(PONG)
        else:
            self.load.odd[text[:300].decode(errors="replace")] += 1

    def connection_lost(self, error: Exception | None) -> None:
        self.load.lost += 1
        if not self.done.done():
            self.done.set_exception(error or ConnectionResetError("closed"))


class Load:
    """All sockets of this process, and what they received since the last question."""

    def __init__(self, port: int, first: int) -> None:
        self.port = port
        self.first = first
        self.received: list[float] = []
        self.closed: Counter[int] = Counter()
        self.wanted = 0
        self.enough = asyncio.Event()
        self.odd: Counter[str] = Counter()
        self.again = self.lost = self.count = 0

    def hear(self, at: float) -> None:
        """An event has come."""
        self.received.append(at)
        if len(self.received) >= self.wanted:
            self.enough.set()

    async def open(self, groups: list[tuple[str, int]]) -> None:
        """Opens so many sockets for each token, some at a time."""
        tokens = iter([token for token, count in groups for _ in range(count)])

        async def some() -> None:
            for token in tokens:
                await self._one(token)

        await asyncio.gather(*(some() for _ in range(ROOM_AT_ONCE)))

    async def _one(self, token: str) -> None:
        """Opens one; where the gateway has too much to do it is tried again, as any client does."""
        loop = asyncio.get_running_loop()
        self.count += 1
        host = f"127.0.{1 + (self.first + self.count) // PER_ADDRESS}.1"
        for _ in range(TRIES):
            done: asyncio.Future[None] = loop.create_future()
            made = Subscriber(self, token, done)
            with suppress(OSError):
                await loop.create_connection(partial(_itself, made), "127.0.0.1", self.port, local_addr=(host, 0))
                await done
                return
            self.again += 1
            await asyncio.sleep(1)
        raise ConnectionResetError("The gateway takes no more sockets.")

    async def serve(self) -> None:
        """Does what each line says, and answers by a line."""
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            order = json.loads(line)
            if "open" in order:
                began = monotonic()
                await self.open(order["open"])
                answer: Any = {"open": self.count, "seconds": monotonic() - began, "again": self.again}
            else:
                self.wanted = order["tell"]
                with suppress(TimeoutError):
                    async with asyncio.timeout(order["until"] - monotonic()):
                        while len(self.received) < self.wanted:
                            self.enough.clear()
                            await self.enough.wait()
                answer = {"received": self.received, "lost": self.lost, "odd": self.odd, "closed": self.closed}
                self.received = []
            print(json.dumps(answer), flush=True)


def _itself(made: Subscriber) -> Subscriber:
    return made


if __name__ == "__main__":
    import uvloop

    uvloop.run(Load(int(sys.argv[1]), int(sys.argv[2])).serve())
