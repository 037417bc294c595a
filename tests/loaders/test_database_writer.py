"""The writer of the portal store on both engines: turns, commits, cancellation, and a process that is killed."""

import asyncio
import os
import signal
import sqlite3
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import asyncpg
import pytest

from loaders.database import Writer
from loaders.errors import AddressInvalid, ConstraintBroken, RelationIncomplete, SourceDown, ValueInvalid
from tests.loaders import servers
from tests.loaders.servers import POSTGRESQL

STORE = f"hr_db_{os.getpid()}_store"
TABLE = {
    "sqlite": "create table mark (id integer primary key, name text unique, n integer not null, read_at text)",
    "postgresql": "create table mark (id bigint generated always as identity primary key, "
    "name text unique, n bigint not null, read_at timestamptz)",
}
INSERT = "insert into mark (name, n) values (:name, :n) returning id"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/portal.sqlite"
        return
    try:
        admin = await asyncpg.connect(f"{POSTGRESQL}/postgres", timeout=3)
    except (OSError, asyncpg.PostgresError) as error:
        servers.unavailable("PostgreSQL", error)
    await admin.execute(f"create database {STORE}")
    yield f"{POSTGRESQL}/{STORE}"
    await admin.execute(f"drop database {STORE} with (force)")
    await admin.close()


@pytest.fixture
async def writer(url: str) -> AsyncIterator[Writer]:
    writer = await Writer.open(url)
    async with writer.transaction() as transaction:
        await transaction.execute(TABLE[writer.dialect])
    yield writer
    await writer.close()


async def names(writer: Writer) -> list[str]:
    return [row["name"] for row in await writer.rows("select name from mark order by name")]


async def test_fifty_that_read_and_then_write_at_once_all_succeed(writer: Writer) -> None:
    async with writer.transaction() as transaction:
        assert await transaction.insert(INSERT, {"name": "count", "n": 0}) == 1

    async def count() -> None:
        async with writer.transaction() as transaction:
            (row,) = await transaction.rows("select n from mark where name = :name", {"name": "count"})
            await asyncio.sleep(0)
            changed = "update mark set n = :n where name = :name and :n > n"
            assert await transaction.execute(changed, {"name": "count", "n": row["n"] + 1}) == 1

    await asyncio.gather(*[count() for _ in range(50)])
    assert await writer.rows("select name, n from mark") == [{"name": "count", "n": 50}]


async def test_an_exception_leaves_nothing_behind(writer: Writer) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with writer.transaction() as transaction:
            await transaction.insert(INSERT, {"name": "gone", "n": 1})
            raise ZeroDivisionError
    assert await names(writer) == []


async def test_a_statement_that_failed_dooms_its_transaction(writer: Writer) -> None:
    async with writer.transaction() as transaction:
        await transaction.insert(INSERT, {"name": "first", "n": 1})
    with pytest.raises(ConstraintBroken):  # noqa: PT012
        async with writer.transaction() as transaction:
            await transaction.insert(INSERT, {"name": "second", "n": 1})
            with pytest.raises(ConstraintBroken):
                await transaction.insert(INSERT, {"name": "first", "n": 1})
            with pytest.raises(ConstraintBroken):
                await transaction.insert(INSERT, {"name": "third", "n": 1})
    with pytest.raises(RelationIncomplete):
        async with writer.transaction() as transaction:
            await transaction.rows("select nope from mark")
    assert await names(writer) == ["first"]


async def test_a_caller_cancelled_before_the_commit_leaves_nothing(writer: Writer) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with writer.transaction() as transaction:
            await transaction.insert(INSERT, {"name": "gone", "n": 1})
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await inside.wait()
    waiting = asyncio.create_task(write())
    await asyncio.wait({waiting}, timeout=0.01)
    waiting.cancel()
    task.cancel()
    assert [type(e) for e in await asyncio.gather(task, waiting, return_exceptions=True)] == [
        asyncio.CancelledError
    ] * 2
    assert await names(writer) == []
    async with writer.transaction() as transaction:
        await transaction.insert(INSERT, {"name": "next", "n": 1})
    assert await names(writer) == ["next"]


async def test_a_caller_cancelled_at_every_step_never_half_commits(writer: Writer) -> None:
    async def write(n: int) -> None:
        async with writer.transaction() as transaction:
            for half in ("a", "b"):
                await transaction.insert(INSERT, {"name": f"{n:03}{half}", "n": n})

    done: list[int] = []
    for n in range(60):
        task = asyncio.create_task(write(n))
        for _ in range(n // 2):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            done.append(n)
    found = await names(writer)
    assert {name[:3] + half for name in found for half in "ab"} == set(found)
    assert {f"{n:03}a" for n in done} <= set(found)


async def test_a_commit_that_began_is_finished_when_its_caller_is_cancelled(writer: Writer) -> None:
    async def write() -> None:
        task = asyncio.current_task()
        assert task is not None
        async with writer.transaction() as transaction:
            await transaction.insert(INSERT, {"name": "kept", "n": 1})
            asyncio.get_running_loop().call_soon(task.cancel)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(write())
    assert await names(writer) == ["kept"]


async def test_reads_do_not_wait_for_the_writer_and_see_only_what_is_committed(writer: Writer) -> None:
    async with writer.transaction() as transaction:
        await transaction.insert(INSERT, {"name": "new", "n": 1})
        assert await names(writer) == []
        assert [row["name"] for row in await transaction.rows("select name from mark")] == ["new"]
        with pytest.raises(RuntimeError, match="already"):
            async with writer.transaction():
                pass
    assert await names(writer) == ["new"]
    with pytest.raises(RuntimeError, match="over"):
        await transaction.execute("delete from mark")


async def test_instants_keep_their_microsecond_and_come_back_in_utc(writer: Writer) -> None:
    cairo = timezone(timedelta(hours=2))
    instants = [datetime(2026, 1, 9, 8, 0, tzinfo=cairo), datetime(2026, 1, 9, 6, 0, 0, 1, tzinfo=UTC)]
    async with writer.transaction() as transaction:
        for n, instant in enumerate(instants):
            insert = "insert into mark (n, read_at, name) values (:n, :at, 'a :name, ''::text') returning id"
            await transaction.insert(insert.replace("'a", f"'{n}"), {"n": n, "at": instant})
        with pytest.raises(ValueInvalid):
            await transaction.rows("select n from mark where read_at = :at", {"at": datetime(2026, 1, 9)})  # noqa: DTZ001
    found = await writer.rows(
        "select name, read_at from mark where read_at <= :at order by read_at desc", {"at": instants[1]}
    )
    assert [row["read_at"].isoformat() for row in found] == [
        "2026-01-09T06:00:00.000001+00:00",
        "2026-01-09T06:00:00+00:00",
    ]
    assert found[0]["name"] == "1 :name, '::text"


async def test_a_store_locked_by_another_process_makes_a_write_wait(tmp_path: Path) -> None:
    file = tmp_path / "portal.sqlite"
    writer = await Writer.open(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin exclusive")
    began = time.monotonic()
    asyncio.get_running_loop().call_later(1.0, other.execute, "commit")
    async with writer.transaction() as transaction:
        assert time.monotonic() - began >= 1.0
        await transaction.execute(TABLE["sqlite"])
        assert await writer.rows("select 1 as one") == [{"one": 1}]
    other.close()
    await writer.close()


async def test_a_new_store_is_read_by_nobody_else_and_survives_its_replacement(tmp_path: Path) -> None:
    file = tmp_path / "portal.sqlite"
    writer = await Writer.open(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (await writer.rows("pragma journal_mode"))[0]["journal_mode"] == "wal"
    async with writer.transaction() as transaction:
        settings = [(await transaction.rows(f"pragma {name}"))[0] for name in ("synchronous", "foreign_keys")]
    assert settings == [{"synchronous": 2}, {"foreign_keys": 1}]
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.remove(f"{file}{ending}")
    with pytest.raises(SourceDown):
        await writer.ping()
    await writer.close()
    with pytest.raises(SourceDown):
        await writer.ping()


@pytest.mark.postgresql
@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
async def test_a_session_ended_by_the_server_costs_its_transaction_and_no_other(writer: Writer, url: str) -> None:
    admin = await asyncpg.connect(url)
    end = (
        "select count(pg_terminate_backend(pid, 2000)) from pg_stat_activity "
        "where datname = $1 and pid <> pg_backend_pid()"
    )
    assert await admin.fetchval(end, STORE) == 3
    async with writer.transaction() as transaction:
        await transaction.insert(INSERT, {"name": "kept", "n": 1})
    with pytest.raises(SourceDown):  # noqa: PT012
        async with writer.transaction() as transaction:
            await transaction.insert(INSERT, {"name": "lost", "n": 1})
            await admin.fetchval(end, STORE)
    await writer.ping()
    assert await names(writer) == ["kept"]
    await admin.close()


async def test_the_portal_store_does_not_live_on_mariadb() -> None:
    with pytest.raises(AddressInvalid, match="SQLite or PostgreSQL"):
        await Writer.open("mariadb://root@localhost/portal")


NUMBERS = """
import asyncio, sys
from loaders.database import Writer
async def main():
    writer = await Writer.open(sys.argv[1])
    for n in range(100_000):
        async with writer.transaction() as transaction:
            await transaction.insert("insert into mark (name, n) values (:name, 0) returning id", {"name": f"{n:06}"})
            await transaction.insert("insert into mark (name, n) values (:name, 1) returning id", {"name": f"{n:06}b"})
        print(n, flush=True)
asyncio.run(main())
"""


async def test_a_killed_process_loses_no_commit_that_it_acknowledged(writer: Writer, url: str) -> None:
    for round_ in range(3):
        async with writer.transaction() as transaction:
            await transaction.execute("delete from mark")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", NUMBERS, url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert process.stdout is not None
        for _ in range(20 + 7 * round_):
            await asyncio.wait_for(process.stdout.readline(), 10)
        process.send_signal(signal.SIGKILL)
        acknowledged = 20 + 7 * round_ + len((await process.stdout.read()).split())
        await process.wait()
        async with writer.transaction() as transaction:
            found = [row["name"] for row in await transaction.rows("select name from mark order by name")]
        whole = [name for name in found if not name.endswith("b")]
        assert whole[:acknowledged] == [f"{n:06}" for n in range(acknowledged)]
        assert acknowledged <= len(whole) <= acknowledged + 1
        assert len(found) == 2 * len(whole)
