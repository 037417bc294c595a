"""The upkeep of the portal store, on both engines: what is past its time goes, what is not stays, the trail stays."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.upkeep import RETENTIONS, Upkeep
from loaders.contract import RelationshipKind
from loaders.portal.portal_requests import (
    KeyDelivery,
    NewRequest,
    RequestedStudent,
    RequestState,
    add_request,
    request_by_reference,
    steps_of,
)
from resolvers.context import Caller
from resolvers.portal.mail import Letter, post
from resolvers.portal.sessions import refresh
from tests.portal import House, empty_place, open_house


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def test_sessions_go_ninety_days_after_their_end_with_the_tokens_they_used(house: House) -> None:
    await house.account("ana")
    session = await house.mobile("ana")
    await refresh(house.portal, session.refresh_token, Caller())
    await house.web("ana")
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "update session set ended_at = :now_at, end_reason = 'REVOKED' where id = 1", {"now_at": house.clock.now()}
        )
    kept = await house.mobile("ana")
    upkeep = Upkeep(house.portal)
    house.clock.pass_by(days=89)
    assert set((await upkeep.sweep()).values()) == {0}
    trail = len(await house.trail())
    house.clock.pass_by(days=2)
    # The first ended 91 days ago; the cookie was not used for as long, and the app's refresh token held for 60.
    assert (await upkeep.sweep())["sessions"] == 2
    assert await house.count("select count(*) as n from used_refresh") == 0
    rows = await house.writer.rows("select id from session")
    assert [row["id"] for row in rows] == [kept.session_id]
    house.clock.pass_by(days=60)
    assert (await upkeep.sweep())["sessions"] == 1
    assert len(await house.trail()) == trail


async def test_mail_goes_thirty_days_after_its_end(house: House) -> None:
    letter = Letter("password_changed", "a@example.org", "en", {"name": "A", "username": "a", "when": "today"})
    async with house.writer.transaction() as transaction:
        for _ in range(2):
            await post(house.portal, transaction, letter)
        await transaction.execute(
            "update mail set state = 'SENT', text_sealed = null, finished_at = :now_at where id = 1",
            {"now_at": house.clock.now()},
        )
    house.clock.pass_by(days=31)
    assert (await Upkeep(house.portal).sweep())["mails"] == 1
    assert await house.count("select count(*) as n from mail") == 1


async def test_a_form_that_nobody_signs_expires_and_what_was_typed_goes_a_year_later(house: House) -> None:
    request = NewRequest(
        reference="AAAAA-BBBBB",
        name="Dana Porter",
        relationship=RelationshipKind.MOTHER,
        students=(RequestedStudent("Kit Porter", "Elementary", None),),
        home_address="12 Elm Street",
        phone="573-555-0142",
        email="dana@families.example",
        delivery=KeyDelivery.EMAIL,
        language="en",
        submitted_at=house.clock.now(),
        address="198.51.100.7",
    )
    async with house.writer.transaction() as transaction:
        await add_request(transaction, request)
    upkeep = Upkeep(house.portal)
    house.clock.pass_by(days=90)
    assert set((await upkeep.sweep()).values()) == {0}
    house.clock.pass_by(days=1)
    assert (await upkeep.sweep())["portal requests past their time"] == 1
    found = await request_by_reference(house.writer, "AAAAA-BBBBB")
    assert found is not None
    assert (found.state, found.name) == (RequestState.EXPIRED, "Dana Porter")
    steps = await steps_of(house.writer, found.id)
    assert [(step.state, step.happened_at) for step in steps] == [(RequestState.EXPIRED, house.clock.now())]
    house.clock.pass_by(days=366)
    assert (await upkeep.sweep())["portal requests"] == 1
    found = await request_by_reference(house.writer, "AAAAA-BBBBB")
    assert found is not None
    assert (found.name, found.home_address, found.phone, found.email, found.students) == ("", "", "", "", ())


def test_nothing_of_a_family_is_kept_longer_than_a_year_and_the_trail_is_not_swept() -> None:
    assert max(each.kept for each in RETENTIONS) <= timedelta(days=400)
    assert not any("audit" in each.name or "trail" in each.name or "log" in each.name for each in RETENTIONS)
