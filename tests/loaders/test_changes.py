"""What the watcher compares says what the grades say, on every engine, and its mark never vouches for a change."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from loaders.adapter import load_adapter
from loaders.changes import read_mark
from loaders.database import Readers
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.relations import Relations
from loaders.source import Source
from loaders.watched import GRADES, Seen, read_things, watched_things
from tests.loaders.watching import assert_says_the_same

ROSARIOSIS = load_adapter("rosariosis")


def now() -> datetime:
    return datetime(2021, 11, 23, 17, tzinfo=UTC)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[tuple[Path, Source]]:
    path = tmp_path / "district.db"
    make_district(path, students=60, seed=1, today=date(2026, 11, 23))
    readers = await Readers.open(f"sqlite:///{path}")
    yield path, Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, now)
    await readers.close()


async def test_the_home_store_is_watched_as_it_is_shown(home: tuple[Path, Source]) -> None:
    path, source = home
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update grade set percent = null, letter = null, points = null where id % 7 = 0")
        connection.execute("update grade set percent = 88.125, letter = null where id % 7 = 1")
        connection.execute("update grade set released = 0 where id % 7 = 2")
        connection.execute("delete from enrollment where student_id = 2")
    assert await assert_says_the_same(source) > 300


async def test_the_mark_of_a_file_moves_with_each_commit_and_each_day(home: tuple[Path, Source]) -> None:
    path, source = home
    quiet = [await read_mark(source) for _ in range(3)]
    assert len(set(quiet)) == 1
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update grade set percent = 1")
        assert await read_mark(source) == quiet[0]
        connection.commit()
    changed = await read_mark(source)
    assert changed != quiet[0]
    tomorrow = Source(source.relations, source.reads, lambda: datetime(2021, 11, 24, 17, tzinfo=UTC))
    assert await read_mark(tomorrow) != changed


def test_what_cannot_be_read_is_no_grade() -> None:
    good = "7\x1f2026-06-30\x1f92.50\x1f\x1f\x1fPOSTED\x1fA\x1fB\x1e"
    bad = ["x", "\x1f" * 6, "8\x1f\x1fNaN\x1f\x1f\x1fPOSTED\x1f", "z\x1f\x1f1\x1f\x1f\x1fPOSTED\x1f"]
    found = read_things(ROSARIOSIS, GRADES, good + "\x1e".join(bad))
    assert found == {("7",): Seen(("92.5", "", "", "POSTED", "A\x1fB"), "2026-06-30")}


def test_mysql_is_told_to_gather_whole_groups() -> None:
    statement = watched_things(Dialect.MYSQL, GRADES, [1], now(), now().date())
    sql = Relations(ROSARIOSIS, Dialect.MYSQL).render(statement).sql
    assert sql.startswith("select /*+ SET_VAR(group_concat_max_len = 16777216) */ grade.student_id as owner_key")
