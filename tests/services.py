"""What tests need beside Python: where it is, whether it answers, and what to start where it does not.

HOMEROOM_TEST_POSTGRESQL and HOMEROOM_TEST_MARIADB are URLs of servers without a database, of a user who may make
databases; HOMEROOM_TEST_REDIS is a Redis URL, HOMEROOM_TEST_DUMPS the folder of the dumps.
"""

import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit
from uuid import uuid4

import asyncmy
import asyncpg
import pytest

POSTGRESQL = os.environ.get("HOMEROOM_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432")
MARIADB = os.environ.get("HOMEROOM_TEST_MARIADB", "mysql://root@127.0.0.1:3306")
REDIS = os.environ.get("HOMEROOM_TEST_REDIS", "redis://127.0.0.1:6379/0")
DUMPS = Path(os.environ.get("HOMEROOM_TEST_DUMPS") or Path(__file__).resolve().parents[2] / "shared" / "sis")

PREFIX = "hr_test_"
CONNECT_SECONDS = 3.0


@dataclass
class Clock:
    """A clock that stands still until it is moved: calling it gives an aware instant in UTC."""

    now: datetime = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The instant at which it stands."""
        return self.now

    def set(self, instant: datetime) -> None:
        """Move it to an aware instant, of any zone."""
        if instant.tzinfo is None:
            raise ValueError("A clock takes aware instants only.")
        self.now = instant.astimezone(UTC)

    def forward(self, **spans: float) -> None:
        """Move it by a time span: `forward(minutes=15)`."""
        self.now += timedelta(**spans)


def absent(what: str, remedy: str) -> NoReturn:
    """Skip with one line that says what to start; fail where CI promises that everything is there."""
    message = f"{what} is missing: {remedy}."
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def need_postgresql() -> None:
    """Return where PostgreSQL answers."""
    if not _listens(POSTGRESQL, 5432):
        absent("PostgreSQL", "start a server, or name one by HOMEROOM_TEST_POSTGRESQL")


def need_mariadb() -> None:
    """Return where MariaDB answers."""
    if not _listens(MARIADB, 3306):
        absent("MariaDB", "start a server, or name one by HOMEROOM_TEST_MARIADB")


def need_redis() -> None:
    """Return where Redis answers."""
    if not _listens(REDIS, 6379):
        absent("Redis", "start a server, or name one by HOMEROOM_TEST_REDIS")


def need_browser() -> str:
    """The path of Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    absent("Chromium", "install the package chromium")


def need_node() -> str:
    """The path of Node.js, which comes with npm."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        absent("Node.js with npm", "install the packages nodejs and npm")
    return found


def need_namespaces() -> str:
    """The path of iproute2's ip, where it may make networks of its own."""
    found = shutil.which("ip")
    if found is None or os.geteuid() != 0:
        absent("A network of its own", "install the package iproute2, and run the tests as root")
    return found


def need_dumps() -> Path:
    """The folder of the dumps."""
    if not DUMPS.is_dir():
        absent("The folder of dumps", "put shared/sis beside the checkout, or name it by HOMEROOM_TEST_DUMPS")
    return DUMPS


#: What each mark of pyproject.toml needs.
NEEDS: Mapping[str, Callable[[], object]] = {
    "postgresql": need_postgresql,
    "mariadb": need_mariadb,
    "redis": need_redis,
    "namespaces": need_namespaces,
    "browser": need_browser,
    "node": need_node,
    "dumps": need_dumps,
}


class Databases:
    """Throw-away databases of one server, dropped together at the end."""

    def __init__(self, server: str, run: Callable[[str], Awaitable[None]], drop: str) -> None:
        self._server = server.rstrip("/")
        self._run = run
        self._drop = drop
        self._names: list[str] = []

    async def __call__(self) -> str:
        """The URL of a new and empty database."""
        name = f"{PREFIX}{os.getpid()}_{uuid4().hex[:8]}"
        await self._run(f"create database {name}")
        self._names.append(name)
        return f"{self._server}/{name}"

    async def drop_all(self) -> None:
        """Drop every database made here, whoever is still connected."""
        while self._names:
            await self._run(self._drop.format(name=self._names.pop()))


def postgresql_databases() -> Databases:
    """Throw-away databases on PostgreSQL."""
    return Databases(POSTGRESQL, _on_postgresql, "drop database if exists {name} with (force)")


def mariadb_databases() -> Databases:
    """Throw-away databases on MariaDB."""
    return Databases(MARIADB, _on_mariadb, "drop database if exists {name}")


async def _on_postgresql(statement: str) -> None:
    connection = await asyncpg.connect(f"{POSTGRESQL.rstrip('/')}/postgres", timeout=CONNECT_SECONDS)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _on_mariadb(statement: str) -> None:
    parts = urlsplit(MARIADB)
    connection: Any = await asyncmy.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=parts.username or "root",
        password=parts.password or "",
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
    finally:
        await connection.ensure_closed()


@cache
def _listens(url: str, port: int) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or port), timeout=CONNECT_SECONDS):
            return True
    except OSError:
        return False
