"""Held read connections of one database: leased in turn, with a deadline, opened again when they are lost.

A SQLite file has one connection more. Short statements run on it at once, on the thread of the event loop, for a hop
to another thread and back costs more than they do. On PostgreSQL half of the connections are pipelines, where short
statements of many calls share a way there and back.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from contextlib import suppress
from typing import Any, Self, TypeVar

from loaders.database.address import Address, read_address
from loaders.database.deadlines import Deadlines
from loaders.database.direct import REFUSALS, Direct
from loaders.database.link import LOCK_SECONDS, Bound, Engine, Failure, Link, Raw, Table
from loaders.database.mysql import Mysql
from loaders.database.pipeline import Pipeline, Refused
from loaders.database.pipelines import Pipelines
from loaders.database.postgresql import Postgresql
from loaders.database.sqlite import Sqlite
from loaders.dialect import Dialect
from loaders.errors import MustWait, SourceDown, SourceWritable, StatementTimeout

T = TypeVar("T")

LEASE_SECONDS = 2.0
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 5.0
LOOP_SECONDS = 0.005
_LOCKED_SECONDS = 0.01


class Readers:
    """A database that answers bound SQL on at most `size` connections; satisfies `loaders.source.Reads`.

    Callers beyond `size` queue in the order in which they came. A connection goes to the next caller only when
    nothing of the last one runs on it any more, whether that one was answered, refused, late or cancelled.
    On SQLite a statement that takes less than `loop_budget` seconds queues for none of them, and on PostgreSQL one that
    takes less than a quarter of a second queues with others on the same connection.
    """

    def __init__(self, engine: Engine, size: int, statement_timeout: float, loop_budget: float) -> None:
        self.dialect: Dialect = engine.dialect
        self.label = engine.label
        self._engine = engine
        self._seconds = statement_timeout
        self._deadlines = Deadlines(statement_timeout)
        self._slots = asyncio.Semaphore(size)
        self._idle: deque[Link] = deque()
        self._opening = asyncio.Lock()
        self._down: SourceDown | None = None
        self._down_until = 0.0
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False
        self._pipelines = Pipelines(engine.pipeline, size // 2) if isinstance(engine, Postgresql) else None
        self._sqlite = engine if isinstance(engine, Sqlite) else None
        self._budget = loop_budget
        self._direct: Direct | None = None
        self._directing = asyncio.Lock()
        self._direct_after = 0.0
        self._directs = 0
        self._held: Direct | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        size: int = 4,
        statement_timeout: float = 3.0,
        read_only: bool = True,
        allow_writable: bool = False,
        loop_budget: float = LOOP_SECONDS,
    ) -> Self:
        """Opens all connections to the database of that URL.

        AddressInvalid for a URL that cannot be read, SourceDown where the database does not answer, SourceWritable
        where its user could write and `allow_writable` does not say that this is meant.
        """
        engine = _engine(read_address(url), size, statement_timeout, read_only=read_only)
        readers = cls(engine, size, statement_timeout, loop_budget)
        try:
            links = [await readers._connect()]
            readers._idle.extend(links)
            for _ in range(await readers._pipelines.fill() if readers._pipelines is not None else 0):
                await readers._slots.acquire()  # for good: a pipeline is one of the connections
                size -= 1
            links += [await readers._connect() for _ in range(size - 1)]
            readers._idle.extend(links[1:])
            await readers._keep_direct(links[0])
            if read_only and not allow_writable and (reason := await readers._reason_to_refuse(links[0])):
                raise SourceWritable(f"{readers.label}: {reason}")
        except BaseException:
            await readers.close()
            raise
        return readers

    async def fetch(self, statements: Sequence[Bound], *, heavy: bool = False) -> list[list[Raw]]:
        """The rows of each statement, in their order, read on one connection in one trip.

        What is known to be `heavy` goes to a thread at once. SourceDown where the database does not answer,
        StatementTimeout past the deadline, RelationIncomplete where the SQL does not fit the database.
        """
        if self._held is not None:
            raise MustWait
        if not heavy and (direct := self._at_once()) is not None:
            try:
                return await direct.fetch(statements)
            except REFUSALS as error:
                self._refused(direct, error)
        if not heavy and self._pipelines is not None and (pipeline := self._pipelines.shortest()) is not None:
            with suppress(Refused):
                return await self._piped(pipeline, statements)
        return await self._call(lambda link: link.fetch(statements))

    def at_once(self, statements: Sequence[Bound]) -> list[list[Raw]] | None:
        """The rows of each statement, where they can be had on the loop's thread now; None where `fetch` must do it."""
        if (direct := self._held or self._at_once()) is None:
            return None
        try:
            return direct.at_once(statements)
        except REFUSALS as error:
            self._refused(direct, error)
            return None

    def hold(self) -> bool:
        """Answer all that is asked until `release` at once, of one state of the database; False where that cannot be.

        What cannot be answered at once raises MustWait meanwhile.
        """
        direct = self._at_once()
        if direct is None or self._held is not None or not direct.hold():
            return False
        self._held = direct
        return True

    def spent(self) -> bool:
        """Whether `hold` answers False only because this turn of the loop has read enough."""
        direct = self._at_once()
        return direct is not None and self._held is None and direct.spent()

    def release(self) -> None:
        """End what `hold` began."""
        held, self._held = self._held, None
        if held is not None:
            held.release()

    async def soon(self) -> None:
        """Return when it may be worth while to `hold`."""
        if (direct := self._at_once()) is not None:
            await direct.soon()

    async def table(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """The rows of one statement with the names of their columns; refuses as `fetch` does."""
        if self._held is not None:
            raise MustWait
        if (direct := self._at_once()) is not None:
            try:
                return await direct.table(sql, values)
            except REFUSALS as error:
                self._refused(direct, error)
        return await self._call(lambda link: link.table(sql, values))

    def table_at_once(self, sql: str, values: Sequence[Any] = ()) -> Table | None:
        """What `table` answers, where it can be had on the loop's thread now; None where `table` must do it."""
        if self._held is not None or (direct := self._at_once()) is None:
            return None
        try:
            return direct.table_at_once(sql, values)
        except REFUSALS as error:
            self._refused(direct, error)
            return None

    async def columns(self, select: str, values: Sequence[Any] = ()) -> tuple[str, ...]:
        """The names of the columns that a SELECT (rendered as for `fetch`) answers with; no row is read."""
        return await self._call(lambda link: link.columns(select, values))

    async def ping(self) -> None:
        """Returns when the database has answered; refuses as `fetch` does."""
        await self.fetch([("select 1", ())])

    async def data_version(self) -> int | None:
        """A number that changes when anybody has written to a SQLite file; None on other engines.

        SQLite's own number means something to one connection only, so it is the one that only the loop uses.
        """
        if self._sqlite is None:
            return None
        deadline = asyncio.get_running_loop().time() + LOCK_SECONDS
        await asyncio.sleep(0)  # so that those who come together find each other asking
        while True:
            if self._direct is None or not self._direct.usable():
                await self._call(self._renew_direct)
            if (direct := self._direct) is not None:
                try:
                    if (version := direct.data_version()) is not None:
                        return (self._directs << 32) | version
                except sqlite3.Error as error:
                    self._refused(direct, error)
                    raise self._engine.explain(error).error from error
            if asyncio.get_running_loop().time() > deadline:
                raise SourceDown(f"{self.label} is locked by another program.")
            await asyncio.sleep(_LOCKED_SECONDS)

    def version(self) -> Hashable | None:
        """What `data_version` tells, where it needs no wait; None where it does, and on other engines."""
        direct = self._direct
        if direct is None or not (direct is self._held or direct.usable()):
            return None
        try:
            version = direct.data_version()
        except sqlite3.Error:
            return None
        return None if version is None else (self._directs, version)

    async def close(self) -> None:
        """Closes every connection once what runs on it is stopped; calls that come later get SourceDown."""
        self._closed = True
        if self._direct is not None:
            self._direct.close()
        if self._pipelines is not None:
            await self._pipelines.close()
        for link in self._idle:
            self._later(link.close())
        self._idle.clear()
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_SECONDS)
        self._deadlines.close()
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._engine.close()

    async def _call(self, work: Callable[[Link], Awaitable[T]]) -> T:
        while True:
            link, fresh = await self._lease()
            deadline = self._deadlines.begin()
            try:
                if self._sqlite is not None:
                    await self._keep_direct(link)
                answer = await work(link)
            except Exception as error:
                if self._deadlines.end(deadline):
                    self._later(self._settle(link))
                    raise self._late() from None
                failure = self._engine.explain(error)
                if not failure.lost:
                    self._give_back(link)
                    raise failure.error from error
                # The other connections went the same way, most likely: a server restarts as a whole.
                self._later(self._discard(link))
                while self._idle:
                    await self._idle.popleft().close()
                if fresh:
                    raise failure.error from error
            except BaseException as error:
                self._later(self._settle(link))
                if self._deadlines.end(deadline) and isinstance(error, asyncio.CancelledError):
                    raise self._late() from None
                raise
            else:
                self._deadlines.end(deadline)
                self._give_back(link)
                if self._pipelines is not None:
                    self._pipelines.refill()
                return answer

    async def _piped(self, pipeline: Pipeline, statements: Sequence[Bound]) -> list[list[Raw]]:
        """The rows as a pipeline gives them, within the deadline; Refused where a link has to be asked."""
        deadline = self._deadlines.begin()
        try:
            answer = await pipeline.fetch(statements)
        except BaseException:
            if self._deadlines.end(deadline):
                raise self._late() from None
            raise
        self._deadlines.end(deadline)
        return answer

    def _late(self) -> StatementTimeout:
        return StatementTimeout(f"{self.label}: a statement ran past {self._seconds:g} s.")

    def _at_once(self) -> Direct | None:
        """The connection that needs no thread, where there is one that leads to the file."""
        direct = self._direct
        return direct if direct is not None and self._budget and direct.usable() else None

    def _refused(self, direct: Direct, error: Exception) -> None:
        # What is wrong is for a thread's connection to say, which asks again; a lock or a long statement is not wrong.
        if self._engine.explain(error).lost:
            direct.close()

    async def _keep_direct(self, link: Link) -> None:
        """Opens the connection of the loop again where it was lost, now and then; the link can do without it."""
        now = asyncio.get_running_loop().time()
        if now < self._direct_after or (self._direct is not None and self._direct.usable()):
            return
        self._direct_after = now + RETRY_SECONDS
        with suppress(sqlite3.Error):
            await self._renew_direct(link)

    async def _renew_direct(self, link: Link) -> None:
        async with self._directing:
            if self._sqlite is None or self._closed or (self._direct is not None and self._direct.usable()):
                return
            if self._direct is not None:
                self._direct.close()
            self._direct = await self._sqlite.direct(link, self._budget)
            self._directs += 1
            if self._closed:
                self._direct.close()

    async def _lease(self) -> tuple[Link, bool]:
        """A connection that is free, and whether it was opened for this call."""
        if self._closed:
            raise SourceDown(f"{self.label} is closed.")
        try:
            if self._slots.locked():
                async with asyncio.timeout(LEASE_SECONDS):
                    await self._slots.acquire()
            else:
                await self._slots.acquire()
        except TimeoutError:
            raise SourceDown(f"{self.label}: no connection was free within {LEASE_SECONDS:g} s.") from None
        try:
            while self._idle:
                link = self._idle.pop()
                if link.usable():
                    return link, False
                await link.close()
            return await self._connect(), True
        except BaseException:
            self._slots.release()
            raise

    async def _connect(self) -> Link:
        """A new connection; a database that was away a moment ago is not asked again yet."""
        async with self._opening:
            loop = asyncio.get_running_loop()
            if self._closed:
                raise SourceDown(f"{self.label} is closed.")
            if self._down is not None and loop.time() < self._down_until:
                raise SourceDown(str(self._down))
            try:
                link = await self._engine.connect()
            except Exception as error:
                reason = self._engine.explain(error).error
                self._down = reason if isinstance(reason, SourceDown) else SourceDown(str(reason))
                self._down_until = loop.time() + RETRY_SECONDS
                raise self._down from error
            self._down = None
            return link

    def _give_back(self, link: Link) -> None:
        if self._closed:
            self._later(self._discard(link))
        else:
            self._idle.append(link)
            self._slots.release()

    async def _settle(self, link: Link) -> None:
        """Leads a connection whose call was broken off back to the others, or closes it."""
        clean = False
        with suppress(Exception):
            clean = await link.settle()
        if clean and not self._closed:
            self._give_back(link)
        else:
            await self._discard(link)

    async def _discard(self, link: Link) -> None:
        try:
            await link.close()
        finally:
            self._slots.release()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _reason_to_refuse(self, link: Link) -> str | None:
        try:
            return await self._engine.writable(link)
        except Exception as error:
            failure: Failure = self._engine.explain(error)
            raise failure.error from error


def _engine(address: Address, size: int, seconds: float, *, read_only: bool) -> Engine:
    match address.dialect:
        case Dialect.SQLITE:
            return Sqlite(address, read_only=read_only)
        case Dialect.POSTGRESQL:
            return Postgresql(address, size, seconds, read_only=read_only)
        case Dialect.MYSQL:
            return Mysql(address, size, seconds, read_only=read_only)
