"""What the hub promises its streams: the right events, to the right guardians, once, and nothing left behind."""

import asyncio
import gc
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loaders.adapter import load_adapter
from loaders.database import Readers, Writer
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.errors import SourceDown
from loaders.portal.change_log import forget_changes
from loaders.relations import Relations
from loaders.source import Source
from resolvers.changes import ChangeEvent, ChangeKind, cursor_of
from resolvers.errors import BadUserInput, CursorExpired
from resolvers.live import Live
from resolvers.streams import ChangeStream
from tests.hub import GradeChange, grade_change, grades, hub, open_store
from tests.services import Clock

MOTHER, FATHER = 1, 2
PUPIL, SISTER = 1, 3
OTHER_PARENT, HER_CHILD, BLOCKED_CHILD = 4, 4, 5


@dataclass
class District:
    """A district that another process changes, and the hub that watches it."""

    path: Path
    source: Source
    store: Writer
    live: Live
    clock: Clock

    async def grades(self, guardian: int, student: int | None = None, after: str | None = None) -> ChangeStream:
        """A subscription to grades."""
        return await self.live.subscribe(guardian, ("grade",), student, after)

    def change(self, sql: str, *values: Any) -> None:
        """Change the database as another process would."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql, values)

    def grade(self, student: int, kind: str = "POSTED") -> int:
        """A grade of that student."""
        with closing(sqlite3.connect(self.path)) as connection:
            (found,) = connection.execute(
                "select min(id) from grade where student_id = ? and kind = ? and released = 1", (student, kind)
            ).fetchone()
        return int(found)

    def set(self, grade: int, percent: float, letter: str | None = "B") -> None:
        """Enter a percent and a letter."""
        self.change("update grade set percent = ?, letter = ? where id = ?", percent, letter, grade)

    def marker(self, student: int) -> int:
        """Change a grade whose event will be the next, if nothing else is to be told."""
        grade = self.grade(student, "IN_PROGRESS")
        self.change("update grade set percent = percent + 1 where id = ?", grade)
        return grade


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "district.db"
    make_district(path, students=60, seed=1, today=date(2026, 11, 23))
    return path


@pytest.fixture
async def district(template: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[District]:
    path = tmp_path / "district.db"
    shutil.copy(template, path)
    readers = await Readers.open(f"sqlite:///{path}")
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, clock)
    async with open_store(tmp_path / "portal.db") as store:
        made = District(path, source, store, hub(source, store), clock)
        yield made
        await made.live.stop()
    await readers.close()


async def event(stream: AsyncIterator[ChangeEvent]) -> ChangeEvent:
    async with asyncio.timeout(5):
        return await anext(stream)


async def change(stream: AsyncIterator[ChangeEvent]) -> GradeChange:
    return grade_change(await event(stream))


async def test_both_parents_are_told_once_with_what_was(district: District) -> None:
    live, grade = district.live, district.grade(SISTER)
    district.set(grade, 81.5, "B-")
    streams = [await grades(live, guardian) for guardian in (MOTHER, FATHER)]
    district.set(grade, 93.25, "A")
    await live.poll()
    marked = district.marker(SISTER)
    await live.poll()
    for stream in streams:
        told = await event(stream)
        assert grade_change(told) == GradeChange(SISTER, grade, ChangeKind.GRADE_CHANGED, Decimal("81.5"), "B-")
        assert told.occurred_at == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
        assert (await change(stream)).grade_key == marked


async def test_other_families_and_a_blocked_guardian_are_told_nothing(district: District) -> None:
    stream = await district.grades(OTHER_PARENT)
    blocked = await district.grades(OTHER_PARENT, BLOCKED_CHILD)
    others = await district.grades(MOTHER)
    for child in (BLOCKED_CHILD, PUPIL):
        district.set(district.grade(child), 12)
    await district.live.poll()
    marked = district.marker(HER_CHILD)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked
    assert (await change(others)).student_key == PUPIL
    district.change("update guardian_student set portal_access = 1 where guardian_id = 4 and student_id = 5")
    await renewed(district)
    first = district.marker(BLOCKED_CHILD)
    await district.live.poll()
    assert (await change(blocked)).grade_key == first


async def renewed(district: District) -> None:
    """Poll until rights have been read again."""
    for _ in range(6):
        district.change("update term set name = name || '.'")
        await district.live.poll()


async def test_a_named_student_is_told_of_alone(district: District) -> None:
    stream = await district.grades(MOTHER, SISTER)
    unknown = await district.grades(MOTHER, 999_999)
    foreign = await district.grades(MOTHER, HER_CHILD)
    district.set(district.grade(PUPIL), 12)
    district.set(district.grade(HER_CHILD), 12)
    await district.live.poll()
    marked = district.marker(SISTER)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked
    for nothing in (unknown, foreign):
        assert not nothing._subscriber.queue
    assert district.live.students_followed == 1


async def test_changes_between_two_looks_are_one_event(district: District) -> None:
    grade = district.grade(PUPIL)
    district.set(grade, 70, "C")
    stream = await district.grades(PUPIL)
    for percent, letter in ((75, "C+"), (80, "B-"), (88, "B+")):
        district.set(grade, percent, letter)
    await district.live.poll()
    marked = district.marker(PUPIL)
    await district.live.poll()
    assert await change(stream) == GradeChange(PUPIL, grade, ChangeKind.GRADE_CHANGED, Decimal(70), "C")
    assert (await change(stream)).grade_key == marked


async def test_a_change_taken_back_is_no_event(district: District) -> None:
    grade = district.grade(PUPIL)
    district.set(grade, 70)
    stream = await district.grades(MOTHER)
    district.set(grade, 99)
    district.set(grade, 70)
    await district.live.poll()
    marked = district.marker(PUPIL)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked


@pytest.mark.parametrize(
    "column", ["comment = 'well done'", "updated_at = '2026-11-23T10:00:00Z'", "missing_count = 9", "percent = 70.0"]
)
async def test_what_is_not_the_grade_itself_is_no_event(district: District, column: str) -> None:
    grade = district.grade(PUPIL)
    district.set(grade, 70)
    stream = await district.grades(MOTHER)
    district.change(f"update grade set {column} where id = ?", grade)
    await district.live.poll()
    marked = district.marker(PUPIL)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked


@pytest.mark.parametrize("column", ["percent = 1", "letter = 'Ü|'", "points = 1.5", "points_possible = 7"])
async def test_each_part_of_the_grade_counts(district: District, column: str) -> None:
    grade = district.grade(PUPIL)
    district.set(grade, 70)
    stream = await district.grades(MOTHER)
    district.change(f"update grade set {column} where id = ?", grade)
    await district.live.poll()
    assert await change(stream) == GradeChange(PUPIL, grade, ChangeKind.GRADE_CHANGED, Decimal(70), "B")


async def test_two_grades_that_change_places_are_two_events(district: District) -> None:
    first, second = district.grade(PUPIL), district.grade(PUPIL, "IN_PROGRESS")
    district.change("update grade set points = 1, points_possible = 1 where id in (?, ?)", first, second)
    district.set(first, 90)
    district.set(second, 80)
    stream = await district.grades(MOTHER)
    district.change("update grade set percent = 170 - percent where id in (?, ?)", first, second)
    await district.live.poll()
    told = {(await change(stream)).grade_key for _ in range(2)}
    assert told == {first, second}


async def test_an_unreleased_or_empty_grade_is_added_once_it_is_there_and_removed_when_it_goes(
    district: District,
) -> None:
    grade = district.grade(PUPIL)
    district.change("update grade set released = 0, percent = 61, letter = 'D-', points = null where id = ?", grade)
    stream = await district.grades(MOTHER)
    steps = [
        ("percent = 62", None),
        ("released = 1", GradeChange(PUPIL, grade, ChangeKind.GRADE_ADDED, None, None)),
        ("percent = null, letter = null", GradeChange(PUPIL, grade, ChangeKind.GRADE_REMOVED, Decimal(62), "D-")),
        ("letter = 'P'", GradeChange(PUPIL, grade, ChangeKind.GRADE_ADDED, None, None)),
        ("released = 0", GradeChange(PUPIL, grade, ChangeKind.GRADE_REMOVED, None, "P")),
    ]
    for step, expected in steps:
        district.change(f"update grade set {step} where id = ?", grade)
        await district.live.poll()
        if expected is not None:
            assert await change(stream) == expected


async def test_a_right_that_ends_or_begins_takes_effect_in_an_open_stream(district: District) -> None:
    stream = await district.grades(FATHER)
    district.change("update guardian_student set ends_on = '2026-11-22' where guardian_id = ? and student_id = ?", 2, 3)
    district.set(district.grade(SISTER), 12)
    await district.live.poll()
    marked = district.marker(PUPIL)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked
    district.change("update guardian_student set ends_on = null where guardian_id = ? and student_id = ?", 2, 3)
    await renewed(district)
    district.set(district.grade(SISTER), 13)
    await district.live.poll()
    assert await change(stream) == GradeChange(
        SISTER, district.grade(SISTER), ChangeKind.GRADE_CHANGED, Decimal(12), "B"
    )


async def test_what_waits_in_a_queue_is_not_given_once_the_right_is_gone(district: District) -> None:
    stream = await district.grades(FATHER)
    district.set(district.grade(SISTER), 12)
    await district.live.poll()
    assert len(stream._subscriber.queue) == 1
    district.change("update guardian_student set portal_access = 0 where guardian_id = 2 and student_id = 3")
    marked = district.marker(PUPIL)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked


async def test_midnight_releases_nothing_twice_and_ends_rights(district: District) -> None:
    # Guardian 7's right holds today for the last day.
    stream = await district.grades(7)
    witness = await district.grades(MOTHER)
    district.marker(6)
    await district.live.poll()
    assert (await change(stream)).student_key == 6
    district.clock.forward(days=1)
    district.marker(6)
    district.marker(PUPIL)
    await district.live.poll()
    assert (await change(witness)).student_key == PUPIL
    waiting = asyncio.ensure_future(anext(stream))
    await renewed(district)
    assert not stream._subscriber.students
    assert not waiting.done()
    waiting.cancel()


async def test_a_thousand_subscribers_of_the_same_students_cost_one_look_and_one_reading_of_rights(
    district: District,
) -> None:
    streams = [await district.grades(MOTHER) for _ in range(1_000)]
    assert district.live.students_followed == 3
    await district.live.poll()
    before = district.source.statements_sent
    marked = district.marker(SISTER)
    await district.live.poll()
    assert district.source.statements_sent - before == 3
    told = await asyncio.gather(*(change(stream) for stream in streams))
    assert {one.grade_key for one in told} == {marked}
    assert district.source.statements_sent - before == 4


async def test_subscribers_who_come_together_share_their_first_look(district: District) -> None:
    streams = await asyncio.gather(*(district.grades(guardian) for guardian in range(1, 20)))
    assert district.live.statements <= 6
    for stream in streams:
        await stream.aclose()


async def test_nothing_is_asked_while_nothing_is_written(district: District) -> None:
    stream = await district.grades(MOTHER)
    await district.live.poll()
    before = district.source.statements_sent
    for _ in range(20):
        await district.live.poll()
    assert district.source.statements_sent == before
    marked = district.marker(PUPIL)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked


async def test_who_has_left_leaves_nothing_behind(district: District) -> None:
    live = district.live
    streams = [await grades(live, guardian) for guardian in (MOTHER, FATHER, OTHER_PARENT)]
    assert (live.subscribers, live.students_followed) == (3, 4)
    await live.poll()
    await streams[0].aclose()
    await streams[0].aclose()
    await live.poll()
    assert (live.subscribers, live.students_followed) == (2, 4)
    await streams[2].aclose()
    await live.poll()
    assert (live.subscribers, live.students_followed) == (1, 3)
    del streams
    gc.collect()
    await live.poll()
    assert (live.subscribers, live.students_followed) == (0, 0)
    assert live._followers.followed == {"student": [], "guardian": []}


async def test_a_subscription_cancelled_on_its_way_in_leaves_nothing(district: District) -> None:
    live = district.live
    for turns in range(12):
        coming = asyncio.ensure_future(grades(live, MOTHER))
        for _ in range(turns):
            await asyncio.sleep(0)
        coming.cancel()
        for stream in await asyncio.gather(coming, return_exceptions=True):
            if not isinstance(stream, BaseException):
                await stream.aclose()
    await live.poll()
    assert (live.subscribers, live.students_followed) == (0, 0)


async def test_a_guardian_without_students_waits_for_the_first_right(district: District) -> None:
    stream = await district.grades(20)
    assert district.live.students_followed == 0
    district.change(
        "insert into guardian_student (guardian_id, student_id, relationship, portal_access) values (20, 1, 'OTHER', 1)"
    )
    await district.live.poll()
    marked = district.marker(PUPIL)
    await district.live.poll()
    assert (await change(stream)).grade_key == marked


async def test_a_reader_who_falls_behind_holds_little_and_gets_all_in_order(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.streams.QUEUE", 4)
    monkeypatch.setattr("resolvers.relay.PAGE", 3)
    stream = await district.grades(MOTHER)
    grade = district.grade(PUPIL)
    for percent in range(15):
        district.set(grade, percent)
        await district.live.poll()
    assert len(stream._subscriber.queue) <= 4
    taken = [await event(stream) for _ in range(8)]
    district.set(grade, 15)
    await district.live.poll()
    taken += [await event(stream) for _ in range(8)]
    assert [told.previous_percent for told in taken[1:]] == [Decimal(n) for n in range(15)]
    assert [told.sequence for told in taken] == sorted({told.sequence for told in taken})
    assert stream.level


async def test_who_comes_back_gets_what_was_missed_once_and_in_order(district: District) -> None:
    stream = await district.grades(MOTHER)
    witness = await district.grades(OTHER_PARENT)
    grade = district.grade(PUPIL)
    district.set(grade, 1)
    await district.live.poll()
    cursor = (await event(stream)).cursor
    await stream.aclose()
    for percent in (2, 3):
        district.set(grade, percent)
        district.marker(HER_CHILD)
        await district.live.poll()
    again = await district.grades(MOTHER, after=cursor)
    sister = await district.grades(MOTHER, SISTER, after=cursor)
    district.set(grade, 4)
    marked = district.marker(SISTER)
    await district.live.poll()
    told = [await change(again) for _ in range(4)]
    assert [one.previous_percent for one in told if one.grade_key == grade] == [Decimal(n) for n in (1, 2, 3)]
    assert {one.student_key for one in told} == {PUPIL, SISTER}
    assert (await change(sister)).grade_key == marked
    await witness.aclose()


async def test_much_that_was_missed_leaves_room_for_what_comes(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.streams.QUEUE", 4)
    monkeypatch.setattr("resolvers.relay.PAGE", 3)
    stream = await district.grades(MOTHER)
    grade = district.grade(PUPIL)
    for percent in range(12):
        district.set(grade, percent)
        await district.live.poll()
    again = await district.grades(MOTHER, after=(await event(stream)).cursor)
    district.set(grade, 12)
    await district.live.poll()
    assert [(await change(again)).previous_percent for _ in range(12)] == [Decimal(n) for n in range(12)]
    marked = district.marker(SISTER)
    await district.live.poll()
    assert (await change(again)).grade_key == marked


async def test_a_cursor_behind_which_not_everything_is_known_is_refused(district: District) -> None:
    live = district.live
    stream = await district.grades(MOTHER, PUPIL)
    for percent in (1, 2, 3):
        district.set(district.grade(PUPIL), percent)
        await live.poll()
    first, second, third = [await event(stream) for _ in range(3)]
    async with district.store.transaction() as transaction:
        assert await forget_changes(transaction, district.clock() + timedelta(days=1), least=1) == 2
    again = await district.grades(MOTHER, after=second.cursor)
    assert (await event(again)).cursor == third.cursor
    epoch = (await live._relay.current()).epoch
    ahead, elsewhere = cursor_of(epoch, third.sequence + 1), cursor_of("0" * len(epoch), third.sequence)
    for after in (first.cursor, ahead, elsewhere):
        with pytest.raises(CursorExpired, match="read what you show again"):
            await district.grades(MOTHER, after=after)
    assert live.subscribers == 2


@pytest.mark.parametrize("after", ["", "x", "é", "====", "AAAA", "OjE", "MTIz", "a" * 10_000, "\ud800"])
async def test_what_is_no_cursor_is_refused(district: District, after: str) -> None:
    with pytest.raises(BadUserInput, match="`after`"):
        await district.grades(MOTHER, after=after)
    assert (district.live.subscribers, district.live.students_followed) == (0, 0)


async def test_a_source_that_was_away_is_asked_again_and_nothing_is_lost(district: District) -> None:
    stream = await district.grades(MOTHER)
    grade = district.grade(PUPIL)
    district.set(grade, 50)
    await district.live.poll()
    assert (await change(stream)).grade_key == grade
    with closing(sqlite3.connect(district.path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    elsewhere = district.path.with_name("away.db")
    district.path.rename(elsewhere)
    with pytest.raises(SourceDown):
        await district.live.poll()
    with pytest.raises(SourceDown):
        await district.grades(OTHER_PARENT)
    with closing(sqlite3.connect(elsewhere)) as connection, connection:
        connection.execute("update grade set percent = 51 where id = ?", (grade,))
    elsewhere.rename(district.path)
    await district.live.start()
    assert await change(stream) == GradeChange(PUPIL, grade, ChangeKind.GRADE_CHANGED, Decimal(50), "B")
    assert district.live.subscribers == 1
    assert district.live.students_followed == 3


async def test_stopping_ends_every_stream(district: District) -> None:
    await district.live.start()
    stream = await district.grades(MOTHER)
    waiting = asyncio.ensure_future(anext(stream))
    await district.live.stop()
    with pytest.raises(StopAsyncIteration):
        await waiting
    assert district.live.subscribers == 0


async def test_a_reader_who_stops_waiting_loses_nothing(district: District) -> None:
    stream = await district.grades(MOTHER)
    marked = district.marker(PUPIL)
    await district.live.poll()
    for turns in range(4):
        waiting = asyncio.ensure_future(anext(stream))
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert (await change(stream)).grade_key == marked


async def test_a_letter_that_looks_like_our_own_marks_breaks_nothing(district: District) -> None:
    stream = await district.grades(MOTHER)
    grade, witness = district.grade(PUPIL), district.grade(SISTER)
    for letter in ("\x1e", "A\x1e7\x1f1", "\x1f\x1f\x1f", "sNaN"):
        district.set(grade, 1, letter)
        await district.live.poll()
    district.change("update grade set percent = 'sNaN' where id = ?", grade)
    district.set(witness, 5)
    await district.live.poll()
    seen = set()
    while witness not in seen:
        seen.add((await change(stream)).grade_key)
    assert seen <= {grade, witness}
