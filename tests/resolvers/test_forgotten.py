"""Forgotten user names and passwords on both engines: what is mailed, what a link opens, and what stays closed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.upkeep import Upkeep
from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context
from resolvers.errors import RateLimited
from resolvers.portal.catalogue import known_ids
from resolvers.portal.forgotten import request_password_reset, request_username
from resolvers.portal.password_change import ChangePassword, change_password
from resolvers.portal.preference_images import SetPreferenceImages, set_preference_images
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.recovery_email import SetRecoveryEmail, confirm_recovery_email, set_recovery_email
from resolvers.portal.reset import (
    Challenge,
    CompletePasswordReset,
    PasswordReset,
    complete_password_reset,
    open_password_reset,
)
from resolvers.portal.sessions import LoggedIn
from tests.portal import PASSWORD, House, empty_place, open_house
from tests.timing import compare
from tests.world import World, open_world

NEW = "Quiet-river-9"
DANA = "3"
HOME = "dana@home.example"
SCHOOL = "dana.porter.3@example.org"
IDS = sorted(known_ids())
LIKED, DISLIKED = IDS[:8], IDS[8:16]


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students, where Dana Porter has an e-mail address."""
    made = await open_world(Path(tmp_path_factory.mktemp("forgotten")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house
        await house.portal.errands.done()


def nobody(house: House, world: World, address: str = "") -> Context:
    return Context(world.source, None, Caller(address=address), house.portal, None)


def swapped(count: int) -> tuple[list[str], list[str]]:
    return LIKED[count:] + DISLIKED[:count], DISLIKED[count:] + LIKED[:count]


async def token_in(house: House, template: str) -> str:
    rows = await house.writer.rows(f"select text_sealed from mail where template = '{template}' order by id")
    text = house.portal.sealer.open("mail", rows[-1]["text_sealed"])
    (line,) = [line for line in text.splitlines() if line.startswith("https://portal.example/")]
    return line.partition("#")[2]


async def recoverable(house: House, world: World, username: str = "dana", guardian: str = DANA) -> int:
    """An account that has done the security set-up itself."""
    account = await house.account(username, guardian, finished=False)
    context = await house.context(world.source, await house.mobile(username))
    await set_preference_images(context, SetPreferenceImages(PASSWORD, LIKED, DISLIKED))
    context = await house.context(world.source, await house.mobile(username))
    await set_recovery_email(context, SetRecoveryEmail(PASSWORD, HOME))
    await confirm_recovery_email(nobody(house, world), await token_in(house, "recovery_email_confirm"))
    async with house.writer.transaction() as transaction:
        await transaction.execute("delete from mail")
    return account


async def ask_link(house: House, world: World, username: str = "dana", address: str = "") -> None:
    request_password_reset(nobody(house, world, address), username)
    await house.portal.errands.done()


async def link(house: House, world: World, address: str = "") -> str:
    await ask_link(house, world, address=address)
    return await token_in(house, "password_reset")


async def complete(
    house: House, world: World, token: str, images: tuple[Sequence[str], Sequence[str]] = (LIKED, DISLIKED)
) -> Any:
    order = CompletePasswordReset(token, *images, NEW)
    return await complete_password_reset(nobody(house, world, "198.51.100.7"), order)


def codes(answer: object) -> list[ProblemCode]:
    assert isinstance(answer, Refused), answer
    return [problem.code for problem in answer.problems]


async def mailed(house: House) -> list[tuple[str, str]]:
    return [(to, subject) for to, subject, _ in await house.mail()]


async def test_the_user_name_goes_to_the_recovery_address(house: House, world: World) -> None:
    await recoverable(house, world)
    request_username(nobody(house, world), HOME.upper())
    await house.portal.errands.done()
    ((to, subject, text),) = await house.mail()
    assert (to, subject) == (HOME, "Your user name")
    assert "It is: dana\n" in text


@pytest.mark.parametrize("email", ["nobody@home.example", SCHOOL, "no address", ""])
async def test_an_address_that_is_nobodys_gets_nothing(house: House, world: World, email: str) -> None:
    await recoverable(house, world)
    request_username(nobody(house, world), email)
    await house.portal.errands.done()
    assert await house.mail() == []


async def test_a_link_and_the_images_set_a_new_password_and_end_every_session(house: House, world: World) -> None:
    account = await recoverable(house, world)
    session = await house.mobile("dana")
    ended = list[int]()
    house.portal.revocations.watch(session.session_id, partial(ended.append, session.session_id))
    token = await link(house, world)
    assert await mailed(house) == [(HOME, "A new password")]
    sessions = await house.count("select count(*) as n from session where ended_at is null")
    assert await complete(house, world, token) == PasswordReset(sessions)
    assert ended == [session.session_id]
    assert await house.count("select count(*) as n from session where ended_at is null") == 0
    assert (await mailed(house))[1:] == [(HOME, "Your password was changed")]
    assert (await house.try_log_in("dana"))[0].code is ProblemCode.INVALID_CREDENTIALS
    assert isinstance((await house.try_log_in("dana", NEW))[0], LoggedIn)
    assert ("stranger", "PASSWORD_RESET", f"account:{account}") in await house.trail()
    # A link is good once.
    assert codes(await complete(house, world, token)) == [ProblemCode.LINK_NOT_VALID]


async def test_one_swap_is_forgiven(house: House, world: World) -> None:
    await recoverable(house, world)
    assert isinstance(await complete(house, world, await link(house, world), swapped(1)), PasswordReset)


async def test_two_swaps_are_not_and_nothing_changes(house: House, world: World) -> None:
    await recoverable(house, world)
    session = await house.mobile("dana")
    token = await link(house, world)
    answer = await complete(house, world, token, swapped(2))
    assert codes(answer) == [ProblemCode.IMAGES_WRONG]
    assert repr(answer) == repr(await complete(house, world, token, swapped(8))), "nothing is told of how wrong"
    assert await mailed(house) == [(HOME, "A new password")]
    assert isinstance((await house.try_log_in("dana"))[0], LoggedIn)
    (row,) = await house.writer.rows(f"select ended_at from session where id = {session.session_id}")
    assert row["ended_at"] is None


async def test_a_link_has_three_tries(house: House, world: World) -> None:
    await recoverable(house, world)
    token = await link(house, world)
    for _ in range(3):
        assert codes(await complete(house, world, token, swapped(2))) == [ProblemCode.IMAGES_WRONG]
    assert codes(await complete(house, world, token)) == [ProblemCode.LINK_NOT_VALID]
    assert codes(await open_password_reset(nobody(house, world), token)) == [ProblemCode.LINK_NOT_VALID]


async def test_a_day_has_five_tries_over_all_links(house: House, world: World) -> None:
    await recoverable(house, world)
    for tries in (3, 2):
        token = await link(house, world)
        for _ in range(tries):
            assert codes(await complete(house, world, token, swapped(2))) == [ProblemCode.IMAGES_WRONG]
    with pytest.raises(RateLimited) as caught:
        await complete(house, world, token)
    assert caught.value.retry_after == 24 * 3600 + 1
    assert isinstance((await house.try_log_in("dana"))[0], LoggedIn)
    house.clock.pass_by(hours=24, seconds=1)
    assert isinstance(await complete(house, world, await link(house, world)), PasswordReset)


async def test_what_is_wrong_with_the_form_or_the_password_costs_no_try(house: House, world: World) -> None:
    await recoverable(house, world)
    token = await link(house, world)
    order = CompletePasswordReset(token, LIKED[:7], DISLIKED, "short")
    for _ in range(4):
        assert codes(await complete_password_reset(nobody(house, world), order)) == [
            ProblemCode.IMAGES_COUNT,
            ProblemCode.PASSWORD_TOO_SHORT,
            ProblemCode.PASSWORD_NEEDS_DIGIT,
            ProblemCode.PASSWORD_NEEDS_SPECIAL,
        ]
    assert await house.count("select sum(tries) as n from password_reset") == 0
    assert isinstance(await complete(house, world, token), PasswordReset)


async def test_the_link_ends_after_thirty_minutes(house: House, world: World) -> None:
    await recoverable(house, world)
    token = await link(house, world)
    (row,) = await house.writer.rows("select worthless_at from mail where template = 'password_reset'")
    house.clock.pass_by(minutes=29, seconds=59)
    assert isinstance(await open_password_reset(nobody(house, world), token), Challenge)
    house.clock.pass_by(seconds=1)
    assert row["worthless_at"] == house.clock.now()
    assert codes(await open_password_reset(nobody(house, world), token)) == [ProblemCode.LINK_NOT_VALID]
    assert codes(await complete(house, world, token)) == [ProblemCode.LINK_NOT_VALID]


async def test_the_images_and_their_order_are_the_same_however_often_they_are_shown(house: House, world: World) -> None:
    await recoverable(house, world)
    shown = set()
    for opening in range(20):
        if opening % 5 == 0:
            token = await link(house, world, f"198.51.100.{opening}")
        challenge = await open_password_reset(nobody(house, world), token)
        assert isinstance(challenge, Challenge)
        shown.add(tuple(image.id for image in challenge.images))
    (images,) = shown
    assert len(set(images)) == 32
    assert set(images) >= {*LIKED, *DISLIKED}


async def test_the_images_alone_open_nothing(house: House, world: World) -> None:
    await recoverable(house, world)
    await link(house, world)
    for token in ("", "x" * 43, "\ud800"):
        answer = await complete(house, world, token)
        assert codes(answer) == [ProblemCode.LINK_NOT_VALID]
        assert codes(await open_password_reset(nobody(house, world), token)) == [ProblemCode.LINK_NOT_VALID]
    assert isinstance((await house.try_log_in("dana"))[0], LoggedIn)


async def test_the_link_alone_opens_nothing(house: House, world: World) -> None:
    await recoverable(house, world)
    token = await link(house, world)
    assert codes(await complete(house, world, token, ([], []))) == [ProblemCode.IMAGES_COUNT] * 2
    assert codes(await complete(house, world, token, (IDS[20:28], IDS[28:36]))) == [ProblemCode.IMAGES_WRONG]


async def test_where_the_district_does_without_images_the_link_is_enough(house: House, world: World) -> None:
    await recoverable(house, world)
    house.portal = replace(house.portal, image_step=False)
    token = await link(house, world)
    challenge = await open_password_reset(nobody(house, world), token)
    assert isinstance(challenge, Challenge)
    assert challenge.images == ()
    assert isinstance(await complete(house, world, token, ([], [])), PasswordReset)


async def test_whoever_never_finished_the_set_up_is_led_to_the_desk(house: House, world: World) -> None:
    await house.account("dana", DANA, finished=False)
    await ask_link(house, world)
    ((to, subject, text),) = await house.mail()
    assert (to, subject) == (SCHOOL, "About your account")
    assert "NO_RECOVERY" in text
    assert "help@school.example" in text
    assert await house.count("select count(*) as n from password_reset") == 0


async def test_an_unknown_name_and_a_disabled_account_get_no_mail(house: House, world: World) -> None:
    account = await recoverable(house, world)
    await ask_link(house, world, "stranger")
    async with house.writer.transaction() as transaction:
        await transaction.execute(
            "update account set disabled_at = :now_at where id = :id", {"now_at": house.clock.now(), "id": account}
        )
    await ask_link(house, world)
    assert await house.mail() == []
    assert await house.count("select count(*) as n from password_reset") == 0


async def test_an_account_gets_five_links_a_day_from_wherever_they_are_asked_for(house: House, world: World) -> None:
    await recoverable(house, world)
    for asked in range(8):
        await ask_link(house, world, address=f"198.51.100.{asked}")
    assert len(await house.mail()) == 5
    house.clock.pass_by(hours=24, seconds=1)
    await ask_link(house, world, address="198.51.100.9")
    assert len(await house.mail()) == 6


async def test_asking_again_and_again_from_one_place_takes_ever_longer(house: House, world: World) -> None:
    for name in ("dana", "stranger"):
        for _ in range(5):
            await ask_link(house, world, name, "198.51.100.7")
        with pytest.raises(RateLimited) as caught:
            await ask_link(house, world, name, "198.51.100.7")
        assert caught.value.retry_after == 5


async def test_a_change_of_the_password_ends_the_links_that_are_open(house: House, world: World) -> None:
    await recoverable(house, world)
    token = await link(house, world)
    context = await house.context(world.source, await house.mobile("dana"))
    await change_password(context, ChangePassword(PASSWORD, "Other-river-9"))
    assert codes(await complete(house, world, token)) == [ProblemCode.LINK_NOT_VALID]


async def test_what_somebody_typed_is_kept_nowhere(house: House, world: World) -> None:
    await ask_link(house, world, "my-secret-password-1")
    request_username(nobody(house, world), "typed@home.example")
    await house.portal.errands.done()
    for table in ("audit", "recovery_attempt", "mail", "password_reset"):
        kept = repr(await house.writer.rows(f"select * from {table}"))
        assert "my-secret" not in kept
        assert "typed@" not in kept


async def test_the_answer_takes_the_same_time_whether_or_not_there_is_an_account(house: House, world: World) -> None:
    for number in range(31):
        await house.account(f"dana{number}", DANA)

    async def known(number: int) -> None:
        request_password_reset(nobody(house, world), f"dana{number}")

    async def unknown(number: int) -> None:
        request_password_reset(nobody(house, world), f"stranger{number}")

    verdict = await compare(known, unknown, 30)
    assert not verdict.apart, verdict


async def test_what_is_done_beside_the_answer_takes_the_same_steps_for_nobody(house: House, world: World) -> None:
    await recoverable(house, world)
    told = []
    for name, email in (("dana", HOME), ("stranger", "nobody@home.example")):
        before = [await house.count(f"select count(*) as n from {table}") for table in ("audit", "recovery_attempt")]
        await ask_link(house, world, name)
        request_username(nobody(house, world), email)
        await house.portal.errands.done()
        after = [await house.count(f"select count(*) as n from {table}") for table in ("audit", "recovery_attempt")]
        told.append([late - early for early, late in zip(before, after, strict=True)])
    assert told == [[2, 2], [2, 2]]


async def test_links_that_are_long_over_are_forgotten(house: House, world: World) -> None:
    await recoverable(house, world)
    await link(house, world)
    house.clock.pass_by(days=32)
    done = await Upkeep(house.portal).sweep()
    assert (done["links to new passwords"], done["links to recovery addresses"]) == (1, 1)
    assert await house.count("select count(*) as n from password_reset") == 0
    (row,) = await house.writer.rows("select email, confirm_hash from recovery_email")
    assert (row["email"], row["confirm_hash"]) == (HOME, None)


async def test_staff_who_have_no_recovery_address_are_led_to_the_desk(house: House, world: World) -> None:
    await house.staff("office", StaffRole.OFFICE)
    await ask_link(house, world, "office")
    assert await mailed(house) == [("office@school.example", "About your account")]
