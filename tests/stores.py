"""Portal stores for tests: migrated once in a process, then copied on SQLite and swept clean on PostgreSQL."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql

from loaders.portal.store import VERSION_TABLE, migrate
from tests.loaders import servers
from tests.loaders.servers import POSTGRESQL

KEPT = f"hr_portal_{os.getpid()}"
BARE = f"{KEPT}_bare"

_SHUT_OUT = """
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
_TABLES = "select tablename from pg_tables where schemaname = 'public' and tablename <> %s order by tablename"
_RESTART = """
    select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where last_value is not null
"""


class _Kept:
    """What a process keeps: the bytes of a migrated file, and a connection to a migrated database of its own."""

    file: bytes | None = None
    database: psycopg.Connection | None = None
    tables: tuple[str, ...] = ()


@asynccontextmanager
async def empty_place(engine: str, folder: Path) -> AsyncIterator[str]:
    """The URL of a store that has no row yet.

    On PostgreSQL it is one migrated database for all of a process's tests: whoever changes its tables takes
    `bare_place`. On SQLite it is a file that `settle`, or the gateway, has yet to make.
    """
    if engine == "sqlite":
        yield _file_in(folder)
        return
    if _Kept.database is None:
        admin = _administrator()
        with admin:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(KEPT)))
            # What is thrown away in the end need not outlive a power cut.
            admin.execute(sql.SQL("alter database {} set synchronous_commit = off").format(sql.Identifier(KEPT)))
        await migrate(f"{POSTGRESQL}/{KEPT}")
        _Kept.database = psycopg.connect(f"{POSTGRESQL}/{KEPT}", autocommit=True)
        _Kept.tables = tuple(name for (name,) in _Kept.database.execute(_TABLES, (VERSION_TABLE,)))
    _sweep(_Kept.database)
    yield f"{POSTGRESQL}/{KEPT}"


@asynccontextmanager
async def bare_place(engine: str, folder: Path) -> AsyncIterator[str]:
    """The URL of a database in which nothing is, not even a table; dropped at the end."""
    if engine == "sqlite":
        yield _file_in(folder)
        return
    admin = _administrator()
    with admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(BARE)))
        try:
            yield f"{POSTGRESQL}/{BARE}"
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(BARE)))


async def settle(url: str) -> None:
    """Sees to it that the store at `url` is migrated: by a copy where there is no file yet."""
    if _Kept.file is None:
        with TemporaryDirectory(prefix="homeroom-store-") as folder:
            await migrate(_file_in(Path(folder)))
            _Kept.file = (Path(folder) / "portal.sqlite").read_bytes()
    if url != f"{POSTGRESQL}/{KEPT}" and not _copied(url, _Kept.file):
        await migrate(url)


def let_go() -> None:
    """Drops what the process kept."""
    if _Kept.database is not None:
        _Kept.database.close()
        _Kept.database = None
        with _administrator() as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(KEPT)))


def _file_in(folder: Path) -> str:
    return f"sqlite:///{folder}/portal.sqlite"


def _copied(url: str, store: bytes) -> bool:
    """Whether there was no file at that URL, and is now."""
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:") or path.exists():
        return False
    path.touch(0o600)
    path.write_bytes(store)
    return True


def _administrator() -> psycopg.Connection:
    try:
        return psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        servers.unavailable("PostgreSQL", error)
        raise


def _sweep(database: psycopg.Connection) -> None:
    """Empties every table, of those as well that let nothing be deleted, and lets ids begin at one again."""
    database.execute(_SHUT_OUT)
    filled = sql.SQL(" union all ").join(
        sql.SQL("select {} where exists (select from {})").format(sql.Literal(name), sql.Identifier(name))
        for name in _Kept.tables
    )
    with database.transaction():
        database.execute("set local session_replication_role = replica")
        for (name,) in database.execute(filled).fetchall():
            database.execute(sql.SQL("delete from {}").format(sql.Identifier(name)))
        database.execute(_RESTART)
