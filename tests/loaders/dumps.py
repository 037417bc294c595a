"""Dumps of real student information systems, loaded into databases of their own that are dropped afterwards."""

import gzip
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest

from loaders.dialect import Dialect

FOLDER = Path(os.environ.get("HOMEROOM_DUMPS") or Path(__file__).resolve().parents[3] / "shared" / "sis")
POSTGRESQL_HOST = os.environ.get("PGHOST", "/var/run/postgresql")
MARIADB_SOCKET = os.environ.get("MYSQL_UNIX_PORT", "/run/mysqld/mysqld.sock")
SECONDS = 60.0


def missing(what: str) -> None:
    """Skips the test with one line; fails it where CI promises that everything is there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI lacks {what}.", pytrace=False)
    pytest.skip(f"{what} is not here")


class Loaded:
    """A database that a dump was loaded into."""

    def __init__(self, dialect: Dialect, name: str) -> None:
        self.dialect = dialect
        self.name = name

    @property
    def url(self) -> str:
        """The URL by which `Readers` opens it."""
        if self.dialect is Dialect.POSTGRESQL:
            return f"postgresql://root@/{self.name}?host={quote(POSTGRESQL_HOST, safe='/')}"
        return f"mysql://root@/{self.name}?unix_socket={quote(MARIADB_SOCKET, safe='/')}"

    def run(self, sql: str) -> None:
        """Runs statements, all or up to the first that fails; the test fails with what the database said."""
        _client(self.dialect, self.name, sql.encode())


@contextmanager
def loaded(dump: str, dialect: Dialect) -> Iterator[Loaded]:
    """A throw-away database holding a dump, with the engine's statistics gathered."""
    path = FOLDER / dump
    if not path.is_file():
        missing(f"the dump {dump}")
    name = f"hr_dump_{uuid4().hex[:12]}"
    charset = " character set utf8mb4" if dialect is Dialect.MYSQL else ""
    try:
        _client(dialect, None, f"create database {name}{charset}".encode())
    except (OSError, subprocess.SubprocessError, pytest.fail.Exception):
        missing(f"a {dialect.value} server")
    try:
        _client(dialect, name, gzip.decompress(path.read_bytes()))
        if dialect is Dialect.POSTGRESQL:
            _client(dialect, name, b"analyze")
        yield Loaded(dialect, name)
    finally:
        force = " with (force)" if dialect is Dialect.POSTGRESQL else ""
        _client(dialect, None, f"drop database {name}{force}".encode())


def _client(dialect: Dialect, name: str | None, sql: bytes) -> None:
    if dialect is Dialect.POSTGRESQL:
        command = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", POSTGRESQL_HOST, "-d", name or "postgres"]
    else:
        command = ["mariadb", "--no-defaults", f"--socket={MARIADB_SOCKET}", "--default-character-set=utf8mb4"]
        command += [name] if name else []
    done = subprocess.run(command, input=sql, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode:
        pytest.fail(done.stderr.decode(errors="replace")[:500], pytrace=False)
