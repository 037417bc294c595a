"""What a family does: it starts, saves, signs and withdraws, on both engines; and what is refused to it."""

import asyncio

from loaders.portal.registrations import RegistrationState
from resolvers.portal.problems import ProblemCode
from resolvers.registration.reading import Seen, own_registrations
from resolvers.registration.submitting import withdraw_registration
from tests.portal import House
from tests.registration import (
    YEAR,
    Family,
    codes,
    filled,
    guardian,
    name_of,
    of,
    save,
    sign,
    started,
    version_of,
)
from tests.world import World


async def test_a_draft_begins_with_what_the_school_has_and_is_the_same_when_started_again(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    draft = await started(mother, family.student)
    (given, family_name, email) = world.rows(
        "select given_name, family_name, email from guardian where id = ?", family.mother
    )[0]
    (entry,) = draft.answers["guardians"]
    assert (entry["given_name"], entry["family_name"], entry.get("email")) == (
        [given],
        [family_name],
        [email] if email else None,
    )
    (student,) = world.rows("select given_name, family_name from student where id = ?", family.student)
    assert (draft.answers["student"][0]["given_name"], draft.answers["student"][0]["family_name"]) == (
        [student[0]],
        [student[1]],
    )
    assert draft.registration.state is RegistrationState.DRAFT
    again = await started(mother, family.student)
    assert again == draft
    assert [step for _, step, _ in await house.trail()].count(f"registration:{draft.registration.id}") == 0
    assert [action for _, action, _ in await house.trail()].count("REGISTRATION_STARTED") == 1


async def test_two_guardians_who_save_at_once_never_overwrite_each_other(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    father = await guardian(house, world.source, family.father)
    draft = await started(mother, family.student)
    theirs = await started(father, family.student)
    assert theirs.registration.id == draft.registration.id
    both = await asyncio.gather(
        save(mother, draft, "releases", {"photographs": ["true"]}),
        save(father, theirs, "releases", {"photographs": ["false"]}),
    )
    kept = [done for done in both if isinstance(done, Seen)]
    refused = [done for done in both if not isinstance(done, Seen)]
    assert len(kept) == len(refused) == 1
    assert codes(refused[0]) == [ProblemCode.VERSION_CHANGED]
    assert "photographs" not in refused[0].problems[0].message
    now = await started(mother, family.student)
    assert now.answers["releases"] == kept[0].answers["releases"]
    assert version_of(now, "releases") == 1
    assert codes(await save(father, theirs, "releases", {"photographs": ["false"]})) == [ProblemCode.VERSION_CHANGED]
    assert isinstance(await save(father, now, "releases", {"photographs": ["false"]}), Seen)


async def test_a_household_is_its_own_guardians_alone(house: House, world: World, family: Family) -> None:
    mother = await guardian(house, world.source, family.mother)
    father = await guardian(house, world.source, family.father)
    draft = await started(mother, family.student)
    await save(mother, draft, "household", {"street": ["12 Secret Lane"]})
    await save(mother, draft, "health", {"conditions": ["Asthma"]})
    theirs = await started(father, family.student)
    assert "12 Secret Lane" not in str(theirs.answers)
    assert theirs.answers["health"] == [{"conditions": ["Asthma"]}]
    assert version_of(theirs, "household") <= 1
    await save(father, theirs, "household", {"street": ["3 Other Road"]})
    (hers,) = await own_registrations(mother, YEAR) or []
    assert hers.answers["household"] == [{"street": ["12 Secret Lane"]}]


async def test_what_is_signed_is_locked_and_mailed_to_the_signer_alone(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    draft = await filled(mother, await started(mother, family.student))
    assert codes(await sign(mother, draft, "Somebody Else")) == [ProblemCode.SIGNATURE_WRONG]
    assert codes(await sign(mother, draft, name_of(world, family.mother), answers_version="x")) == [
        ProblemCode.VERSION_CHANGED
    ]
    assert await house.count("select count(*) as n from registration_signature") == 0
    done = await sign(mother, draft, f"  {name_of(world, family.mother).upper()} ")
    assert isinstance(done, Seen)
    assert done.registration.state is RegistrationState.SUBMITTED
    assert codes(await save(mother, done, "health", {})) == [ProblemCode.STATE_WRONG]
    assert codes(await sign(mother, done, name_of(world, family.mother))) == [ProblemCode.STATE_WRONG]
    (mail,) = await house.mail()
    assert "Maple Falls" in mail[2]
    assert (await house.writer.rows("select answers_hash from registration_signature"))[0]["answers_hash"] == draft.mark
    assert [action for _, action, _ in await house.trail() if action.startswith("REGISTRATION")] == [
        "REGISTRATION_STARTED",
        "REGISTRATION_SUBMITTED",
    ]


async def test_an_incomplete_one_is_not_submitted_and_each_section_is_named(
    house: House, world: World, family: Family
) -> None:
    mother = await guardian(house, world.source, family.mother)
    draft = await started(mother, family.student)
    done = await sign(mother, draft, name_of(world, family.mother))
    wrong = [filled.section.id for filled in draft.sections if filled.faults]
    assert [problem.path for problem in done.problems] == [(name,) for name in wrong]
    assert set(codes(done)) == {ProblemCode.REGISTRATION_INCOMPLETE}
    (row,) = await house.writer.rows("select state, version from registration")
    assert (row["state"], row["version"]) == ("DRAFT", 1)
    assert await house.mail() == []


async def test_one_that_was_withdrawn_can_be_begun_anew(house: House, world: World, family: Family) -> None:
    mother = await guardian(house, world.source, family.mother)
    father = await guardian(house, world.source, family.father)
    draft = await started(mother, family.student)
    assert codes(await withdraw_registration(father, of(draft))) == [ProblemCode.NOT_YOURS]
    gone = await withdraw_registration(mother, of(draft))
    assert isinstance(gone, Seen)
    assert gone.registration.state is RegistrationState.WITHDRAWN
    assert codes(await withdraw_registration(mother, of(draft))) == [ProblemCode.STATE_WRONG]
    anew = await started(mother, family.student)
    assert anew.registration.id > draft.registration.id
