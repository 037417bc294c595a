"""The day by which the desk answers: the second school day ahead, by the terms, else by the week."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from resolvers.portal.school_days import ReplyBy, SchoolDayBasis, reply_by
from tests.world import World, noon, open_world

TERMS, WEEKDAYS = SchoolDayBasis.TERMS, SchoolDayBasis.WEEKDAYS


class Day:
    """A clock that is set to noon of a day."""

    def __init__(self) -> None:
        self.at = noon(date(2026, 11, 23))

    def __call__(self) -> datetime:
        return self.at


DAY = Day()


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students whose school year ends on 4 June 2027, with a clock that is set."""
    made = await open_world(Path(tmp_path_factory.mktemp("days")) / "district.db", 25, DAY)
    yield made
    await made.recorded.reads.close()


@pytest.mark.parametrize(
    ("today", "on", "basis"),
    [
        (date(2026, 12, 1), date(2026, 12, 3), TERMS),  # Tuesday, to Thursday
        (date(2026, 12, 3), date(2026, 12, 7), TERMS),  # Thursday, over the weekend to Monday
        (date(2026, 12, 4), date(2026, 12, 8), TERMS),
        (date(2026, 12, 5), date(2026, 12, 8), TERMS),  # Saturday
        (date(2027, 6, 2), date(2027, 6, 4), TERMS),
        (date(2027, 6, 3), date(2027, 6, 7), WEEKDAYS),  # one day of school is left
        (date(2027, 7, 9), date(2027, 7, 13), WEEKDAYS),
    ],
)
async def test_the_desk_answers_by_the_second_school_day(
    world: World, today: date, on: date, basis: SchoolDayBasis
) -> None:
    DAY.at = noon(today)
    assert await reply_by(world.context()) == ReplyBy(on, basis)
    data = await world.data("{ portal { supportDesk { replyBy replyByBasis replyWithinSchoolDays } } }")
    assert data["portal"]["supportDesk"] == {
        "replyBy": str(on),
        "replyByBasis": basis.value,
        "replyWithinSchoolDays": 2,
    }


async def test_the_school_year_counts_from_its_first_day(world: World) -> None:
    ((first,),) = world.rows("select min(starts_on) from term")
    DAY.at = noon(date.fromisoformat(first) - timedelta(days=40))
    found = await reply_by(world.context())
    assert (found.on, found.basis) == (date.fromisoformat(first) + timedelta(days=1), TERMS)


async def test_while_the_school_is_away_the_week_counts(tmp_path: Path) -> None:
    away = await open_world(tmp_path / "away.db", 25, lambda: noon(date(2026, 12, 4)))
    await away.recorded.reads.close()
    assert await reply_by(away.context()) == ReplyBy(date(2026, 12, 8), WEEKDAYS)
