"""Registrations over GraphQL: both executors tell the same, in the viewer's language; a changed form is told once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.execution.documents import GraphQLRequest
from loaders.portal.staff_schools import put_schools_of_staff
from resolvers.portal.problems import ProblemCode
from schema.api import schema
from tests.office import office
from tests.portal import House, empty_place, open_house
from tests.registration import codes, demo_form, family_in, filled, guardian, name_of, of, open_forms, sign, started
from tests.world import ENGINE, World, open_world

READ = """query ($id: ID!) { node(id: $id) { ...All } me { registrations(schoolYear: 2028) { ...All } } }
fragment All on Registration { id state nextAction complete answersVersion student { name } school { name }
  form(language: "es") { language title } steps { state own by } signature { name }
  sections { id version entries { answers { field values } } faults(language: "es-MX") { entry field rule message } } }
"""


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A district of sixty students that takes registrations."""
    made = await open_world(tmp_path / "district.db", 60)
    open_forms(made.source)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        yield house


async def test_both_executors_tell_a_draft_and_its_faults_alike(house: House, world: World) -> None:
    family = family_in(world)
    mother = await guardian(house, world.source, family.mother)
    variables: dict[str, Any] = {"id": of(await started(mother, family.student))}
    answer = await schema.execute(READ, variable_values=variables, context_value=mother)
    assert not answer.errors, answer.errors
    assert answer.data is not None
    prepared = ENGINE.prepare(GraphQLRequest(READ, variables=variables))
    assert not prepared.errors, prepared.errors
    served = await ENGINE.execute(prepared, await guardian(house, world.source, family.mother))
    assert served.data == answer.data
    (told,) = answer.data["me"]["registrations"]
    assert told == answer.data["node"]
    assert (told["state"], told["nextAction"], told["form"]["language"]) == ("DRAFT", "COMPLETE", "es")
    messages = {fault["message"] for section in told["sections"] for fault in section["faults"]}
    assert "Debe completar esto." in messages


async def test_a_form_that_was_changed_keeps_the_answers_and_is_told_once_at_the_signature(
    house: House, world: World
) -> None:
    family = family_in(world)
    mother = await guardian(house, world.source, family.mother)
    draft = await filled(mother, await started(mother, family.student))
    open_forms(world.source, replace(demo_form(), version="another"))
    mother = await guardian(house, world.source, family.mother)
    now = await started(mother, family.student)
    assert now.form_changed
    assert now.answers == draft.answers
    name = name_of(world, family.mother)
    assert codes(await sign(mother, now, name)) == [ProblemCode.FORM_CHANGED]
    assert codes(await sign(mother, draft, name)) == [ProblemCode.VERSION_CHANGED]
    done = await sign(mother, now, name)
    assert done.registration.state.value == "SUBMITTED"


DESK = """query { staff { registrations(first: 5) { totalCount nodes { ...Case } }
  registrationCounts(schoolYear: 2028) { state count overdue school { name } } } }
fragment Case on RegistrationCase { registrationId version state studentName mine overdue school { name }
  remarks { by text } registration { student { name } notes { text section } signature { name }
  sections { id household complete faults { message } } form { title } steps { by state } } }"""
REVIEW = """mutation ($input: ReviewRegistrationInput!) { reviewRegistration(input: $input) { __typename
  ... on RegistrationSuccess { registration { state notes { text field } } case { version mine remarks { text } } }
  ... on Problems { problems { code path } } } }"""


async def test_the_office_reads_its_queue_and_reviews_and_the_family_reads_what_it_wrote(
    house: House, world: World
) -> None:
    family = family_in(world)
    mother = await guardian(house, world.source, family.mother)
    draft = await filled(mother, await started(mother, family.student))
    await sign(mother, draft, name_of(world, family.mother))
    desk = await office(house, world.source)
    async with house.writer.transaction() as transaction:
        await put_schools_of_staff(transaction, desk.signed_in().account_id, [], every=True)
    read = await schema.execute(DESK, context_value=desk)
    assert not read.errors, read.errors
    assert read.data is not None
    (case,) = read.data["staff"]["registrations"]["nodes"]
    assert (case["state"], case["mine"], case["remarks"]) == ("SUBMITTED", False, [])
    assert case["registration"]["signature"]["name"] == name_of(world, family.mother)
    assert {each["household"] for each in case["registration"]["sections"]} == {None, str(family.mother)}
    assert read.data["staff"]["registrationCounts"] == [
        {"state": "SUBMITTED", "count": 1, "overdue": 0, "school": case["school"]}
    ]
    note = {"section": "student", "field": "middle_name", "text": "As on the passport."}
    order = {"id": case["registrationId"], "version": case["version"], "state": "NEEDS_CHANGES", "notes": [note]}
    for expected in ("RegistrationSuccess", "Problems"):
        done = await schema.execute(REVIEW, variable_values={"input": {**order, "remark": "Ours."}}, context_value=desk)
        assert not done.errors, done.errors
        assert done.data is not None
        assert done.data["reviewRegistration"]["__typename"] == expected
        if expected == "RegistrationSuccess":
            assert done.data["reviewRegistration"]["registration"]["notes"] == [
                {"text": "As on the passport.", "field": "middle_name"}
            ]
            assert done.data["reviewRegistration"]["case"]["remarks"] == [{"text": "Ours."}]
    told = await schema.execute(
        "query ($id: ID!) { node(id: $id) { ... on Registration { state notes { text by } sections { household } } } }",
        variable_values={"id": of(draft)},
        context_value=await guardian(house, world.source, family.mother),
    )
    assert not told.errors, told.errors
    assert told.data is not None
    assert told.data["node"]["state"] == "NEEDS_CHANGES"
    assert told.data["node"]["notes"] == [{"text": "As on the passport.", "by": "Jo Desk"}]
    assert {each["household"] for each in told.data["node"]["sections"]} == {None}
