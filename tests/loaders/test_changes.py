"""What the watcher compares says what the grades say, on every engine, and its mark never vouches for a change."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from loaders.adapter import load_adapter
from loaders.changes import read_mark
from loaders.check import describe
from loaders.contract import GradeKind
from loaders.database import Readers
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.errors import RelationIncomplete
from loaders.grades import grades_of_students
from loaders.relations import Relations
from loaders.source import Source
from loaders.watched import GRADES, Seen, read_things, read_watched, watched_things
from tests.hub import grade_change, grades, hub, open_store
from tests.loaders.dumps import Loaded, loaded

DUMPS = {Dialect.POSTGRESQL: "rosariosis_pg.sql.gz", Dialect.MYSQL: "rosariosis_mysql.sql.gz"}
ROSARIOSIS = load_adapter("rosariosis")


def now() -> datetime:
    return datetime(2021, 11, 23, 17, tzinfo=UTC)


async def of_rosariosis(dialect: Dialect) -> AsyncIterator[tuple[Loaded, Source]]:
    async with loaded(DUMPS[dialect], dialect) as database:
        readers = await Readers.open(database.url, size=2, statement_timeout=20, allow_writable=True)
        yield database, Source(Relations(ROSARIOSIS, dialect, await describe(ROSARIOSIS, readers)), readers, now)
        await readers.close()


@pytest.fixture(scope="module")
async def on_postgresql() -> AsyncIterator[tuple[Loaded, Source]]:
    async for found in of_rosariosis(Dialect.POSTGRESQL):
        yield found


@pytest.fixture(scope="module")
async def on_mariadb() -> AsyncIterator[tuple[Loaded, Source]]:
    async for found in of_rosariosis(Dialect.MYSQL):
        yield found


@pytest.fixture(
    params=[
        pytest.param("on_postgresql", marks=[pytest.mark.postgresql, pytest.mark.dumps]),
        pytest.param("on_mariadb", marks=[pytest.mark.mariadb, pytest.mark.dumps]),
    ]
)
def rosariosis(request: pytest.FixtureRequest) -> tuple[Loaded, Source]:
    found: tuple[Loaded, Source] = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[tuple[Path, Source]]:
    path = tmp_path / "district.db"
    make_district(path, students=60, seed=1, today=date(2026, 11, 23))
    readers = await Readers.open(f"sqlite:///{path}")
    yield path, Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, now)
    await readers.close()


async def students_of(source: Source) -> list[Any]:
    (rows,) = await source.reads.fetch([(source.relations.alone("student")[0], ())])
    names = await source.reads.columns(source.relations.alone("student")[0])  # type: ignore[attr-defined]
    return [row[names.index("id")] for row in rows]


async def assert_says_the_same(source: Source) -> int:
    """Every grade that families can read, and no other, is watched with its values; how many there are."""
    students = await students_of(source)
    texts = await read_watched(source, GRADES, students)
    assert set(texts) == set(students)
    (rows,) = await source.fetch([grades_of_students(students)])
    names = ("student_key", "grade_key", "percent", "points", "points_possible", "kind", "letter")
    at = [rows.columns.index(name) for name in names]
    shown = {}
    for row in rows.rows:
        student, grade, *values = (row[n] for n in at)
        if any(values[n] is not None for n in (0, 1, 4)):
            shown[student, str(grade)] = tuple(as_text(value) for value in values)
    watched = {
        (student, grade): seen.values
        for student, text in texts.items()
        for (grade,), seen in read_things(source.adapter, GRADES, text).items()
    }
    assert watched == shown
    return len(shown)


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value.value if isinstance(value, GradeKind) else value)


async def test_the_home_store_is_watched_as_it_is_shown(home: tuple[Path, Source]) -> None:
    path, source = home
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update grade set percent = null, letter = null, points = null where id % 7 = 0")
        connection.execute("update grade set percent = 88.125, letter = null where id % 7 = 1")
        connection.execute("update grade set released = 0 where id % 7 = 2")
        connection.execute("delete from enrollment where student_id = 2")
    assert await assert_says_the_same(source) > 300


async def test_rosariosis_is_watched_as_it_is_shown(rosariosis: tuple[Loaded, Source]) -> None:
    assert await assert_says_the_same(rosariosis[1]) == 4050


async def test_a_grade_changed_in_rosariosis_is_told(rosariosis: tuple[Loaded, Source], tmp_path: Path) -> None:
    database, source = rosariosis
    guardian, student, grade = await a_family(source)
    async with open_store(tmp_path / "portal.db") as store:
        live = hub(source, store)
        stream = await grades(live, guardian)
        await live.start()
        await database.run(
            f"update student_report_card_grades set grade_percent = 41.5, grade_letter = 'F' where id = {grade}"
        )
        async with asyncio.timeout(5):
            first = grade_change(await anext(stream))
            await database.run(f"update student_report_card_grades set grade_percent = 77 where id = {grade}")
            second = grade_change(await anext(stream))
        assert (first.student_key, first.grade_key) == (student, grade)
        assert (second.previous_percent, second.previous_letter) == (Decimal("41.5"), "F")
        await live.stop()


async def a_family(source: Source) -> tuple[Any, Any, Any]:
    """A guardian with a right, the student, and a grade of theirs."""
    sql = (
        "select s.staff_id, g.student_id, g.id from student_report_card_grades g "
        "join students_join_users j on j.student_id = g.student_id join staff s on s.staff_id = j.staff_id "
        "where s.profile = 'parent' order by g.id limit 1"
    )
    ((row,),) = await source.reads.fetch([(sql, ())])
    return row[0], row[1], row[2]


@pytest.mark.mariadb
@pytest.mark.dumps
async def test_a_text_that_the_server_cut_short_is_refused(on_mariadb: tuple[Loaded, Source]) -> None:
    database, source = on_mariadb
    students = await students_of(source)
    readers = await Readers.open(database.url, size=1, allow_writable=True)
    await readers.fetch([("set session group_concat_max_len = 64", ())])
    short = Source(source.relations, readers, now)
    with pytest.raises(RelationIncomplete, match="group_concat_max_len"):
        await read_watched(short, GRADES, students)
    await readers.close()


@pytest.mark.postgresql
@pytest.mark.dumps
async def test_a_transaction_that_commits_late_moves_the_mark(on_postgresql: tuple[Loaded, Source]) -> None:
    database, source = on_postgresql
    writers = [await asyncpg.connect(database.url) for _ in range(3)]
    update = "update students set name_suffix = '{}' where student_id = (select {}(student_id) from students)"
    begun = [writer.transaction() for writer in writers[:2]]
    for transaction in begun:
        await transaction.start()
    await writers[0].execute(update.format("I", "min"))
    await writers[1].execute(update.format("I", "max"))
    await writers[2].execute("create table if not exists hr_later (n int)")
    marks = [await read_mark(source)]
    for transaction in reversed(begun):
        await transaction.commit()
        marks.append(await read_mark(source))
    assert len(set(marks)) == 3
    for writer in writers:
        await writer.close()


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


@pytest.mark.mariadb
@pytest.mark.dumps
async def test_mariadb_has_no_mark(on_mariadb: tuple[Loaded, Source]) -> None:
    assert await read_mark(on_mariadb[1]) is None


def test_what_cannot_be_read_is_no_grade() -> None:
    good = "7\x1f2026-06-30\x1f92.50\x1f\x1f\x1fPOSTED\x1fA\x1fB\x1e"
    bad = ["x", "\x1f" * 6, "8\x1f\x1fNaN\x1f\x1f\x1fPOSTED\x1f", "z\x1f\x1f1\x1f\x1f\x1fPOSTED\x1f"]
    found = read_things(ROSARIOSIS, GRADES, good + "\x1e".join(bad))
    assert found == {("7",): Seen(("92.5", "", "", "POSTED", "A\x1fB"), "2026-06-30")}


def test_mysql_is_told_to_gather_whole_groups() -> None:
    statement = watched_things(Dialect.MYSQL, GRADES, [1], now(), now().date())
    sql = Relations(ROSARIOSIS, Dialect.MYSQL).render(statement).sql
    assert sql.startswith("select /*+ SET_VAR(group_concat_max_len = 16777216) */ grade.student_id as owner_key")
