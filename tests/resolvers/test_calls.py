"""Processes over one store call to each other: whoever finds something first says so, and all others look at once."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from loaders.adapter import load_adapter
from loaders.database import Readers
from loaders.demo import make_district
from loaders.dialect import Dialect
from loaders.relations import Relations
from loaders.source import Source
from resolvers import live as module
from resolvers.live import Live
from tests.hub import grades, hub, open_store
from tests.services import Clock


class Said:
    """A line that is open, and keeps what is said."""

    open = True

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def say(self, number: int) -> None:
        """Keep it."""
        self.numbers.append(number)


@pytest.fixture
async def two(tmp_path: Path, clock: Clock) -> AsyncIterator[tuple[Path, Live, Live]]:
    """A district, and two hubs over one store of which the first one watches."""
    made = tmp_path / "made.db"
    make_district(made, students=25, seed=1, today=date(2026, 11, 23))
    path = tmp_path / "district.db"
    shutil.copy(made, path)
    readers = await Readers.open(f"sqlite:///{path}")
    source = Source(Relations(load_adapter("home"), Dialect.SQLITE), readers, clock)
    async with open_store(tmp_path / "portal.db") as store:
        one, other = hub(source, store), hub(source, store, interval=3600)
        for each in (one, other):
            each.calls = Said()
        await one.poll()
        yield path, one, other
        await one.stop()
        await other.stop()
    await readers.close()


async def test_what_one_has_logged_wakes_the_other_and_is_called_out_once(
    two: tuple[Path, Live, Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, one, other = two
    # Nothing but a call lets the other look within this test.
    monkeypatch.setattr(module, "POLL_WHILE_HEARD", 3600.0)
    assert isinstance(one.calls, Said)
    assert isinstance(other.calls, Said)
    stream = await grades(other, 1)
    await other.start()
    # Its look at the start is begun by then, and this one comes behind it: it looks no more by itself.
    await asyncio.sleep(0)
    await other.poll()
    for percent in (41, 42):
        with closing(sqlite3.connect(path)) as district, district:
            district.execute(
                "update grade set percent = ? where id = (select min(id) from grade where student_id = 1 "
                "and kind = 'POSTED' and released = 1)",
                (percent,),
            )
        await one.poll()
        other.hear(one.calls.numbers[-1])
        async with asyncio.timeout(20):
            await anext(stream)
    assert one.calls.numbers == sorted({*one.calls.numbers})
    assert other.calls.numbers == []


async def test_a_number_that_nobody_has_logged_keeps_no_later_one_from_being_called_out(
    two: tuple[Path, Live, Live],
) -> None:
    path, one, _ = two
    stream = await grades(one, 1)
    one.hear(10**17)
    await one.tell()
    with closing(sqlite3.connect(path)) as district, district:
        district.execute("update grade set percent = 43 where student_id = 1 and kind = 'POSTED' and released = 1")
    await one.poll()
    assert isinstance(one.calls, Said)
    assert one.calls.numbers == [one._relay.last] != [0]
    async with asyncio.timeout(20):
        await anext(stream)
