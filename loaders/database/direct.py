"""SQLite read on the event loop's own thread: a short statement costs no hop, a long one is broken off."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

from loaders.database.address import sqlite_file
from loaders.database.heavy import Heavy
from loaders.database.link import LOCK_SECONDS, Bound, Raw, Table

FileIdentity = tuple[int, int]

#: Pages kept of the file: with SQLite's own 2 MiB, every family's pages are read and copied anew.
CACHE_KIB = 65_536

# How often the clock is looked at, in steps of SQLite's machine, of which a row takes some ten: some 30 µs.
STEPS = 1000


#: How many texts of statements that were broken off are kept: as many as the connection keeps statements.
RENEWED = 512

#: How many budgets one operation may spend that began within the first.
HELD = 3

#: Of the budget, how much is work: half of what was left at a quarter. Less is waiting for a processor or a disk.
WORKED = 3 / 8


class TooLong(Exception):
    """The statement ran past the budget of the loop, now or a moment ago; a thread has to run it."""


# What a connection raises that refuses: to run, to wait for a lock, or to bind a value.
REFUSALS = (TooLong, sqlite3.Error, sqlite3.Warning, ValueError, OverflowError)


class Direct:
    """A read-only connection whose statements run on the loop's thread; whoever is refused here asks a thread.

    A statement that runs past `budget` seconds is interrupted. If it was working meanwhile, and not waiting for a
    processor or a disk, its text is refused at once for two minutes; if it was not, and a whole operation is held that
    would have to begin anew, it has three budgets. When the reads of one turn of the loop have spent the budget, the
    next one lets the loop turn first.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, file: FileIdentity, budget: float) -> None:
        self._connection = connection
        self._path = str(path)
        self._file = file
        self._budget = budget
        self._began = 0.0
        self._worked: float | None = None
        self._spent = 0.0
        self._turning = False
        self._heavy = Heavy(lambda: perf_counter())
        self._closed = False
        self._held_until: float | None = None
        self._broken: dict[str, str] = {}
        self._breaks = 0
        connection.set_progress_handler(self._late, STEPS)

    async def fetch(self, statements: Sequence[Bound]) -> list[list[Raw]]:
        """The rows of each statement; TooLong, or an error that a thread has to put into words."""
        if self._heavy.holds(statements):
            raise TooLong
        # Taking and leaving SQLite's lock is most of a small statement, so several share one.
        several = len(statements) > 1
        answers: list[list[Raw]] = []
        try:
            for sql, values in statements:
                if self._spent >= self._budget:
                    self._unlock()
                    await self._turn()
                if several and not self._connection.in_transaction:
                    self._connection.execute("begin")
                answers.append(self._read(sql, values)[1])
        finally:
            self._unlock()
        return answers

    def at_once(self, statements: Sequence[Bound]) -> list[list[Raw]] | None:
        """What `fetch` answers, where this turn of the loop has the time for it; None where it has not."""
        if self._heavy.holds(statements):
            raise TooLong
        held = self._held_until
        locking = held is not None or len(statements) > 1
        most = self._budget if held is None else held
        answers: list[list[Raw]] = []
        try:
            if locking and not self._connection.in_transaction:
                self._began = perf_counter()
                self._connection.execute("begin")
            for sql, values in statements:
                if self._spent >= most:
                    return None
                answers.append(self._read(sql, values)[1])
        finally:
            if locking and held is None:
                self._unlock()
        return answers

    def hold(self) -> bool:
        """Show one state of the file to all that is read until `release`; False where this turn has no time for it.

        Whoever holds it must not wait for anything meanwhile, and may spend three budgets more: to give an operation up
        costs more than to end it, and what the clock shows may be another process's time.
        """
        if self._spent >= self._budget:
            return False
        self._held_until = self._spent + HELD * self._budget
        return True

    def spent(self) -> bool:
        """Whether this turn of the loop has no time left for reading."""
        return self._spent >= self._budget

    def release(self) -> None:
        """Let go of the file's state."""
        self._held_until = None
        self._unlock()

    async def soon(self) -> None:
        """Return when a turn of the loop has time for reading."""
        await self._turn()

    async def table(self, sql: str, values: Sequence[Any]) -> Table:
        """The rows of one statement with their names; refuses as `fetch` does."""
        if self._spent >= self._budget:
            await self._turn()
        return self._table(sql, values)

    def table_at_once(self, sql: str, values: Sequence[Any]) -> Table | None:
        """What `table` answers, where this turn of the loop has the time for it; None where it has not."""
        return None if self._spent >= self._budget else self._table(sql, values)

    def data_version(self) -> int | None:
        """SQLite's number of what was written by others; None while the file is locked."""
        self._began = perf_counter()
        try:
            ((version,),) = self._connection.execute("pragma data_version").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return None
            raise
        return int(version)

    def usable(self) -> bool:
        """Whether it is open and its file still stands at the path: one stat, 2 µs.

        Once the file was seen to be away it is closed for good: what was written to the file elsewhere stands in a
        log that this connection does not know of.
        """
        if not self._closed and identity(self._path) != self._file:
            self.close()
        return not self._closed

    def close(self) -> None:
        """Closes the connection; never raises."""
        self._closed = True
        with suppress(sqlite3.Error):
            self._connection.close()

    def _table(self, sql: str, values: Sequence[Any]) -> Table:
        if self._heavy.holds([(sql, values)]):
            raise TooLong
        cursor, rows = self._read(sql, values)
        return Table(tuple([item[0] for item in cursor.description or ()]), rows)

    def _read(self, sql: str, values: Sequence[Any]) -> tuple[sqlite3.Cursor, list[Raw]]:
        self._began = began = perf_counter()
        self._worked = None
        try:
            cursor = self._connection.execute(self._broken.get(sql, sql) if self._broken else sql, values)
            return cursor, cursor.fetchall()
        except sqlite3.Error:
            self._renew(sql)
            raise
        finally:
            taken = perf_counter() - began
            self._spent += min(taken, self._budget)  # more is another's work, a processor's or a disk's
            if self._spent >= self._budget and not self._turning:
                self._turning = True
                asyncio.get_running_loop().call_soon(self._turned)
            if (
                taken > self._budget
                and self._worked is not None
                and thread_time() - self._worked > self._budget * WORKED
            ):
                self._heavy.add(sql)

    def _renew(self, sql: str) -> None:
        """Have a statement that was broken off prepared once more, under a text of its own.

        Python's module takes one that failed between two rows for busy ever after, and would prepare it anew each time:
        ten times what a small one costs.
        """
        if len(self._broken) >= RENEWED:
            self._broken.clear()
        self._breaks += 1
        self._broken[sql] = f"{sql}\n-- {self._breaks}"

    def _late(self) -> bool:
        passed = perf_counter() - self._began
        if self._worked is None and passed > self._budget / 4:
            # Only now, because this clock costs a tenth of a small statement.
            self._worked = thread_time()
        if passed <= self._budget:
            return False
        if self._held_until is None or self._worked is None or passed > HELD * self._budget:
            return True
        return thread_time() - self._worked > self._budget * WORKED

    def _unlock(self) -> None:
        if not self._closed and self._connection.in_transaction:
            self._began = perf_counter()  # or what came before would count as this one's time
            self._connection.execute("rollback")

    async def _turn(self) -> None:
        while self._spent >= self._budget:  # noqa: ASYNC110 - nothing is waited for but a turn of the loop
            await asyncio.sleep(0)

    def _turned(self) -> None:
        self._spent = 0.0
        self._turning = False


def open_direct(path: Path, budget: float) -> Direct:
    """Opens the file and reads its schema, which may take long: call it in a thread. sqlite3.Error where it cannot."""
    file = identity(path)
    if file is None:
        raise sqlite3.OperationalError("unable to open database file")
    connection = sqlite3.connect(
        sqlite_file(path, "ro"),
        uri=True,
        timeout=LOCK_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    try:
        connection.execute("pragma query_only = on")
        connection.execute(f"pragma cache_size = -{CACHE_KIB}")
        connection.execute("select count(*) from sqlite_schema").fetchall()
        connection.execute("pragma busy_timeout = 0")
    except BaseException:
        connection.close()
        raise
    return Direct(connection, path, file, budget)


def identity(path: Path | str) -> FileIdentity | None:
    """Which file stands at the path; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
