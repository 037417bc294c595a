"""The fixtures that others rely on: throw-away databases, a clock, and one rule for what is missing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import asyncmy
import asyncpg
import pytest

from tests import services
from tests.services import Clock, Databases, absent


def test_what_is_missing_skips_and_on_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^Redis is missing: start it\.$"):
        absent("Redis", "start it")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"^Redis is missing: start it\.$"):
        absent("Redis", "start it")


@pytest.mark.parametrize("need", services.NEEDS.values(), ids=services.NEEDS)
def test_each_need_is_missing_where_nothing_is(need: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(services, "DUMPS", services.DUMPS / "gone")
    monkeypatch.setattr(services, "POSTGRESQL", "postgresql://127.0.0.1:1")
    monkeypatch.setattr(services, "MARIADB", "mysql://127.0.0.1:1")
    monkeypatch.setattr(services, "REDIS", "redis://127.0.0.1:1")
    with pytest.raises(pytest.skip.Exception, match="is missing: "):
        need()


def test_the_clock_moves_only_when_it_is_moved(clock: Clock) -> None:
    assert clock() == clock() == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    clock.forward(minutes=15)
    assert clock() == datetime(2026, 11, 23, 17, 15, tzinfo=UTC)
    clock.set(datetime(2026, 11, 24, 8, 0, tzinfo=timezone(timedelta(hours=-5))))
    assert clock() == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    assert clock().tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 11, 24))  # noqa: DTZ001


@pytest.mark.postgresql
async def test_postgresql_databases_are_new_each_time_and_gone_at_the_end(postgresql_database: Databases) -> None:
    first, second = await postgresql_database(), await postgresql_database()
    assert first != second
    held = await asyncpg.connect(first)
    await held.execute("create table pupil (id integer)")
    await postgresql_database.drop_all()
    assert held.is_closed() or await _is_cut(held)
    for url in (first, second):
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(url)


@pytest.mark.mariadb
async def test_mariadb_databases_are_new_each_time_and_gone_at_the_end(mariadb_database: Databases) -> None:
    first, second = await mariadb_database(), await mariadb_database()
    names = [url.rpartition("/")[2] for url in (first, second)]
    assert len(set(names)) == 2
    assert all(name.startswith("hr_test_") for name in names)
    await services._on_mariadb(f"create table {names[0]}.pupil (id integer)")
    await mariadb_database.drop_all()
    with pytest.raises(asyncmy.errors.OperationalError, match="Unknown database"):
        await services._on_mariadb(f"create table {names[0]}.pupil (id integer)")


async def _is_cut(connection: asyncpg.Connection) -> bool:
    try:
        await connection.fetch("select 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return True
    return False
