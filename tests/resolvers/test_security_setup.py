"""The security set-up on both engines: the gate before it, the address, the images, and what each refusal leaves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.authentication import Authenticator
from resolvers.context import Caller, Context
from resolvers.errors import BadUserInput, SecuritySetupRequired, Unauthenticated
from resolvers.portal.catalogue import known_ids
from resolvers.portal.deferral import SetupDeferred, defer_security_setup
from resolvers.portal.preference_images import PreferenceImagesSet, SetPreferenceImages, set_preference_images
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.recovery_email import (
    RecoveryEmailConfirmed,
    RecoveryEmailRestored,
    RecoveryEmailSet,
    SetRecoveryEmail,
    confirm_recovery_email,
    email_key,
    set_recovery_email,
    undo_recovery_email,
)
from resolvers.portal.sessions import LoggedIn, refresh
from resolvers.portal.setup import SecurityStep, masked, security_of_viewer
from tests.portal import ADAPTER, NOON, PASSWORD, House, empty_place, open_house
from tests.world import World, open_world

DANA = "3"
OLD, NEW = "dana@home.example", "d.porter@other.example"
IDS = sorted(known_ids())
LIKED, DISLIKED = IDS[:8], IDS[8:16]


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students, where Dana Porter has an e-mail address."""
    made = await open_world(Path(tmp_path_factory.mktemp("setup")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


def nobody(house: House, world: World) -> Context:
    return Context(world.source, None, Caller(), house.portal, None)


def codes(answer: object) -> list[ProblemCode]:
    assert isinstance(answer, Refused), answer
    return [problem.code for problem in answer.problems]


async def token_in(house: House, template: str) -> str:
    """The token of the link in the last mail of that template."""
    rows = await house.writer.rows(f"select text_sealed from mail where template = '{template}' order by id")
    text = house.portal.sealer.open("mail", rows[-1]["text_sealed"])
    (line,) = [line for line in text.splitlines() if line.startswith("https://portal.example/")]
    return line.partition("#")[2]


async def fresh(house: House, world: World, username: str = "dana") -> Context:
    return await house.context(world.source, await house.mobile(username))


async def set_email(house: House, world: World, email: str) -> Any:
    return await set_recovery_email(await fresh(house, world), SetRecoveryEmail(PASSWORD, email))


async def confirm(house: House, world: World) -> Any:
    token = await token_in(house, "recovery_email_confirm")
    return await confirm_recovery_email(nobody(house, world), token)


async def test_both_steps_open_the_gate_and_neither_alone(house: House, world: World) -> None:
    await house.account("dana", DANA, finished=False)
    session = await house.mobile("dana")
    assert session.setup_required
    context = await house.context(world.source, session)
    with pytest.raises(SecuritySetupRequired):
        context.guardian()
    assert (await security_of_viewer(context)).missing == (
        SecurityStep.RECOVERY_EMAIL,
        SecurityStep.PREFERENCE_IMAGES,
    )
    answer = await set_preference_images(context, SetPreferenceImages(PASSWORD, LIKED, DISLIKED))
    assert answer == PreferenceImagesSet(setup_finished=False)
    authenticator = Authenticator(house.portal, ADAPTER)
    viewer = await authenticator.viewer(session.access_token or "", by_cookie=False)
    assert viewer is not None
    assert viewer.setup_required
    assert await set_email(house, world, OLD) == RecoveryEmailSet("d•••@h•••.example", NOON + timedelta(hours=24))
    assert await confirm(house, world) == RecoveryEmailConfirmed("d•••@h•••.example")
    # The session that was remembered as closed is open at once.
    viewer = await authenticator.viewer(session.access_token or "", by_cookie=False)
    assert viewer is not None
    assert not viewer.setup_required
    await authenticator.close()
    found = await security_of_viewer(await house.context(world.source, session))
    assert (found.recovery_email, found.recovery_email_confirmed, found.preference_images_set) == (
        "d•••@h•••.example",
        True,
        True,
    )
    assert (found.setup_required, found.missing) == (False, ())


async def test_it_can_be_put_off_as_often_as_the_district_allows_for_one_session_each(
    house: House, world: World
) -> None:
    await house.account("dana", DANA, finished=False)
    context = await fresh(house, world)
    assert codes(await defer_security_setup(context)) == [ProblemCode.NO_DEFERRAL_LEFT]
    with pytest.raises(SecuritySetupRequired):
        context.guardian()
    house.portal = replace(house.portal, setup_deferrals=2)
    for left in (1, 0):
        session = await house.mobile("dana")
        context = await house.context(world.source, session)
        assert await defer_security_setup(context) == SetupDeferred(left)
        assert context.guardian() == int(DANA)
        assert (await house.context(world.source, session)).guardian() == int(DANA)
        renewed = await refresh(house.portal, session.refresh_token, Caller())
        assert isinstance(renewed, LoggedIn)
        assert not renewed.setup_required
    context = await fresh(house, world)
    found = await security_of_viewer(context)
    assert (found.setup_required, found.deferrals_left) == (True, 0)
    assert codes(await defer_security_setup(context)) == [ProblemCode.NO_DEFERRAL_LEFT]
    with pytest.raises(SecuritySetupRequired):
        context.guardian()


async def test_where_the_district_does_without_images_the_address_is_enough(house: House, world: World) -> None:
    house.portal = replace(house.portal, image_step=False)
    await house.account("dana", DANA, finished=False)
    context = await fresh(house, world)
    assert (await security_of_viewer(context)).missing == (SecurityStep.RECOVERY_EMAIL,)
    answer = await set_preference_images(context, SetPreferenceImages(PASSWORD, LIKED, DISLIKED))
    assert codes(answer) == [ProblemCode.IMAGE_STEP_OFF]
    await set_email(house, world, OLD)
    await confirm(house, world)
    assert not (await house.mobile("dana")).setup_required


async def test_an_address_that_waits_is_shown_and_holds_nothing(house: House, world: World) -> None:
    await house.account("dana", DANA, finished=False)
    await set_email(house, world, OLD)
    found = await security_of_viewer(await fresh(house, world))
    assert (found.recovery_email, found.recovery_email_confirmed) == ("d•••@h•••.example", False)
    assert SecurityStep.RECOVERY_EMAIL in found.missing


async def test_the_schools_address_hears_of_the_first_one(house: House, world: World) -> None:
    await house.account("dana", DANA)
    await set_email(house, world, OLD)
    await confirm(house, world)
    assert [(to, subject) for to, subject, _ in await house.mail()] == [
        (OLD, "Confirm your recovery address"),
        ("dana.porter.3@example.org", "A recovery address was set"),
    ]


async def replaced(house: House, world: World) -> str:
    """An account whose address was replaced; the token to undo it."""
    await house.account("dana", DANA)
    for email in (OLD, NEW):
        assert isinstance(await set_email(house, world, email), RecoveryEmailSet)
        assert isinstance(await confirm(house, world), RecoveryEmailConfirmed)
        house.clock.pass_by(minutes=1)
    return await token_in(house, "recovery_email_changed")


async def held(house: House) -> list[str]:
    rows = await house.writer.rows(
        "select email from recovery_email where confirmed_at is not null and ended_at is null"
    )
    return [row["email"] for row in rows]


async def test_the_address_before_is_told_and_takes_the_change_back_within_72_hours(house: House, world: World) -> None:
    token = await replaced(house, world)
    assert await held(house) == [NEW]
    assert ((await house.mail())[-1][0], (await house.mail())[-1][1]) == (OLD, "Your recovery address was changed")
    house.clock.pass_by(hours=71, minutes=58)
    session = await house.mobile("dana")
    answer = await undo_recovery_email(nobody(house, world), token)
    assert isinstance(answer, RecoveryEmailRestored)
    assert (answer.email, answer.ended_sessions) == ("d•••@h•••.example", 3)
    assert await held(house) == [OLD]
    authenticator = Authenticator(house.portal, ADAPTER)
    assert await authenticator.viewer(session.access_token or "", by_cookie=False) is None
    await authenticator.close()
    assert [to for to, subject, _ in await house.mail() if subject == "The recovery address was put back"] == [OLD, NEW]
    assert codes(await undo_recovery_email(nobody(house, world), token)) == [ProblemCode.LINK_NOT_VALID]


async def test_after_72_hours_it_cannot_be_undone(house: House, world: World) -> None:
    token = await replaced(house, world)
    house.clock.pass_by(hours=72)
    before = await house.count("select count(*) as n from mail")
    assert codes(await undo_recovery_email(nobody(house, world), token)) == [ProblemCode.LINK_NOT_VALID]
    assert await held(house) == [NEW]
    assert await house.count("select count(*) as n from mail") == before


async def test_two_changes_in_a_row_do_not_outrun_the_first_address(house: House, world: World) -> None:
    first = await replaced(house, world)
    await set_email(house, world, "third@thief.example")
    await confirm(house, world)
    second = await token_in(house, "recovery_email_changed")
    await set_email(house, world, "fourth@thief.example")
    waiting = await token_in(house, "recovery_email_confirm")
    assert isinstance(await undo_recovery_email(nobody(house, world), first), RecoveryEmailRestored)
    assert await held(house) == [OLD]
    # Neither what was mailed to the addresses in between nor what still waited brings one of them back.
    assert codes(await undo_recovery_email(nobody(house, world), second)) == [ProblemCode.LINK_NOT_VALID]
    assert codes(await confirm_recovery_email(nobody(house, world), waiting)) == [ProblemCode.LINK_NOT_VALID]
    assert await held(house) == [OLD]


async def test_every_bad_link_is_refused_alike(house: House, world: World) -> None:
    await house.account("dana", DANA)
    await set_email(house, world, OLD)
    superseded = await token_in(house, "recovery_email_confirm")
    await set_email(house, world, NEW)
    used = await token_in(house, "recovery_email_confirm")
    assert isinstance(await confirm_recovery_email(nobody(house, world), used), RecoveryEmailConfirmed)
    await set_email(house, world, OLD)
    late = await token_in(house, "recovery_email_confirm")
    house.clock.pass_by(hours=24)
    answers = {
        repr(await confirm_recovery_email(nobody(house, world), token))
        for token in (superseded, used, late, "x" * 43, "", "\ud800", "x" * 9000)
    }
    assert len(answers) == 1
    assert "LINK_NOT_VALID" in answers.pop()
    assert await held(house) == [NEW]


async def test_everything_wrong_with_an_address_is_told_at_once(house: House, world: World) -> None:
    await house.account("dana", DANA)
    before = await house.count("select count(*) as n from mail")
    answer = await set_recovery_email(await fresh(house, world), SetRecoveryEmail("wrong-1-word", "no address"))
    assert codes(answer) == [ProblemCode.PASSWORD_WRONG, ProblemCode.EMAIL_INVALID]
    await set_email(house, world, OLD)
    await confirm(house, world)
    answer = await set_email(house, world, OLD.upper())
    assert codes(answer) == [ProblemCode.EMAIL_UNCHANGED]
    # A wrong password does not tell which address it is.
    answer = await set_recovery_email(await fresh(house, world), SetRecoveryEmail("wrong-1-word", OLD))
    assert codes(answer) == [ProblemCode.PASSWORD_WRONG]
    assert await house.count("select count(*) as n from mail") == before + 2


async def test_a_choice_that_is_wrong_changes_nothing(house: House, world: World) -> None:
    await house.account("dana", DANA)
    await set_preference_images(await fresh(house, world), SetPreferenceImages(PASSWORD, LIKED, DISLIKED))
    before = await house.writer.rows("select tag from preference_tag order by tag")
    answer = await set_preference_images(
        await fresh(house, world), SetPreferenceImages("wrong-1-word", LIKED[:3], DISLIKED)
    )
    assert codes(answer) == [ProblemCode.PASSWORD_WRONG, ProblemCode.IMAGES_COUNT]
    assert await house.writer.rows("select tag from preference_tag order by tag") == before


async def test_another_choice_takes_the_place_of_the_one_before(house: House, world: World) -> None:
    await house.account("dana", DANA)
    for liked in (LIKED, IDS[20:28]):
        await set_preference_images(await fresh(house, world), SetPreferenceImages(PASSWORD, liked, DISLIKED))
    assert await house.count("select count(*) as n from preference_tag") == 16
    assert await house.count("select count(*) as n from preference_set") == 1
    subjects = [subject for _, subject, _ in await house.mail()]
    assert subjects == ["Your preference images were chosen"] * 2


async def test_which_image_is_liked_is_nowhere_in_the_store(house: House, world: World) -> None:
    await house.account("dana", DANA)
    await set_preference_images(await fresh(house, world), SetPreferenceImages(PASSWORD, LIKED, DISLIKED))
    (row,) = await house.writer.rows("select salt, shown from preference_set")
    tags = [found["tag"] for found in await house.writer.rows("select tag from preference_tag")]
    assert all(image in row["shown"] for image in (*LIKED, *DISLIKED))
    # Chance writes short names into hexadecimal digits now and then.
    assert not any(image in f"{tags}{row['salt']}" for image in IDS if len(image) > 5)
    assert not {*tags, row["salt"]} & set(IDS)
    details = " ".join(found["detail"] for found in await house.writer.rows("select detail from audit"))
    assert not any(image in details for image in IDS)


async def test_nobody_sets_anything_without_a_session(house: House, world: World) -> None:
    for order in (
        lambda context: set_recovery_email(context, SetRecoveryEmail(PASSWORD, OLD)),
        lambda context: set_preference_images(context, SetPreferenceImages(PASSWORD, LIKED, DISLIKED)),
        security_of_viewer,
    ):
        with pytest.raises(Unauthenticated):
            await order(nobody(house, world))


async def test_an_operation_holds_one_such_order(house: House, world: World) -> None:
    await house.account("dana", DANA)
    context = await fresh(house, world)
    await set_recovery_email(context, SetRecoveryEmail(PASSWORD, OLD))
    with pytest.raises(BadUserInput):
        await set_preference_images(context, SetPreferenceImages(PASSWORD, LIKED, DISLIKED))


def test_an_address_is_shown_so_that_its_holder_knows_it() -> None:
    assert masked("marisol@example.org") == "m•••@e•••.org"
    assert masked("a@b.co.uk") == "a•••@b•••.uk"


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b", "a b@example.org", "a@example.org\nBcc: x@y.zz", "@example.org", "a@@example.org", "a" * 300],
)
def test_what_is_no_address_has_no_key(text: str) -> None:
    assert email_key(text) is None


def test_an_address_is_found_however_it_is_cased() -> None:
    assert email_key(" Ana.Peña@Example.ORG ") is None
    assert email_key(" Ana@Example.ORG ") == "ana@example.org"
