"""Rights by area and time: what a source withholds, a court orders, a school shuts, and turning eighteen."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.execution.documents import GraphQLRequest
from loaders.contract import Area
from loaders.ids import node_id
from loaders.portal.access_rules import (
    Block,
    BlockReason,
    Eligibility,
    EligibilityKind,
    Orders,
    Switch,
    SwitchReason,
)
from resolvers.of_age import eighteenth_birthday
from resolvers.rules import Rules
from tests.world import ENGINE, TODAY, World, noon, open_world

DAY = timedelta(days=1)
AREAS = "{ me { students { id sourcedId name areas { area state reason reopensAt } grades { id } } } }"


@pytest_asyncio.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of forty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("rights")) / "district.db", 40)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
def world(made: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The district, over which no order holds; its clock stands at noon."""
    monkeypatch.setattr(made.source, "_now", lambda: noon(TODAY))
    ordered(made)
    return made


def ordered(world: World, *orders: Block | Switch | Eligibility) -> None:
    """Let these orders hold, and no other."""

    def of(kind: type) -> Sequence[Any]:
        return [each for each in orders if isinstance(each, kind)]

    world.source.orders += 1
    found = Orders(world.source.orders, of(Block), of(Switch), of(Eligibility))
    world.source.notes[Rules] = Rules(found)


def block(world: World, case: str, start: date = TODAY, end: date | None = None) -> Block:
    guardian, student = str(world.guardian(case)), str(world.student(case))
    return Block(1, guardian, student, start, end, BlockReason.COURT_ORDER, noon(TODAY))


def switch(
    area: Area, start: datetime, end: datetime | None = None, school: Any = None, why: str = "GRADING_WINDOW"
) -> Switch:
    own = None if school is None else str(school)
    return Switch(1, own, area.value, SwitchReason(why), start, end, start)


def on_file(world: World, kind: EligibilityKind, start: date = TODAY, end: date | None = None) -> Eligibility:
    return Eligibility(1, str(world.student("eligible_student")), None, kind, start, end, noon(TODAY))


async def students(world: World, case: str) -> dict[int, Any]:
    """Each of the guardian's students as they are seen, by key."""
    data = await world.data(AREAS, guardian=world.guardian(case))
    return {int(student["sourcedId"]): student for student in data["me"]["students"]}


def reasons(student: Any) -> dict[str, str | None]:
    return {each["area"]: each["reason"] for each in student["areas"]}


async def test_an_area_that_the_source_withholds_is_shut_to_that_guardian_on_its_days_alone(world: World) -> None:
    found = (await students(world, "withheld_area"))[world.student("withheld_area")]
    told = reasons(found)
    assert (told["GRADES"], told["ATTENDANCE"]) == (None, None)
    world.change("update withheld_area set ends_on = null where area = 'GRADES'")
    try:
        found = (await students(world, "withheld_area"))[world.student("withheld_area")]
        assert (reasons(found)["GRADES"], found["grades"]) == ("NO_RIGHT", None)
    finally:
        world.change("update withheld_area set ends_on = ? where area = 'GRADES'", str(TODAY - DAY))
    mother = world.rows(
        "select guardian_id from guardian_student where student_id = ? and guardian_id <> ?",
        world.student("withheld_area"),
        world.guardian("withheld_area"),
    )[0][0]
    data = await world.data(AREAS, guardian=mother)
    assert "NO_RIGHT" not in {reason for each in data["me"]["students"] for reason in reasons(each).values()}


async def test_a_blocked_guardian_sees_the_student_vanish_and_no_reason(world: World) -> None:
    student, id = world.student("two_households"), node_id("Student", world.student("two_households"))
    before = await students(world, "two_households")
    ordered(world, block(world, "two_households"))
    assert set(await students(world, "two_households")) == set(before) - {student}
    found = await world.data(
        "query ($id: ID!) { student(id: $id) { id } node(id: $id) { id } }",
        guardian=world.guardian("two_households"),
        id=id,
    )
    assert found == {"student": None, "node": None}
    assert student in await students(world, "parent")


@pytest.mark.parametrize(
    ("start", "end", "seen"),
    [
        (TODAY, TODAY, False),
        (TODAY - DAY, None, False),
        (TODAY - DAY, TODAY - DAY, True),
        (TODAY + DAY, None, True),
    ],
)
async def test_a_block_holds_from_its_first_day_to_its_last(
    world: World, start: date, end: date | None, seen: bool
) -> None:
    ordered(world, block(world, "two_households", start, end))
    assert (world.student("two_households") in await students(world, "two_households")) is seen


async def test_a_switch_closes_an_area_at_its_school_and_says_when_it_reopens(world: World) -> None:
    schools = dict(world.rows("select student_id, school_id from school_enrollment where school_year = 2027"))
    school, until = schools[world.student("parent")], noon(TODAY + DAY)
    ordered(world, switch(Area.GRADES, noon(TODAY) - DAY, until, school))
    told = await students(world, "parent")
    closed = {
        key: (area["reason"], area["reopensAt"], student["grades"] is None)
        for key, student in told.items()
        for area in student["areas"]
        if area["area"] == "GRADES"
    }
    shut, open_ = ("GRADING_WINDOW", "2026-11-24T17:00:00Z", True), (None, None, False)
    assert closed == {key: shut if schools[key] == school else open_ for key in told}
    assert set(closed.values()) == {shut, open_}


async def test_a_switch_of_every_school_opens_at_its_instant_and_an_answer_holds_no_longer(world: World) -> None:
    until = noon(TODAY) + timedelta(minutes=5)
    ordered(world, switch(Area.ATTENDANCE, noon(TODAY), until, why="SUMMER"))
    document, guardian = "{ me { students { attendance { totalCount } } } }", world.guardian("parent")
    data = await world.data(document, guardian=guardian)
    assert [student["attendance"] for student in data["me"]["students"]] == [None] * 3
    context = world.context(guardian)
    await ENGINE.execute(ENGINE.prepare(GraphQLRequest(document)), context)
    assert context.fresh_until == until
    world.source._now = lambda: until
    data = await world.data(document, guardian=guardian)
    assert None not in [student["attendance"] for student in data["me"]["students"]]


async def test_at_eighteen_every_area_is_shut_and_the_student_is_still_named(world: World) -> None:
    found = (await students(world, "eligible_student"))[world.student("eligible_student")]
    assert (found["name"], found["grades"]) == ("Hannah Ellis", None)
    provided = {reason for reason in reasons(found).values() if reason != "NOT_PROVIDED"}
    assert provided == {"ELIGIBLE_STUDENT"}
    sibling = (await students(world, "eligible_student"))[world.student("kindergartner")]
    assert "ELIGIBLE_STUDENT" not in reasons(sibling).values()


@pytest.mark.parametrize(
    ("kinds", "open_"),
    [
        ((EligibilityKind.CONSENT,), True),
        ((EligibilityKind.DEPENDENT,), True),
        ((EligibilityKind.REFUSAL,), False),
        ((EligibilityKind.CONSENT, EligibilityKind.DEPENDENT, EligibilityKind.REFUSAL), False),
    ],
)
async def test_consent_or_dependence_keeps_the_right_open_and_a_refusal_wins(
    world: World, kinds: Sequence[EligibilityKind], open_: bool
) -> None:
    ordered(world, *(on_file(world, kind) for kind in kinds))
    found = (await students(world, "eligible_student"))[world.student("eligible_student")]
    assert (found["grades"] is not None) is open_
    kept = (await students(world, "adult_right"))[world.student("adult_right")]
    assert (kept["grades"] is not None) is (EligibilityKind.REFUSAL not in kinds)


async def test_consent_ends_with_its_last_day(world: World) -> None:
    for end, open_ in ((TODAY, True), (TODAY - DAY, False)):
        ordered(world, on_file(world, EligibilityKind.CONSENT, TODAY - 30 * DAY, end))
        found = (await students(world, "eligible_student"))[world.student("eligible_student")]
        assert (found["grades"] is not None) is open_


async def test_a_source_can_say_that_a_right_goes_on_at_eighteen(world: World) -> None:
    found = await students(world, "adult_right")
    assert reasons(found[world.student("adult_right")])["GRADES"] is None


async def test_the_right_ends_at_midnight_where_the_school_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    student = world.student("eligible_student")
    school = world.rows("select school_id from school_enrollment where student_id = ?", student)[0][0]
    born_on, zone = world.rows("select birth_date from student where id = ?", student)[0][0], "America/Los_Angeles"
    world.change("update student set birth_date = ? where id = ?", f"{TODAY.year - 18}-{TODAY:%m-%d}", student)
    world.change("update school set time_zone = ? where id = ?", zone, school)
    # The district is in New York: its midnight is three hours before that of the school.
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, 8, tzinfo=UTC)
    try:
        for at, open_ in ((midnight - timedelta(seconds=1), True), (midnight, False)):
            monkeypatch.setattr(world.source, "_now", lambda at=at: at)
            found = await world.data(AREAS, guardian=world.guardian("eligible_student"))
            mine = next(each for each in found["me"]["students"] if int(each["sourcedId"]) == student)
            assert (mine["grades"] is not None) is open_
    finally:
        world.change("update student set birth_date = ? where id = ?", born_on, student)
        world.change("update school set time_zone = 'America/New_York' where id = ?", school)


def test_who_was_born_on_the_29th_of_february_is_of_age_on_the_1st_of_march() -> None:
    assert eighteenth_birthday(date(2008, 2, 29)) == date(2026, 3, 1)
    assert eighteenth_birthday(date(2008, 2, 28)) == date(2026, 2, 28)


async def test_messages_about_a_student_go_with_the_area_and_personal_ones_stay(world: World) -> None:
    document = "{ me { messages { totalCount nodes { scope students { id } } } unreadMessageCount } }"
    guardian = world.guardian("parent")
    before = await world.data(document, guardian=guardian)
    ordered(world, switch(Area.MESSAGES, noon(TODAY)))
    after = await world.data(document, guardian=guardian)
    assert 0 < after["me"]["messages"]["totalCount"] < before["me"]["messages"]["totalCount"]
    assert [node["students"] for node in after["me"]["messages"]["nodes"]] == [[]] * len(
        after["me"]["messages"]["nodes"]
    )
