"""SQLite through `databases` and aiosqlite: one thread a connection, one hop a call."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from databases import Database

from loaders.database.address import Address, sqlite_url
from loaders.database.direct import Direct, FileIdentity, identity, open_direct
from loaders.database.holder import Holder
from loaders.database.link import CONNECT_SECONDS, LOCK_SECONDS, Bound, Failure, Link, Raw, Table
from loaders.dialect import Dialect
from loaders.errors import ConstraintBroken, LoaderError, RelationIncomplete, SourceDown, StatementTimeout

T = TypeVar("T")

_INTERRUPT_SECONDS = 0.01
_OURS: Final = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG,
                sqlite3.SQLITE_RANGE, sqlite3.SQLITE_AUTH}  # fmt: skip
_LOCKED: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class _Stopped(Exception):
    """The caller has gone; the statements that had not begun are not begun."""


class Sqlite:
    """A SQLite file; readers open it with `mode=ro` and `query_only`, so that not even a bug can write to it."""

    dialect = Dialect.SQLITE

    def __init__(self, address: Address, *, read_only: bool) -> None:
        self.label = address.label
        self._path = address.path
        self._session = _READING if read_only else _WRITING
        url = sqlite_url(address.path, "ro" if read_only else "rw")
        self._database = Database(url, uri=True, timeout=LOCK_SECONDS, cached_statements=512)

    async def connect(self) -> "SqliteLink":
        """A new connection in a thread of its own; sqlite3.Error where the file cannot be read."""
        await self._database.connect()
        # Asked before opening: a file replaced in between shows as another one at the next lease.
        file = identity(self._path)
        if file is None:
            raise sqlite3.OperationalError("unable to open database file")
        holder = await Holder.open(self._database, CONNECT_SECONDS)
        link = SqliteLink(holder, self._path, file)
        try:
            await link.fetch(self._session)
        except BaseException:
            await link.close()
            raise
        return link

    async def direct(self, link: Link, budget: float) -> Direct:
        """A connection for the loop's own thread, opened in the thread of a link; sqlite3.Error as `connect`."""
        assert isinstance(link, SqliteLink)
        return await link.run(lambda _: open_direct(self._path, budget))

    def explain(self, error: Exception) -> Failure:
        """What an error of sqlite3 means: ours, a lock held too long, or a file that is gone or damaged."""
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary == sqlite3.SQLITE_INTERRUPT:
            return Failure(StatementTimeout(f"{self.label}: a statement was stopped."), lost=False)
        if primary == sqlite3.SQLITE_CONSTRAINT:
            return Failure(ConstraintBroken(f"{self.label}: {error}."), lost=False)
        if primary == sqlite3.SQLITE_FULL:
            return Failure(SourceDown(f"{self.label} has no room left on its disk."), lost=False)
        if primary in _LOCKED:
            return Failure(SourceDown(f"{self.label} is locked by another program."), lost=False)
        gone = isinstance(error, OSError | sqlite3.OperationalError)
        if primary in _OURS or (primary is None and not gone):
            return Failure(RelationIncomplete(f"{self.label}: {error}."), lost=False)
        down: LoaderError = SourceDown(f"{self.label} cannot be read. Put the file back; it is tried again by itself.")
        return Failure(down, lost=True)

    async def writable(self, link: Link) -> str | None:
        """None: a file has no users, so it counts as read-only because it was opened so."""
        return None

    async def close(self) -> None:
        """Nothing is left to close once the links are."""
        await self._database.disconnect()


_READING: list[Bound] = [("pragma query_only = on", ()), ("pragma schema_version", ())]
_WRITING: list[Bound] = [
    (f"pragma {setting}", ())
    for setting in ("busy_timeout = 5000", "journal_mode = wal", "synchronous = full", "foreign_keys = on")
]


class SqliteLink:
    """One connection to a SQLite file and the thread that works for it."""

    def __init__(self, holder: Holder, path: Path, file: FileIdentity) -> None:
        self._holder = holder
        self._raw = holder.raw
        self._path = path
        self._file = file

    async def fetch(self, statements: Sequence[Bound]) -> list[list[Raw]]:
        """The rows of each statement; all of them in one thread hop."""
        connection = self._raw._conn

        def rows(stopped: list[bool]) -> list[list[Raw]]:
            answers: list[list[Raw]] = []
            for sql, values in statements:
                if stopped:
                    raise _Stopped
                answers.append(connection.execute(sql, values).fetchall())
            return answers

        return await self.run(rows)

    async def table(self, sql: str, values: Sequence[Any]) -> Table:
        """The rows of one statement with their names."""
        connection = self._raw._conn

        def named(_: list[bool]) -> Table:
            cursor = connection.execute(sql, values)
            return Table(tuple(item[0] for item in cursor.description or ()), cursor.fetchall())

        return await self.run(named)

    async def columns(self, select: str, values: Sequence[Any]) -> tuple[str, ...]:
        """The names of the columns of a SELECT."""
        return (await self.table(f"select * from ({select}) limit 0", values)).names

    async def execute(self, sql: str, values: Sequence[Any]) -> int:
        """Runs one statement; the number of rows it touched."""
        connection = self._raw._conn
        return await self.run(lambda _: max(connection.execute(sql, values).rowcount, 0))

    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._raw.in_transaction)

    async def run(self, work: Callable[[list[bool]], T]) -> T:
        """Does `work` in the connection's thread; the list it is given fills when nobody waits for it any more."""
        stopped: list[bool] = []
        try:
            return await self._raw._execute(work, stopped)  # type: ignore[no-any-return]
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    def usable(self) -> bool:
        """Whether the file at the path is still the one that was opened: one stat, 1 µs."""
        return identity(self._path) == self._file

    async def settle(self) -> bool:
        """Interrupts what runs until the thread is free again."""
        # An interrupt between two statements hits nothing, so it is repeated until this job has had its turn.
        free = asyncio.ensure_future(self._raw._execute(lambda: None))
        while not free.done():
            with suppress(sqlite3.Error, ValueError):
                await self._raw.interrupt()
            await asyncio.wait({free}, timeout=_INTERRUPT_SECONDS)
        return free.exception() is None

    async def close(self) -> None:
        """Interrupts what runs and closes."""
        with suppress(Exception):
            await self.settle()
        await self._holder.close()
        # Its last job is done; what is left of the thread is to end.
        self._raw._thread.join(CONNECT_SECONDS)
