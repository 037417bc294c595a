"""Readers on three engines: leases, deadlines, cancellation, recovery, and the refusal to be able to write."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from loaders.database import Readers
from loaders.dialect import Dialect
from loaders.errors import AddressInvalid, LoaderError, RelationIncomplete, SourceDown, SourceWritable, StatementTimeout
from tests.loaders import servers
from tests.loaders.servers import NAME, POSTGRESQL, READER, SECRET, Place, Proxy, run


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return servers.sqlite(tmp_path_factory.mktemp("sis") / "100% of #1?.sqlite")


SERVERS = [pytest.param("postgresql", marks=pytest.mark.postgresql), pytest.param("mariadb", marks=pytest.mark.mariadb)]


@pytest.fixture(params=["sqlite", *SERVERS])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


async def until(work: Callable[[], Awaitable[Any]], seconds: float = 5.0) -> None:
    """Asks again until the source is back, for so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await work()
        except SourceDown:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)
        else:
            return


def plain(answers: list[list[Any]]) -> list[list[tuple[Any, ...]]]:
    return [[tuple(row) for row in rows] for rows in answers]


async def test_a_call_answers_every_statement_in_its_order(place: Place) -> None:
    readers = await Readers.open(place.url, size=1)
    found = await readers.fetch([
        (f"select id, name from pupil where id = {place.param}", (7,)),
        (f"select id from pupil where id < {place.param} order by id", (3,)),
        ("select id from pupil where id = 0", ()),
    ])  # fmt: skip
    assert plain(found) == [[(7, "Pupil 7")], [(1,), (2,)], []]
    assert await readers.columns("select id, name as called from pupil") == ("id", "called")
    assert await readers.fetch([]) == []
    await readers.close()


def connection_threads() -> int:
    """How many threads hold a SQLite connection; other parts have threads of their own."""
    return sum("connection_worker" in thread.name for thread in threading.enumerate())


async def test_more_callers_than_connections_queue(place: Place) -> None:
    before = connection_threads()
    readers = await Readers.open(place.url, size=4)
    sql = place.connections or "select 4"
    found = await asyncio.gather(*[readers.fetch([(sql, ())]) for _ in range(200)])
    assert {rows[0][0][0] for rows in found} == {4}
    if readers.dialect is Dialect.SQLITE:
        assert connection_threads() - before == 4
    await readers.close()
    if readers.dialect is Dialect.SQLITE:
        assert connection_threads() == before


async def test_callers_are_served_in_the_order_in_which_they_came(place: Place) -> None:
    readers = await Readers.open(place.url, size=1)
    served: list[int] = []

    async def call(n: int) -> None:
        await readers.ping()
        served.append(n)

    await asyncio.gather(*[call(n) for n in range(20)])
    assert served == list(range(20))
    await readers.close()


async def test_a_statement_past_its_deadline_is_stopped_and_its_connection_serves_on(place: Place) -> None:
    readers = await Readers.open(place.url, size=1, statement_timeout=0.3)
    began = time.monotonic()
    with pytest.raises(StatementTimeout):
        await readers.fetch([(place.slow, ())])
    assert 0.25 < time.monotonic() - began < 10
    assert plain(await readers.fetch([("select 41", ())])) == [[(41,)]]
    if place.connections:
        assert plain(await readers.fetch([(place.connections, ())])) == [[(1,)]]
    await readers.close()


async def test_a_cancelled_caller_gives_its_connection_back_clean(place: Place) -> None:
    readers = await Readers.open(place.url, size=1, statement_timeout=0.5)
    for wait in (0.0, 0.0, 0.01, 0.05):
        call = asyncio.create_task(readers.fetch([("select 13", ()), (place.slow, ()), ("select 13", ())]))
        await asyncio.wait({call}, timeout=wait)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert plain(await readers.fetch([("select 41", ())])) == [[(41,)]]
    quick = [asyncio.create_task(readers.fetch([(f"select {n}", ())])) for n in range(100)]
    await asyncio.wait(quick, return_when=asyncio.FIRST_COMPLETED)
    for call in quick[::2]:
        call.cancel()
    await asyncio.wait(quick)
    assert [plain(call.result()) for call in quick[1::2]] == [[[(n,)]] for n in range(1, 100, 2)]
    assert plain(await readers.fetch([("select 41", ())])) == [[(41,)]]
    await readers.close()


async def test_sql_that_does_not_fit_is_ours_and_costs_no_connection(place: Place) -> None:
    readers = await Readers.open(place.url, size=1)
    wrong: list[tuple[str, tuple[Any, ...]]] = [
        ("select nope from pupil", ()),
        ("select id from nowhere", ()),
        ("select from where", ()),
        (f"select id from pupil where id = {place.param}", ()),
        (f"select id from pupil where name = {place.param}", ("\ud800",)),
    ]
    for sql, values in wrong:
        with pytest.raises(RelationIncomplete):
            await readers.fetch([(sql, values)])
        assert plain(await readers.fetch([("select 41", ())])) == [[(41,)]]
    await readers.close()


async def test_readers_cannot_write_even_where_their_user_could(place: Place) -> None:
    readers = await Readers.open(place.url, size=1, allow_writable=True)
    for sql in ("delete from pupil", "update pupil set name = ''", "create table other (id integer)"):
        with pytest.raises(LoaderError):
            await readers.fetch([(sql, ())])
    assert plain(await readers.fetch([("select count(*) from pupil where name <> ''", ())])) == [[(100,)]]
    await readers.close()


async def test_a_server_that_went_and_came_back_needs_no_restart(server: Place) -> None:
    async with Proxy.before(server.port) as proxy:
        readers = await Readers.open(server.through(proxy), size=3)
        await asyncio.gather(*[readers.ping() for _ in range(9)])
        proxy.cut()
        proxy.callers = 0
        began = time.monotonic()
        refused = 0
        while time.monotonic() - began < 0.5:
            with pytest.raises(SourceDown) as caught:
                await readers.ping()
            refused += 1
        assert refused > 100
        assert proxy.callers <= 2  # asyncpg asks twice: with TLS, then without
        assert SECRET not in str(caught.value)
        assert READER not in str(caught.value)
        proxy.heal()
        await until(readers.ping)
        assert plain(await readers.fetch([(server.connections, ())]))[0][0][0] <= 3
        await readers.close()


async def test_a_connection_that_dropped_unnoticed_is_replaced_within_the_call(server: Place) -> None:
    async with Proxy.before(server.port) as proxy:
        readers = await Readers.open(server.through(proxy), size=3)
        proxy.cut()
        proxy.heal()
        await readers.ping()
        await readers.close()


async def test_a_server_that_never_answers_holds_nobody_past_the_deadline(server: Place) -> None:
    async with Proxy.before(server.port) as proxy:
        readers = await Readers.open(server.through(proxy), size=2, statement_timeout=0.3)
        proxy.stall()
        began = time.monotonic()
        for answer in await asyncio.gather(*[readers.ping() for _ in range(20)], return_exceptions=True):
            assert isinstance(answer, StatementTimeout | SourceDown)
        assert time.monotonic() - began < 15
        proxy.heal()
        await until(readers.ping)
        await readers.close()


@pytest.mark.postgresql
async def test_terminated_sessions_are_replaced_within_the_call(postgresql: Place) -> None:
    readers = await Readers.open(postgresql.url, size=3)
    admin = await asyncpg.connect(f"{POSTGRESQL}/{NAME}")
    ended = await admin.fetch("select pg_terminate_backend(pid, 2000) from pg_stat_activity where usename = $1", READER)
    assert [tuple(row) for row in ended] == [(True,)] * 3
    assert plain(await readers.fetch([("select 41", ())])) == [[(41,)]]
    await admin.close()
    await readers.close()


async def test_a_sqlite_file_that_is_gone_is_down_and_back_when_it_is(tmp_path: Path) -> None:
    file = tmp_path / "sis" / "school.sqlite"
    file.parent.mkdir()
    readers = await Readers.open(servers.sqlite(file).url)
    file.parent.rename(tmp_path / "away")
    for _ in range(5):
        with pytest.raises(SourceDown) as caught:
            await readers.ping()
        assert str(tmp_path) not in str(caught.value)
    (tmp_path / "away").rename(file.parent)
    await until(readers.ping)
    await readers.close()


async def test_a_sqlite_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "school.sqlite"
    readers = await Readers.open(servers.sqlite(file).url)
    version = await readers.data_version()
    assert await readers.data_version() == version
    servers.sqlite(tmp_path / "new.sqlite", pupils=3)
    (tmp_path / "new.sqlite").rename(file)
    assert plain(await readers.fetch([("select count(*) from pupil", ())])) == [[(3,)]]
    assert await readers.data_version() != version
    await readers.close()


async def test_the_data_version_moves_with_every_foreign_write(tmp_path: Path) -> None:
    file = tmp_path / "school.sqlite"
    readers = await Readers.open(servers.sqlite(file).url)
    versions = {await readers.data_version(), await readers.data_version()}
    assert len(versions) == 1
    connection = sqlite3.connect(file)
    for n in (101, 102):
        with connection:
            connection.execute("insert into pupil values (?, 'New')", (n,))
        versions.add(await readers.data_version())
    connection.close()
    assert len(versions) == 3
    await readers.close()


async def test_only_sqlite_has_a_data_version(server: Place) -> None:
    readers = await Readers.open(server.url, size=1)
    assert await readers.data_version() is None
    await readers.close()


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("give", "take"),
    [
        ("grant insert on pupil to {user}", "revoke insert on pupil from {user}"),
        ("grant update (name) on pupil to {user}", "revoke update (name) on pupil from {user}"),
        ("grant create on schema public to {user}", "revoke create on schema public from {user}"),
        ("grant pg_write_all_data to {user}", "revoke pg_write_all_data from {user}"),
        ("alter role {user} superuser", "alter role {user} nosuperuser"),
        (
            "create role {user}_writer; grant delete on pupil to {user}_writer; alter role {user} noinherit;"
            " grant {user}_writer to {user}",
            "revoke delete on pupil from {user}_writer; drop role {user}_writer; alter role {user} inherit",
        ),
    ],
)
async def test_a_postgresql_user_who_could_write_is_refused(postgresql: Place, give: str, take: str) -> None:
    admin = await asyncpg.connect(f"{POSTGRESQL}/{NAME}")
    await (await Readers.open(postgresql.url, size=1)).close()
    await admin.execute(give.format(user=READER))
    try:
        with pytest.raises(SourceWritable, match=f"{READER}.*create role homeroom login") as caught:
            await Readers.open(postgresql.url, size=1)
        assert SECRET not in str(caught.value)
        await (await Readers.open(postgresql.url, size=1, allow_writable=True)).close()
    finally:
        await admin.execute(take.format(user=READER))
        await admin.close()


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("give", "take"),
    [
        (["grant insert on {db}.* to {user}@'%'"], ["revoke insert on {db}.* from {user}@'%'"]),
        (["grant update (name) on {db}.pupil to {user}@'%'"], ["revoke update (name) on {db}.pupil from {user}@'%'"]),
        (["grant execute on {db}.* to {user}@'%'"], ["revoke execute on {db}.* from {user}@'%'"]),
        (
            ["create role {user}_w", "grant delete on {db}.* to {user}_w", "grant {user}_w to {user}@'%'"],
            ["drop role {user}_w"],
        ),
    ],
)
async def test_a_mariadb_user_who_could_write_is_refused(mariadb: Place, give: list[str], take: list[str]) -> None:
    admin = await servers.mariadb_admin()
    await (await Readers.open(mariadb.url, size=1)).close()
    await run(admin, *[statement.format(db=NAME, user=READER) for statement in give])
    try:
        with pytest.raises(SourceWritable, match=READER):
            await Readers.open(mariadb.url, size=1)
        await (await Readers.open(mariadb.url, size=1, allow_writable=True)).close()
    finally:
        await run(admin, *[statement.format(db=NAME, user=READER) for statement in take])
        admin.close()


@pytest.mark.parametrize(
    "url", ["", "school.sqlite", "oracle://a:plover@b/c", "sqlite://", "postgresql://u:plover@h:x/d"]
)
async def test_a_url_that_names_no_database_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(AddressInvalid) as caught:
        await Readers.open(url)
    assert SECRET not in str(caught.value)


@pytest.mark.mariadb
async def test_a_wrong_password_is_said_plainly(mariadb: Place) -> None:
    with pytest.raises(SourceDown, match="refuses the user or the password"):
        await Readers.open(mariadb.url.replace(SECRET, "wrong"))


@pytest.mark.postgresql
async def test_a_missing_database_is_said_plainly(postgresql: Place) -> None:
    with pytest.raises(SourceDown, match="does not exist"):
        await Readers.open(postgresql.url + "_not")
    with pytest.raises(SourceDown, match=r"all\.sqlite cannot be read"):
        await Readers.open("sqlite:////nowhere/at/all.sqlite")


async def test_closed_readers_answer_nobody_and_leave_no_thread(sqlite: Place) -> None:
    before = connection_threads()
    readers = await Readers.open(sqlite.url)
    call = asyncio.create_task(readers.fetch([(sqlite.slow, ())]))
    await asyncio.wait({call}, timeout=0.05)
    call.cancel()
    await asyncio.wait({call})
    await readers.close()
    with pytest.raises(SourceDown):
        await readers.ping()
    assert connection_threads() == before
