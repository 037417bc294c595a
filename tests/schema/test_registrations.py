"""Registrations over GraphQL: both executors tell the same, in the viewer's language; a changed form is told once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.execution.documents import GraphQLRequest
from resolvers.portal.problems import ProblemCode
from schema.api import schema
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
