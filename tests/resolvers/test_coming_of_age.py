"""Notices before a student comes of age: sixty days before, once, to who will lose the record and to nobody else."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from loaders.portal.access_rules import Block, BlockReason, Eligibility, EligibilityKind, Orders
from resolvers.portal.coming_of_age import post_notices
from resolvers.rules import NO_RULES, Rules
from tests.portal import House, empty_place, open_house
from tests.world import TODAY, World, noon, open_world

DAY = timedelta(days=1)


@pytest_asyncio.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("of_age")) / "district.db", 25)
    made.change("update guardian set email = given_name || '@families.example' where id in (1, 2)")
    yield made
    await made.recorded.reads.close()


@pytest.fixture
async def world(made: World) -> AsyncIterator[World]:
    """The district without orders; birthdays are put back as they were."""
    made.source.notes[Rules] = NO_RULES
    kept = made.rows("select id, birth_date from student")
    yield made
    for student, day in kept:
        made.change("update student set birth_date = ? where id = ?", day, student)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        await house.account("marisol", "1")
        await house.account("graham", "2")
        yield house


def eighteen_on(world: World, day: date) -> str:
    """Lets the demo parent's eldest be eighteen on that day; the student's key."""
    student = world.student("parent")
    world.change("update student set birth_date = ? where id = ?", str(day.replace(year=day.year - 18)), student)
    return str(student)


@pytest.mark.parametrize(("days", "posted"), [(61, 0), (60, 2), (1, 2), (0, 0), (-1, 0)])
async def test_both_guardians_are_told_within_sixty_days_before_the_birthday(
    house: House, world: World, days: int, posted: int
) -> None:
    eighteen_on(world, TODAY + days * DAY)
    assert await post_notices(house.portal, world.source) == posted
    assert len(await house.mail()) == posted


async def test_a_notice_goes_once_names_the_student_and_the_day_and_is_addressed_singly(
    house: House, world: World
) -> None:
    eighteen_on(world, TODAY + 60 * DAY)
    assert await post_notices(house.portal, world.source) == 2
    assert house.portal.mail_posted.is_set()
    assert await post_notices(house.portal, world.source) == 0
    mails = await house.mail()
    emails = [row[0] for row in world.rows("select email from guardian where id in (1, 2) order by id")]
    assert sorted(address for address, _, _ in mails) == sorted(emails)
    for address, subject, text in mails:
        assert subject == "Rafael Peña Brooks will soon be eighteen"
        assert "on 2027-01-22 Rafael Peña Brooks will be eighteen" in text
        assert not [email for email in emails if email != address and email in text]


async def test_who_keeps_the_right_or_is_blocked_is_told_nothing(house: House, world: World) -> None:
    student, at = eighteen_on(world, TODAY + 10 * DAY), noon(TODAY)
    consent = Eligibility(1, student, "1", EligibilityKind.CONSENT, TODAY, None, at)
    blocked = Block(1, "2", student, TODAY, None, BlockReason.COURT_ORDER, at)
    world.source.notes[Rules] = Rules(Orders(1, blocks=[blocked], eligibilities=[consent]))
    assert await post_notices(house.portal, world.source) == 0
    assert await house.mail() == []


async def test_who_cannot_be_reached_yet_is_told_once_there_is_an_address(house: House, world: World) -> None:
    eighteen_on(world, TODAY + 30 * DAY)
    world.change("update guardian set email = null where id = 2")
    try:
        assert await post_notices(house.portal, world.source) == 1
    finally:
        world.change("update guardian set email = 'Graham@families.example' where id = 2")
    assert await post_notices(house.portal, world.source) == 1


async def test_a_consent_that_ends_before_the_birthday_keeps_nothing(house: House, world: World) -> None:
    student = eighteen_on(world, TODAY + 10 * DAY)
    short = Eligibility(1, student, None, EligibilityKind.CONSENT, TODAY, TODAY + 5 * DAY, noon(TODAY))
    world.source.notes[Rules] = Rules(Orders(1, eligibilities=[short]))
    assert await post_notices(house.portal, world.source) == 2
