"""What was saved is there after a log-out and a restart, whole or not at all, and cannot be read in the store."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from loaders.portal.registration_uploads import UploadState
from resolvers.context import Context
from resolvers.portal.sessions import log_out
from resolvers.registration.reading import Seen, own_registrations
from resolvers.registration.uploading import BeginUpload, Begun, begin_upload, receive, remove_upload
from tests.cutting import Cut
from tests.portal import House, empty_place, open_house
from tests.registration import Family, everything, guardian, name_of, of, save, sign, started, version_of
from tests.world import World

SECRET = "Plover Lane 12"
TABLES = ("registration", "registration_section", "registration_step", "registration_upload", "audit")


async def stored(house: House) -> dict[str, Any]:
    return {name: await house.writer.rows(f"select * from {name} order by 1, 2") for name in TABLES}


async def cut_everywhere(house: House, context: Context, order: Callable[[Context], Awaitable[Any]], least: int) -> Any:
    """Carries an order out with the store breaking before each of its statements; what it answers in the end."""
    before = await stored(house)
    for statements in range(30):
        portal = replace(house.portal, writer=Cut(house.writer, statements))
        try:
            done = await order(Context(context.source, context.viewer, context.caller, portal, None))
        except ConnectionResetError:
            assert await stored(house) == before, statements
        else:
            assert statements >= least
            return done
    raise AssertionError("It never came to its end.")


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
