"""The log's promises: nothing lost and nothing twice, whoever dies, drops out or commits late."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from loaders.adapter import load_adapter
from loaders.database import Readers, Writer
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.portal.change_log import NewChange, append, begin_log, changes_after, forget_changes, log_state
from loaders.relations import Relations
from loaders.source import Source
from loaders.watched import SUBJECTS
from resolvers.changes import ChangeEvent
from resolvers.errors import CursorExpired
from resolvers.live import Live
from resolvers.streams import ChangeStream
from tests.hub import empty_store, grades, sealer
from tests.services import Clock
from tests.stores import empty_place, settle

MOTHER, PUPIL, SISTER = 1, 1, 3
LEASE = timedelta(seconds=6)


@dataclass
class Machine:
    """A gateway process over the district and the store that all share, with a clock of its own."""

    live: Live
    clock: Clock
    store: Writer


@dataclass
class Machines:
    """A district, and the processes that are up."""

    path: Path
    url: str
    source: Source
    stack: AsyncExitStack

    async def up(self) -> Machine:
        """Another process."""
        store = await Writer.open(self.url)
        self.stack.push_async_callback(store.close)
        clock = Clock()
        return Machine(Live(self.source, store, sealer(), 0.01, lease=LEASE, now=clock), clock, store)

    def change(self, sql: str, *values: object) -> None:
        """Change the district as the school's own system would."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql, values)

    def set(self, student: int, percent: float) -> None:
        """Give a grade of the student another percent."""
        self.change(
            "update grade set percent = ? where id = (select min(id) from grade where student_id = ? and released = 1)",
            percent,
            student,
        )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "district.db"
    make_district(path, students=30, seed=1, today=date(2026, 11, 23))
    return path


@pytest.fixture
async def machines(template: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[Machines]:
    path = tmp_path / "district.db"
    shutil.copy(template, path)
    readers = await Readers.open(f"sqlite:///{path}")
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, clock)
    async with AsyncExitStack() as stack:
        yield Machines(path, await empty_store(tmp_path / "portal.db"), source, stack)
    await readers.close()


async def told(stream: ChangeStream, number: int) -> list[ChangeEvent]:
    async with asyncio.timeout(10):
        return [await anext(stream) for _ in range(number)]


def before(events: list[ChangeEvent]) -> list[int | None]:
    return [None if event.previous_percent is None else int(event.previous_percent) for event in events]


async def test_one_watches_another_takes_over_when_it_dies_and_nothing_is_lost_or_told_twice(
    machines: Machines,
) -> None:
    first, second = await machines.up(), await machines.up()
    machines.set(PUPIL, 0)
    stream = await grades(second.live, MOTHER)
    await first.live.poll()
    await second.live.poll()
    assert (first.live.watching, second.live.watching) == (True, False)
    machines.set(PUPIL, 1)
    await second.live.poll()
    await first.live.poll()
    await second.live.tell()
    assert before(await told(stream, 1)) == [0]
    # The first is killed: it says no more. What happens then is found when its lease is over.
    machines.set(PUPIL, 2)
    await second.live.poll()
    assert stream.level
    second.clock.forward(seconds=7)
    await second.live.poll()
    assert second.live.watching
    assert before(await told(stream, 1)) == [1]
    # It was not dead, only held up: it finds itself replaced, and logs nothing.
    first.clock.forward(seconds=7)
    machines.set(PUPIL, 3)
    await first.live.poll()
    assert not first.live.watching
    await second.live.poll()
    machines.set(PUPIL, 4)
    await second.live.poll()
    assert before(await told(stream, 2)) == [2, 3]
    assert len(await changes_after(second.store, 0, 100)) == 4


async def test_one_that_was_held_up_in_the_middle_of_a_look_writes_nothing(machines: Machines) -> None:
    first, second = await machines.up(), await machines.up()
    machines.set(PUPIL, 0)
    await first.live._watching.watch([PUPIL])
    await first.live.poll()
    machines.set(PUPIL, 1)
    read = first.live._watching._watcher._texts

    async def slowly(*given: object) -> dict[str, str]:
        texts = await read(*given)  # type: ignore[arg-type]
        second.clock.forward(seconds=7)
        machines.set(PUPIL, 2)
        await second.live.poll()
        return texts

    first.live._watching._watcher._texts = slowly  # type: ignore[method-assign, assignment]
    await first.live.poll()
    assert (first.live.watching, second.live.watching) == (False, True)
    assert len(await changes_after(second.store, 0, 100)) == 1
    machines.set(PUPIL, 3)
    await second.live.poll()
    stream = await grades(second.live, MOTHER, after=None)
    assert stream.level
    assert len(await changes_after(second.store, 0, 100)) == 2


async def test_who_stops_hands_over_at_once(machines: Machines) -> None:
    first, second = await machines.up(), await machines.up()
    await first.live.poll()
    await first.live.stop()
    await second.live.poll()
    assert second.live.watching


async def test_what_happened_while_everything_was_down_is_told_by_cursor(machines: Machines) -> None:
    first = await machines.up()
    machines.set(SISTER, 50)
    stream = await grades(first.live, MOTHER)
    await first.live.poll()
    machines.set(SISTER, 51)
    await first.live.poll()
    (event,) = await told(stream, 1)
    # No stop: killed.
    machines.set(SISTER, 52)
    machines.change("delete from grade where id = (select min(id) from grade where student_id = ?)", PUPIL)
    second = await machines.up()
    second.clock.forward(seconds=7)
    again = await grades(second.live, MOTHER, after=event.cursor)
    await second.live.poll()
    found = await told(again, 2)
    assert {one.student_key for one in found} == {PUPIL, SISTER}
    assert 51 in before(found)


async def test_a_client_that_drops_out_at_random_hears_everything_once_and_in_order(machines: Machines) -> None:
    """F14: changes go on while the socket is lost and taken up again, at any moment, by any process."""
    random = Random(14)
    first, second = await machines.up(), await machines.up()
    stream = await grades(first.live, MOTHER)
    await first.live.poll()
    (state,) = await first.store.rows("select epoch from change_log")
    heard: list[ChangeEvent] = []
    cursor = stream.start
    for number in range(40):
        for student in random.sample((PUPIL, SISTER, 2), random.randrange(1, 4)):
            machines.set(student, number + student / 10)
        await first.live.poll()
        if random.random() < 0.5:
            await second.live.tell()
        for _ in range(random.randrange(4)):
            if not stream.level:
                heard += await told(stream, 1)
                cursor = heard[-1].cursor
        if random.random() < 0.4:
            await stream.aclose()
            stream = await grades(random.choice((first, second)).live, MOTHER, after=cursor)
    await second.live.tell()
    while not stream.level:
        heard += await told(stream, 1)
    logged = [change.seq for change in await changes_after(first.store, 0, 1_000) if change.student_id in ("1", "3")]
    rights = {event.student_key for event in heard}
    assert [event.sequence for event in heard if event.student_key in (PUPIL, SISTER)] == logged
    assert [event.sequence for event in heard] == sorted({event.sequence for event in heard})
    assert len(logged) > 40
    assert PUPIL in rights
    assert state["epoch"]


async def test_a_look_that_takes_long_goes_on_where_it_stopped_and_comes_first_to_those_who_listen(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await machines.up()
    everybody = range(1, 31)
    await first.live._watching.watch(everybody)
    for student in everybody:
        machines.set(student, 1)
    await first.live.poll()
    stream = await grades(first.live, MOTHER, PUPIL)
    monkeypatch.setattr("resolvers.watching.SWEEP", 0.0)
    small = {name: replace(subject, chunk=7) for name, subject in SUBJECTS.items()}
    monkeypatch.setattr("resolvers.watcher.SUBJECTS", small)
    # The first page has been compared, and others wait: now the pupil, who is not on the next page, has news.
    machines.set(9, 2)
    await first.live.poll()
    for percent in (2, 3, 4):
        machines.set(PUPIL, percent)
        await first.live.poll()
    assert before(await told(stream, 3)) == [1, 2, 3]
    # Three subjects in five pages each, one page a look: two rounds at the most, and then there is nothing left to do.
    for _ in range(36):
        await first.live.poll()
    logged = await changes_after(first.store, 0, 1_000)
    assert len([change for change in logged if change.student_id == "9"]) == 2
    sent = machines.source.statements_sent
    await first.live.poll()
    assert machines.source.statements_sent == sent


async def test_a_state_of_the_log_that_was_read_before_others_went_on_ends_no_stream(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await machines.up()
    stream = await grades(first.live, MOTHER)
    await first.live.poll()
    late = [True]

    async def slowly(store: Writer) -> object:
        state = await log_state(store)
        if late.pop() if late else False:
            machines.set(PUPIL, 1)
            await first.live.poll()
        return state

    monkeypatch.setattr("resolvers.relay.log_state", slowly)
    await first.live._relay.current()
    assert first.live.subscribers == 1
    assert len(await told(stream, 1)) == 1


async def test_a_stream_whose_rest_was_forgotten_says_so(machines: Machines) -> None:
    first = await machines.up()
    machines.set(PUPIL, 0)
    stream = await grades(first.live, MOTHER)
    await first.live.poll()
    for percent in (1, 2, 3):
        machines.set(PUPIL, percent)
        await first.live.poll()
    start = stream.start
    await stream.aclose()
    behind = await grades(first.live, MOTHER, after=start)
    async with first.store.transaction() as transaction:
        assert await forget_changes(transaction, datetime.now(UTC) + timedelta(days=1), least=1) == 2
    with pytest.raises(CursorExpired):
        await told(behind, 1)


def change(student: str) -> NewChange:
    return NewChange("GRADE_ADDED", student, None, '["1"]', "v", "", None, None, False, datetime.now(UTC))


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def test_the_order_of_the_numbers_is_the_order_of_the_commits(tmp_path: Path, engine: str) -> None:
    """F15: one transaction has taken its number and commits late; nobody comes before it, and nobody is skipped."""
    async with empty_place(engine, tmp_path) as url:
        await settle(url)
        early, late = await Writer.open(url), await Writer.open(url)
        async with late.transaction() as transaction:
            await begin_log(transaction)

        async def write(store: Writer, student: str) -> None:
            async with store.transaction() as transaction:
                await append(transaction, [change(student)])

        async with late.transaction() as transaction:
            assert await append(transaction, [change("late")]) == 1
            other = asyncio.create_task(write(early, "early"))
            done, _ = await asyncio.wait([other], timeout=0.2)
            assert not done
            assert await changes_after(early, 0, 10) == []
        await other
        assert [(one.seq, one.student_id) for one in await changes_after(early, 0, 10)] == [(1, "late"), (2, "early")]
        await early.close()
        await late.close()


async def test_a_transaction_of_the_school_that_commits_late_is_told_when_it_has(machines: Machines) -> None:
    first = await machines.up()
    machines.set(PUPIL, 0)
    stream = await grades(first.live, MOTHER)
    await first.live.poll()
    with closing(sqlite3.connect(machines.path, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        connection.execute("update grade set percent = 1 where student_id = ?", (PUPIL,))
        await first.live.poll()
        assert stream.level
        connection.execute("commit")
    await first.live.poll()
    assert 0 in before(await told(stream, 1))
