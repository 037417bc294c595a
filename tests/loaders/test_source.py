"""The source's day and its mark: what says that an answer of a moment ago would be the same now."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from loaders import people
from loaders.errors import SourceDown
from tests.world import World, open_world


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """The instant that it shows."""
        return self.at


NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    """Noon of a Monday where the district is."""
    return Clock(NOON)


@pytest_asyncio.fixture
async def world(tmp_path: Path, clock: Clock) -> AsyncIterator[World]:
    """A small district."""
    made = await open_world(tmp_path / "district.db", 25, clock)
    yield made
    await made.recorded.reads.close()


async def test_the_mark_stays_while_nobody_writes_and_moves_when_somebody_does(world: World) -> None:
    before = world.source.mark()
    await world.source.fetch([people.guardians([world.guardian("parent")])])
    assert before is not None
    assert world.source.mark() == before
    world.change("update guardian set given_name = 'X' where id = ?", world.guardian("parent"))
    assert world.source.mark() != before


async def test_the_mark_moves_at_the_districts_own_midnight(world: World, clock: Clock) -> None:
    before = world.source.mark()
    clock.at = datetime(2026, 11, 24, 4, 59, 59, tzinfo=UTC)
    assert (world.source.today(), world.source.mark()) == (date(2026, 11, 23), before)
    clock.at += timedelta(seconds=1)
    assert world.source.today() == date(2026, 11, 24)
    assert world.source.mark() != before
    clock.at = NOON
    assert (world.source.today(), world.source.mark()) == (date(2026, 11, 23), before)


@pytest.mark.parametrize("hours", [23, 24, 25])
async def test_a_day_on_which_clocks_change_begins_at_its_own_midnight(world: World, clock: Clock, hours: int) -> None:
    first = {23: date(2026, 3, 8), 24: date(2026, 11, 23), 25: date(2026, 11, 1)}[hours]
    begins = datetime.combine(first, datetime.min.time(), world.source.adapter.time_zone).astimezone(UTC)
    clock.at = begins
    assert world.source.today() == first
    clock.at = begins + timedelta(hours=hours, seconds=-1)
    assert world.source.today() == first
    clock.at += timedelta(seconds=1)
    assert world.source.today() == first + timedelta(days=1)


async def test_nothing_vouches_for_an_answer_while_the_source_is_away(world: World) -> None:
    away = world.path.with_suffix(".away")
    world.path.rename(away)
    try:
        with pytest.raises(SourceDown):
            await world.source.fetch([people.teachers_of_sections([1])])
        assert world.source.mark() is None
    finally:
        away.rename(world.path)
