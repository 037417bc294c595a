"""What one call of `Readers.fetch` costs on each engine: microseconds of this process's CPU, and on the clock.

    python -m tests.bench.reads [sqlite postgresql mysql]

The median of seven interleaved rounds, with tables of its own that are dropped at the end; on SQLite both lanes.
"""

import asyncio
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import asyncpg

from loaders.database import Readers
from loaders.dialect import Dialect
from tests.loaders.servers import MARIADB, POSTGRESQL, mariadb_admin, run

ROUNDS = 7
NAME = f"hr_bench_{os.getpid()}"
STUDENTS, SCORES = 2000, 28
TABLE = """create table score (
    id integer primary key, student_id integer, points {real}, state varchar(20), noted varchar(40))"""
SMALL = "select id, points, state, noted from score where id = {key}"
LARGE = "select id, student_id, points, state, noted from score where student_id in {keys} order by student_id, id"
KEYS = {
    Dialect.SQLITE: "(select value from json_each(?))",
    Dialect.POSTGRESQL: "(select unnest($1::integer[]))",
    Dialect.MYSQL: "(" + ", ".join(["%s"] * 20) + ")",
}
KEY = {Dialect.SQLITE: "?", Dialect.POSTGRESQL: "$1", Dialect.MYSQL: "%s"}

Bound = tuple[str, Sequence[Any]]
Call = Callable[[], Awaitable[Any]]


def scores() -> list[tuple[int, int, float, str, str]]:
    return [(n, n // SCORES, n % 200 / 2, "SCORED", f"Note {n}") for n in range(STUDENTS * SCORES)]


def calls(dialect: Dialect) -> dict[str, tuple[int, list[Bound]]]:
    """What is asked: the name, how often a round, and the statements."""
    keys = list(range(100, 120))
    values: Sequence[Any] = keys
    if dialect is Dialect.SQLITE:
        values = [json.dumps(keys)]
    elif dialect is Dialect.POSTGRESQL:
        values = [keys]
    small = SMALL.format(key=KEY[dialect])
    others = [SMALL.format(key=KEY[dialect]).replace("state", f"state as state_{n}") for n in range(3)]
    return {
        "1 small": (400, [(small, [77])]),
        "4 small": (200, [(sql, [77]) for sql in (small, *others)]),
        "560 rows": (60, [(LARGE.format(keys=KEYS[dialect]), values)]),
    }


@asynccontextmanager
async def database(dialect: Dialect) -> AsyncIterator[str]:
    """The URL of a database with 56,000 scores in it, which is gone afterwards."""
    match dialect:
        case Dialect.SQLITE:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "bench.sqlite"
                with closing(sqlite3.connect(path)) as connection, connection:
                    connection.execute(TABLE.format(real="real"))
                    connection.executemany("insert into score values (?, ?, ?, ?, ?)", scores())
                    connection.execute("create index score_student on score (student_id)")
                yield f"sqlite:///{path}"
        case Dialect.POSTGRESQL:
            admin = await asyncpg.connect(f"{POSTGRESQL}/postgres")
            await admin.execute(f"create database {NAME}")
            try:
                inside = await asyncpg.connect(f"{POSTGRESQL}/{NAME}")
                await inside.execute(TABLE.format(real="float"))
                await inside.copy_records_to_table("score", records=scores())
                await inside.execute("create index score_student on score (student_id)")
                await inside.execute("analyze score")
                await inside.close()
                yield f"{POSTGRESQL}/{NAME}"
            finally:
                await admin.execute(f"drop database {NAME} with (force)")
                await admin.close()
        case Dialect.MYSQL:
            root = await mariadb_admin()
            await run(root, f"create database {NAME}", f"use {NAME}", TABLE.format(real="double"))
            try:
                async with root.cursor() as cursor:
                    await cursor.executemany("insert into score values (%s, %s, %s, %s, %s)", scores())
                await run(root, "create index score_student on score (student_id)")
                yield f"{MARIADB}/{NAME}"
            finally:
                await run(root, f"drop database {NAME}")
                root.close()


async def measure(call: Call, times: int) -> tuple[float, float]:
    """Microseconds a call: of CPU in this process, and on the clock."""
    cpu, wall = process_time(), perf_counter()
    for _ in range(times):
        await call()
    return (process_time() - cpu) / times * 1e6, (perf_counter() - wall) / times * 1e6


async def main(dialects: Sequence[Dialect]) -> None:
    """Measure everything in turn, again and again, and print the medians."""
    async with AsyncExitStack() as stack:
        asked: dict[tuple[str, str], tuple[int, Call]] = {}
        for dialect in dialects:
            readers = await Readers.open(await stack.enter_async_context(database(dialect)), allow_writable=True)
            stack.push_async_callback(readers.close)
            for name, (times, statements) in calls(dialect).items():
                asked[dialect.value, name] = times, partial(readers.fetch, statements)
                if dialect is Dialect.SQLITE:
                    asked["sqlite, thread", name] = times, partial(readers.fetch, statements, heavy=True)
        found: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in asked}
        for _, call in asked.values():
            await measure(call, 20)
        for _ in range(ROUNDS):
            for key, (times, call) in asked.items():
                found[key].append(await measure(call, times))
        print(f"{'µs a call':<28}{'CPU':>8}{'wall':>8}")
        for (where, name), rounds in sorted(found.items(), key=lambda one: one[0][0]):
            cpu, wall = (median(one[at] for one in rounds) for at in (0, 1))
            print(f"{where + ', ' + name:<28}{cpu:>8.1f}{wall:>8.1f}")


if __name__ == "__main__":
    asyncio.run(main([Dialect(name) for name in sys.argv[1:]] or list(Dialect)))
