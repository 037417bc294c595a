"""What a source says of who has changed: heard at once, never believed to be all, and bounded."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from loaders.adapter import Changes, load_adapter
from loaders.database import Readers, Writer
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.feed import Feed
from loaders.relations import Relations
from loaders.source import Source
from loaders.triggers import HELD, removal_script, trigger_script
from resolvers.changed import Changed, Reading
from resolvers.live import Live
from tests.hub import empty_store, grades, hub

HOME = load_adapter("home")
MOTHER, PUPIL, SISTER = 1, 1, 3


def today() -> datetime:
    return datetime(2026, 11, 23, 17, tzinfo=UTC)


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Told:
    """A district whose triggers tell who has changed, a store, and who reads."""

    path: Path
    source: Source
    store: Writer
    changed: Changed
    clock: Seconds

    def run(self, sql: str) -> None:
        """Run statements as the owner of the database."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executescript(sql)

    def note(self, student: int) -> None:
        """Note that a student has changed, as a trigger would."""
        self.run(f"insert into homeroom_change (student_id) values ({student})")

    async def heard(self) -> Any:
        """Who has changed, and has been compared then."""
        reading = await self.changed.read()
        if reading is not None:
            await self.changed.took()
        return None if reading is None else "all" if reading.all_of_them else list(reading.students)

    def restarted(self) -> Changed:
        """The next process."""
        return Changed(self.source, self.store, today, self.clock)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("changed") / "district.db"
    make_district(path, students=30, seed=1, today=date(2026, 11, 23))
    return path.read_bytes()


@pytest.fixture
async def told(template: bytes, tmp_path: Path) -> AsyncIterator[Told]:
    path = tmp_path / "district.db"
    path.write_bytes(template)
    readers = await Readers.open(f"sqlite:///{path}")
    source = Source(Relations(HOME, Dialect.SQLITE), readers, today)
    store = await Writer.open(await empty_store(tmp_path / "portal.db"))
    clock = Seconds()
    made = Told(path, source, store, Changed(source, store, today, clock), clock)
    made.run(trigger_script(HOME, Dialect.SQLITE))
    yield made
    await store.close()
    await readers.close()


async def test_each_change_is_told_once_and_first_contact_is_all_of_them(told: Told) -> None:
    assert await told.heard() == "all"
    assert await told.heard() == []
    told.run("update grade set percent = 1 where student_id = 3; delete from score where student_id = 9")
    assert await told.heard() == [3, 9]
    assert await told.heard() == []
    ((section,),) = await told.source.reads.fetch([("select section_id from assignment where id = 1", ())])
    told.run("update assignment set title = title || '.' where id = 1")
    with closing(sqlite3.connect(told.path)) as connection:
        enrolled = connection.execute("select student_id from enrollment where section_id = ?", section).fetchall()
    assert sorted(await told.heard()) == sorted(student for (student,) in enrolled)


async def test_what_was_read_and_not_compared_is_read_again_by_the_next_process_too(told: Told) -> None:
    assert await told.heard() == "all"
    told.note(3)
    assert await told.heard() == [3]
    told.note(4)
    for _ in range(2):
        assert await told.changed.read() == Reading([4])
    told.clock.now += 200
    assert await told.heard() == [4]
    told.clock.now += 200
    assert await told.heard() == []
    told.note(5)
    told.changed = told.restarted()
    # What was read within the last overlap is read anew: whoever had it may have died before it compared.
    assert 5 in await told.heard()


async def test_a_number_that_comes_late_is_told_within_the_overlap(told: Told) -> None:
    assert await told.heard() == "all"
    told.note(3)
    told.run("insert into homeroom_change (mark, student_id) values (50, '7')")
    assert await told.heard() == [3, 7]
    told.clock.now += 100
    told.run("insert into homeroom_change (mark, student_id) values (40, '8')")
    assert await told.heard() == [8]
    told.clock.now += 30
    assert await told.heard() == []
    told.run("insert into homeroom_change (mark, student_id) values (41, '9')")
    assert await told.heard() == []


async def test_a_bulk_load_is_all_of_them_and_nothing_of_it_is_held(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.changed.MOST", 5)
    assert await told.heard() == "all"
    told.run("update grade set percent = 2")
    assert await told.heard() == "all"
    assert len(told.changed._known) <= 5
    assert await told.heard() == []
    told.note(3)
    assert await told.heard() == [3]


async def test_marks_that_begin_anew_or_were_swept_are_all_of_them(told: Told) -> None:
    assert await told.heard() == "all"
    for student in range(1, 20):
        told.note(student)
    assert len(await told.heard()) == 19
    told.run(f"drop table homeroom_change; {trigger_script(HOME, Dialect.SQLITE)}")
    told.note(3)
    told.clock.now += 61
    assert await told.heard() == "all"
    told.note(4)
    assert await told.heard() == [4]
    told.clock.now += 200
    told.note(5)
    assert await told.heard() == [5]
    told.run(
        "insert into homeroom_change (mark, student_id) values (900, '6'); delete from homeroom_change where mark < 900"
    )
    told.changed = told.restarted()
    assert await told.heard() == "all"


async def test_triggers_that_come_and_go_are_noticed(told: Told) -> None:
    told.run(removal_script(HOME, Dialect.SQLITE))
    assert await told.heard() is None
    told.run(trigger_script(HOME, Dialect.SQLITE))
    assert await told.heard() is None
    told.clock.now += 61
    assert await told.heard() == "all"
    told.run(removal_script(HOME, Dialect.SQLITE))
    assert await told.heard() is None
    told.run("update grade set percent = 3")


async def test_times_of_the_same_second_are_compared_again_and_again_less_often(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = "select student_id, updated_at as mark from grade where updated_at >= :since"
    feed = Feed("changes.sql", Changes(select))

    async def found(source: Source) -> Feed:
        return feed

    monkeypatch.setattr("resolvers.changed.find_feed", found)
    told.run("update grade set updated_at = '2026-11-23T10:00:00Z' where student_id <> 3")
    assert await told.heard() == "all"
    told.run("update grade set updated_at = '2026-11-23T10:00:07Z' where student_id = 3")
    began = told.clock.now
    compared = []
    for _ in range(118):
        if await told.heard():
            compared.append(told.clock.now - began)
        told.clock.now += 1
    assert compared == [0, 2, 4, 8, 16, 32, 64]
    # A time that somebody has put far ahead is waited for by nobody, now or after a restart.
    told.run("update grade set updated_at = '2199-01-01T00:00:00Z' where student_id = 9")
    assert 9 in await told.heard()
    for _ in range(2):
        told.clock.now += 200
        await told.heard()
    told.run("update grade set updated_at = '2026-11-23T11:00:00Z' where student_id = 4")
    assert 4 in await told.heard()
    told.changed = told.restarted()
    told.run("update grade set updated_at = '2026-11-23T11:00:01Z' where student_id = 7")
    assert 7 in await told.heard()
    monkeypatch.setattr("resolvers.changed.MOST", 5)
    told.run("update grade set updated_at = '2026-11-23T12:00:00Z' where student_id <> 9")
    assert await told.heard() == "all"
    told.run("update grade set updated_at = '2026-11-23T12:00:05Z' where student_id = 4")
    assert 4 in await told.heard()


async def test_what_no_trigger_tells_is_found_by_the_round_behind_it(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    live: Live = hub(told.source, told.store)
    stream = await grades(live, MOTHER)
    await live.poll()
    monkeypatch.setattr("resolvers.watching.LEISURE", 0.0)
    told.run("drop trigger homeroom_change_grade_delete; delete from grade where student_id = 1 and released = 1")
    await live.poll()
    assert not stream.level
    # What a trigger tells needs no round.
    monkeypatch.setattr("resolvers.watching.LEISURE", 1e9)
    told.run("update term set name = name || '.'")
    await live.poll()
    while not stream.level:
        await anext(stream)
    told.run(
        "update grade set percent = 4 where id = (select min(id) from grade where student_id = 3 and released = 1)"
    )
    await live.poll()
    assert (await anext(stream)).student_key == SISTER
    await live.stop()


async def test_the_table_of_changes_is_swept(told: Told) -> None:
    told.run(f"insert into homeroom_change (mark, student_id) values (1, 'x'), ({HELD + 999}, 'y')")
    told.note(3)
    ((row,),) = await told.source.reads.fetch([("select min(mark), count(*) from homeroom_change", ())])
    assert tuple(row) == (HELD + 999, 2)
