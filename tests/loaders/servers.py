"""Databases to test with: one of our own on each engine, and a proxy that can cut, stall and count its callers."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

import asyncmy
import asyncpg
import pytest

POSTGRESQL = os.environ.get("HOMEROOM_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432")
MARIADB = os.environ.get("HOMEROOM_TEST_MARIADB", "mysql://root@127.0.0.1:3306")
NAME = f"hr_db_{os.getpid()}"
READER = f"{NAME}_reader"
SECRET = "plover"


@dataclass(frozen=True)
class Place:
    """A database with a table `pupil` of 100 rows: its URL for a user who may only read, and the engine's spelling."""

    url: str
    param: str
    slow: str
    connections: str
    port: int = 0

    def through(self, proxy: "Proxy") -> str:
        """The URL that leads through a proxy."""
        return self.url.replace(f":{self.port}/", f":{proxy.port}/")


def unavailable(server: str, error: Exception) -> None:
    """Skips where no server answers; on CI that is a failure."""
    if os.environ.get("CI") == "true":
        raise error
    pytest.skip(f"no {server} server answers")


@asynccontextmanager
async def postgresql() -> AsyncIterator[Place]:
    """A PostgreSQL database of our own and a user who may only read it, both dropped at the end."""
    try:
        admin = await asyncpg.connect(f"{POSTGRESQL}/postgres", timeout=3)
    except (OSError, asyncpg.PostgresError) as error:
        unavailable("PostgreSQL", error)
    port = urlsplit(POSTGRESQL).port or 5432
    await admin.execute(f"create role {READER} login password '{SECRET}'")
    await admin.execute(f"create database {NAME}")
    try:
        inside = await asyncpg.connect(f"{POSTGRESQL}/{NAME}")
        await inside.execute("create table pupil (id integer primary key, name text)")
        await inside.execute("insert into pupil select n, 'Pupil ' || n from generate_series(1, 100) as n")
        await inside.execute(f"grant select on pupil to {READER}")
        await inside.close()
        yield Place(
            f"postgresql://{READER}:{SECRET}@127.0.0.1:{port}/{NAME}",
            "$1",
            "select pg_sleep(20)",
            "select count(*)::integer from pg_stat_activity where usename = current_user",
            port,
        )
    finally:
        await admin.execute(f"drop database {NAME} with (force)")
        await admin.execute(f"drop role {READER}")
        await admin.close()


async def mariadb_admin() -> Any:
    """A connection of MariaDB's administrator."""
    parts = urlsplit(MARIADB)
    return await asyncmy.connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username or "root", password=parts.password or "",
        autocommit=True, connect_timeout=3,
    )  # fmt: skip


async def run(connection: Any, *statements: str) -> None:
    """Runs statements on a connection of asyncmy."""
    async with connection.cursor() as cursor:
        for statement in statements:
            await cursor.execute(statement)


@asynccontextmanager
async def mariadb() -> AsyncIterator[Place]:
    """A MariaDB database of our own and a user who may only read it, both dropped at the end."""
    try:
        admin = await mariadb_admin()
    except (OSError, asyncmy.errors.MySQLError) as error:
        unavailable("MariaDB", error)
    port = urlsplit(MARIADB).port or 3306
    await run(admin, f"create database {NAME}", f"create user {READER}@'%' identified by '{SECRET}'")
    try:
        await run(
            admin,
            f"create table {NAME}.pupil (id integer primary key, name varchar(40))",
            f"insert into {NAME}.pupil select seq, concat('Pupil ', seq) from seq_1_to_100".replace(
                "from seq_1_to_100", "from (with recursive n as (select 1 as seq union all select seq + 1 from n "
                "where seq < 100) select seq from n) as numbers"),
            f"grant select on {NAME}.* to {READER}@'%'",
        )  # fmt: skip
        yield Place(
            f"mariadb://{READER}:{SECRET}@127.0.0.1:{port}/{NAME}",
            "%s",
            "select sleep(20)",
            "select count(*) from information_schema.processlist where user = substring_index(user(), '@', 1)",
            port,
        )
    finally:
        await run(admin, f"drop database {NAME}", f"drop user {READER}@'%'")
        admin.close()


def sqlite(path: Path, pupils: int = 100) -> Place:
    """A SQLite file with the same table."""
    with sqlite3.connect(path) as connection:
        connection.execute("create table pupil (id integer primary key, name text)")
        connection.executemany("insert into pupil values (?, ?)", [(n, f"Pupil {n}") for n in range(1, pupils + 1)])
    connection.close()
    slow = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n"
    return Place(f"sqlite:///{quote(str(path))}", "?", slow, "")


class Proxy:
    """A TCP proxy before a server: `cut` hangs up and refuses, `stall` swallows, `heal` forwards again."""

    def __init__(self, upstream: int) -> None:
        self.port = 0
        self.callers = 0
        self.refusing = False
        self._upstream = upstream
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    @classmethod
    @asynccontextmanager
    async def before(cls, port: int) -> AsyncIterator[Self]:
        """A proxy before the server at that port, closed at the end."""
        proxy = cls(port)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            proxy.heal()
            proxy.cut()
            if proxy._tasks:
                await asyncio.wait(proxy._tasks, timeout=5)

    def cut(self) -> None:
        """Hangs up on everybody, and on everybody who comes."""
        self.refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Forwards nothing any more, and keeps every line open."""
        self._flowing.clear()

    def heal(self) -> None:
        """Forwards again."""
        self.refusing = False
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.callers += 1
        if self.refusing:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there, back = await asyncio.open_connection("127.0.0.1", self._upstream)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            for end in (writer, back):
                self._writers.discard(end)
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
