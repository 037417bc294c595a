"""What was saved is there after a log-out and a restart, whole or not at all, and cannot be read in the store."""

from dataclasses import replace
from pathlib import Path

from loaders.portal.registration_uploads import UploadState
from loaders.portal.registrations import RegistrationState as State
from resolvers.context import Caller, Context
from resolvers.portal.sessions import log_out
from resolvers.registration.exporting import export_of, mark_exported
from resolvers.registration.office import OpenCase
from resolvers.registration.reading import Seen, own_registrations, registration_of_id
from resolvers.registration.review import AskedChange
from resolvers.registration.uploading import BeginUpload, Begun, begin_upload, receive, remove_upload
from tests.cutting import cut_everywhere
from tests.portal import House, empty_place, open_house
from tests.registration import (
    YEAR,
    Family,
    desk_of,
    everything,
    guardian,
    name_of,
    of,
    reviewed,
    save,
    sign,
    started,
    submitted,
    version_of,
)
from tests.world import World

SECRET = "Plover Lane 12"


async def test_cut_off_before_any_statement_an_order_leaves_all_as_it_was(
    house: House, world: World, family: Family
) -> None:
    house.portal = replace(house.portal, takes_uploads=True)
    mother = await guardian(house, world.source, family.mother)
    draft = await cut_everywhere(house, mother, lambda context: started(context, family.student), 5)
    saved = await cut_everywhere(
        house, mother, lambda context: save(context, draft, "health", {"conditions": [SECRET]}), 3
    )
    assert isinstance(saved, Seen)
    again = await cut_everywhere(house, mother, lambda context: save(context, saved, "health", {"doctor": ["x"]}), 3)
    assert version_of(again, "health") == 2
    announced = BeginUpload(of(draft), "documents", "other", "a.pdf", "application/pdf", 10)
    begun = await cut_everywhere(house, mother, lambda context: begin_upload(context, announced), 3)
    assert isinstance(begun, Begun)
    async with house.writer.transaction() as transaction:
        await transaction.execute("update registration_upload set stored_as = 'file'")
    upload = begun.document.upload
    assert await cut_everywhere(house, mother, lambda context: receive(context, upload, "file", "00", scanned=True), 3)
    removed = await cut_everywhere(house, mother, lambda context: remove_upload(context, str(upload.id)), 3)
    assert isinstance(removed, Seen)
    (row,) = await house.writer.rows("select state, stored_as from registration_upload")
    assert (row["state"], row["stored_as"]) == (UploadState.REMOVED.value, "file")


async def test_a_draft_outlasts_a_log_out_and_a_restart_and_no_answer_stands_in_the_clear(
    tmp_path: Path, world: World, family: Family
) -> None:
    async with empty_place("sqlite", tmp_path) as url:
        async with open_house(url) as house:
            mother = await guardian(house, world.source, family.mother)
            draft = await started(mother, family.student)
            draft = await save(mother, draft, "household", {"street": [SECRET], "city": ["Ploverton"]})
            draft = await save(
                mother, draft, "health", {"conditions": ["ploveritis"], "medication_at_school": ["true"]}
            )
            house.portal = replace(house.portal, takes_uploads=True)
            mother = await guardian(house, world.source, family.mother)
            announced = BeginUpload(of(draft), "health", "immunization_record", "plover.pdf", "application/pdf", 10)
            assert isinstance(await begin_upload(mother, announced), Begun)
            await sign(mother, draft, name_of(world, family.mother))
            await log_out(house.portal, mother.caller, mother.reply)
        held = everything(tmp_path / "portal.sqlite")
        assert b"answers_sealed" in held
        names = world.rows("select given_name, family_name, birth_date from student where id = ?", family.student)[0]
        for word in (SECRET, "Ploverton", "ploveritis", "plover.pdf", str(names[2])):
            assert word.encode() not in held, word
        assert f"Student:{family.student}".encode() not in held
        async with open_house(url) as house:
            mother = await guardian(house, world.source, family.mother)
            (kept,) = await own_registrations(mother, None) or []
            assert kept == draft


async def test_cut_off_before_any_statement_a_review_and_an_export_leave_all_as_it_was(
    house: House, world: World, family: Family
) -> None:
    seen = await submitted(house, world, family)
    desk = await desk_of(house, world, every=True)
    notes = (AskedChange("health", "Which?", name="conditions"), AskedChange("student", "Who?"))

    async def review(context: Context) -> object:
        return await reviewed(context, seen, State.NEEDS_CHANGES, notes=notes, remark="Ours.")

    assert isinstance(await cut_everywhere(house, desk, review, 7), OpenCase)
    mother = await guardian(house, world.source, family.mother)
    now = await registration_of_id(mother, of(seen))
    assert now is not None
    assert isinstance(await sign(mother, now, name_of(world, family.mother)), Seen)
    assert isinstance(await reviewed(desk, seen, State.APPROVED, message=None), OpenCase)
    operator = Context(world.source, None, Caller(), house.portal, None, "Maple Falls")

    async def export(context: Context) -> object:
        found = await export_of(operator, YEAR)
        assert found is not None
        await mark_exported(context, found)
        return found

    await cut_everywhere(house, operator, export, 5)
    assert await export_of(operator, YEAR) is None
