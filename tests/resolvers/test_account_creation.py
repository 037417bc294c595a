"""Accounts made with an activation key: what is checked, what is used up, and that no session begins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loaders.portal.portal_requests import RequestState
from resolvers.errors import BadUserInput
from resolvers.portal.account_creation import OpenAccount, open_account
from resolvers.portal.accounts import AccountCreated
from resolvers.portal.problems import ProblemCode, Refused
from resolvers.portal.request_decision import Decided, Decision, decide_portal_request
from resolvers.portal.request_list import request_for_office
from resolvers.portal.sessions import LoggedIn
from tests.office import (
    DANA,
    MARISOL,
    PASSWORD,
    ask,
    bytes_of,
    everything,
    issued,
    nobody,
    office,
    opened,
    verified,
)
from tests.portal import House, empty_place, open_house
from tests.world import World, open_world

KEY, USERNAME, SECRET = ("input", "key"), ("input", "username"), ("input", "password")
CREATE = """mutation ($in: CreateAccountInput!) { createAccount(input: $in) {
  __typename ... on CreateAccountSuccess { username } ... on Problems { problems { code path } } } }"""


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A district of 25 students."""
    made = await open_world(Path(tmp_path_factory.mktemp("creation")) / "district.db", 25)
    yield made
    await made.recorded.reads.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place(request.param, tmp_path) as url, open_house(url) as house:
        yield house


def codes(answer: Any) -> list[tuple[ProblemCode, tuple[str, ...]]]:
    assert isinstance(answer, Refused), answer
    return [(problem.code, problem.path) for problem in answer.problems]


async def test_a_key_makes_one_account_and_no_session(house: House, world: World) -> None:
    key = await issued(house)
    context = nobody(house, world.source)
    answer = await ask(context, CREATE, **{"in": {"key": key, "username": " Harbor ", "password": PASSWORD}})
    assert answer.data == {"createAccount": {"__typename": "CreateAccountSuccess", "username": "Harbor"}}
    assert (context.viewer, context.reply.session_cookie) == (None, None)
    assert await house.count("select count(*) as n from session") == 0
    account = (await house.writer.rows("select * from account where guardian_id is not null"))[0]
    assert (account["username"], account["guardian_id"], account["setup_done_at"]) == ("Harbor", DANA, None)
    (used,) = (await everything(house))["activation_key"]
    assert (used["used_at"] is not None, used["account_id"]) == (True, account["id"])
    assert (await house.trail())[-1] == (f"account:{account['id']}", "ACCOUNT_CREATED", f"account:{account['id']}")
    assert isinstance((await house.try_log_in("harbor", PASSWORD))[0], LoggedIn)
    assert codes(await opened(house, world.source, key, "second")) == [(ProblemCode.KEY_NOT_VALID, KEY)]


async def test_a_mail_tells_the_holder_that_an_account_was_opened(house: House, world: World) -> None:
    await opened(house, world.source, await issued(house))
    ((address, subject, text),) = await house.mail()
    assert (address, subject) == ("dana.porter.3@example.org", "Your account is ready")
    assert "harbor" in text
    assert PASSWORD not in text
    assert house.portal.mail_posted.is_set()


async def test_everything_that_is_wrong_is_told_at_once_and_the_key_lives_on(house: House, world: World) -> None:
    key = await issued(house)
    before = await everything(house)
    answer = await open_account(nobody(house, world.source), OpenAccount(key, "ab", "Dana"))
    assert codes(answer) == [
        (ProblemCode.USERNAME_TOO_SHORT, USERNAME),
        (ProblemCode.PASSWORD_TOO_SHORT, SECRET),
        (ProblemCode.PASSWORD_NEEDS_DIGIT, SECRET),
        (ProblemCode.PASSWORD_NEEDS_SPECIAL, SECRET),
        (ProblemCode.PASSWORD_COMMON, SECRET),
        (ProblemCode.PASSWORD_HOLDS_NAME, SECRET),
    ]
    answer = await open_account(nobody(house, world.source), OpenAccount("x", "ab", "Dana"))
    assert codes(answer) == [
        (ProblemCode.KEY_NOT_VALID, KEY),
        (ProblemCode.USERNAME_TOO_SHORT, USERNAME),
        (ProblemCode.PASSWORD_TOO_SHORT, SECRET),
        (ProblemCode.PASSWORD_NEEDS_DIGIT, SECRET),
        (ProblemCode.PASSWORD_NEEDS_SPECIAL, SECRET),
        (ProblemCode.PASSWORD_COMMON, SECRET),
    ]
    assert await everything(house) == before
    assert isinstance(await opened(house, world.source, key), AccountCreated)


async def test_names_that_are_taken_and_accounts_that_exist_are_told_on_a_living_key_alone(
    house: House, world: World
) -> None:
    await house.account("harbor", MARISOL)
    assert codes(await opened(house, world.source, "x")) == [(ProblemCode.KEY_NOT_VALID, KEY)]
    key = await issued(house)
    assert codes(await opened(house, world.source, key, "HARBOR")) == [(ProblemCode.USERNAME_TAKEN, USERNAME)]
    again = await issued(house, MARISOL)
    assert codes(await opened(house, world.source, again, "other")) == [(ProblemCode.ACCOUNT_EXISTS, KEY)]
    assert await house.count("select count(*) as n from account where guardian_id is not null") == 1


async def test_of_two_who_use_a_key_at_once_one_wins(house: House, world: World) -> None:
    key = await issued(house)
    answers = await asyncio.gather(*(opened(house, world.source, key, f"harbor{n}") for n in range(3)))
    assert sorted(isinstance(answer, AccountCreated) for answer in answers) == [False, False, True]
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    assert {code for answer in losers for code, _ in codes(answer)} <= {
        ProblemCode.KEY_NOT_VALID,
        ProblemCode.ACCOUNT_EXISTS,
    }
    assert await house.count("select count(*) as n from account where guardian_id is not null") == 1
    assert len(await house.mail()) == 1


async def test_of_two_keys_for_one_name_one_gets_it(house: House, world: World) -> None:
    keys = [await issued(house, guardian) for guardian in (DANA, MARISOL)]
    answers = await asyncio.gather(*(opened(house, world.source, key) for key in keys))
    assert sorted(isinstance(answer, AccountCreated) for answer in answers) == [False, True]
    (loser,) = [answer for answer in answers if isinstance(answer, Refused)]
    assert codes(loser) == [(ProblemCode.USERNAME_TAKEN, USERNAME)]
    # The loser's key is as it was.
    winner = isinstance(answers[0], AccountCreated)
    assert isinstance(await opened(house, world.source, keys[1 if winner else 0], "another"), AccountCreated)


async def test_the_request_of_the_key_is_activated(house: House, world: World) -> None:
    desk = await office(house, world.source)
    reference = await verified(house, desk)
    assert isinstance(await decide_portal_request(desk, Decision(reference, True)), Decided)
    await opened(house, world.source, (await house.mail())[0][2].split("\n\n")[2])
    found = await request_for_office(desk, reference)
    assert found is not None
    assert [(step.state, step.by) for step in found.steps[-2:]] == [
        (RequestState.KEY_SENT, "Jo Desk"),
        (RequestState.ACTIVATED, None),
    ]


async def test_while_the_school_is_away_an_account_is_made_by_what_the_portal_knows(
    house: House, tmp_path: Path
) -> None:
    away = await open_world(tmp_path / "away.db", 25)
    await away.recorded.reads.close()
    answer = await opened(house, away.source, await issued(house))
    assert isinstance(answer, AccountCreated)
    assert await house.mail() == []


async def test_an_operation_makes_one_account(house: House, world: World) -> None:
    context = nobody(house, world.source)
    await open_account(context, OpenAccount("x", "harbor", PASSWORD))
    with pytest.raises(BadUserInput):
        await open_account(context, OpenAccount("y", "harbor", PASSWORD))


async def test_no_key_and_no_password_stands_in_the_stores_bytes(
    tmp_path: Path, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(f"sqlite:///{tmp_path}/portal.sqlite") as house:
        desk = await office(house, world.source)
        reference = await verified(house, desk)
        await decide_portal_request(desk, Decision(reference, True))
        key = (await house.mail())[0][2].split("\n\n")[2]
        await opened(house, world.source, "0" + key[1:])
        await opened(house, world.source, key)
        held = bytes_of(tmp_path)
    held += bytes_of(tmp_path)
    assert b"Dana Porter" in held
    for form in (key, key.replace("-", ""), key.lower(), PASSWORD):
        assert form.encode() not in held
        assert form not in caplog.text
        assert form not in repr(OpenAccount(key, "harbor", PASSWORD))
