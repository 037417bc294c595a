"""The ways into an account and back, over real HTTP: the set-up, what was forgotten, and the second factor."""

import asyncio
import email
import email.policy
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from gateway.demo import PARENT, PARENT_EMAIL, PARENT_PASSWORD, STAFF, STAFF_EMAIL, STAFF_PASSWORD
from loaders.demo.made import guardian_of_case
from resolvers.portal.totp import code_at, step_at
from tests.journeys.running import Gateway, homeroom, run

DEADLINE = 30.0
NEWCOMER, PASSWORD, NEW = "newcomer", "Maple-7-leaf", "Quiet-river-9"
HOME = "newcomer@home.example"

STUDENTS = "{ me { students { name } } }"
SECURITY = "{ me { id username security { recoveryEmail recoveryEmailConfirmed setupRequired missing } } }"
IMAGES = "{ portal { preferenceImages { id url } } }"
PROBLEMS = "__typename ... on Problems { problems { code path } }"
SET_EMAIL = f"""mutation ($in: RecoveryEmailInput!) {{ setRecoveryEmail(input: $in) {{
  {PROBLEMS} ... on RecoveryEmailSuccess {{ email }} }} }}"""
CONFIRM = f"mutation ($token: String!) {{ confirmRecoveryEmail(token: $token) {{ {PROBLEMS} }} }}"
SET_IMAGES = f"""mutation ($in: PreferenceImagesInput!) {{ setPreferenceImages(input: $in) {{
  {PROBLEMS} ... on PreferenceImagesSuccess {{ setupFinished }} }} }}"""
USERNAME = """mutation ($email: EmailAddress!) { requestUsername(email: $email) {
  ... on RecoveryRequestSuccess { sentIfKnown } } }"""
LINK = """mutation ($name: String!) { requestPasswordReset(username: $name) {
  ... on RecoveryRequestSuccess { sentIfKnown } } }"""
OPEN = f"""mutation ($token: String!) {{ openPasswordReset(token: $token) {{
  {PROBLEMS} ... on PasswordResetChallenge {{ images {{ id alt url }} expiresAt }} }} }}"""
COMPLETE = f"""mutation ($in: PasswordResetInput!) {{ completePasswordReset(input: $in) {{
  {PROBLEMS} ... on PasswordResetSuccess {{ endedSessions }} }} }}"""
PROVE = f"""mutation ($code: String!) {{ proveSecondFactor(input: {{ code: $code }}) {{
  {PROBLEMS} ... on ProveSecondFactorSuccess {{ session {{ accessToken }} }} }} }}"""
QUEUE = "{ staff { secondFactorProven mailQueue { waiting } } }"


@pytest_asyncio.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo lives."""
    return Path(tmp_path_factory.mktemp("recovery"))


@pytest_asyncio.fixture(scope="module")
async def demo(folder: Path) -> AsyncIterator[Gateway]:
    """The demo, on a free port, with a parent who has just been given an account."""
    async with homeroom("demo", "--students", "30", folder=folder) as running:
        home = folder / ".homeroom"
        settings = {
            "HOMEROOM_SIS_URL": f"sqlite:///{home}/demo.db",
            "HOMEROOM_PORTAL_URL": f"sqlite:///{home}/demo-portal.db",
        }
        guardian = str(guardian_of_case(home / "demo.db", "four_children"))
        arguments = ("user", "add", "--guardian", guardian, "--username", NEWCOMER)
        assert await run(*arguments, folder=folder, settings=settings, given=f"{PASSWORD}\n") == (
            0,
            f"Account {NEWCOMER} was made.\n",
        )
        yield running


async def mail_to(address: str, subject: str, folder: Path, beyond: int = 0) -> str:
    """The text of the mail to that address with that subject, once it is delivered; `beyond` that many earlier ones."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = []
            for path in await asyncio.to_thread(lambda: sorted(folder.glob("*.eml"))):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if message["To"] == address and message["Subject"] == subject:
                    assert isinstance(message, email.message.EmailMessage)
                    found.append(str(message.get_content()))
            if len(found) > beyond:
                return found[-1]
            await asyncio.sleep(0.05)


def token_in(text: str) -> str:
    found = re.search(r"#([A-Za-z0-9_-]{43})$", text, re.M)
    assert found is not None, text
    return found[1]


def code(answer: Any) -> str:
    found: str = answer["errors"][0]["extensions"]["code"]
    return found


async def test_a_new_account_is_led_through_the_set_up_and_then_everything_opens(demo: Gateway, folder: Path) -> None:
    token = await demo.log_in(NEWCOMER, PASSWORD)
    answer = await demo.ask(STUDENTS, token=token)
    assert (answer["data"], code(answer)) == (None, "SECURITY_SETUP_REQUIRED")
    me = (await demo.ask(SECURITY, token=token))["data"]["me"]
    assert me["security"] == {
        "recoveryEmail": None,
        "recoveryEmailConfirmed": False,
        "setupRequired": True,
        "missing": ["RECOVERY_EMAIL", "PREFERENCE_IMAGES"],
    }
    async with demo.socket(token) as socket:
        query = "subscription { gradeChanged { cursor } }"
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        told = json.loads(await socket.recv())
        assert told["type"] == "error"
        assert told["payload"][0]["extensions"]["code"] == "SECURITY_SETUP_REQUIRED"
    wrong = await demo.ask(
        SET_EMAIL, token=token, variables={"in": {"currentPassword": "wrong-1-word", "email": "nothing"}}
    )
    assert [problem["code"] for problem in wrong["data"]["setRecoveryEmail"]["problems"]] == [
        "PASSWORD_WRONG",
        "EMAIL_INVALID",
    ]
    done = await demo.ask(SET_EMAIL, token=token, variables={"in": {"currentPassword": PASSWORD, "email": HOME}})
    assert done["data"]["setRecoveryEmail"] == {"__typename": "RecoveryEmailSuccess", "email": "n•••@h•••.example"}
    link = token_in(await mail_to(HOME, "Confirm your recovery address", folder / demo.line("mail")))
    for expected in ("ConfirmRecoveryEmailSuccess", "Problems"):
        answer = await demo.ask(CONFIRM, variables={"token": link})
        assert answer["data"]["confirmRecoveryEmail"]["__typename"] == expected
    assert code(await demo.ask(STUDENTS, token=token)) == "SECURITY_SETUP_REQUIRED"
    ids = await images(demo)
    choice = {"currentPassword": PASSWORD, "liked": ids[40:48], "disliked": ids[48:56]}
    done = await demo.ask(SET_IMAGES, token=token, variables={"in": choice})
    assert done["data"]["setPreferenceImages"] == {"__typename": "PreferenceImagesSuccess", "setupFinished": True}
    assert len((await demo.ask(STUDENTS, token=token))["data"]["me"]["students"]) == 4


async def images(demo: Gateway) -> list[str]:
    """The ids of the catalogue, whose drawings are served."""
    found = (await demo.ask(IMAGES))["data"]["portal"]["preferenceImages"]
    base = demo.url.removesuffix("/graphql")
    async with httpx2.AsyncClient() as client:
        drawing = await client.get(base + found[0]["url"])
        gone = await client.get(base + found[0]["url"].replace(found[0]["id"], "gone"))
    assert (drawing.status_code, drawing.headers["content-type"]) == (200, "image/svg+xml")
    assert drawing.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert drawing.text.startswith("<svg ")
    assert gone.status_code == 404
    return [image["id"] for image in found]


async def test_a_forgotten_user_name_comes_by_mail_and_strangers_are_answered_alike(
    demo: Gateway, folder: Path
) -> None:
    known = await demo.ask(USERNAME, email=PARENT_EMAIL)
    unknown = await demo.ask(USERNAME, email="nobody@families.maplefalls.example")
    assert known == unknown
    assert f"It is: {PARENT}\n" in await mail_to(PARENT_EMAIL, "Your user name", folder / demo.line("mail"))


async def test_a_forgotten_password_is_made_anew_by_link_and_images(demo: Gateway, folder: Path) -> None:
    session = await demo.log_in(PARENT, PARENT_PASSWORD)
    mails = folder / demo.line("mail")
    assert await demo.ask(LINK, name=PARENT) == await demo.ask(LINK, name="somebody-else")
    link = token_in(await mail_to(PARENT_EMAIL, "A new password", mails))
    challenge = (await demo.ask(OPEN, variables={"token": link}))["data"]["openPasswordReset"]
    ids = await images(demo)
    liked, disliked = ids[:8], ids[8:16]
    assert len(challenge["images"]) == 32
    assert {image["id"] for image in challenge["images"]} >= {*liked, *disliked}

    async def complete(swaps: int) -> Any:
        sides = {
            "liked": liked[swaps:] + disliked[:swaps],
            "disliked": disliked[swaps:] + liked[:swaps],
        }
        given = {"token": link, "newPassword": NEW, **sides}
        return (await demo.ask(COMPLETE, variables={"in": given}))["data"]["completePasswordReset"]

    assert (await complete(2))["problems"] == [{"code": "IMAGES_WRONG", "path": ["input"]}]
    async with demo.socket(session) as socket:
        assert (await complete(1))["__typename"] == "PasswordResetSuccess"
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
    assert code(await demo.ask(STUDENTS, token=session)) == "UNAUTHENTICATED"
    assert (await complete(1))["problems"] == [{"code": "LINK_NOT_VALID", "path": ["input", "token"]}]
    assert await demo.log_in(PARENT, NEW)
    assert NEW not in await mail_to(PARENT_EMAIL, "Your password was changed", mails)


async def test_staff_work_once_they_have_proven_their_second_factor(demo: Gateway) -> None:
    token = await demo.log_in(STAFF, STAFF_PASSWORD)
    answer = await demo.ask(QUEUE, token=token)
    assert (answer["data"]["staff"], code(answer)) == (
        {"secondFactorProven": False, "mailQueue": None},
        "SECOND_FACTOR_REQUIRED",
    )
    found = re.search(r"secret=([A-Z2-7]+)", demo.line("second factor"))
    assert found is not None
    proof = code_at(found[1], step_at(datetime.now(UTC)))
    wrong = await demo.ask(PROVE, token=token, code="12345")
    assert wrong["data"]["proveSecondFactor"]["problems"][0]["code"] == "CODE_WRONG"
    proven = (await demo.ask(PROVE, token=token, code=proof))["data"]["proveSecondFactor"]
    assert code(await demo.ask(QUEUE, token=token)) == "UNAUTHENTICATED"
    staff = (await demo.ask(QUEUE, token=proven["session"]["accessToken"]))["data"]["staff"]
    assert staff["secondFactorProven"]
    assert staff["mailQueue"] is not None
    again = await demo.log_in(STAFF, STAFF_PASSWORD)
    answer = await demo.ask(PROVE, token=again, code=proof)
    assert answer["data"]["proveSecondFactor"]["problems"][0]["code"] == "CODE_WRONG"


async def test_a_log_in_from_another_browser_is_told_by_mail(demo: Gateway, folder: Path) -> None:
    given = {"username": STAFF, "password": STAFF_PASSWORD, "client": "WEB"}
    body = {
        "query": "mutation ($in: LogInInput!) { logIn(input: $in) { __typename } }",
        "variables": {"in": given},
    }
    async with httpx2.AsyncClient() as browser, httpx2.AsyncClient() as other:
        first = await browser.post(demo.url, json=body)
        (kept,) = [text for text in first.headers.get_list("set-cookie") if text.startswith("device=")]
        assert re.fullmatch(r"device=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000", kept)
        again = await browser.post(demo.url, json=body)
        assert kept in again.headers.get_list("set-cookie")
        await other.post(demo.url, json=body, headers={"user-agent": "Another browser"})
    mails = folder / demo.line("mail")
    told = await mail_to(STAFF_EMAIL, "A log-in from a new device", mails)
    assert told


@pytest.mark.parametrize("token", [None, "x" * 43])
async def test_nobody_sets_up_anything_without_a_session(demo: Gateway, token: str | None) -> None:
    ids = await images(demo)
    for document, given in (
        (SET_EMAIL, {"in": {"currentPassword": PASSWORD, "email": HOME}}),
        (SET_IMAGES, {"in": {"currentPassword": PASSWORD, "liked": ids[:8], "disliked": ids[8:16]}}),
        (PROVE, {"code": "123456"}),
        (SECURITY, {}),
    ):
        answer = await demo.ask(document, token=token, variables=given)
        assert (answer["data"], code(answer)) == (None, "UNAUTHENTICATED")
