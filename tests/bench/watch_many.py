"""What the watcher takes of memory, store and time where a whole large district is watched, by this process alone.

    python -m tests.bench.watch_many [--students 200000] [--folder a folder with 3 GB of room]

A made district of a thousand students is copied so often, with a fifth of its assignments, some twenty a student; all
guardians have an account. First contact is everybody's first look; then one round compares all; then, with triggers,
fifty grades change, and at last so many that the source is not asked who.
"""

import argparse
import asyncio
import resource
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from loaders.adapter import load_adapter
from loaders.database import Readers, Writer
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.home import note_changes
from loaders.relations import Relations
from loaders.source import Source
from resolvers.live import Live
from tests.hub import empty_store, hub

BASE = 1_000
COPIED = {
    "guardian_student": ("guardian_id", "student_id"),
    "school_enrollment": ("id", "student_id"),
    "enrollment": ("student_id",),
    "grade": ("id", "student_id"),
    "score": ("student_id",),
    "attendance": ("student_id",),
}
STEP = 1_000_000


def now() -> datetime:
    return datetime(2026, 11, 23, 17, tzinfo=UTC)


def make(path: Path, students: int) -> None:
    """A district of so many students, of whom each thousand is like the first."""
    make_district(path, students=BASE, seed=1, today=now().date())
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "pragma journal_mode = off; pragma synchronous = off;"
            "delete from score where assignment_id % 5 <> 0; delete from assignment where id % 5 <> 0;"
        )
        for table, keys in COPIED.items():
            names = [row[1] for row in connection.execute(f"pragma table_info({table})")]
            rows = connection.execute(f"select {', '.join(names)} from {table}").fetchall()
            marks = ", ".join("? + {step}" if name in keys else "?" for name in names)
            for copy in range(1, students // BASE):
                connection.executemany(f"insert into {table} values ({marks.format(step=copy * STEP)})", rows)
        connection.executescript("pragma journal_mode = wal; analyze;")


def open_accounts(district: Path, store: Path) -> int:
    """An account for each guardian."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("attach ? as district", (str(district),))
        return connection.execute(
            "insert into account (username, username_key, password_hash, guardian_id, created_at) "
            "select distinct 'g' || guardian_id, 'g' || guardian_id, '-', guardian_id, '2026-01-01T00:00:00.000000Z' "
            "from guardian_student where portal_access = 1"
        ).rowcount


def tell(what: str, began: tuple[float, float], more: str = "") -> None:
    """A line of what was measured since."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = perf_counter() - began[0], process_time() - began[1]
    print(f"{what:<44} wall {wall:>8.2f} s  here {cpu:>8.2f} s  peak memory {peak:>6.0f} MiB  {more}", flush=True)


def size_of(place: Path) -> int:
    """The bytes of a SQLite file and of what is not yet written into it."""
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return place.stat().st_size


def begin() -> tuple[float, float]:
    return perf_counter(), process_time()


async def enroll(live: Live) -> None:
    """Watch all who are on the roster, without anything else that looks do between."""
    while page := await live._watching._roster.next():
        await live._watching.watch(page.students, page.guardians)


async def round_of(live: Live) -> int:
    """Poll until all who are on the roster are watched and have been compared; how many looks that took."""
    looks = 0
    while True:
        looks += 1
        await live.poll()
        watching = live._watching
        behind = watching._roster._after or watching._students.begun or watching._guardians.begun or watching._hasty
        if not behind:
            return looks


async def measure(folder: Path, students: int) -> None:
    district, place = folder / "district.db", folder / "portal.db"
    began = begin()
    make(district, students)
    url = await empty_store(place)
    accounts = open_accounts(district, place)
    tell(f"made: {students} students, {accounts} guardians", began)
    await watch(district, place, url)


async def watch(district: Path, place: Path, url: str) -> None:
    """Print what each step takes over a district that is there."""
    readers = await Readers.open(f"sqlite:///{district}")
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, now)
    store = await Writer.open(url)
    before = size_of(place)
    live = hub(source, store)
    began = begin()
    await enroll(live)
    (row,) = await store.rows("select count(*) as n from last_look where subject = 'grade'")
    size = (size_of(place) - before) / row["n"]
    tell("first contact", began, f"{size:.0f} bytes a student of {row['n']}")
    began = begin()
    looks = await round_of(live)
    tell("all compared", began, f"{looks} looks")
    note_changes(district)
    live._watching._changed.restart()
    live._watching._told = type(live._watching._told)()
    began = begin()
    looks = await round_of(live)
    tell("all compared as triggers are found", began, f"{looks} looks")
    for _ in range(3):
        await written(district, "update grade set percent = 101 - percent where student_id <= 50 and id % 12 = 1")
        live._watching._leisure = float("inf")
        began, events = begin(), live.events
        await live.poll()
        tell("one look, grades of fifty students changed", began, f"{live.events - events} events")
    await written(district, f"update grade set percent = 101 - percent where student_id % {STEP} < 200")
    began = begin()
    await live.poll()
    tell("one look at a bulk load", began)
    await live.stop()
    await store.close()
    await readers.close()


async def written(district: Path, sql: str) -> None:
    with closing(sqlite3.connect(district)) as connection, connection:
        connection.execute(sql)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=200_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        asyncio.run(measure(Path(folder), given.students))


if __name__ == "__main__":
    main()
