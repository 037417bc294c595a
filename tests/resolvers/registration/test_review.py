"""What the office does with a registration: who may see and move it, what it unlocks, whom it tells, who was faster."""

from datetime import date, timedelta
from itertools import product

import pytest

from loaders.portal.registrations import RegistrationState as State
from loaders.portal.roles import StaffRole
from resolvers.errors import Forbidden, SecondFactorRequired, Unauthenticated
from resolvers.portal.problems import ProblemCode
from resolvers.registration.notes import written_of
from resolvers.registration.office import (
    OpenCase,
    Wanted,
    case_to_see,
    counts,
    queue,
    queue_count,
    remarks_of,
    seen_by_office,
)
from resolvers.registration.reading import Seen, registration_of_id
from resolvers.registration.review import (
    REVIEWED,
    AskedChange,
    assign_registration,
    remark_on_registration,
)
from resolvers.registration.saving import editable_fields, locked_field
from resolvers.registration.states import MOVES, Mover
from resolvers.registration.submitting import withdraw_registration
from tests.office import nobody, office
from tests.portal import House
from tests.registration import (
    Family,
    codes,
    desk_of,
    guardian,
    name_of,
    of,
    reviewed,
    right_entry,
    save,
    sign,
    started,
    submitted,
)
from tests.world import World

EVERYWHERE = Wanted(states=tuple(State))


async def put(house: House, seen: Seen, state: State) -> None:
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "update registration set state = :state where id = :id", {"state": state, "id": seen.registration.id}
        )


async def test_a_review_sends_back_exactly_what_is_to_be_changed_and_ends_in_an_approval(
    house: House, world: World, family: Family
) -> None:
    seen = await submitted(house, world, family)
    school = seen.registration.school_id
    desk, mother = await desk_of(house, world, school), await guardian(house, world.source, family.mother)
    await guardian(house, world.source, family.father)
    (case,) = (await queue(desk, Wanted(), None, None)).found
    (student,) = world.rows("select given_name, family_name from student where id = ?", family.student)
    assert case.student is not None
    assert case.student.endswith(student[1])
    assert case.case.review_by_on is not None
    assert case.case.review_by_on > date(2026, 11, 23) + timedelta(days=12)
    before = len(await house.mail())
    asked = (
        AskedChange("student", "As on the passport.", 0, "middle_name"),
        AskedChange("household", "The new address.", guardian_id=str(family.mother)),
    )
    done = await reviewed(desk, seen, State.NEEDS_CHANGES, notes=asked, message=None, remark="Called twice.")
    assert isinstance(done, OpenCase), done
    assert (done.registration.state, done.case.assignee) == (State.NEEDS_CHANGES, "Jo Desk")
    mails = (await house.mail())[before:]
    assert len(mails) == 2
    for _, subject, text in mails:
        assert subject == "News of your registration for 2027-2028" or subject.startswith("Novedades")
        assert "passport" not in text
        assert student[0] not in text.replace("Hello", "")
    assert [text for _, text in await remarks_of(desk, done.registration)] == ["Called twice."]
    told = await written_of(mother, done.registration)
    assert [(each.section, each.field, each.text) for each in told] == [
        ("student", "middle_name", "As on the passport."),
        ("household", None, "The new address."),
    ]
    father = await guardian(house, world.source, family.father)
    assert [each.section for each in await written_of(father, done.registration)] == ["student"]

    now = await registration_of_id(mother, of(seen))
    assert now is not None
    health, own = right_entry(now.form.by_id["health"]), right_entry(now.form.by_id["student"])  # type: ignore[union-attr]
    assert isinstance(await save(mother, now, "health", health), Seen)
    assert codes(await save(mother, now, "health", {**health, "doctor": ["Other"]})) == [ProblemCode.SECTION_LOCKED]
    assert codes(await save(mother, now, "student", {**own, "given_name": ["Other"]})) == [ProblemCode.FIELD_LOCKED]
    editable = {each.section.id: await editable_fields(mother, now, each.section) for each in now.sections}
    assert editable["student"] == ["middle_name"]
    assert editable["health"] == editable["releases"] == []
    assert len(editable["household"]) == len(now.form.by_id["household"].fields)  # type: ignore[union-attr]
    locked = await locked_field(mother, house.writer, done.registration, "health", "immunization_record")
    assert locked is not None
    assert locked.code is ProblemCode.FIELD_LOCKED
    assert await locked_field(mother, house.writer, done.registration, "household", "proof") is None
    changed = await save(mother, now, "student", {**own, "middle_name": ["Ray"]})
    assert isinstance(changed, Seen)
    again = await save(mother, changed, "household", {**right_entry(now.form.by_id["household"]), "city": ["Elm"]})  # type: ignore[union-attr]
    assert isinstance(again, Seen)
    signed = await sign(mother, again, name_of(world, family.mother))
    assert isinstance(signed, Seen), signed
    assert codes(await reviewed(desk, seen, State.APPROVED, version=case.registration.version)) == [
        ProblemCode.VERSION_CHANGED
    ]
    approved = await reviewed(desk, seen, State.APPROVED, message=None)
    assert approved.registration.state is State.APPROVED
    assert [(each.state, each.registrations) for each in await counts(desk, 2028)] == [(State.APPROVED, 1)]
    assert await queue_count(desk, Wanted()) == 0
    full = await seen_by_office(desk, house.writer, approved.registration)
    households = {each.guardian_id for each in full.sections if each.section.id == "household"}
    assert households == {str(family.mother)}
    assert full.complete
    opened = await house.writer.rows("select student_id, purpose from access_log where action = 'OPENED'")
    assert {(row["student_id"], row["purpose"]) for row in opened} == {(str(family.student), "REGISTRATION")}


async def test_who_is_not_of_the_school_sees_and_moves_nothing(house: House, world: World, family: Family) -> None:
    seen = await submitted(house, world, family)
    draft = await started(await guardian(house, world.source, family.mother), family.sibling)
    other = next(str(key) for (key,) in world.rows("select id from school") if str(key) != seen.registration.school_id)
    nowhere, elsewhere = await desk_of(house, world), await desk_of(house, world, other)
    for desk in (nowhere, elsewhere):
        assert await case_to_see(desk, of(seen)) is None
        assert (await queue(desk, EVERYWHERE, None, None)).found == ()
        assert (await queue_count(desk, EVERYWHERE), await counts(desk, None)) == (0, [])
        for done in (
            await reviewed(desk, seen, State.APPROVED),
            await assign_registration(desk, of(seen), 1, None),
            await remark_on_registration(desk, of(seen), "Hm."),
        ):
            assert codes(done) == [ProblemCode.REGISTRATION_NOT_FOUND]
    everywhere = await desk_of(house, world, every=True)
    assert [case.registration.id for case in (await queue(everywhere, EVERYWHERE, None, None)).found] == [
        seen.registration.id
    ]
    assert await case_to_see(everywhere, of(draft)) is None
    refused = [
        (nobody(house, world.source), Unauthenticated),
        (await guardian(house, world.source, family.mother), Forbidden),
        (await office(house, world.source, StaffRole.ADMIN, StaffRole.TEACHER, StaffRole.SUPPORT), Forbidden),
        (await office(house, world.source, proven=False), SecondFactorRequired),
    ]
    for context, error in refused:
        for asking in (queue(context, EVERYWHERE, None, None), counts(context, None), case_to_see(context, of(seen))):
            with pytest.raises(error):
                await asking
    now = await registration_of_id(await guardian(house, world.source, family.mother), of(seen))
    assert now is not None
    assert now.registration.state is State.SUBMITTED


async def test_every_move_is_made_or_refused_as_the_table_says(house: House, world: World, family: Family) -> None:
    seen = await submitted(house, world, family)
    desk = await desk_of(house, world, every=True)
    mother = await guardian(house, world.source, family.mother)
    for start, to in product(State, State):
        await put(house, seen, start)
        movers = MOVES.get((start, to), frozenset())
        done = await reviewed(desk, seen, to)
        if Mover.OFFICE in movers and to in REVIEWED:
            assert isinstance(done, OpenCase), (start, to, done)
        else:
            assert codes(done) == [ProblemCode.STATE_WRONG], (start, to)
        if to is State.WITHDRAWN:
            taken_back = await withdraw_registration(mother, of(seen))
            assert isinstance(taken_back, Seen) == (Mover.FAMILY in movers), start


async def test_what_a_family_must_be_told_and_what_it_never_is(house: House, world: World, family: Family) -> None:
    seen = await submitted(house, world, family)
    desk = await desk_of(house, world, every=True)
    mother = await guardian(house, world.source, family.mother)
    for state in (State.NEEDS_CHANGES, State.HOLD, State.DENIED):
        assert codes(await reviewed(desk, seen, state, message=" ")) == [ProblemCode.REASON_MISSING]
    wrong = [
        (AskedChange("nothing", "x"), ProblemCode.SECTION_UNKNOWN),
        (AskedChange("health", "x", name="nothing"), ProblemCode.FIELD_UNKNOWN),
        (AskedChange("health", "x", entry=1), ProblemCode.ENTRY_UNKNOWN),
        (AskedChange("household", "x", guardian_id="999"), ProblemCode.GUARDIAN_UNKNOWN),
        (AskedChange("health", " "), ProblemCode.TEXT_MISSING),
    ]
    for asked, code in wrong:
        assert codes(await reviewed(desk, seen, State.NEEDS_CHANGES, notes=(asked,))) == [code]
    assert codes(await reviewed(desk, seen, State.HOLD, notes=(AskedChange("health", "x"),))) == [
        ProblemCode.STATE_WRONG
    ]
    assert isinstance(await remark_on_registration(desk, of(seen), "For us alone."), OpenCase)
    held = await reviewed(desk, seen, State.HOLD, message="We wait for the doctor.")
    assert [each.text for each in await written_of(mother, held.registration)] == ["We wait for the doctor."]


async def test_of_two_who_are_at_it_the_second_is_told_and_a_case_goes_only_to_who_may_have_it(
    house: House, world: World, family: Family
) -> None:
    seen = await submitted(house, world, family)
    one, two = await desk_of(house, world, every=True), await desk_of(house, world, seen.registration.school_id)
    stranger = await desk_of(house, world)
    case = await case_to_see(one, of(seen))
    assert case is not None
    version = case.registration.version
    assert codes(await assign_registration(one, of(seen), version, stranger.signed_in().username)) == [
        ProblemCode.ACCOUNT_NOT_FOUND
    ]
    given = await assign_registration(one, of(seen), version, two.signed_in().username)
    assert isinstance(given, OpenCase)
    assert codes(await assign_registration(two, of(seen), version, None)) == [ProblemCode.VERSION_CHANGED]
    assert codes(await reviewed(two, seen, State.APPROVED, version=version)) == [ProblemCode.VERSION_CHANGED]
    assert await queue_count(two, Wanted(mine=True)) == 1
    assert await queue_count(one, Wanted(mine=True)) == 0
    assert await queue_count(one, Wanted(unassigned=True)) == 0
    assert await queue_count(one, Wanted(overdue=True)) == 0
    async with house.writer.transaction() as transaction:
        await transaction.execute("update registration set review_by_on = :on", {"on": date(2026, 11, 20)})
    assert await queue_count(one, Wanted(overdue=True)) == 1
    assert [(each.registrations, each.overdue) for each in await counts(one, 2028)] == [(1, 1)]
    page = await queue(one, Wanted(), 1, None)
    assert (await queue(one, Wanted(), 1, page.cursors[0])).found == ()
