"""The support desk over real HTTP: a locked-out parent writes, the desk answers, and the parent is in again."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.demo import PARENT, PARENT_PASSWORD, STAFF, STAFF_PASSWORD, STAFF_SECRET
from resolvers.portal.totp import code_at, step_at
from tests.journeys.running import LOG_IN, Gateway, homeroom

DEADLINE = 30.0
ADDRESS = "marisol@families.example"
PROBLEMS = "... on Problems { problems { code path } }"
SUBMIT = f"""mutation ($in: SupportRequestInput!) {{ submitSupportRequest(input: $in) {{
  ... on SupportRequestSuccess {{ request {{ ticket state replyBy }} }} {PROBLEMS} }} }}"""
RESOLVE = f"""mutation ($in: ResolveSupportInput!) {{ resolveSupportRequest(input: $in) {{
  ... on SupportRequestSuccess {{ request {{ ticket state answer }} }} {PROBLEMS} }} }}"""
DISABLE = f"""mutation ($who: String!) {{ disableAccount(username: $who) {{
  ... on AccountOrderSuccess {{ endedSessions account {{ disabledAt }} }} {PROBLEMS} }} }}"""
PROVE = f"""mutation ($in: SecondFactorInput!) {{ proveSecondFactor(input: $in) {{
  ... on ProveSecondFactorSuccess {{ session {{ accessToken }} }} {PROBLEMS} }} }}"""
QUEUE = """{ staff { supportRequests(states: [NEW]) { totalCount
  nodes { ticket fullName username studentNames whatHappened overdue steps { state by } } } } }"""
DESK = "{ portal { help { code text } supportDesk { replyWithinSchoolDays replyBy replyByBasis } } }"
ACCESS = "{ me { accessLog(first: 3) { nodes { kind by actorName actorRole purpose } } } }"
FORM: dict[str, Any] = {
    "fullName": "Marisol Peña",
    "homeAddress": "12 Elm Street\nMaple Falls",
    "phone": "573-555-0142",
    "email": ADDRESS,
    "studentNames": ["Lucía Peña"],
    "username": PARENT,
    "whatHappened": "I cannot log in since this morning. The page says the account is not active.",
}


@pytest_asyncio.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo lives."""
    return Path(tmp_path_factory.mktemp("support"))


@pytest_asyncio.fixture(scope="module")
async def demo(folder: Path) -> AsyncIterator[Gateway]:
    """The demo, on a free port."""
    async with homeroom("demo", "--students", "30", folder=folder) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def desk(demo: Gateway) -> str:
    """The token of a session of the desk that has proven its second factor by a code."""
    token = await demo.log_in(STAFF, STAFF_PASSWORD)
    code = code_at(STAFF_SECRET, step_at(datetime.now(UTC)))
    proven = await done(demo, PROVE, token, **{"in": {"code": code}})
    renewed: str = proven["session"]["accessToken"]
    return renewed


async def done(demo: Gateway, document: str, token: str | None = None, **given: Any) -> Any:
    """What the one field of a document answers; it must be without errors."""
    answer = await demo.ask(document, token=token, variables=given)
    assert "errors" not in answer, answer
    (field,) = answer["data"].values()
    return field


def order(**given: Any) -> dict[str, Any]:
    return {"in": given}


async def mail_about(ticket: str, folder: Path) -> email.message.EmailMessage:
    async with asyncio.timeout(DEADLINE):
        while True:
            for path in await asyncio.to_thread(lambda: sorted(folder.glob("*.eml"))):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if ticket in str(message["Subject"]):
                    assert isinstance(message, email.message.EmailMessage)
                    return message
            await asyncio.sleep(0.05)


async def test_a_locked_out_parent_writes_and_is_let_in_again(demo: Gateway, folder: Path, desk: str) -> None:
    session = await demo.log_in(PARENT, PARENT_PASSWORD)
    disabled = await done(demo, DISABLE, desk, who=PARENT)
    assert disabled["endedSessions"] >= 1
    assert (await demo.ask(ACCESS, token=session))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    given = {"username": PARENT, "password": PARENT_PASSWORD, "client": "MOBILE"}
    assert (await done(demo, LOG_IN, given=given))["code"] == "INVALID_CREDENTIALS"

    promised = (await done(demo, DESK))["supportDesk"]
    request = (await done(demo, SUBMIT, **order(**FORM)))["request"]
    assert (request["state"], request["replyBy"]) == ("NEW", promised["replyBy"])
    queue = (await done(demo, QUEUE, desk))["supportRequests"]
    (found,) = [case for case in queue["nodes"] if case["ticket"] == request["ticket"]]
    assert (found["fullName"], found["username"], found["overdue"]) == ("Marisol Peña", PARENT, False)
    assert found["steps"] == [{"state": "NEW", "by": None}]

    resolved = await done(
        demo,
        RESOLVE,
        desk,
        **order(ticket=request["ticket"], action="RESOLVE", answer="It was our mistake.", reactivateUsername=PARENT),
    )
    assert resolved["request"]["state"] == "RESOLVED"
    message = await mail_about(request["ticket"], folder / demo.line("mail"))
    assert message["To"] == ADDRESS
    assert "It was our mistake." in message.get_content()
    again = await demo.log_in(PARENT, PARENT_PASSWORD)
    log = (await done(demo, ACCESS, again))["accessLog"]["nodes"]
    assert {"kind": "RECORD_CHANGED", "by": "STAFF", "actorName": "Jordan Ellis", "actorRole": "OFFICE",
            "purpose": "SUPPORT"} in log  # fmt: skip


async def test_a_password_in_the_form_is_refused_and_kept_nowhere(demo: Gateway, folder: Path) -> None:
    text = "I always type plovers&77eggs but it does not let me in."
    answer = await demo.ask(SUBMIT, variables=order(**{**FORM, "whatHappened": text}))
    assert answer["data"]["submitSupportRequest"]["problems"] == [
        {"code": "PASSWORD_IN_TEXT", "path": ["input", "whatHappened"]}
    ]
    assert "plovers" not in str(answer)
    for path in await asyncio.to_thread(lambda: sorted((folder / ".homeroom").rglob("*"))):
        if path.is_file():
            assert b"plovers" not in await asyncio.to_thread(path.read_bytes), path


@pytest.mark.parametrize("who", ["nobody", "parent", "unproven"])
async def test_the_desk_is_closed_to_all_others(demo: Gateway, who: str) -> None:
    token, code = None, "UNAUTHENTICATED"
    if who == "parent":
        token, code = await demo.log_in(PARENT, PARENT_PASSWORD), "FORBIDDEN"
    elif who == "unproven":
        token, code = await demo.log_in(STAFF, STAFF_PASSWORD), "SECOND_FACTOR_REQUIRED"
    for document, given in (
        (RESOLVE, order(ticket="0000-0000", action="RESOLVE")),
        (DISABLE, {"who": PARENT}),
        (QUEUE, {}),
    ):
        answer = await demo.ask(document, token=token, variables=given)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {code}, answer
    assert await demo.log_in(PARENT, PARENT_PASSWORD)


async def test_help_leads_to_the_desk_and_says_never_to_send_a_password(demo: Gateway) -> None:
    portal = await done(demo, DESK)
    (text,) = [topic["text"] for topic in portal["help"] if topic["code"] == "SUPPORT"]
    assert "Never send your password" in text
    assert (portal["supportDesk"]["replyWithinSchoolDays"], portal["supportDesk"]["replyByBasis"]) in (
        (2, "CALENDAR"),
        (2, "WEEKDAYS"),
    )
