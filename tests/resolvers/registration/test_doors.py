"""Who sees and writes a registration, and when: rights on every path, windows, states, and orders cut off anywhere."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from loaders.ids import node_id
from loaders.portal.registrations import RegistrationState as State
from loaders.registration.form import Window
from resolvers.access import Area, AreaReason, areas_of_students
from resolvers.context import Context
from resolvers.portal.problems import ProblemCode
from resolvers.registration.reading import own_registrations, registration_of_id
from resolvers.registration.starting import StartRegistration, start_registration
from resolvers.registration.states import MOVES, OPEN, Mover, may_move
from resolvers.registration.submitting import withdraw_registration
from tests.cutting import Cut
from tests.portal import House
from tests.registration import (
    YEAR,
    Family,
    codes,
    demo_form,
    filled,
    guardian,
    name_of,
    of,
    open_forms,
    save,
    sign,
    started,
)
from tests.world import TODAY, World

TABLES = ("registration", "registration_section", "registration_step", "registration_signature", "mail", "audit")
STRANGER = """select guardian_id from guardian_student where portal_access = 1 and starts_on is null and ends_on is null
    and guardian_id not in (select guardian_id from guardian_student where student_id = ?) order by 1 limit 1"""


async def stored(house: House) -> dict[str, Any]:
    return {name: await house.writer.rows(f"select * from {name} order by 1, 2") for name in TABLES}


async def test_who_lacks_the_right_gets_the_answers_of_one_that_is_not_there(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    draft = await started(mother, family.student)
    stranger = await guardian(house, world.source, world.rows(STRANGER, family.student)[0][0])
    nowhere = node_id("Registration", 10**9)
    before = await stored(house)
    for id in (of(draft), nowhere):
        assert await registration_of_id(stranger, id) is None
        assert codes(await withdraw_registration(stranger, id)) == [ProblemCode.REGISTRATION_NOT_FOUND]
    asked = [node_id("Student", family.student), node_id("Student", 10**9)]
    told = [await start_registration(stranger, StartRegistration(YEAR, student)) for student in asked]
    assert told[0] == told[1]
    assert codes(told[0]) == [ProblemCode.STUDENT_NOT_FOUND]
    seen = replace(draft, registration=replace(draft.registration, id=10**9))
    assert await save(stranger, draft, "health") == await save(stranger, seen, "health")
    assert await sign(stranger, draft, "x") == await sign(stranger, seen, "x")
    assert await own_registrations(stranger, None) == []
    assert await stored(house) == before


async def test_a_new_students_is_its_starters_alone(house: House, world: World, family: Family) -> None:
    mother = await guardian(house, world.source, family.mother)
    father = await guardian(house, world.source, family.father)
    draft = await started(mother, school_id=node_id("School", 1))
    assert draft.registration.student_id is None
    assert "student" not in draft.answers
    assert (await started(mother, school_id=node_id("School", 1))).registration == draft.registration
    assert await registration_of_id(father, of(draft)) is None
    assert await own_registrations(father, None) == []


async def test_a_siblings_household_is_copied_for_its_guardian_alone(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    first = await started(mother, family.student)
    await save(mother, first, "household", {"street": ["12 Secret Lane"]})
    second = await started(mother, family.sibling)
    assert second.answers["household"] == [{"street": ["12 Secret Lane"]}]


async def test_outside_of_its_windows_the_area_is_closed_and_says_when_it_opens(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    draft = await started(mother, family.student)
    opens = TODAY + timedelta(days=30)
    open_forms(world.source, replace(demo_form(), windows=(Window(None, opens, date(2027, 8, 31)),)))
    before = await stored(house)
    mother = await guardian(house, world.source, family.mother)
    (areas,) = await areas_of_students(mother, [family.student])
    (area,) = [each for each in areas if each.area is Area.REGISTRATION]
    assert area.reason is AreaReason.REGISTRATION_WINDOW
    assert area.reopens_at is not None
    assert area.reopens_at.date() == opens
    refused = [
        await start_registration(mother, StartRegistration(YEAR, node_id("Student", family.sibling))),
        await save(mother, draft, "health"),
        await sign(mother, draft, name_of(world, family.mother)),
    ]
    for done in refused:
        assert codes(done) == [ProblemCode.REGISTRATION_CLOSED]
        assert opens.isoformat() in done.problems[0].message
    assert [each.registration for each in await own_registrations(mother, None) or []] == [draft.registration]
    after = await stored(house)
    assert {name: after[name] for name in TABLES if name != "audit"} == {
        name: before[name] for name in TABLES if name != "audit"
    }


async def test_cut_off_before_any_statement_nothing_of_a_submission_stands(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    draft = await filled(mother, await started(mother, family.student))
    before, name = await stored(house), name_of(world, family.mother)
    for statements in range(30):
        portal = replace(house.portal, writer=Cut(house.writer, statements))
        context = Context(world.source, mother.viewer, mother.caller, portal, None)
        try:
            done = await sign(context, draft, name)
        except ConnectionResetError:
            assert await stored(house) == before, statements
        else:
            assert done.registration.state is State.SUBMITTED
            break
    assert statements >= 6
    after = await stored(house)
    assert [len(after[each]) - len(before[each]) for each in TABLES] == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("state", [*State])
def test_the_family_writes_only_where_it_may_submit_and_every_state_but_the_last_can_be_left(state: State) -> None:
    assert (state in OPEN) is may_move(state, State.SUBMITTED, Mover.FAMILY)
    assert all(not (mover is Mover.FAMILY and to not in (State.SUBMITTED, State.WITHDRAWN))
               for (_, to), movers in MOVES.items() for mover in movers)  # fmt: skip
    assert any(seen is state for seen, _ in MOVES) is (state is not State.WITHDRAWN)
