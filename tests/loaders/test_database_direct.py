"""SQLite on the loop's own thread: the same answers as from a thread, and a loop that is never held for long."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.database import Readers, direct, heavy
from loaders.database.direct import Direct
from loaders.database.link import Table
from loaders.database.sqlite import SqliteLink
from loaders.errors import LoaderError, SourceDown, StatementTimeout
from tests.loaders import servers

LONG = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 300000) select count(*) from n"
VALUES: list[Any] = [None, 0, -(2**63), 2**63 - 1, 0.1, float("inf"), "", "Zoë \U0001f393", "a\x00b", b"", b"\x00\xff"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "school.sqlite"
    servers.sqlite(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table kept (id integer primary key, value)")
        connection.executemany("insert into kept values (?, ?)", enumerate(VALUES))
    return path


@pytest.fixture
async def readers(file: Path) -> AsyncIterator[Readers]:
    opened = await Readers.open(f"sqlite:///{file}", size=2)
    yield opened
    await opened.close()


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the statements that a thread ran."""
    texts: list[str] = []
    fetch = SqliteLink.fetch

    async def noted(link: SqliteLink, statements: Any) -> Any:
        texts.extend(sql for sql, _ in statements)
        return await fetch(link, statements)

    monkeypatch.setattr(SqliteLink, "fetch", noted)
    return texts


class Clock:
    """A clock that moves a millisecond whenever somebody looks, and counts the looks during statements.

    While `working`, that was the processor's time too.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.looks = 0
        self.working = True
        late = Direct._late

        def look() -> float:
            self.now += 1 / 1024
            return self.now

        def counted(one: Direct) -> bool:
            self.looks += 1
            return late(one)

        monkeypatch.setattr(direct, "perf_counter", look)
        monkeypatch.setattr(direct, "thread_time", lambda: self.now if self.working else 0.0)
        monkeypatch.setattr(Direct, "_late", counted)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@asynccontextmanager
async def turning() -> AsyncIterator[Callable[[], int]]:
    """How often the loop has turned since."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(turn())
    try:
        yield lambda: turns
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("law") / "school.sqlite"
    servers.sqlite(path)
    return path


STATEMENTS = st.one_of(
    st.tuples(
        st.sampled_from(["select ?1, typeof(?1)", "select ?", "select ?1 as a union all select hex(?1)"]),
        st.tuples(
            st.none() | st.integers(-(2**65), 2**65) | st.floats() | st.text(st.characters()) | st.binary(),
        ),
    ),
    st.tuples(
        st.sampled_from([
            "select id, name from pupil where id in (?, ?) order by id",
            "select name from pupil where id < ?",
            "select nope from pupil",
            "select sum(9223372036854775807) from pupil where id in (?, ?)",
            "delete from pupil where id in (?, ?)",
            "select 1; select 2",
            "",
        ]),
        st.tuples(st.integers(0, 101), st.integers(0, 101)) | st.tuples(st.integers(0, 101)) | st.just(()),
    ),
)  # fmt: skip


def held(file: Path) -> int:
    """How often this process has the file open."""
    return sum(os.path.realpath(f"/proc/self/fd/{name}") == str(file) for name in os.listdir("/proc/self/fd"))


def damage(file: Path) -> Callable[[], None]:
    """Overwrites the file in its place; the answer puts a good one there."""
    good = file.read_bytes()
    file.write_bytes(b"not a database".ljust(8192, b"?"))

    def restore() -> None:
        (file.parent / "restored").write_bytes(good)
        (file.parent / "restored").rename(file)

    return restore


def set_journal(file: Path, mode: str) -> None:
    """Sets the journal mode of a file."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"pragma journal_mode = {mode}")


async def until_back(readers: Readers, statements: Any, answer: Any) -> None:
    """Asks again while the source is down; then this is the answer."""
    async with asyncio.timeout(5):
        while True:
            try:
                found = await readers.fetch(statements)
            except SourceDown:
                await asyncio.sleep(0.02)
            else:
                assert found == answer
                return


async def said(readers: Readers, statements: Any, *, heavy: bool) -> str:
    try:
        return repr(await readers.fetch(statements, heavy=heavy))
    except LoaderError as error:
        return f"{type(error).__name__}: {error}"


def test_the_loop_and_a_thread_answer_and_refuse_alike(lasting: Path) -> None:
    with asyncio.Runner() as runner:
        readers = runner.run(Readers.open(f"sqlite:///{lasting}", size=1))

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(STATEMENTS, max_size=4))
        def law(statements: Any) -> None:
            at_once = runner.run(said(readers, statements, heavy=False))
            assert at_once == runner.run(said(readers, statements, heavy=True))

        law()
        runner.run(readers.close())


async def test_every_type_of_sqlite_comes_back_as_it_was_stored(readers: Readers, in_threads: list[str]) -> None:
    [rows] = await readers.fetch([("select value, typeof(value) from kept order by id", ())])
    kinds = ["null", "integer", "integer", "integer", "real", "real", "text", "text", "text", "blob", "blob"]
    assert rows == list(zip(VALUES, kinds, strict=True))
    assert [type(value) for value, _ in rows] == [type(value) for value in VALUES]
    table = await readers.table("select id as called, value from kept where id = ?", [7])
    assert (table.names, table.rows) == (("called", "value"), [(7, "Zoë \U0001f393")])
    assert in_threads == []


async def test_a_heavy_statement_leaves_the_loop_at_its_budget_and_is_answered(
    clock: Clock, readers: Readers, in_threads: list[str]
) -> None:
    assert await readers.fetch([("select 1", ()), (LONG, ()), ("select 2", ())]) == [[(1,)], [(300_000,)], [(2,)]]
    assert clock.looks == 6  # one a millisecond from the start of the statement: the sixth is past five
    assert in_threads == ["select 1", LONG, "select 2"]


async def test_a_heavy_statement_goes_to_a_thread_at_once_for_two_minutes(
    clock: Clock, readers: Readers, in_threads: list[str]
) -> None:
    for n in range(1, 4):
        await readers.fetch([(LONG, ())])
        assert clock.looks == 6 * n
        clock.now += 119
        await readers.fetch([(LONG, ())])
        assert clock.looks == 6 * n
        await readers.fetch([("select 1", ())])
        clock.now += 1
    assert in_threads == [LONG] * 6
    await readers.fetch([(LONG, ())], heavy=True)
    assert clock.looks == 6 * 3


async def test_a_statement_that_had_to_wait_is_not_called_heavy(
    clock: Clock, readers: Readers, in_threads: list[str]
) -> None:
    clock.working = False
    for n in range(1, 4):
        assert await readers.fetch([(LONG, ())]) == [[(300_000,)]]
        assert clock.looks == 6 * n
    assert in_threads == [LONG] * 3


async def test_what_had_to_wait_is_not_broken_off_at_once_while_an_operation_is_held(
    clock: Clock, readers: Readers
) -> None:
    some = LONG.replace("300000", "600")
    for working, found in ((True, None), (False, [[(600,)], [(1,)]])):
        clock.working, clock.looks = working, 0
        assert readers.hold()
        assert readers.at_once([(some, ()), ("select 1", ())]) == found
        assert (clock.looks == 6) is working
        readers.release()
        await asyncio.sleep(0)
        clock.now += 121
    clock.looks = 0
    assert readers.hold()
    assert readers.at_once([(LONG, ())]) is None
    assert clock.looks == 16  # past three times five milliseconds
    readers.release()


async def test_only_so_many_heavy_statements_are_remembered(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy, "REMEMBERED", 3)
    lane = readers._direct
    assert lane is not None
    for n in range(5):
        lane._heavy.add(f"select {n}")
    assert lane._heavy.texts() == ["select 2", "select 3", "select 4"]


@pytest.mark.parametrize(("budget", "turns"), [(0.005, True), (60.0, False)])
async def test_the_loop_turns_while_a_heavy_statement_runs(file: Path, budget: float, turns: bool) -> None:
    readers = await Readers.open(f"sqlite:///{file}", size=1, loop_budget=budget)
    async with turning() as turned:
        assert await readers.fetch([(LONG, ())]) == [[(300_000,)]]
        assert (turned() > 10) is turns
    await readers.close()


async def test_many_short_reads_of_one_caller_let_the_loop_turn(clock: Clock, readers: Readers) -> None:
    async with turning() as turned:
        for _ in range(100):  # of a millisecond each
            await readers.fetch([("select 1", ())])
        assert turned() == 16
        await readers.fetch([(f"select {n}", ()) for n in range(100)])
        assert turned() == 33


async def test_a_table_is_had_without_a_wait_while_a_turn_has_time(clock: Clock, readers: Readers) -> None:
    assert readers.table_at_once("select 1 as a where ? = 2", (2,)) == Table(("a",), [(1,)])
    assert readers.table_at_once("select nope") is None
    for _ in range(6):
        readers.table_at_once("select 1")
    assert readers.table_at_once("select 1") is None
    await asyncio.sleep(0)
    assert readers.table_at_once("select 1") is not None
    assert readers.hold()
    assert readers.table_at_once("select 1") is None
    readers.release()


async def test_two_hundred_at_once_are_answered_each_with_its_own(
    file: Path, readers: Readers, in_threads: list[str]
) -> None:
    def asked(n: int) -> list[tuple[str, tuple[int, ...]]]:
        each: list[tuple[str, tuple[int, ...]]] = [("select id from pupil where id = ?", (n % 100 + 1,))]
        return [*each, (LONG, ())] if n % 50 == 0 else each * (n % 3 + 1)

    calls = [readers.fetch(asked(n)) for n in range(200)]
    found = await asyncio.gather(*calls)
    assert found == [[[(n % 100 + 1,)] if sql != LONG else [(300_000,)] for sql, _ in asked(n)] for n in range(200)]
    assert in_threads == ["select id from pupil where id = ?", LONG] * 4
    assert held(file) == 3  # by two threads and the loop


async def test_a_slow_statement_still_has_its_deadline(file: Path) -> None:
    readers = await Readers.open(f"sqlite:///{file}", size=1, statement_timeout=0.1)
    slow = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n"
    for _ in range(2):
        with pytest.raises(StatementTimeout):
            await readers.fetch([(slow, ())])
    assert await readers.fetch([("select 41", ())]) == [[(41,)]]
    await readers.close()


async def test_a_lock_is_waited_for_in_a_thread_while_the_loop_turns(
    file: Path, readers: Readers, in_threads: list[str]
) -> None:
    lane = readers._direct
    assert lane is not None
    assert lane._connection.execute("pragma busy_timeout").fetchall() == [(0,)]
    version = await readers.data_version()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin exclusive")
        other.execute("insert into pupil values (101, 'New')")
        calls = [asyncio.create_task(readers.fetch([("select count(*) from pupil", ())])) for _ in range(2)]
        seen = asyncio.create_task(readers.data_version())
        async with turning() as turned:
            while turned() < 100:  # noqa: ASYNC110 - it is the turns that are waited for
                await asyncio.sleep(0)
        assert not any(call.done() for call in (*calls, seen))
        other.execute("commit")
        assert await asyncio.gather(*calls) == [[[(101,)]]] * 2
        assert await seen != version
    assert in_threads == ["select count(*) from pupil"] * 2
    assert await readers.fetch([("select count(*) from pupil", ())]) == [[(101,)]]
    assert len(in_threads) == 2


@pytest.mark.parametrize("mode", ["wal", "delete"])
async def test_nothing_read_holds_a_writer_or_a_checkpoint_up(file: Path, mode: str, in_threads: list[str]) -> None:
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        other.execute(f"pragma journal_mode = {mode}")
        readers = await Readers.open(f"sqlite:///{file}", size=1)
        in_threads.clear()
        two = [("select count(*) from pupil", ()), ("select max(id) from pupil", ())]
        for n in range(101, 131):
            other.execute("insert into pupil values (?, 'New')", (n,))
            assert await readers.fetch(two) == [[(n,)], [(n,)]]
            with pytest.raises(LoaderError):
                await readers.fetch([*two, ("select nope from pupil", ())])
            if mode == "wal":
                assert other.execute("pragma wal_checkpoint(truncate)").fetchone() == (0, 0, 0)
        assert in_threads == [*[sql for sql, _ in two], "select nope from pupil"] * 30
        await readers.close()


async def test_a_schema_that_changes_is_read_anew(file: Path, readers: Readers) -> None:
    sql = [("select * from pupil where id = 1", ())]
    assert await readers.fetch(sql) == [[(1, "Pupil 1")]]
    with closing(sqlite3.connect(file)) as other:
        other.execute("alter table pupil add column house text default 'Elm'")
        assert await readers.fetch(sql) == [[(1, "Pupil 1", "Elm")]]


async def test_a_file_that_was_damaged_is_down_and_back_when_it_is_replaced(file: Path, readers: Readers) -> None:
    restore = damage(file)
    for _ in range(3):
        with pytest.raises(SourceDown):
            await readers.fetch([("select count(*) from pupil", ())])
    restore()
    await until_back(readers, [("select count(*) from pupil", ())], [[(100,)]])


async def test_what_was_written_while_the_file_was_elsewhere_is_seen_when_it_is_back(file: Path) -> None:
    set_journal(file, "wal")
    readers = await Readers.open(f"sqlite:///{file}", size=1)
    count = [("select count(*) from pupil", ())]
    assert await readers.fetch(count) == [[(100,)]]
    away = file.rename(file.parent / "away")  # noqa: ASYNC240
    with pytest.raises(SourceDown):
        await readers.data_version()
    with closing(sqlite3.connect(away)) as other, other:
        other.execute("insert into pupil values (101, 'New')")
    away.rename(file)
    await until_back(readers, count, [[(101,)]])
    assert await readers.data_version() is not None
    await readers.close()


async def test_readers_closed_between_two_turns_refuse_the_rest(clock: Clock, file: Path) -> None:
    readers = await Readers.open(f"sqlite:///{file}", size=1)
    call = asyncio.create_task(readers.fetch([(f"select {n}", ()) for n in range(100)]))
    await asyncio.sleep(0)
    assert not call.done()
    await readers.close()
    with pytest.raises(SourceDown):
        await call


async def test_a_statement_that_was_broken_off_between_two_rows_is_not_prepared_each_time(readers: Readers) -> None:
    direct = readers._direct
    assert direct is not None
    direct._budget = 60.0
    counting = ("with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000) select i from n", ())
    direct._connection.set_progress_handler(lambda: True, 500)
    assert readers.at_once([counting]) is None
    direct._connection.set_progress_handler(direct._late, 1000)
    prepared: list[int] = []

    def noted(action: int, *_: Any) -> int:
        prepared.append(action)
        return sqlite3.SQLITE_OK

    direct._connection.set_authorizer(noted)
    assert readers.at_once([counting]) == [[(i,) for i in range(1, 3001)]]
    prepared.clear()
    assert readers.at_once([counting]) == [[(i,) for i in range(1, 3001)]]
    assert prepared == []
