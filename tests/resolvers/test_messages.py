"""Until when a list of messages is true: until the next one is to be seen."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest_asyncio

from resolvers.context import MOMENT
from resolvers.messages import shown_until
from tests.world import TODAY, World, noon, open_world

NOON = noon(TODAY)


class Clock:
    """A clock that is set by hand."""

    at = NOON

    def __call__(self) -> datetime:
        """The instant that it shows."""
        return self.at


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A small district at noon, with no message that is still to come."""
    clock = Clock()
    made = await open_world(tmp_path / "district.db", 25, clock)
    made.change("delete from message where sent_at > ?", "2026-11-23T17:00:00Z")
    yield made
    await made.recorded.reads.close()


async def _holds(world: World) -> tuple[datetime, datetime | None, bool]:
    context = world.context(world.guardian("parent"))
    return await shown_until(context), context.fresh_until, context.volatile


def _later(world: World, seconds: float) -> None:
    clock = world.source._now
    assert isinstance(clock, Clock)
    clock.at += timedelta(seconds=seconds)


def _announce(world: World, sent_at: datetime) -> None:
    number = world.rows("select max(id) + 1 from message")[0][0]
    columns = "id, scope, subject, body, sent_at"
    world.change(
        f"insert into message ({columns}) values (?, 'DISTRICT', 'Snow day', 'No school.', ?)",
        number,
        f"{sent_at:%Y-%m-%dT%H:%M:%SZ}",
    )


async def test_without_a_message_to_come_the_list_holds_as_long_as_the_source_stays(world: World) -> None:
    assert await _holds(world) == (NOON, None, False)


async def test_a_message_to_come_ends_the_list_at_its_instant(world: World) -> None:
    _announce(world, NOON + timedelta(hours=1))
    assert await _holds(world) == (NOON, NOON + timedelta(hours=1), False)
    _later(world, 3600)
    assert await _holds(world) == (NOON + timedelta(hours=1), None, False)


async def test_the_next_message_is_asked_for_every_five_seconds_at_the_most(world: World) -> None:
    await _holds(world)
    world.recorded.statements.clear()
    for n in range(5):
        _announce(world, NOON + timedelta(hours=n + 1))
        assert await _holds(world) == (NOON, NOON + MOMENT, False)
    assert world.recorded.statements == []
    _later(world, 6)
    assert (await _holds(world))[1] == NOON + timedelta(hours=1)
    assert len(world.recorded.statements) == 1


async def test_where_nothing_vouches_for_the_source_the_list_holds_for_a_moment(world: World) -> None:
    away = world.path.with_suffix(".away")
    world.path.rename(away)
    assert await _holds(world) == (NOON, NOON + MOMENT, False)
    away.rename(world.path)
