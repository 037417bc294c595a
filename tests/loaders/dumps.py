"""Dumps of real student information systems, loaded into databases of their own that are dropped afterwards."""

import asyncio
import gzip
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from loaders.dialect import Dialect
from tests.services import (
    absent,
    mariadb_databases,
    need_dumps,
    need_mariadb,
    need_postgresql,
    postgresql_databases,
)

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A database that a dump was loaded into, by its URL."""

    dialect: Dialect
    url: str

    async def run(self, sql: str) -> None:
        """Runs statements up to the first that fails; the test fails with what the database said."""
        await _feed(self, sql.encode())


@asynccontextmanager
async def loaded(dump: str, dialect: Dialect) -> AsyncIterator[Loaded]:
    """A throw-away database holding a dump, with the engine's statistics gathered."""
    path = need_dumps() / dump
    if not path.is_file():
        absent(f"The dump {dump}", "put it into the folder of the dumps")
    if dialect is Dialect.POSTGRESQL:
        need_postgresql()
        databases = postgresql_databases()
    else:
        need_mariadb()
        databases = mariadb_databases()
    try:
        found = Loaded(dialect, await databases())
        if dialect is Dialect.POSTGRESQL:
            await _feed(found, gzip.decompress(path.read_bytes()) + b"\nanalyze;\n")
        else:
            # One commit, and not one a table.
            await _feed(found, b"set autocommit = 0;\n" + gzip.decompress(path.read_bytes()) + b"\ncommit;\n")
        yield found
    finally:
        await databases.drop_all()


async def _feed(database: Loaded, sql: bytes) -> None:
    """Gives SQL to the engine's own client: a dump holds what drivers do not take, COPY and its rows."""
    environment = dict(os.environ)
    if database.dialect is Dialect.POSTGRESQL:
        command = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database.url]
    else:
        parts = urlsplit(database.url)
        environment["MYSQL_PWD"] = parts.password or ""
        command = [
            "mariadb",
            "--no-defaults",
            "--default-character-set=utf8mb4",
            f"--host={parts.hostname}",
            f"--port={parts.port or 3306}",
            f"--user={parts.username or 'root'}",
            parts.path.removeprefix("/"),
        ]
    try:
        done = await asyncio.to_thread(
            subprocess.run, command, input=sql, capture_output=True, timeout=SECONDS, check=False, env=environment
        )
    except FileNotFoundError:
        absent(f"The client {command[0]}", "install it")
    if done.returncode:
        pytest.fail(done.stderr.decode(errors="replace")[:500], pytrace=False)
