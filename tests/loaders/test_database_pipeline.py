"""Pipelines of PostgreSQL: calls share a connection and nothing else, and values come back as from the other driver."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.database import Readers, pipeline
from loaders.database.pipeline import Pipeline, Refused
from loaders.errors import LoaderError, StatementTimeout
from tests.loaders.servers import NAME, POSTGRESQL, READER, Place, Proxy

pytestmark = [pytest.mark.postgresql]

SLOW = "select pg_sleep(0.5)"
PID = "select pg_backend_pid()"


@pytest.fixture
async def readers(postgresql: Place) -> AsyncIterator[Readers]:
    """Two connections: one of them is a pipeline."""
    opened = await Readers.open(postgresql.url, size=2)
    yield opened
    await opened.close()


@pytest.fixture
async def admin(postgresql: Place) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(f"{POSTGRESQL}/{NAME}")
    yield connection
    await connection.close()


def lane(readers: Readers) -> Pipeline:
    assert readers._pipelines is not None
    found = readers._pipelines.shortest()
    assert found is not None
    return found


async def gone(admin: Any) -> None:
    """Returns when the server has no session of the reader any more."""
    async with asyncio.timeout(5):
        while await admin.fetchval("select count(*) from pg_stat_activity where usename = $1", READER):
            pass


async def both(readers: Readers, sql: str, *values: Any) -> Sequence[Any]:
    """The one row of a statement, which the pipeline gives exactly as a connection of its own does."""
    [[piped]] = await lane(readers).fetch([(sql, values)])
    [[alone]] = await readers.fetch([(sql, values)], heavy=True)
    assert tuple(piped) == tuple(alone)
    assert [type(one) for one in piped] == [UUID if isinstance(one, UUID) else type(one) for one in alone]
    return piped


async def test_what_comes_together_is_sent_together_and_answered_apart(readers: Readers) -> None:
    pid = (await lane(readers).fetch([(PID, ())]))[0][0][0]
    sql = "select id, name, pg_backend_pid() from pupil where id = $1"
    found = await asyncio.gather(*[readers.fetch([(sql, (n,)), ("select 1 where false", ())]) for n in range(1, 101)])
    assert found == [[[(n, f"Pupil {n}", pid)], []] for n in range(1, 101)]


async def test_half_of_the_connections_are_pipelines(postgresql: Place, admin: Any) -> None:
    for size, pipelines in ((1, 0), (2, 1), (3, 1), (4, 2)):
        opened = await Readers.open(postgresql.url, size=size)
        await opened.ping()
        held = await admin.fetchval("select count(*) from pg_stat_activity where usename = $1", READER)
        assert held == size
        assert opened._pipelines is not None
        assert len(opened._pipelines._open) == pipelines
        await opened.close()
        await gone(admin)


async def test_every_type_comes_back_as_on_a_connection_of_its_own(readers: Readers) -> None:
    found = await both(
        readers,
        """select 7::smallint, 1234567890123, 1.50::numeric, 0.1::real, 0.1::float8, true, 'Zoë 🎓', 'x'::char(3),
        date '2026-11-23', timestamptz '2026-11-23 12:00-05', timestamp '2026-11-23 12:00:00.5',
        'a1b2c3d4-0000-4000-8000-000000000001'::uuid, '{"a": 1}'::jsonb, null, array[1, 2], 'n'::name""",
    )
    assert found[2:5] == (Decimal("1.50"), 0.1, 0.1)
    assert found[8:11] == (
        date(2026, 11, 23),
        datetime(2026, 11, 23, 17, tzinfo=UTC),
        datetime.fromisoformat("2026-11-23T12:00:00.5"),
    )
    assert found[12] == '{"a": 1}'


async def test_every_type_of_value_arrives_as_from_a_connection_of_its_own(readers: Readers) -> None:
    key = UUID("a1b2c3d4-0000-4000-8000-000000000001")
    await both(
        readers, "select $1::bigint, $2::text, $3::numeric, $4::date", -5, "it's", Decimal("1.50"), date(5, 1, 1)
    )
    await both(readers, "select $1::timestamptz, $2::uuid", datetime(2026, 1, 2, 3, 4, 5, 6, UTC), key)
    await both(readers, "select $1::float8, $2::timestamp, $3::text", 0.1, datetime.fromisoformat("2026-01-02"), None)
    await both(readers, "select $1::bigint[], $2::text[], $3::uuid[]", [1, None, -3], ["", "null", None], [key])


def test_any_text_arrives_whole_alone_and_in_a_set(postgresql: Place) -> None:
    with asyncio.Runner() as runner:
        readers = runner.run(Readers.open(postgresql.url, size=2))

        @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=3))
        def law(texts: list[str]) -> None:
            [[row]] = runner.run(lane(readers).fetch([("select $1::text[], $2::text", (texts, "".join(texts)))]))
            assert row == (texts, "".join(texts))

        law()
        runner.run(readers.close())


@pytest.mark.parametrize("value", ["a\0b", ["a\0b"], "\ud800", 1 + 2j])
async def test_what_has_no_text_is_never_sent_as_another_value(readers: Readers, value: Any) -> None:
    with pytest.raises(Refused):
        await lane(readers).fetch([("select $1::text", (value,))])
    with pytest.raises(LoaderError):
        await readers.fetch([("select $1::text", (value,))])
    assert await lane(readers).fetch([("select 41", ())]) == [[(41,)]]


async def test_a_date_beyond_the_calendar_is_read_by_the_other_driver(readers: Readers) -> None:
    sql = "select date '-infinity'"
    with pytest.raises(Refused):
        await lane(readers).fetch([(sql, ())])
    assert [tuple(row) for row in (await readers.fetch([(sql, ())]))[0]] == [(date.min,)]


async def test_a_call_that_fails_costs_no_other_its_answer(readers: Readers) -> None:
    good = [readers.fetch([("select $1::integer", (n,)), ("select 4", ())]) for n in range(10)]
    bad = [readers.fetch([("select 1", ()), ("select 1 / $1::integer", (0,)), ("select 2", ())]) for _ in range(10)]
    wrong = [readers.fetch([(f"select nothing_{n}", ()), ("select 3", ())]) for n in range(10)]
    mixed = [call for three in zip(good, bad, wrong, strict=True) for call in three]

    found: list[Any] = await asyncio.gather(*mixed, return_exceptions=True)

    answers = [[[tuple(row) for row in rows] for rows in one] for one in found[0::3]]
    assert answers == [[[(n,)], [(4,)]] for n in range(10)]
    assert all(isinstance(one, LoaderError) for n, one in enumerate(found) if n % 3)
    assert await lane(readers).fetch([("select 2", ()), ("select 3", ())]) == [[(2,)], [(3,)]]


async def test_a_failure_reaches_no_further_than_its_packet(readers: Readers) -> None:
    shared = lane(readers)
    before = asyncio.create_task(shared.fetch([("select 1", ())]))
    failing = asyncio.create_task(shared.fetch([("select 1 / $1::integer", (0,))]))
    behind = asyncio.create_task(shared.fetch([("select 2", ())]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the packet has left
    later = asyncio.create_task(shared.fetch([("select 3", ())]))
    await asyncio.wait({before, failing, behind, later})

    assert (before.result(), later.result()) == ([[(1,)]], [[(3,)]])
    assert isinstance(failing.exception(), Refused)
    assert isinstance(behind.exception(), Refused)


async def test_a_long_statement_holds_the_others_up_for_a_moment_and_moves_to_its_own_connection(
    readers: Readers,
) -> None:
    shared = lane(readers)
    began = time.monotonic()
    long = asyncio.create_task(readers.fetch([("select 1", ()), (SLOW, ())]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # its packet has left
    assert await shared.fetch([("select 2", ())]) == [[(2,)]]
    assert time.monotonic() - began > 0.2
    assert not long.done()
    assert [len(rows) for rows in await long] == [1, 1]
    with pytest.raises(Refused):
        await shared.fetch([(SLOW, ())])
    assert shared.waiting == 0


async def test_a_statement_has_one_deadline_whatever_way_it_takes(postgresql: Place) -> None:
    readers = await Readers.open(postgresql.url, size=2, statement_timeout=0.4)
    began = time.monotonic()
    with pytest.raises(StatementTimeout):
        await readers.fetch([("select pg_sleep(20)", ())])
    assert time.monotonic() - began < 10
    assert await lane(readers).fetch([("select 41", ())]) == [[(41,)]]
    await readers.close()


async def test_a_caller_who_left_leaves_nothing_to_the_next(readers: Readers) -> None:
    calls = [asyncio.create_task(readers.fetch([("select $1::integer", (n,))])) for n in range(100)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    more = [asyncio.create_task(readers.fetch([("select $1::integer", (n,))])) for n in range(100, 200)]
    await asyncio.sleep(0)
    for call in more[::2]:
        call.cancel()
    await asyncio.wait([*calls, *more])
    assert [call.result() for call in (*calls, *more[1::2])] == [[[(n,)]] for n in (*range(100), *range(101, 200, 2))]
    assert all(call.cancelled() for call in more[::2])


async def test_only_selects_are_sent_and_no_transaction_is_left_open(readers: Readers) -> None:
    with pytest.raises(Refused):
        await lane(readers).fetch([("begin", ()), ("select 1", ())])
    await readers.fetch([("begin", ()), ("set local enable_seqscan = off", ()), ("rollback", ())])
    assert await lane(readers).fetch([("select 41", ())]) == [[(41,)]]


async def test_a_pipeline_cannot_write_even_where_its_user_could(admin: Any) -> None:
    readers = await Readers.open(f"{POSTGRESQL}/{NAME}", size=2, allow_writable=True)
    sql = "with gone as (delete from pupil returning id) select count(*) from gone"
    with pytest.raises(Refused):
        await lane(readers).fetch([(sql, ())])
    with pytest.raises(LoaderError):
        await readers.fetch([(sql, ())])
    assert await admin.fetchval("select count(*) from pupil") == 100
    await readers.close()


async def test_a_statement_is_planned_once_and_not_for_its_keys(readers: Readers) -> None:
    sql = "select current_setting('plan_cache_mode'), current_setting('jit')"
    assert await lane(readers).fetch([(sql, ())]) == [[("force_generic_plan", "off")]]
    assert [tuple(row) for row in (await readers.fetch([(sql, ())], heavy=True))[0]] == [("auto", "off")]


async def test_a_table_that_changed_under_a_prepared_statement_is_read_anew(readers: Readers, admin: Any) -> None:
    await admin.execute("create table changing (a integer); insert into changing values (1)")
    await admin.execute(f"grant select on changing to {READER}")
    try:
        assert await readers.fetch([("select * from changing", ())]) == [[(1,)]]
        await admin.execute("alter table changing add b text default 'new'")
        for _ in range(3):
            [rows] = await readers.fetch([("select * from changing", ())])
            assert [tuple(row) for row in rows] == [(1, "new")]
        assert await lane(readers).fetch([("select * from changing", ())]) == [[(1, "new")]]
    finally:
        await admin.execute("drop table changing")


async def test_only_so_many_statements_stay_prepared(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "PREPARED", 3)
    for _ in range(2):
        found = await asyncio.gather(*[readers.fetch([(f"select {n}", ()), ("select 0", ())]) for n in range(10)])
        assert found == [[[(n,)], [(0,)]] for n in range(10)]
    count = "select count(*) from pg_prepared_statements"
    assert await lane(readers).fetch([(count, ())]) == [[(3,)]]


async def test_a_pipeline_that_was_ended_is_opened_again(readers: Readers, admin: Any) -> None:
    [[(pid,)]] = await lane(readers).fetch([(PID, ())])
    waiting = [asyncio.create_task(readers.fetch([(f"select {n}, pg_sleep(0.05)", ())])) for n in range(4)]
    await asyncio.sleep(0)
    assert await admin.fetchval("select pg_terminate_backend($1, 2000)", pid)
    assert [rows[0][0] for (rows,) in await asyncio.gather(*waiting)] == [0, 1, 2, 3]
    assert readers._pipelines is not None
    async with asyncio.timeout(5):
        while readers._pipelines.shortest() is None:
            await readers.ping()
    [[(other,)]] = await lane(readers).fetch([(PID, ())])
    assert other != pid


async def test_a_pipeline_that_hears_nothing_hangs_up_and_its_callers_ask_elsewhere(postgresql: Place) -> None:
    async with Proxy.before(postgresql.port) as proxy:
        readers = await Readers.open(postgresql.through(proxy), size=2)
        shared = lane(readers)
        proxy.stall()
        began = time.monotonic()
        with pytest.raises(Refused):
            await shared.fetch([("select 1", ())])
        assert 0.4 < time.monotonic() - began < 10
        assert not shared.usable
        proxy.heal()
        assert [tuple(row) for row in (await readers.fetch([("select 41", ())]))[0]] == [(41,)]
        await readers.close()


async def test_closed_readers_leave_no_session(postgresql: Place, admin: Any) -> None:
    readers = await Readers.open(postgresql.url, size=4)
    call = asyncio.create_task(readers.fetch([(SLOW, ())]))
    await asyncio.sleep(0)
    await readers.close()
    with pytest.raises(LoaderError):
        await call
    await gone(admin)
