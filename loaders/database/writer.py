"""The one connection that writes the portal store: transactions in turn, commits that cannot be half seen."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Self, TypeVar, cast

from loaders.database.address import Address, read_address
from loaders.database.link import Engine, WritingLink
from loaders.database.named import bound, mappings
from loaders.database.postgresql import Postgresql
from loaders.database.readers import Readers
from loaders.database.sqlite import Sqlite
from loaders.dialect import Dialect
from loaders.errors import AddressInvalid, LoaderError, SourceDown, StatementTimeout

T = TypeVar("T")

QUEUE_SECONDS = 5.0
STATEMENT_SECONDS = 10.0


class Writer:
    """Writes the portal store, one transaction at a time, and reads it beside them; one a process."""

    def __init__(self, engine: Engine, readers: Readers, link: WritingLink) -> None:
        self.dialect: Dialect = engine.dialect
        self.label = engine.label
        self._engine = engine
        self._readers = readers
        self._link: WritingLink | None = link
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> Self:
        """Opens the store, a SQLite file being made where there is none; SourceDown where it does not answer."""
        address = read_address(url)
        engine = _engine(address)
        try:
            link = cast("WritingLink", await engine.connect())
        except Exception as error:
            await engine.close()
            raise engine.explain(error).error from error
        try:
            readers = await Readers.open(url, size=2, allow_writable=True)
        except BaseException:
            await link.close()
            await engine.close()
            raise
        return cls(engine, readers, link)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Transaction"]:
        """A transaction that is committed at the end of the block and rolled back by any exception.

        Whoever leaves the block without an exception has a commit that is on disk. A statement that failed dooms the
        transaction, on every engine. SourceDown where the store is away, locked or too busy.
        """
        if self._owner is not None and self._owner is asyncio.current_task():
            raise RuntimeError("This task has a transaction open already; use that one.")
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._lock.acquire()
        except TimeoutError:
            raise SourceDown(f"{self.label}: other writes took longer than {QUEUE_SECONDS:g} s.") from None
        try:
            self._owner = asyncio.current_task()
            transaction = Transaction(self._engine, await self._begun())
            try:
                yield transaction
                transaction.check()
            except BaseException:
                transaction.over = True
                await _finished(self._roll_back())
                raise
            transaction.over = True
            await _finished(self._commit())
        finally:
            self._owner = None
            self._lock.release()

    async def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
        """Rows read outside any transaction, on connections of their own: what is committed, without waiting."""
        return mappings(await self._readers.table(*bound(self.dialect, sql, params or {})))

    def rows_at_once(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]] | None:
        """What `rows` answers, where that needs no wait, as on SQLite; None where `rows` must do it."""
        table = self._readers.table_at_once(*bound(self.dialect, sql, params or {}))
        return None if table is None else mappings(table)

    async def ping(self) -> None:
        """Returns when the store could be written to; refuses as `transaction` does."""
        async with self.transaction() as transaction:
            await transaction.rows("select 1 as one")

    async def data_version(self) -> int | None:
        """A number that changes when anybody has written to a SQLite store; None on PostgreSQL."""
        return await self._readers.data_version()

    async def close(self) -> None:
        """Closes everything, after the transaction that is open."""
        self._closed = True
        async with self._lock:
            if self._link is not None:
                await self._link.close()
                self._link = None
        await self._readers.close()
        await self._engine.close()

    async def _begun(self) -> WritingLink:
        """The connection with a transaction begun; one that was lost since the last is opened again."""
        while True:
            link, fresh = await self._connected()
            try:
                await _timed(link.execute("begin immediate" if self.dialect is Dialect.SQLITE else "begin", ()))
            except Exception as error:
                failure = self._engine.explain(error)
                await _finished(self._roll_back())
                if not failure.lost or fresh:
                    raise failure.error from error
                await self._drop()
            except BaseException:
                await _finished(self._roll_back())
                raise
            else:
                return link

    async def _connected(self) -> tuple[WritingLink, bool]:
        if self._closed:
            raise SourceDown(f"{self.label} is closed.")
        if self._link is not None and self._link.usable():
            return self._link, False
        await self._drop()
        try:
            self._link = cast("WritingLink", await self._engine.connect())
        except Exception as error:
            raise self._engine.explain(error).error from error
        return self._link, True

    async def _commit(self) -> None:
        assert self._link is not None
        try:
            await _timed(self._link.execute("commit", ()))
        except Exception as error:
            await self._roll_back()
            raise self._engine.explain(error).error from error

    async def _roll_back(self) -> None:
        """Leaves the connection without a transaction, or drops it."""
        link = self._link
        if link is None:
            return
        try:
            clean = await link.settle()
            if clean and link.in_transaction():
                await _timed(link.execute("rollback", ()))
        except Exception:
            clean = False
        if not clean:
            await self._drop()

    async def _drop(self) -> None:
        if self._link is not None:
            link, self._link = self._link, None
            with suppress(Exception):
                await link.close()


class Transaction:
    """What a transaction can do: run, insert, read. After a failure, and after its end, it refuses."""

    def __init__(self, engine: Engine, link: WritingLink) -> None:
        self.over = False
        self._engine = engine
        self._link = link
        self._failed: LoaderError | None = None

    async def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Runs one statement; the number of rows it touched. ConstraintBroken where the store forbids it."""
        return await self._run(self._link.execute, sql, params)

    async def insert(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Runs an `insert … returning id`; the id. ConstraintBroken where the store forbids it."""
        table = await self._run(self._link.table, sql, params)
        return int(table.rows[0][0])

    async def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
        """The rows of one statement, as this transaction sees them."""
        return mappings(await self._run(self._link.table, sql, params))

    def check(self) -> None:
        """Raises what a statement of this transaction failed with, if one did."""
        if self._failed is not None:
            raise self._failed

    async def _run(
        self,
        run: Callable[[str, Sequence[Any]], Coroutine[Any, Any, T]],
        sql: str,
        params: Mapping[str, Any] | None,
    ) -> T:
        if self.over:
            raise RuntimeError("The transaction is over.")
        self.check()
        text, values = bound(self._engine.dialect, sql, params or {})
        try:
            return await _timed(run(text, values))
        except Exception as error:
            self._failed = self._engine.explain(error).error
            raise self._failed from error
        except BaseException:
            self._failed = StatementTimeout(f"{self._engine.label}: a statement was broken off.")
            raise


async def _timed(work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(STATEMENT_SECONDS):
        return await work


async def _finished(work: Coroutine[Any, Any, None]) -> None:
    """Does the work to its end, even if the caller is cancelled meanwhile; then the caller is."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    failure = task.exception()
    if cancelled is not None:
        raise cancelled
    if failure is not None:
        raise failure


def _engine(address: Address) -> Engine:
    match address.dialect:
        case Dialect.SQLITE:
            # The store holds accounts: nobody but the gateway's user reads the file.
            with suppress(FileExistsError, OSError):
                os.close(os.open(address.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return Sqlite(address, read_only=False)
        case Dialect.POSTGRESQL:
            return Postgresql(address, 1, STATEMENT_SECONDS, read_only=False)
        case Dialect.MYSQL:
            raise AddressInvalid("The portal store lives on SQLite or PostgreSQL.")
