"""RosarioSIS says who has changed, by its marks and by triggers: late commits and deletes too, on both engines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncmy
import asyncpg
import pytest

from loaders.adapter import load_adapter
from loaders.changes import read_mark
from loaders.check import describe
from loaders.database import Readers
from loaders.dialect import Dialect
from loaders.errors import RelationIncomplete
from loaders.relations import Relations
from loaders.source import Source
from loaders.statement import Key
from loaders.triggers import CHANNEL, removal_script, trigger_script
from loaders.wakes import Wakes
from loaders.wakes.notify import NotifyLine
from loaders.watched import GRADES, read_watched
from resolvers.changes import ChangeEvent, ChangeKind
from resolvers.live import Live
from resolvers.streams import ChangeStream
from tests.hub import hub, open_store
from tests.loaders.dumps import Loaded, loaded
from tests.loaders.watching import assert_says_the_same, students_of

DUMPS = {Dialect.POSTGRESQL: "rosariosis_pg.sql.gz", Dialect.MYSQL: "rosariosis_mysql.sql.gz"}
ADAPTER = load_adapter("rosariosis")


def now() -> datetime:
    return datetime(2021, 11, 23, 17, tzinfo=UTC)


@dataclass
class Family:
    """A guardian, a student of theirs, and a grade of that one."""

    guardian: Key
    student: Key
    grade: int


class School:
    """A RosarioSIS that others write to, and two of its families."""

    def __init__(self, database: Loaded, source: Source, families: list[Family]) -> None:
        self.database = database
        self.source = source
        self.ours, self.theirs = families

    def graded(self, family: Family, percent: float) -> str:
        """The statement by which RosarioSIS gives a grade; the dump has lost PostgreSQL's trigger of updated_at."""
        stamp = ", updated_at = localtimestamp" if self.database.dialect is Dialect.POSTGRESQL else ""
        return f"update student_report_card_grades set grade_percent = {percent}{stamp} where id = {family.grade}"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        """A session of somebody else's, in a transaction."""
        if self.database.dialect is Dialect.POSTGRESQL:
            connection = await asyncpg.connect(self.database.url)
            await connection.execute("begin")
            yield connection.execute
            await connection.close()
            return
        parts = urlsplit(self.database.url)
        async with (
            asyncmy.connect(
                host=parts.hostname,
                port=parts.port or 3306,
                user=parts.username,
                password=parts.password or "",
                db=parts.path.removeprefix("/"),
            ) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor.execute


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Dialect.POSTGRESQL, marks=[pytest.mark.postgresql, pytest.mark.dumps]),
        pytest.param(Dialect.MYSQL, marks=[pytest.mark.mariadb, pytest.mark.dumps]),
    ],
)
async def school(request: pytest.FixtureRequest) -> AsyncIterator[School]:
    dialect: Dialect = request.param
    async with loaded(DUMPS[dialect], dialect) as database:
        readers = await Readers.open(database.url, size=2, statement_timeout=20, allow_writable=True)
        source = Source(Relations(ADAPTER, dialect, await describe(ADAPTER, readers)), readers, now)
        rights, params = source.relations.alone("guardian_student")
        # Of age, a student's parents hear nothing.
        sql = (
            f"select min(r.guardian_id), g.student_id, min(g.id) from student_report_card_grades g "
            f"join ({rights}) r on r.student_id = g.student_id "
            "join students s on s.student_id = g.student_id "
            "where r.portal_access = 1 and s.custom_200000004 > '2006-01-01' "
            "group by g.student_id order by g.student_id"
        )
        ((first, *_, last),) = await readers.fetch([(sql, [now().date()] * len(params))])
        yield School(database, source, [Family(*first), Family(*last)])
        await readers.close()


@asynccontextmanager
async def watched(school: School, place: Path) -> AsyncIterator[tuple[Live, list[ChangeStream]]]:
    """Both families' streams, behind the first contact; what is heard from now on the source itself has told."""
    async with open_store(place / "portal.db") as store:
        live = hub(school.source, store)
        streams = [await live.subscribe(family.guardian) for family in (school.ours, school.theirs)]
        await live.poll()
        await live.poll()
        live._watching._leisure = inf
        yield live, streams
        await live.stop()


async def heard(live: Live, stream: ChangeStream) -> list[ChangeEvent]:
    """What has come after another look."""
    await live.poll()
    async with asyncio.timeout(5):
        return [] if stream.level else [await anext(stream)]


async def test_rosariosis_is_watched_as_it_is_shown(school: School) -> None:
    assert await assert_says_the_same(school.source) == 4050


async def test_a_text_that_the_server_cut_short_is_refused(school: School) -> None:
    if school.database.dialect is not Dialect.MYSQL:
        return
    database, source = school.database, school.source
    students = await students_of(source)
    readers = await Readers.open(database.url, size=1, allow_writable=True)
    await readers.fetch([("set session group_concat_max_len = 64", ())])
    short = Source(source.relations, readers, now)
    with pytest.raises(RelationIncomplete, match="group_concat_max_len"):
        await read_watched(short, GRADES, students)
    await readers.close()


async def test_a_transaction_that_commits_late_moves_the_mark_which_mariadb_has_not(school: School) -> None:
    marks = [await read_mark(school.source)]
    if school.database.dialect is Dialect.MYSQL:
        assert marks == [None]
        return
    update = "update students set name_suffix = 'I' where student_id = (select {}(student_id) from students)"
    async with school.session() as first, school.session() as second:
        await first(update.format("min"))
        await second(update.format("max"))
        await school.database.run("create table if not exists hr_later (n int)")
        marks = [await read_mark(school.source)]
        for session in (second, first):
            await session("commit")
            marks.append(await read_mark(school.source))
    assert len(set(marks)) == 3


async def test_its_marks_tell_who_changed_and_a_commit_that_comes_late_is_told_when_it_comes(
    school: School, tmp_path: Path
) -> None:
    async with watched(school, tmp_path) as (live, (ours, theirs)):
        assert live._watching._changed.name == "changes.sql"
        async with school.session() as late:
            await late(school.graded(school.ours, 41.5))
            await school.database.run(school.graded(school.theirs, 42.5))
            (event,) = await heard(live, theirs)
            assert (event.student_key, event.thing) == (school.theirs.student, (school.theirs.grade,))
            assert await heard(live, ours) == []
            await late("commit")
        (event,) = await heard(live, ours)
        assert (event.student_key, event.thing) == (school.ours.student, (school.ours.grade,))
        before = live.statements
        await school.database.run("update schools set phone = coalesce(phone, '') where 1 = 1")
        await live.poll()
        assert live.statements - before <= 8
        # A row that is gone bears no mark.
        live._watching._leisure = 0.0
        await school.database.run(f"delete from student_report_card_grades where id = {school.theirs.grade}")
        found = []
        for _ in range(5):
            live._watching._leisure = 0.0
            found += await heard(live, theirs)
        assert [event.kind for event in found] == [ChangeKind.GRADE_REMOVED]


async def assert_woken(school: School, place: Path) -> None:
    """A gateway that looks once an hour hears of a grade at its commit."""
    async with watched(school, place) as (live, (_, theirs)):
        live.interval = 3_600.0
        opened = asyncio.Event()

        def heard(number: int | None) -> None:
            opened.set()
            live.source_wrote(number)

        calls = Wakes(lambda: NotifyLine(school.database.url, CHANNEL), heard)
        await live.start()
        await calls.start()
        async with asyncio.timeout(10):
            await opened.wait()
            for percent in (77.5, 78.5):
                await school.database.run(school.graded(school.theirs, percent))
                await anext(theirs)
        await calls.stop()


async def test_its_triggers_tell_of_all_that_is_written_and_disturb_nobody(school: School, tmp_path: Path) -> None:
    dialect = school.database.dialect
    script = trigger_script(ADAPTER, dialect, notify=dialect is Dialect.POSTGRESQL)
    await school.database.run(script)
    await school.database.run(script)
    async with watched(school, tmp_path) as (live, (ours, _)):
        assert live._watching._changed.name == "triggers"
        async with school.session() as late:
            await late(f"update student_report_card_grades set grade_percent = 51.5 where id = {school.ours.grade}")
            absence = (
                "update attendance_period set attendance_reason = 'dentist' where school_date = '2021-11-22' "
                f"and student_id = {school.theirs.student}"
            )
            await school.database.run(absence)
            await live.poll()
            assert await heard(live, ours) == []
            await late("commit")
        (event,) = await heard(live, ours)
        assert (event.kind, event.thing) == (ChangeKind.GRADE_CHANGED, (school.ours.grade,))
        await school.database.run(f"delete from student_report_card_grades where id = {school.ours.grade}")
        (event,) = await heard(live, ours)
        assert event.kind is ChangeKind.GRADE_REMOVED
        await school.database.run(
            "update gradebook_assignments set title = 'Volcanoes', due_date = '2021-11-30' where assignment_id in "
            "(select * from (select min(a.assignment_id) from gradebook_assignments a join schedule s "
            f"on s.course_period_id = a.course_period_id where s.student_id = {school.ours.student}) as one)"
        )
        (event,) = await heard(live, ours)
        assert event.subject == "assignment"
        serial = "serial" if dialect is Dialect.POSTGRESQL else "integer auto_increment"
        await school.database.run(
            f"create table own (id {serial} primary key, n integer); create table given (id integer)"
        )
        async with school.session() as session:
            for _ in range(3):
                await session("insert into own (n) values (1)")
            await session(f"delete from student_report_card_grades where student_id = {school.theirs.student}")
            last = "lastval()" if dialect is Dialect.POSTGRESQL else "last_insert_id()"
            await session(f"insert into given (id) select {last}")
            await session("commit")
        assert await school.source.reads.fetch([("select id from given", ())]) == [[(3,)]]
    if dialect is Dialect.POSTGRESQL:
        await assert_woken(school, tmp_path)
    await school.database.run(removal_script(ADAPTER, dialect))
    await school.database.run(removal_script(ADAPTER, dialect))
