"""PostgreSQL in a pipeline: short statements of many calls on one connection, sent together and answered together."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import Transformer as Reading
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.types.string import TextLoader

from loaders.database.heavy import Heavy
from loaders.database.link import Bound, Raw
from loaders.database.literals import NoText, texts

PREPARED = 512

_SELECTS = ("select", "with")
_TOO_LONG = b"57014"
# The statement is prepared no longer, or answers with other columns than when it was.
_STALE = (b"26000", b"0A000")


class Refused(Exception):
    """The call has to be made on a connection of its own, which also says what is wrong, if anything is."""


class _Call:
    """One call: what is to be sent, what it still waits for, and the rows that have come."""

    __slots__ = ("answers", "failed", "future", "statements", "steps")

    def __init__(
        self, future: "asyncio.Future[list[list[Raw]]]", statements: list[tuple[str, list[bytes | None]]]
    ) -> None:
        self.future = future
        self.statements = statements
        self.steps: deque[tuple[str, bool]] = deque()  # a statement, and whether its rows are meant
        self.answers: list[list[Raw]] = []
        self.failed = False


class Pipeline:
    """A read-only session on which calls queue without waiting for each other's answers.

    What comes in one turn of the loop leaves in one packet, and the server answers in as few as it can: with sixteen
    calls under way that halves the processor time of a small statement, here and there. A call that fails, or whose
    statement is stopped by the session's own short deadline, is refused, and so are those behind it in its packet.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], seconds: float) -> None:
        self._connection = connection
        self._pg = pg = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._socket = pg.socket
        self._seconds = seconds
        self._queue: list[_Call] = []
        self._calls: deque[_Call] = deque()
        self._packets = 0
        self._names: dict[str, bytes] = {}
        self._named = 0
        self._heavy = Heavy(self._loop.time)
        self._reading = _transformer()
        self._flushing = self._blocked = self._closed = self._ended = False
        self._moved = 0.0
        self._watch: asyncio.TimerHandle | None = None
        pg.nonblocking = 1
        pg.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._read)

    @property
    def waiting(self) -> int:
        """How many calls are under way."""
        return len(self._queue) + len(self._calls)

    @property
    def usable(self) -> bool:
        """Whether the session is there, as far as that is known without asking it."""
        return not self._closed

    async def fetch(self, statements: Sequence[Bound]) -> list[list[Raw]]:
        """The rows of each statement, in their order; Refused where another connection has to be asked."""
        if self._closed or self._heavy.holds(statements) or not all(map(self._is_read, statements)):
            raise Refused
        try:
            sent = [(sql, texts(values)) for sql, values in statements]
        except NoText:
            raise Refused from None
        if not sent:
            return []
        call = _Call(self._loop.create_future(), sent)
        self._queue.append(call)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._leave)
        return await call.future

    def close(self) -> None:
        """Hangs up at once and refuses whoever waits."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket)
        if self._blocked:
            self._loop.remove_writer(self._socket)
        if self._watch is not None:
            self._watch.cancel()
        self._pg.finish()
        calls = [*self._calls, *self._queue]
        self._calls.clear()
        self._queue.clear()
        for call in calls:
            if not call.future.done():
                call.future.set_exception(Refused())

    def _is_read(self, statement: Bound) -> bool:
        """Whether it is a SELECT: no call may leave a transaction or a setting to the next one."""
        sql = statement[0]
        return sql in self._names or sql.lstrip()[:6].lower().startswith(_SELECTS)

    def _send(self, call: _Call, sql: str, values: list[bytes | None]) -> None:
        name = self._names.get(sql)
        if name is None:
            if len(self._names) >= PREPARED:
                oldest = next(iter(self._names))
                self._pg.send_query_params(b"deallocate " + self._names.pop(oldest), None)
                call.steps.append((oldest, False))
            self._named += 1
            name = self._names[sql] = b"s%d" % self._named
            self._pg.send_prepare(name, sql.encode())
            call.steps.append((sql, False))
        self._pg.send_query_prepared(name, values)
        call.steps.append((sql, True))

    def _leave(self) -> None:
        """Sends what came in this turn of the loop, as one packet that fails or succeeds by itself."""
        self._flushing = False
        calls = [call for call in self._queue if not call.future.done()]
        self._queue.clear()
        if self._closed or not calls:
            return
        if not self._calls:
            self._moved = self._loop.time()
        self._calls.extend(calls)
        try:
            for call in calls:
                for sql, values in call.statements:
                    self._send(call, sql, values)
            self._pg.pipeline_sync()
        except psycopg.Error:
            self.close()
            return
        self._packets += 1
        if self._watch is None:
            self._watch = self._loop.call_at(self._moved + self._seconds, self._look)
        self._flush()

    def _flush(self) -> None:
        try:
            blocked = bool(self._pg.flush())
        except psycopg.Error:
            self.close()
            return
        if blocked != self._blocked:
            self._blocked = blocked
            if blocked:
                self._loop.add_writer(self._socket, self._flush)
            else:
                self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        pg = self._pg
        try:
            pg.consume_input()
            self._moved = self._loop.time()
            while self._packets and not pg.is_busy():
                self._take(pg.get_result())
        except psycopg.Error:
            self.close()
        if not self._closed and pg.status != pq.ConnStatus.OK:
            self.close()

    def _take(self, result: Any) -> None:
        if result is None:
            self._step()
            return
        self._ended = False
        match result.status:
            case pq.ExecStatus.PIPELINE_SYNC:
                self._packets -= 1
            case pq.ExecStatus.TUPLES_OK:
                call = self._calls[0]
                if not call.failed and not call.future.done():
                    self._rows(call, result)
            case pq.ExecStatus.COMMAND_OK:
                pass
            case _:
                self._failure(self._calls[0], result)

    def _step(self) -> None:
        """One statement is done, and with its last one a call."""
        if self._ended or not self._calls:
            raise psycopg.OperationalError("answers and calls do not belong to each other")
        self._ended = True
        call = self._calls[0]
        call.steps.popleft()
        if call.steps:
            return
        self._calls.popleft()
        if call.future.done():
            return
        if call.failed:
            call.future.set_exception(Refused())
        else:
            call.future.set_result(call.answers)

    def _rows(self, call: _Call, result: Any) -> None:
        try:
            self._reading.set_pgresult(result)
            call.answers.append(self._reading.load_rows(0, result.ntuples, tuple))
        except (psycopg.Error, ValueError, OverflowError):
            # A date before our calendar, or an infinite one: for the other driver, for a while.
            self._heavy.add(call.steps[0][0])
            call.failed = True

    def _failure(self, call: _Call, result: Any) -> None:
        """A statement that failed, or was passed over because one before it had."""
        call.failed = True
        sql, rows = call.steps[0]
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        if state == _TOO_LONG:
            self._heavy.add(sql)
        if not rows or state in _STALE:
            self._names.pop(sql, None)

    def _look(self) -> None:
        """Hangs up where the server has been silent for longer than any statement may take."""
        self._watch = None
        if not self._calls:
            return
        late = self._moved + self._seconds
        if self._loop.time() >= late:
            self.close()
        else:
            self._watch = self._loop.call_at(late, self._look)


def _transformer() -> Reading:
    """Reads values as the other driver does: JSON as the text it is, instants in UTC."""
    known = AdaptersMap(psycopg.adapters)
    for name in ("json", "jsonb"):
        known.register_loader(name, TextLoader)
    return Transformer(known)
