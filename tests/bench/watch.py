"""What one look of the watcher costs: its wall time, CPU of this process, and CPU of PostgreSQL's sessions.

    python -m tests.bench.watch [--students 20000] [--postgresql URL of an empty database]

Quiet: nothing was written since the last look. Written: another table was, so that every watched student is compared
and none differs. Changed: so were fifty grades. Told: the same with triggers, who have changed alone are compared.
"""

import argparse
import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import asyncpg

from loaders.adapter import load_adapter
from loaders.contract import RELATIONS, Kind
from loaders.database import Readers, Writer
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.home import note_changes
from loaders.relations import Relations
from loaders.source import Source
from tests.hub import empty_store, grades, hub

ROUNDS = 10
TOGETHER = 500
TABLES = ("grade", "enrollment", "guardian_student", "school_enrollment", "term")
TYPES = {Kind.DECIMAL: "numeric", Kind.TEXT: "text", Kind.ENUM: "text", Kind.DATE: "date", Kind.INSTANT: "timestamptz"}
WRITTEN = "update term set name = name || '.'"
CHANGED = "update grade set percent = 101 - percent where student_id <= 50 and id % 12 = 1"

Write = Callable[[str], Awaitable[None]]


def now() -> datetime:
    return datetime(2026, 11, 23, 17, tzinfo=UTC)


async def measure(
    source: Source, write: Write, families: dict[int, set[int]], wanted: int, folder: Path, kind: str = ""
) -> None:
    """Print a line for each kind of look, the mean of ten, with that many students watched."""
    store = await Writer.open(await empty_store(folder / "portal.db"))
    live = hub(source, store)
    guardians: list[int] = []
    students: set[int] = set()
    for guardian, own in families.items():
        if len(students) >= wanted:
            break
        guardians.append(guardian)
        students |= own
    streams: list[Any] = []
    for start in range(0, len(guardians), TOGETHER):
        streams += await asyncio.gather(*(grades(live, one) for one in guardians[start : start + TOGETHER]))
    watching = live._watching
    await live.poll()
    while watching._students.begun or watching._guardians.begun or watching._hasty:
        watching._leisure = 0.0
        await live.poll()
    for name, sql in (("quiet", None), ("written", WRITTEN), ("changed", CHANGED)):
        wall = cpu = server = 0.0
        events = live.events
        for _ in range(ROUNDS):
            if sql is not None:
                await write(sql)
            began = perf_counter(), process_time(), sessions_cpu()
            await live.poll()
            wall += perf_counter() - began[0]
            cpu += process_time() - began[1]
            server += sessions_cpu() - began[2]
            for stream in streams:
                stream._subscriber.queue.clear()
        millis = [1000 * spent / ROUNDS for spent in (wall, cpu, server)]
        print(
            f"{source.relations.dialect.value:<11}{live.students_followed:>7} students {live.subscribers:>6} streams  "
            f"{kind}{name:<8}{(live.events - events) / ROUNDS:>5.0f} events  wall {millis[0]:>7.1f} ms  "
            f"here {millis[1]:>7.1f} ms  server {millis[2]:>7.1f} ms"
        )
    await live.stop()
    await store.close()


def sessions_cpu() -> float:
    """Seconds of CPU that PostgreSQL's sessions of the gateway have used, where the server runs on this machine."""
    ticks = 0
    for pid in SESSIONS:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


SESSIONS: list[int] = []


async def copy(path: Path, connection: Any) -> None:
    """Copy the tables that are watched, with their keys and indexes."""
    with closing(sqlite3.connect(path)) as district:
        for name in TABLES:
            relation = RELATIONS[name]
            columns = ", ".join(f"{c.name} {TYPES.get(c.kind, 'bigint')}" for c in relation.columns)
            await connection.execute(f"create table {name} ({columns}, primary key ({', '.join(relation.key)}))")
            kinds = [column.kind for column in relation.columns]
            rows = district.execute(f"select {', '.join(c.name for c in relation.columns)} from {name}")
            records = [[_value(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows]
            await connection.copy_records_to_table(name, records=records)
            for column in relation.asked_by:
                if column != relation.key[0]:
                    await connection.execute(f"create index on {name} ({column})")
    await connection.execute("vacuum analyze")


def _value(kind: Kind, value: Any) -> Any:
    if value is None or kind not in (Kind.DATE, Kind.INSTANT):
        return value
    return date.fromisoformat(value) if kind is Kind.DATE else datetime.fromisoformat(value)


async def on_sqlite(path: Path, families: dict[int, set[int]], sizes: list[int]) -> None:
    readers = await Readers.open(f"sqlite:///{path}")
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, now)

    async def write(sql: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(sql)

    for size in sizes:
        await measure(source, write, families, size, path.parent)
    note_changes(path)
    for size in sizes:
        await measure(source, write, families, size, path.parent, "told, ")
    await readers.close()


async def on_postgresql(url: str, path: Path, families: dict[int, set[int]], sizes: list[int]) -> None:
    writer = await asyncpg.connect(url)
    await copy(path, writer)
    readers = await Readers.open(url, size=2, allow_writable=True)
    SESSIONS[:] = [
        row[0]
        for row in await writer.fetch(
            "select pid from pg_stat_activity where application_name = 'homeroom' and datname = current_database()"
        )
    ]
    source = Source(Relations(load_adapter("home"), Dialect.POSTGRESQL, zoned=True), readers, now)

    async def write(sql: str) -> None:
        await writer.execute(sql)

    for size in sizes:
        await measure(source, write, families, size, path.parent)
    await readers.close()
    await writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=20_000)
    parser.add_argument("--postgresql", metavar="URL")
    given = parser.parse_args()
    sizes = [size for size in (100, 1_000) if size < given.students] + [given.students]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "district.db"
        make_district(path, students=given.students, seed=1, today=now().date())
        families: dict[int, set[int]] = {}
        with closing(sqlite3.connect(path)) as connection:
            rights = "select guardian_id, student_id from guardian_student where portal_access = 1 order by student_id"
            for guardian, student in connection.execute(rights):
                families.setdefault(guardian, set()).add(student)
        await on_sqlite(path, families, sizes)
        if given.postgresql:
            await on_postgresql(given.postgresql, path, families, sizes)


if __name__ == "__main__":
    asyncio.run(main())
