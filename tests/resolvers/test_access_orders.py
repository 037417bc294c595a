"""Orders of staff about who may see what: they hold at once, here and in other processes, and are on the trail."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.rulings import Rulings
from loaders.contract import Area
from loaders.ids import node_id
from loaders.portal.access_rules import BlockReason, EligibilityKind, SwitchReason
from loaders.portal.roles import StaffRole
from loaders.source import Source
from resolvers.context import Context
from resolvers.live import Live
from resolvers.portal import access_orders as orders
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.rules import NO_RULES, Rules, rules_of
from tests.office import office
from tests.portal import House, empty_place, open_house
from tests.world import TODAY, World, noon, open_world

DAY = timedelta(days=1)
SEEN = "{ me { students { sourcedId grades { id } areas { area reason } } } }"


@pytest_asyncio.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of forty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("orders")) / "district.db", 40)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def world(made: World) -> World:
    """The district, over which no order holds."""
    made.source.notes[Rules], made.source.orders = NO_RULES, 0
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def seen(world: World, case: str) -> dict[int, Any]:
    """What the case's guardian sees, by student."""
    data = await world.data(SEEN, guardian=world.guardian(case))
    return {int(each["sourcedId"]): each for each in data["me"]["students"]}


def codes(done: Any) -> list[ProblemCode]:
    assert isinstance(done, Refused), done
    return [problem.code for problem in done.problems]


async def block(desk: Context, world: World, case: str = "two_households") -> str:
    """The id of a block of the case's guardian, from today on."""
    guardian, student = str(world.guardian(case)), str(world.student(case))
    done = await orders.set_access_block(desk, guardian, student, (None, None), BlockReason.COURT_ORDER)
    assert not isinstance(done, Refused), done
    return node_id("AccessBlock", done[0].id)


async def test_a_block_holds_at_once_and_lifting_it_gives_the_student_back(house: House, world: World) -> None:
    desk, student = await office(house, world.source), world.student("two_households")
    id = await block(desk, world)
    assert student not in await seen(world, "two_households")
    assert student in await seen(world, "parent")
    lifted = await orders.lift_access_block(desk, id)
    assert lifted == orders.Lifted(id)
    assert student in await seen(world, "two_households")
    assert codes(await orders.lift_access_block(desk, id)) == [ProblemCode.ORDER_NOT_FOUND]
    assert [action for _, action, _ in await house.trail()][-2:] == ["ACCESS_BLOCKED", "ACCESS_BLOCK_LIFTED"]


async def test_a_block_holds_for_every_key_of_the_person(house: House, world: World) -> None:
    guardian, student = world.guardian("two_households"), world.student("two_households")
    columns = "given_name, family_name, email, phone, preferred_language"
    link = "student_id, relationship, portal_access, legal_guardian, lives_with, contact_priority"
    world.change(f"insert into guardian (id, {columns}) select 990, {columns} from guardian where id = ?", guardian)
    world.change(
        f"insert into guardian_student (guardian_id, {link}) select 990, {link} from guardian_student"
        " where guardian_id = ?",
        guardian,
    )
    try:
        await block(await office(house, world.source), world)
        data = await world.data(SEEN, guardian=990)
        assert student not in {int(each["sourcedId"]) for each in data["me"]["students"]}
        assert len(data["me"]["students"]) == 2
    finally:
        world.change("delete from guardian_student where guardian_id = 990")
        world.change("delete from guardian where id = 990")


async def test_a_switch_closes_its_area_and_lifting_it_opens_it(house: House, world: World) -> None:
    desk = await office(house, world.source, StaffRole.ADMIN)
    done = await orders.set_area_switch(
        desk, None, [Area.GRADES], (None, noon(TODAY) + DAY), SwitchReason.GRADING_WINDOW
    )
    assert not isinstance(done, Refused)
    for student in (await seen(world, "parent")).values():
        assert student["grades"] is None
        assert {"area": "GRADES", "reason": "GRADING_WINDOW"} in student["areas"]
    await orders.lift_area_switch(desk, node_id("AreaSwitch", done[0].id))
    assert None not in [student["grades"] for student in (await seen(world, "parent")).values()]


async def test_consent_on_file_keeps_the_record_open_until_it_is_withdrawn(house: House, world: World) -> None:
    desk, student = await office(house, world.source), world.student("eligible_student")
    done = await orders.record_eligibility(
        desk, str(student), str(world.guardian("eligible_student")), (None, None), EligibilityKind.CONSENT
    )
    assert not isinstance(done, Refused)
    assert (await seen(world, "eligible_student"))[student]["grades"]
    await orders.withdraw_eligibility(desk, node_id("Eligibility", done.id))
    assert (await seen(world, "eligible_student"))[student]["grades"] is None


async def test_what_cannot_be_ordered_is_refused_and_nothing_is_written(house: House, world: World) -> None:
    desk = await office(house, world.source)
    trail = await house.trail()
    backwards, reason = (TODAY, TODAY - DAY), BlockReason.SAFETY
    assert codes(await orders.set_access_block(desk, "999999", "x", backwards, reason)) == [
        ProblemCode.PERIOD_INVALID,
        ProblemCode.GUARDIAN_UNKNOWN,
        ProblemCode.STUDENT_UNKNOWN,
    ]
    early = (noon(TODAY), noon(TODAY))
    assert codes(await orders.set_area_switch(desk, None, [], early, SwitchReason.SUMMER)) == [
        ProblemCode.AREAS_MISSING,
        ProblemCode.PERIOD_INVALID,
    ]
    kind = EligibilityKind.REFUSAL
    assert codes(await orders.record_eligibility(desk, "999999", "999999", (None, None), kind)) == [
        ProblemCode.STUDENT_UNKNOWN,
        ProblemCode.GUARDIAN_UNKNOWN,
    ]
    for id in ("x", node_id("AccessBlock", "1 or 1=1"), node_id("AreaSwitch", 1), node_id("AccessBlock", 7)):
        assert codes(await orders.lift_access_block(desk, id)) == [ProblemCode.ORDER_NOT_FOUND]
    assert await house.trail() == trail
    assert await house.count("select count(*) as n from access_block") == 0


async def test_staff_see_what_was_ordered_about_a_student_and_families_never_why(house: House, world: World) -> None:
    desk = await office(house, world.source)
    await block(desk, world)
    found = await orders.access_orders(desk, str(world.student("two_households")))
    assert [(each.guardian_id, each.reason) for each in found.blocks] == [
        (str(world.guardian("two_households")), BlockReason.COURT_ORDER)
    ]
    assert (await orders.access_orders(desk, None)).blocks == ()
    answer = str(await world.data(SEEN, guardian=world.guardian("two_households")))
    assert "COURT" not in answer
    assert "BLOCK" not in answer


async def test_another_process_lets_an_order_hold_at_its_next_look_and_ends_the_streams(
    house: House, world: World
) -> None:
    other = Source(world.source.relations, world.recorded, lambda: noon(TODAY))
    live = Live(other, house.writer, house.portal.sealer)
    rulings = Rulings(house.portal, other, live)
    await rulings.look()
    guardian, student = world.guardian("two_households"), world.student("two_households")
    stream = await live.subscribe(guardian, ("grade",), student, None)
    spouse = await live.subscribe(world.guardian("parent"), ("grade",), student, None)
    before = other.mark()
    await block(await office(house, world.source), world)
    assert rules_of(other).version == 0
    await rulings.look()
    assert other.mark() != before
    assert rules_of(other).blocked(guardian, student, TODAY)
    async with asyncio.timeout(30):
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
    assert live.subscribers == 1
    await spouse.aclose()


async def test_an_answer_from_before_an_order_is_never_given_again(house: House, world: World) -> None:
    before = world.source.mark()
    await block(await office(house, world.source), world)
    assert world.source.mark() != before


async def test_an_order_that_is_over_is_read_no_more(house: House, world: World) -> None:
    desk = await office(house, world.source)
    guardian, student = str(world.guardian("two_households")), str(world.student("two_households"))
    long_ago = datetime(2020, 1, 1, tzinfo=UTC).date()
    await orders.set_access_block(desk, guardian, student, (long_ago, long_ago), BlockReason.OTHER)
    assert not rules_of(world.source).blocks
