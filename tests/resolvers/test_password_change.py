"""Changing the password, on both engines: what is needed, what ends, what is told, and what a refusal leaves alone."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context
from resolvers.errors import BadUserInput, RateLimited, Unauthenticated
from resolvers.portal.password_change import ChangePassword, PasswordChanged, change_password
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.sessions import LoggedIn
from tests.portal import PASSWORD, House, empty_place, open_house
from tests.world import World, open_world

NEW = "Quiet-river-9"
DANA, MARISOL, PALOMA = "3", "1", "15"


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students, where Dana Porter has an e-mail address and Marisol Peña has none."""
    made = await open_world(Path(tmp_path_factory.mktemp("passwords")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


async def state(house: House) -> tuple[list[str], int, int]:
    """What a refusal must leave alone: the hashes, how many sessions go on, how much mail there is."""
    hashes = [row["password_hash"] for row in await house.writer.rows("select password_hash from account order by id")]
    going_on = await house.count("select count(*) as n from session where ended_at is null")
    return hashes, going_on, await house.count("select count(*) as n from mail")


def codes(answer: PasswordChanged | Refused) -> list[tuple[ProblemCode, tuple[str, ...]]]:
    assert isinstance(answer, Refused), answer
    return [(problem.code, problem.path) for problem in answer.problems]


async def test_the_password_changes_and_every_other_session_ends(house: House, world: World) -> None:
    account = await house.account("dana", DANA)
    kept, other, third = [await house.mobile("dana") for _ in range(3)]
    ended = list[int]()
    for session in (kept, other, third):
        house.portal.revocations.watch(session.session_id, partial(ended.append, session.session_id))
    context = await house.context(world.source, kept, "198.51.100.7")
    assert await change_password(context, ChangePassword(PASSWORD, NEW)) == PasswordChanged(2)
    assert sorted(ended) == [other.session_id, third.session_id]
    rows = await house.writer.rows("select end_reason from session order by id")
    assert [row["end_reason"] for row in rows] == [None, "PASSWORD_CHANGED", "PASSWORD_CHANGED"]
    assert isinstance((await house.try_log_in("dana", NEW))[0], LoggedIn)
    assert (await house.try_log_in("dana", PASSWORD))[0].code is ProblemCode.INVALID_CREDENTIALS
    (entry,) = await house.writer.rows(
        "select actor, subject, account_id, address, detail from audit where action = 'PASSWORD_CHANGED'"
    )
    assert tuple(entry.values()) == (
        f"account:{account}",
        f"account:{account}",
        account,
        "198.51.100.7",
        '{"ended_sessions": 2}',
    )


async def test_a_mail_tells_so_and_the_postman_is_woken(house: House, world: World) -> None:
    await house.account("dana", DANA)
    context = await house.context(world.source, await house.mobile("dana"))
    assert not house.portal.mail_posted.is_set()
    await change_password(context, ChangePassword(PASSWORD, NEW))
    assert house.portal.mail_posted.is_set()
    ((address, subject, text),) = await house.mail()
    assert (address, subject) == ("dana.porter.3@example.org", "Your password was changed")
    assert text.startswith("Hello Dana,\n\nthe password of your account dana at Maple Falls was changed on 2026-11-23 ")
    assert "07:00 (America/New_York)" in text
    assert "help@school.example" in text
    assert NEW not in text
    (row,) = await house.writer.rows("select text_sealed from mail")
    assert "Dana" not in row["text_sealed"]


async def test_the_mail_is_in_the_language_of_the_family(house: House, world: World) -> None:
    await house.account("paloma", PALOMA)
    world.change("update guardian set email = 'p@example.org' where id = ?", int(PALOMA))
    context = await house.context(world.source, await house.mobile("paloma"))
    await change_password(context, ChangePassword(PASSWORD, NEW))
    ((_, subject, text),) = await house.mail()
    assert subject == "Se cambió su contraseña"
    assert text.startswith("Hola, ")


async def test_a_confirmed_recovery_address_goes_before_the_schools(house: House, world: World) -> None:
    account = await house.account("dana", DANA)
    async with house.writer.transaction() as transaction:
        for email, confirmed in (("new@example.org", None), ("own@example.org", house.clock.now())):
            await transaction.execute(
                "insert into recovery_email (account_id, email, email_key, set_at, confirmed_at) "
                "values (:account_id, :email, :email, :now_at, :confirmed_at)",
                {"account_id": account, "email": email, "now_at": house.clock.now(), "confirmed_at": confirmed},
            )
    context = await house.context(world.source, await house.mobile("dana"))
    await change_password(context, ChangePassword(PASSWORD, NEW))
    assert [mail[0] for mail in await house.mail()] == ["own@example.org"]


async def test_who_has_no_address_gets_no_mail_and_changes_the_password_all_the_same(
    house: House, world: World
) -> None:
    await house.account("marisol", MARISOL)
    context = await house.context(world.source, await house.mobile("marisol"))
    assert await change_password(context, ChangePassword(PASSWORD, NEW)) == PasswordChanged(0)
    assert await house.mail() == []


async def test_staff_change_theirs_too(house: House, world: World) -> None:
    await house.staff("office", StaffRole.OFFICE)
    context = await house.context(world.source, await house.mobile("office"))
    assert await change_password(context, ChangePassword(PASSWORD, NEW)) == PasswordChanged(0)
    assert [mail[0] for mail in await house.mail()] == ["office@school.example"]


async def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_done(house: House, world: World) -> None:
    await house.account("marisol", MARISOL)
    context = await house.context(world.source, await house.mobile("marisol"))
    await house.mobile("marisol")
    before = await state(house)
    current, new = ("input", "currentPassword"), ("input", "newPassword")
    answer = await change_password(context, ChangePassword("wrong-1-word", "Rafael"))
    assert codes(answer) == [
        (ProblemCode.PASSWORD_WRONG, current),
        (ProblemCode.PASSWORD_TOO_SHORT, new),
        (ProblemCode.PASSWORD_NEEDS_DIGIT, new),
        (ProblemCode.PASSWORD_NEEDS_SPECIAL, new),
        (ProblemCode.PASSWORD_HOLDS_NAME, new),
    ]
    assert await state(house) == before
    assert not house.portal.mail_posted.is_set()
    assert (await house.trail())[-1][1] == "PASSWORD_NOT_PROVEN"


async def test_the_same_password_is_no_change(house: House, world: World) -> None:
    await house.account("dana", DANA)
    context = await house.context(world.source, await house.mobile("dana"))
    answer = await change_password(context, ChangePassword(PASSWORD, "Ｍaple-7-leaf"))
    assert codes(answer) == [(ProblemCode.PASSWORD_UNCHANGED, ("input", "newPassword"))]


async def test_a_session_left_open_is_no_place_to_guess_from(house: House, world: World) -> None:
    await house.account("dana", DANA)
    session = await house.mobile("dana")
    for _ in range(5):
        await change_password(await house.context(world.source, session), ChangePassword("wrong-1-word", NEW))
    before = await state(house)
    with pytest.raises(RateLimited) as caught:
        await change_password(await house.context(world.source, session), ChangePassword(PASSWORD, NEW))
    assert caught.value.retry_after == 5
    assert await state(house) == before


async def test_nobody_changes_a_password_without_a_session(house: House, world: World) -> None:
    context = Context(world.source, None, Caller(), house.portal, None)
    with pytest.raises(Unauthenticated):
        await change_password(context, ChangePassword(PASSWORD, NEW))
    assert house.hasher.verified == []


async def test_an_operation_changes_one_password_at_the_most(house: House, world: World) -> None:
    await house.account("dana", DANA)
    context = await house.context(world.source, await house.mobile("dana"))
    await change_password(context, ChangePassword("wrong-1-word", NEW))
    with pytest.raises(BadUserInput):
        await change_password(context, ChangePassword(PASSWORD, NEW))
    assert len(house.hasher.verified) == 2  # the log-in, and one guess


async def test_of_two_who_change_it_at_once_one_wins(house: House, world: World) -> None:
    await house.account("dana", DANA)
    sessions = [await house.mobile("dana") for _ in range(2)]
    contexts = [await house.context(world.source, session) for session in sessions]
    orders = [ChangePassword(PASSWORD, NEW), ChangePassword(PASSWORD, "Other-river-9")]
    answers = await asyncio.gather(
        *(change_password(context, order) for context, order in zip(contexts, orders, strict=True))
    )
    assert sorted(isinstance(answer, PasswordChanged) for answer in answers) == [False, True]
    assert len(await house.mail()) == 1


async def test_while_the_school_is_away_the_password_changes_by_what_the_portal_knows(
    house: House, world: World, tmp_path: Path
) -> None:
    await house.account("dana", DANA)
    away = await open_world(tmp_path / "away.db", 25)
    await away.recorded.reads.close()
    context = await house.context(away.source, await house.mobile("dana"))
    assert codes(await change_password(context, ChangePassword(PASSWORD, "dana-river-9")))[0][0] is (
        ProblemCode.PASSWORD_HOLDS_NAME
    )
    context = await house.context(away.source, await house.mobile("dana"))
    assert await change_password(context, ChangePassword(PASSWORD, NEW)) == PasswordChanged(1)
