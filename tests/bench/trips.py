"""What a wave of 1, 4 and 8 small statements costs on PostgreSQL, by the way it travels: µs of CPU, here and there.

    python -m tests.bench.trips

One after the other on a connection (asyncpg); each on a connection of its own; as one statement that answers with
JSON; as one packet of a pipeline. By one caller, and by sixteen at once. The least of interleaved rounds, with a
database of its own that is dropped at the end.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import asyncpg

from loaders.database.address import read_address
from loaders.database.postgresql import Postgresql
from loaders.dialect import Dialect
from tests.bench.reads import database

ROUNDS = 9
WAVES = (1, 4, 8)
TOGETHER = (1, 16)
CALLS = 64
CONNECTIONS = 4

Wave = Sequence[tuple[str, list[Any]]]
Send = Callable[[Wave], Awaitable[Any]]


def wave(size: int) -> Wave:
    """Statements that differ in their text, each of ten rows or so."""
    return [
        (f"select id, points, state, noted as noted_{n} from score where student_id = $1 and points < 40", [70 + n])
        for n in range(size)
    ]


def carried(statements: Wave) -> tuple[str, list[Any]]:
    """One statement that answers with the rows of all as JSON."""
    parts = [
        f"(select json_agg(r) from ({sql.replace('$1', f'${n}')}) as r)" for n, (sql, _) in enumerate(statements, 1)
    ]
    return f"select {', '.join(parts)}", [values[0] for _, values in statements]


def server_micros(sessions: Sequence[int]) -> float:
    """Microseconds of CPU that these sessions of a server on this machine have used."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in sessions) / 1000


async def measure(send: Send, statements: Wave, together: int, sessions: Sequence[int]) -> tuple[float, float, float]:
    """Microseconds of a wave: CPU here, CPU there, and on the clock."""
    cpu, there, wall = process_time(), server_micros(sessions), perf_counter()

    async def caller() -> None:
        for _ in range(CALLS // together):
            await send(statements)

    await asyncio.gather(*[caller() for _ in range(together)])
    return (
        (process_time() - cpu) / CALLS * 1e6,
        (server_micros(sessions) - there) / CALLS,
        (perf_counter() - wall) / CALLS * 1e6,
    )


async def main() -> None:
    """Measure every way in turn, again and again, and print the least."""
    async with database(Dialect.POSTGRESQL) as url:
        held = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
        engine = Postgresql(read_address(url), 1, 3.0, read_only=True)
        pipeline = await engine.pipeline()
        free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        for connection in held:
            free.put_nowait(connection)

        async def one(sql: str, values: list[Any]) -> Any:
            connection = await free.get()
            try:
                return await connection.fetch(sql, *values)
            finally:
                free.put_nowait(connection)

        async def in_turn(statements: Wave) -> None:
            connection = await free.get()
            for sql, values in statements:
                await connection.fetch(sql, *values)
            free.put_nowait(connection)

        async def apart(statements: Wave) -> None:
            await asyncio.gather(*[one(sql, values) for sql, values in statements])

        async def as_json(statements: Wave) -> None:
            [row] = await one(*carried(statements))
            for text in row:
                json.loads(text or "[]")

        ways: dict[str, Send] = {
            "in turn": in_turn, "connections": apart, "one of JSON": as_json, "pipeline": pipeline.fetch,
        }  # fmt: skip
        [[(own,)]] = await pipeline.fetch([("select pg_backend_pid()", ())])
        sessions = [own, *[await connection.fetchval("select pg_backend_pid()") for connection in held]]
        found: dict[tuple[int, int, str], list[tuple[float, float, float]]] = {}
        for number in range(ROUNDS + 1):
            for together in TOGETHER:
                for size in WAVES:
                    for way, send in ways.items():
                        told = await measure(send, wave(size), together, sessions)
                        if number:  # the first round prepares the statements
                            found.setdefault((together, size, way), []).append(told)
        pipeline.close()
        for connection in held:
            await connection.close()
        await engine.close()
    print(f"{'callers':>7}{'wave':>6}  {'way':<14}{'here':>8}{'server':>8}{'both':>8}{'clock':>8}")
    for (together, size, way), rounds in found.items():
        here, there, clock = min(rounds, key=lambda told: told[0] + told[1])
        print(f"{together:>7}{size:>6}  {way:<14}{here:>8.0f}{there:>8.0f}{here + there:>8.0f}{clock:>8.0f}")


if __name__ == "__main__":
    asyncio.run(main())
