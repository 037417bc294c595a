"""An account's life over real HTTP: what its holder does, what ends with it, and the mail that lies in the folder."""

import asyncio
import email
import email.policy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from gateway.demo import PARENT, PARENT_PASSWORD, STAFF, STAFF_EMAIL, STAFF_PASSWORD
from tests.journeys.running import Gateway, homeroom

DEADLINE = 30.0
NEW = "Quiet-river-9"

CHANGE = """mutation ($given: ChangePasswordInput!) { changePassword(input: $given) {
  __typename
  ... on ChangePasswordSuccess { endedSessions }
  ... on Problems { problems { code message path } } } }"""
POLICY = "{ portal { passwordPolicy { minLength maxLength letters digits special refusesCommon refusesNames } } }"
DESK = "{ staff { username name roles secondFactorProven } }"


@pytest_asyncio.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo lives."""
    return Path(tmp_path_factory.mktemp("accounts"))


@pytest_asyncio.fixture(scope="module")
async def demo(folder: Path) -> AsyncIterator[Gateway]:
    """The demo, on a free port."""
    async with homeroom("demo", "--students", "30", folder=folder) as running:
        yield running


async def change(demo: Gateway, token: str | None, current: str, new: str) -> Any:
    return await demo.ask(CHANGE, token=token, given={"currentPassword": current, "newPassword": new})


async def mail_to(address: str, folder: Path) -> email.message.EmailMessage:
    """The first mail to that address that is delivered."""
    async with asyncio.timeout(DEADLINE):
        while True:
            for path in await asyncio.to_thread(lambda: sorted(folder.glob("*.eml"))):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if message["To"] == address:
                    assert isinstance(message, email.message.EmailMessage)
                    return message
            await asyncio.sleep(0.05)


async def test_a_password_is_changed_and_all_that_hung_on_the_old_one_ends(demo: Gateway, folder: Path) -> None:
    kept, other = [await demo.log_in(STAFF, STAFF_PASSWORD) for _ in range(2)]
    async with demo.socket(other) as socket:
        assert (await change(demo, kept, STAFF_PASSWORD, NEW))["data"]["changePassword"] == {
            "__typename": "ChangePasswordSuccess",
            "endedSessions": 1,
        }
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
    assert (await demo.ask(DESK, token=other))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await demo.ask(DESK, token=kept))["data"]["staff"] == {
        "username": STAFF,
        "name": "Jordan Ellis",
        "roles": ["OFFICE", "SUPPORT", "ADMIN"],
        "secondFactorProven": False,
    }
    assert await demo.log_in(STAFF, NEW)
    message = await mail_to(STAFF_EMAIL, folder / demo.line("mail"))
    assert (message["Subject"], message["From"]) == (
        "Your password was changed",
        "Maple Falls School District <portal@maplefalls.example>",
    )
    assert NEW not in json.dumps(message.get_content())


@pytest.mark.parametrize("token", [None, "x" * 43])
async def test_nobody_changes_a_password_without_a_session(demo: Gateway, token: str | None) -> None:
    answer = await change(demo, token, PARENT_PASSWORD, NEW)
    assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == (None, "UNAUTHENTICATED")
    assert await demo.log_in(PARENT, PARENT_PASSWORD)


async def test_every_broken_rule_comes_back_at_once_as_data(demo: Gateway) -> None:
    token = await demo.log_in(PARENT, PARENT_PASSWORD)
    answer = await change(demo, token, "not-it-4", "Rafael")
    problems = answer["data"]["changePassword"]["problems"]
    assert [(problem["code"], problem["path"][-1]) for problem in problems] == [
        ("PASSWORD_WRONG", "currentPassword"),
        ("PASSWORD_TOO_SHORT", "newPassword"),
        ("PASSWORD_NEEDS_DIGIT", "newPassword"),
        ("PASSWORD_NEEDS_SPECIAL", "newPassword"),
        ("PASSWORD_HOLDS_NAME", "newPassword"),
    ]
    assert await demo.log_in(PARENT, PARENT_PASSWORD)


async def test_the_rules_are_served_to_whoever_draws_them(demo: Gateway) -> None:
    assert (await demo.ask(POLICY))["data"]["portal"]["passwordPolicy"] == {
        "minLength": 8,
        "maxLength": 128,
        "letters": True,
        "digits": True,
        "special": True,
        "refusesCommon": True,
        "refusesNames": True,
    }


async def test_a_parent_has_no_desk(demo: Gateway) -> None:
    answer = await demo.ask(DESK, token=await demo.log_in(PARENT, PARENT_PASSWORD))
    assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == (None, "FORBIDDEN")
