"""From the form to the students over real HTTP: a family activates its account, and the office prints letters."""

import asyncio
import email
import email.policy
import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pypdf import PdfReader

from gateway.demo import PARENT, PARENT_PASSWORD, STAFF, STAFF_PASSWORD
from tests.journeys.running import Gateway, homeroom
from tests.office import in_store

DEADLINE = 30.0
PASSWORD = "Quiet-river-9"
ADDRESS = "dana@families.example"

PROBLEMS = "... on Problems { problems { code path } }"
SUBMIT = f"""mutation ($in: PortalRequestInput!) {{ submitPortalRequest(input: $in) {{
  ... on PortalRequestSuccess {{ request {{ reference state guardian {{ name }} }} }} {PROBLEMS} }} }}"""
STATUS = "query ($r: String!) { portal { portalRequest(reference: $r) { state steps { state } nextStep } } }"
FIND = """query ($s: GuardianSearchInput!) { staff { guardians(search: $s) {
  sourcedId name students hasAccount } } }"""
CHECK = f"""mutation ($in: IdentityCheckInput!) {{ recordIdentityCheck(input: $in) {{
  ... on PortalRequestSuccess {{ request {{ state guardian {{ sourcedId name students }} steps {{ by }} }} }}
  {PROBLEMS} }} }}"""
DECIDE = f"""mutation ($in: DecisionInput!) {{ decidePortalRequest(input: $in) {{
  ... on PortalRequestSuccess {{ request {{ state }} letterJob {{ jobId }} }} {PROBLEMS} }} }}"""
ISSUE = f"""mutation ($in: IssueKeyInput!) {{ issueActivationKey(input: $in) {{
  ... on IssueKeySuccess {{ delivery }} {PROBLEMS} }} }}"""
REDEEM = f"""mutation ($key: String!) {{ redeemActivationKey(key: $key) {{
  ... on RedeemActivationKeySuccess {{ name accountExists help {{ code }} }} {PROBLEMS} }} }}"""
CREATE = f"""mutation ($in: CreateAccountInput!) {{ createAccount(input: $in) {{
  ... on CreateAccountSuccess {{ username }} {PROBLEMS} }} }}"""
STUDENTS = "{ me { username students { name } } }"
SCHOOLS = "{ staff { schools { schoolId name } } }"
ORDER = f"""mutation ($in: KeyLettersInput!) {{ orderKeyLetters(input: $in) {{
  ... on KeyLettersSuccess {{ job {{ jobId state total done url }} }} {PROBLEMS} }} }}"""
JOB = "query ($id: ID!) { staff { letterJob(id: $id) { state total done url finishedAt } } }"
QUEUE = """{ staff { portalRequests(states: [SUBMITTED]) {
  totalCount nodes { reference name } pageInfo { hasNextPage } edges { cursor } } } }"""
FORM: dict[str, Any] = {
    "name": "Dana Porter",
    "relationship": "MOTHER",
    "students": [{"name": "Kit Porter", "schoolName": "Maple Falls Elementary", "gradeLevel": "G03"}],
    "homeAddress": "12 Elm Street\nMaple Falls",
    "phone": "573-555-0142",
    "email": ADDRESS,
    "delivery": "EMAIL",
}


@pytest_asyncio.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo lives."""
    return Path(tmp_path_factory.mktemp("activation"))


@pytest_asyncio.fixture(scope="module")
async def demo(folder: Path) -> AsyncIterator[Gateway]:
    """The demo, on a free port."""
    async with homeroom("demo", "--students", "30", folder=folder) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def office(demo: Gateway, folder: Path) -> str:
    """The token of a session of the office that has proven a second factor."""
    token = await demo.log_in(STAFF, STAFF_PASSWORD)
    await in_portal(folder, "update session set second_factor_at = created_at where id = (select max(id) from session)")
    return token


async def in_portal(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    return await asyncio.to_thread(in_store, folder / ".homeroom" / "demo-portal.db", sql)


async def in_district(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    return await asyncio.to_thread(in_store, folder / ".homeroom" / "demo.db", sql)


async def done(demo: Gateway, document: str, token: str | None = None, **given: Any) -> Any:
    """What the one field of a document answers; it must be without errors."""
    answer = await demo.ask(document, token=token, variables=given)
    assert "errors" not in answer, answer
    (field,) = answer["data"].values()
    return field


async def key_mailed(demo: Gateway, folder: Path, name: str) -> str:
    """The key in the mail that greets the guardian by name."""
    async with asyncio.timeout(DEADLINE):
        while True:
            for path in await asyncio.to_thread(lambda: sorted((folder / demo.line("mail")).glob("*.eml"))[::-1]):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                assert isinstance(message, email.message.EmailMessage)
                text = str(message.get_content()).replace("\r\n", "\n")
                if message["To"] == ADDRESS and text.startswith(f"Hello {name},"):
                    return text.split("\n\n")[2].strip()
            await asyncio.sleep(0.05)


def order(**given: Any) -> dict[str, Any]:
    """The variables of an order."""
    return {"in": given}


async def log_in_after_set_up(demo: Gateway, folder: Path, username: str) -> str:
    """A session of an account whose holder has done all that a first log-in asks for."""
    await in_portal(folder, f"update account set setup_done_at = created_at where username = '{username}'")
    return await demo.log_in(username, PASSWORD)


async def test_a_family_goes_from_the_form_to_its_students(demo: Gateway, folder: Path, office: str) -> None:
    request = (await done(demo, SUBMIT, **order(**FORM)))["request"]
    reference = request["reference"]
    assert (request["state"], request["guardian"]) == ("SUBMITTED", None)
    status = (await done(demo, STATUS, r=reference))["portalRequest"]
    assert (status["state"], status["steps"]) == ("SUBMITTED", [{"state": "SUBMITTED"}])
    queue = (await done(demo, QUEUE, office))["portalRequests"]
    assert reference in [node["reference"] for node in queue["nodes"]]

    (found,) = (await done(demo, FIND, office, s={"name": "dana porter"}))["guardians"]
    assert (found["name"], found["hasAccount"]) == ("Dana Porter", False)
    assert found["students"]
    given = {"reference": reference, "idKind": "PASSPORT", "signatureWitnessed": True, "guardianId": found["sourcedId"]}
    checked = (await done(demo, CHECK, office, **order(**given)))["request"]
    assert checked["state"] == "ID_VERIFIED"
    assert checked["guardian"]["students"] == found["students"]
    assert [step["by"] for step in checked["steps"]] == [None, "Jordan Ellis"]
    approved = await done(demo, DECIDE, office, **order(reference=reference, approve=True))
    assert approved == {"request": {"state": "KEY_SENT"}, "letterJob": None}

    key = await key_mailed(demo, folder, "Dana")
    assert key not in json.dumps([request, checked, approved])
    sloppy = key.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert await done(demo, REDEEM, key=sloppy) == {"name": "Dana Porter", "accountExists": False, "help": None}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(
            demo.url,
            json={
                "query": CREATE,
                "variables": {"in": {"key": sloppy, "username": "elm.street", "password": PASSWORD}},
            },
        )
    assert answer.json() == {"data": {"createAccount": {"username": "elm.street"}}}
    assert "set-cookie" not in answer.headers
    assert (await done(demo, STATUS, r=reference))["portalRequest"]["state"] == "ACTIVATED"
    again = await done(demo, REDEEM, key=key)
    assert [problem["code"] for problem in again["problems"]] == ["KEY_NOT_VALID"]

    token = await log_in_after_set_up(demo, folder, "elm.street")
    me = await done(demo, STUDENTS, token)
    assert sorted(student["name"] for student in me["students"]) == found["students"]

    # A sibling gets a right later: the account sees them, without another key.
    guardian = int(found["sourcedId"])
    held = await in_district(folder, f"select student_id from guardian_student where guardian_id = {guardian}")
    ids = ", ".join(str(row[0]) for row in held)
    await in_district(
        folder,
        f"update guardian_student set guardian_id = {guardian} where (guardian_id, student_id) = "
        "(select guardian_id, student_id from guardian_student "
        f"where portal_access = 1 and starts_on is null and ends_on is null and student_id not in ({ids}) limit 1)",
    )
    async with asyncio.timeout(DEADLINE):
        while True:
            if len((await done(demo, STUDENTS, token))["students"]) == len(found["students"]) + 1:
                break
            await asyncio.sleep(0.05)


async def test_a_key_for_who_has_an_account_shows_the_way_to_recovery(demo: Gateway, folder: Path, office: str) -> None:
    (found,) = (await done(demo, FIND, office, s={"name": "marisol peña"}))["guardians"]
    assert found["hasAccount"]
    request = (await done(demo, SUBMIT, **order(**FORM)))["request"]
    given = {"idKind": "OTHER", "signatureWitnessed": True, "guardianId": found["sourcedId"]}
    await done(demo, CHECK, office, **order(reference=request["reference"], **given))
    await done(demo, DECIDE, office, **order(reference=request["reference"], approve=True))
    key = await key_mailed(demo, folder, "Marisol")
    assert await done(demo, REDEEM, key=key) == {
        "name": "Marisol Peña",
        "accountExists": True,
        "help": {"code": "FORGOT_PASSWORD"},
    }
    refused = await done(demo, CREATE, **order(key=key, username="second.one", password="ab"))
    assert [problem["code"] for problem in refused["problems"]] == [
        "ACCOUNT_EXISTS",
        "PASSWORD_TOO_SHORT",
        "PASSWORD_NEEDS_DIGIT",
        "PASSWORD_NEEDS_SPECIAL",
        "PASSWORD_COMMON",
    ]


async def test_an_order_prints_a_schools_letters_which_are_fetched_once(
    demo: Gateway, folder: Path, office: str
) -> None:
    schools = (await done(demo, SCHOOLS, office))["schools"]
    jobs = [(await done(demo, ORDER, office, **order(schoolId=each["schoolId"])))["job"] for each in schools]
    largest = max(jobs, key=lambda job: job["total"])
    assert largest["total"] > 0
    async with asyncio.timeout(2 * DEADLINE):
        while (job := (await done(demo, JOB, office, id=largest["jobId"]))["letterJob"])["state"] != "DONE":
            assert (job["url"], job["finishedAt"]) == (None, None)
            await asyncio.sleep(0.05)
    assert (job["total"], job["done"]) == (largest["total"], largest["total"])
    assert job["url"].startswith(demo.url.removesuffix("/graphql") + "/letters/")
    parent = await demo.log_in(PARENT, PARENT_PASSWORD)
    unproven = await demo.log_in(STAFF, STAFF_PASSWORD)
    for token, status in ((None, 401), ("x" * 43, 401), (parent, 403), (unproven, 403)):
        assert (await fetch(job["url"], token)).status_code == status
    assert (await fetch(job["url"], office, {"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await fetch(job["url"].replace("/letters/", "/letters/x"), office)).status_code == 404
    async with httpx2.AsyncClient() as client:
        head = await client.head(job["url"], headers={"authorization": f"Bearer {office}"})
    assert head.status_code == 405
    answer = await fetch(job["url"], office)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"%PDF-")
    assert len(PdfReader(BytesIO(answer.content)).pages) == largest["total"]
    assert (await fetch(job["url"], office)).status_code == 404
    assert (await done(demo, JOB, office, id=largest["jobId"]))["letterJob"]["url"] is None


async def fetch(url: str, token: str | None, headers: dict[str, str] | None = None) -> httpx2.Response:
    given = {**(headers or {}), **({"authorization": f"Bearer {token}"} if token else {})}
    async with httpx2.AsyncClient() as client:
        return await client.get(url, headers=given)


ORDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "check": (
        CHECK,
        {"in": {"reference": "x", "idKind": "OTHER", "signatureWitnessed": True, "guardianId": "3"}},
    ),
    "approve": (DECIDE, {"in": {"reference": "x", "approve": True}}),
    "deny": (DECIDE, {"in": {"reference": "x", "approve": False, "reason": "No."}}),
    "issue": (ISSUE, {"in": {"guardianId": "3", "delivery": "EMAIL"}}),
    "letters": (ORDER, {"in": {"schoolId": "x"}}),
    "queue": (QUEUE, {}),
    "find": (FIND, {"s": {"name": "dana"}}),
    "schools": (SCHOOLS, {}),
    "job": (JOB, {"id": "1"}),
}


@pytest.mark.parametrize("what", ORDERS)
async def test_what_the_office_does_nobody_else_does(demo: Gateway, folder: Path, what: str) -> None:
    document, given = ORDERS[what]
    parent = await demo.log_in(PARENT, PARENT_PASSWORD)
    unproven = await demo.log_in(STAFF, STAFF_PASSWORD)
    tables = ["portal_request", "portal_request_step", "activation_key", "letter_job", "mail", "audit"]
    count = f"select {', '.join(f'(select count(*) from {table})' for table in tables)}"
    before = await in_portal(folder, count)
    for token, code in ((None, "UNAUTHENTICATED"), (parent, "FORBIDDEN"), (unproven, "SECOND_FACTOR_REQUIRED")):
        answer = await demo.ask(document, token=token, variables=given)
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
        assert answer["data"] is None or "staff" in answer["data"]
    assert await in_portal(folder, count) == before
