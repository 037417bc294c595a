"""Approved registrations on their way out: the standard kept, nothing lost, the same bytes, marked only when safe."""

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway import exports
from gateway.exports import export_registrations
from loaders.ids import node_id
from loaders.oneroster.writing import harmless
from loaders.portal.registrations import RegistrationState as State
from resolvers.context import Caller, Context
from resolvers.registration.exporting import ExportMoved, export_of, mark_exported
from resolvers.registration.reading import Seen, registration_of_id
from resolvers.registration.submitting import withdraw_registration
from tests.oneroster import read_delta
from tests.portal import House, empty_place, open_house
from tests.registration import (
    desk_of,
    family_in,
    filled,
    guardian,
    name_of,
    of,
    open_forms,
    reviewed,
    right_entry,
    save,
    sign,
    started,
    submitted,
)
from tests.world import World, open_world


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = await open_world(tmp_path / "district.db", 60)
    open_forms(made.source)
    yield made
    await made.recorded.reads.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        yield house


def operator(house: House, world: World) -> Context:
    return Context(world.source, None, Caller(), house.portal, None, "Maple Falls")


async def new_student(house: House, world: World, guardian_key: int, school: str) -> Seen:
    """A new student's registration, signed, whose middle name is a formula."""
    mother = await guardian(house, world.source, guardian_key)
    draft = await filled(mother, await started(mother, None, school_id=school))
    section = draft.form.by_id["student"] if draft.form else None
    assert section is not None
    entry = {**right_entry(section), "middle_name": ["=cmd|' /C calc'!A0"], "race": ["asian", "white"]}
    changed = await save(mother, draft, "student", entry)
    done = await sign(mother, changed, name_of(world, guardian_key))
    assert isinstance(done, Seen), done
    return done


def read(folder: Path, name: str) -> tuple[dict[str, list[dict[str, str]]], dict[str, Any]]:
    for suffix in ("zip", "json"):
        assert stat.S_IMODE((folder / name).with_suffix(f".{suffix}").stat().st_mode) == 0o600
    return read_delta((folder / name).read_bytes()), json.loads((folder / name).with_suffix(".json").read_bytes())


async def test_what_was_approved_goes_out_whole_once_and_a_correction_supersedes_it(
    house: House, world: World, tmp_path: Path
) -> None:
    family, folder, out = family_in(world), tmp_path / "out", operator(house, world)
    known = await submitted(house, world, family)
    (school,) = world.rows("select id, name from school where id = ?", int(known.registration.school_id))
    new = await new_student(house, world, family.mother, node_id("School", school[0]))
    desk = await desk_of(house, world, every=True)
    assert await export_registrations(out, folder, 2028) is None
    assert not folder.exists()
    for seen in (known, new):
        await reviewed(desk, seen, State.APPROVED, message=None)
    house.clock.pass_by(days=1)
    assert await export_registrations(out, folder, 2028, "no such school") is None
    first = await export_registrations(out, folder, 2028)
    assert first is not None
    assert sorted(path.name for path in folder.iterdir()) == sorted([first.name, first.sidecar_name])
    rows, sidecar = read(folder, first.name)
    by_id = {row["sourcedId"]: row for row in rows["users"]}
    (number,) = world.rows("select student_number from student where id = ?", family.student)[0]
    mine = by_id.pop(str(family.student))
    (other,) = by_id.values()
    assert (mine["givenName"], mine["familyName"], mine["identifier"]) == ("Maple", "Maple", number)
    assert (other["middleName"], other["status"]) == ("'=cmd|' /C calc'!A0", "active")
    assert mine["dateLastModified"] == "2026-11-23T12:00:00.000Z"
    races = {row["sourcedId"]: (row["asian"], row["white"], row["demographicRaceTwoOrMoreRaces"], row["birthDate"])
             for row in rows["demographics"]}  # fmt: skip
    assert races[other["sourcedId"]] == ("true", "true", "true", "2015-04-30")
    assert {(row["userSourcedId"], row["schoolSourcedId"], row["role"]) for row in rows["enrollments"]} == {
        (user, str(school[0]), "student") for user in (mine["sourcedId"], other["sourcedId"])
    }
    assert {row["name"] for row in rows["orgs"]} == {"Maple Falls", school[1]}
    told = {each["userSourcedId"]: each for each in sidecar["registrations"]}
    assert told[other["sourcedId"]]["sections"]["student"][0]["middle_name"] == ["=cmd|' /C calc'!A0"]
    for seen in (known, new):
        each = next(one for one in sidecar["registrations"] if one["registration"] == seen.registration.id)
        answers = {**each["sections"], **each["households"][0]["sections"]}
        expected = {filled.section.id: [dict(entry) for entry in filled.entries] for filled in seen.sections}
        assert {name: entries for name, entries in expected.items() if entries} == {
            name: entries for name, entries in answers.items() if entries
        }
        assert (each["households"][0]["signed"], each["supersedes"]) == (True, None)
    states = await house.writer.rows("select state, count(*) as n from registration group by state")
    assert [(row["state"], row["n"]) for row in states] == [("EXPORTED", 2)]
    assert ("operator", "REGISTRATION_EXPORTED", f"registration:{new.registration.id}") in await house.trail()
    assert await export_registrations(out, folder, 2028) is None

    await reviewed(desk, new, State.NEEDS_CHANGES)
    mother = await guardian(house, world.source, family.mother)
    again = await save(mother, await started_again(mother, new), "student", right_entry(_student(new)))
    house.clock.pass_by(hours=1)
    assert isinstance(await sign(mother, again, name_of(world, family.mother)), Seen)
    await reviewed(desk, new, State.APPROVED, message=None)
    second = await export_registrations(out, folder, 2028)
    assert second is not None
    corrected, sidecar = read(folder, second.name)
    assert [(row["sourcedId"], row["middleName"]) for row in corrected["users"]] == [(other["sourcedId"], "Maple")]
    assert corrected["users"][0]["dateLastModified"] > other["dateLastModified"]
    assert sidecar["registrations"][0]["supersedes"] == first.name

    await reviewed(desk, new, State.IN_REVIEW)
    await reviewed(desk, new, State.DENIED)
    third = await export_registrations(out, folder, 2028)
    assert third is not None
    gone, sidecar = read(folder, third.name)
    assert {row["status"] for name in ("users", "roles", "enrollments") for row in gone[name]} == {"tobedeleted"}
    assert gone["users"][0]["sourcedId"] == other["sourcedId"]
    assert (sidecar["registrations"][0]["status"], sidecar["registrations"][0]["sections"]) == ("tobedeleted", {})
    assert await export_registrations(out, folder, 2028) is None
    links = await house.writer.rows("select id, supersedes_id from registration_export order by id")
    assert [(row["id"], row["supersedes_id"]) for row in links] == [(1, None), (2, 1), (3, 2)]


async def test_an_export_that_was_cut_off_is_done_again_to_the_same_bytes_and_one_that_moved_is_void(
    house: House, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, folder, out = family_in(world), tmp_path / "out", operator(house, world)
    seen = await submitted(house, world, family)
    desk = await desk_of(house, world, every=True)
    await reviewed(desk, seen, State.APPROVED, message=None)

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(exports, "mark_exported", killed)
    with pytest.raises(KeyboardInterrupt):
        await export_registrations(out, folder, 2028)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert await house.count("select count(*) as n from registration_export") == 0
    (folder / f".{next(iter(before))}.part").write_bytes(b"half a file")
    house.clock.pass_by(days=2)

    moved = await export_of(out, 2028)
    assert moved is not None
    calls = 0

    async def moved_once(context: Context, export: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            assert {path.name for path in folder.iterdir() if not path.name.endswith(".part")} == set(before)
            raise ExportMoved
        await mark_exported(context, export)

    monkeypatch.setattr(exports, "mark_exported", moved_once)
    done = await export_registrations(out, folder, 2028)
    assert done is not None
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert (done.content, done.sidecar) == (moved.content, moved.sidecar)
    with pytest.raises(ExportMoved):
        await mark_exported(out, moved)
    assert await house.count("select count(*) as n from registration_export") == 1


async def test_who_was_taken_back_and_is_registered_anew_goes_out_once_as_active(
    house: House, world: World, tmp_path: Path
) -> None:
    family, folder, out = family_in(world), tmp_path / "out", operator(house, world)
    desk = await desk_of(house, world, every=True)
    first = await submitted(house, world, family)
    await reviewed(desk, first, State.APPROVED, message=None)
    await export_registrations(out, folder, 2028)
    await reviewed(desk, first, State.NEEDS_CHANGES)
    mother = await guardian(house, world.source, family.mother)
    assert isinstance(await withdraw_registration(mother, of(first)), Seen)
    second = await submitted(house, world, family)
    assert second.registration.id != first.registration.id
    await reviewed(desk, second, State.APPROVED, message=None)
    done = await export_registrations(out, folder, 2028)
    assert done is not None
    rows, sidecar = read(folder, done.name)
    assert [(row["userSourcedId"], row["status"]) for row in rows["enrollments"]] == [(str(family.student), "active")]
    assert [each["status"] for each in sidecar["registrations"]] == ["tobedeleted", "active"]
    assert await export_registrations(out, folder, 2028) is None


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3|x", "@sum", "\tx", "\rx", "\n=1", "＝1+1", "＠sum"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert [harmless(each) for each in ("+1 (573) 555-0142", "-1", "O'Brien", "")] == [
        "+1 (573) 555-0142", "-1", "O'Brien", "",
    ]  # fmt: skip


def _student(seen: Seen) -> Any:
    assert seen.form is not None
    return seen.form.by_id["student"]


async def started_again(mother: Context, seen: Seen) -> Seen:
    """The registration as its guardian reads it now."""
    now = await registration_of_id(mother, of(seen))
    assert now is not None
    return now
