"""The day by which the desk answers: the second school day ahead, by the calendars, else by the terms or the week."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from resolvers.portal.school_days import ReplyBy, SchoolDayBasis, reply_by
from tests.world import World, noon, open_world

CALENDAR, WEEKDAYS = SchoolDayBasis.CALENDAR, SchoolDayBasis.WEEKDAYS


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
        (date(2026, 12, 1), date(2026, 12, 3), CALENDAR),  # Tuesday, to Thursday
        (date(2026, 12, 3), date(2026, 12, 7), CALENDAR),  # Thursday, over the weekend to Monday
        (date(2026, 12, 5), date(2026, 12, 8), CALENDAR),  # Saturday
        (date(2026, 11, 23), date(2026, 11, 30), CALENDAR),  # Monday, over Thanksgiving
        (date(2026, 12, 21), date(2027, 1, 4), CALENDAR),  # Monday, over the winter break
        (date(2027, 6, 2), date(2027, 6, 4), CALENDAR),
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


async def test_before_the_year_begins_its_first_days_count(world: World) -> None:
    ((first, second),) = world.rows(
        "select min(on_date), (select min(on_date) from calendar_day where is_school_day = 1 and on_date > "
        "(select min(on_date) from calendar_day)) from calendar_day where is_school_day = 1"
    )
    DAY.at = noon(date.fromisoformat(first) - timedelta(days=40))
    assert await reply_by(world.context()) == ReplyBy(date.fromisoformat(second), CALENDAR)


async def test_a_day_without_school_in_one_school_is_one_where_another_has_it(tmp_path: Path) -> None:
    made = await open_world(tmp_path / "one.db", 25, lambda: noon(date(2026, 12, 1)))
    made.change("update calendar_day set is_school_day = 0 where school_id = 1 and on_date = '2026-12-02'")
    assert (await reply_by(made.context())).on == date(2026, 12, 3)
    made.change("update calendar_day set is_school_day = 0 where on_date = '2026-12-02'")
    assert (await reply_by(made.context())).on == date(2026, 12, 4)
    await made.recorded.reads.close()


async def test_without_a_calendar_the_terms_count(tmp_path: Path) -> None:
    made = await open_world(tmp_path / "terms.db", 25, lambda: noon(date(2026, 11, 24)))
    made.change("delete from calendar_day")
    assert await reply_by(made.context()) == ReplyBy(date(2026, 11, 26), SchoolDayBasis.TERMS)
    made.change("update term set starts_on = '2026-11-27' where starts_on < '2026-11-27'")
    made.change("update term set ends_on = '2026-11-27' where ends_on < '2026-11-27'")
    assert await reply_by(made.context()) == ReplyBy(date(2026, 11, 30), SchoolDayBasis.TERMS)
    await made.recorded.reads.close()


async def test_while_the_school_is_away_the_week_counts(tmp_path: Path) -> None:
    away = await open_world(tmp_path / "away.db", 25, lambda: noon(date(2026, 12, 4)))
    await away.recorded.reads.close()
    assert await reply_by(away.context()) == ReplyBy(date(2026, 12, 8), WEEKDAYS)
