"""Files that come with messages: judged by their bytes, sealed, and fetched once by whoever may read the message."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from gateway.app import Gateway, create_app
from gateway.authentication import CHEAPEST
from gateway.operators import create_accounts, migrate_store
from gateway.sending import MessageSender
from gateway.settings import load_settings
from loaders.demo import District, make_district
from loaders.ids import node_id
from loaders.portal.message_files import forget_waiting_files
from loaders.portal.roles import StaffRole
from resolvers.portal.accounts import CreateAccount
from resolvers.portal.message_files import MOST_BYTES, file_name
from tests.portal import PASSWORD
from tests.world import TODAY

HOME = "http://127.0.0.1"
LOG_IN = "mutation ($in: LogInInput!) { logIn(input: $in) { ... on LogInSuccess { session { accessToken } } } }"
SEND = """mutation ($in: SendMessageInput!) { sendMessage(input: $in) { ... on SendMessageSuccess { message {
  messageId state } } ... on Problems { problems { code path } } } }"""
INBOX = """{ me { messages(first: 1) { nodes { subject attachments {
  id kind title mediaType bytes version printed url } } } } }"""
ADDRESS = "query ($id: ID!) { node(id: $id) { ... on Document { url } } }"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


@dataclass
class Desk:
    """A gateway over a district of its own, and sessions of those who use it."""

    gateway: Gateway
    folder: Path
    district: District
    sessions: dict[str, str] = field(default_factory=dict)

    def store(self, sql: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "portal.db")) as connection, connection:
            return connection.execute(sql, values).fetchall()

    async def send(self, method: str, url: str, session: str | None, **more: Any) -> httpx2.Response:
        headers = dict(more.pop("headers", {}))
        if session is not None:
            headers["authorization"] = f"Bearer {self.sessions[session]}"
        transport = httpx2.ASGITransport(self.gateway)
        async with httpx2.AsyncClient(transport=transport, base_url=HOME) as client:
            return await client.request(method, url, headers=headers, **more)

    async def ask(self, query: str, session: str | None = "mother", **variables: Any) -> Any:
        answer = await self.send("POST", "/graphql", session, json={"query": query, "variables": variables})
        return answer.json()

    async def hand_in(
        self, content: bytes, name: str = "plan.pdf", session: str | None = "office", **headers: str
    ) -> httpx2.Response:
        sent = {"content-type": "application/pdf", **{key.replace("_", "-"): value for key, value in headers.items()}}
        return await self.send("POST", "/message-files", session, params={"name": name}, content=content, headers=sent)

    async def file(self, name: str = "plan.pdf") -> str:
        answer = await self.hand_in(PDF, name)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["fileId"]
        return found

    async def order(self, *files: str, session: str = "office", **given: Any) -> Any:
        order = {
            "scope": "STUDENT", "studentId": str(self.district.cases["parent"].student_id), "subject": "Trip",
            "body": "See the plan.", "language": "en", "fileIds": list(files), **given,
        }  # fmt: skip
        answer = await self.ask(SEND, session, **{"in": order})
        house = self.gateway.house
        assert house is not None
        async with asyncio.timeout(20):
            # The gateway's own sender is at it as well.
            while self.store("select 1 from posted_message where state in ('WAITING', 'SENDING')"):
                await MessageSender(house.portal, house.source).send_ordered()
        return answer["data"]["sendMessage"]


@pytest_asyncio.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = Path(tmp_path_factory.mktemp("files"))
    district = make_district(folder / "sis.db", students=30, seed=1, today=TODAY)
    portal = f"sqlite:///{folder}/portal.db"
    await migrate_store(portal)
    guardians = {name: str(district.cases[case].guardian_id) for name, case in (
        ("mother", "parent"), ("other", "four_children"))}  # fmt: skip
    orders = [CreateAccount(name, PASSWORD, key, finished=True) for name, key in guardians.items()]
    orders += [
        CreateAccount(name, PASSWORD, roles=frozenset({role}), name="Jo Desk", email=f"{name}@school.example")
        for name, role in (("office", StaffRole.ADMIN), ("second", StaffRole.ADMIN), ("helpdesk", StaffRole.SUPPORT))
    ]
    await create_accounts(portal, None, orders, keep=False)
    settings = load_settings(sis_url=f"sqlite:///{district.path}", portal_url=portal, today=TODAY, public_url=HOME)
    made = create_app(settings, hashing=CHEAPEST)
    async with made.pages.router.lifespan_context(made.pages):
        desk = Desk(made, folder, district)
        for name in ("mother", "other", "office", "second", "helpdesk"):
            given = {"username": name, "password": PASSWORD, "client": "MOBILE"}
            found = await desk.ask(LOG_IN, None, **{"in": given})
            desk.sessions[name] = found["data"]["logIn"]["session"]["accessToken"]
        desk.store(
            "update session set second_factor_at = ? where account_id > 2", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        )
        yield desk


async def test_a_file_goes_with_its_message_and_is_fetched_once_by_its_reader(desk: Desk) -> None:
    file = await desk.file("../../etc/Trip plan.exe")
    assert (await desk.order(file))["message"]["state"] == "WAITING"
    (node,) = (await desk.ask(INBOX))["data"]["me"]["messages"]["nodes"]
    (found,) = node["attachments"]
    told = {name: found[name] for name in ("kind", "title", "mediaType", "bytes", "version", "printed")}
    assert told == {
        "kind": "OTHER", "title": "Trip plan.pdf", "mediaType": "application/pdf", "bytes": len(PDF), "version": 1,
        "printed": False,
    }  # fmt: skip
    # Another session of another family has nothing of it, by no way.
    assert (await desk.ask(ADDRESS, "other", id=found["id"]))["data"]["node"] is None
    assert (await desk.send("GET", found["url"], "other")).status_code == 404
    answer = await desk.send("GET", found["url"], "mother")
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="Trip-plan.pdf"'
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert (await desk.send("GET", found["url"], "mother")).status_code == 404
    # Its address is asked for anew, until the message is taken back.
    first, second = [(await desk.ask(ADDRESS, id=found["id"]))["data"]["node"]["url"] for _ in range(2)]
    assert (await desk.send("GET", first, "mother")).status_code == 200
    id = desk.store("select max(id) from posted_message")[0][0]
    withdraw = "mutation ($id: ID!) { withdrawMessage(id: $id) { __typename } }"
    await desk.ask(withdraw, "office", id=node_id("Message", "portal", id))
    assert (await desk.ask(ADDRESS, id=found["id"]))["data"]["node"] is None
    assert (await desk.send("GET", second, "mother")).status_code == 404


async def test_a_file_is_sent_once_by_whom_it_was_handed_in_by(desk: Desk) -> None:
    file, other = await desk.file(), await desk.file()
    missing = {"problems": [{"code": "FILE_NOT_FOUND", "path": ["input", "fileIds"]}]}
    before = desk.store("select count(*) from posted_message")
    for wrong in (["x"], [node_id("MessageFile", 999)], [file, file], [file, node_id("Message", "portal", 1)]):
        assert await desk.order(*wrong) == missing, wrong
    assert await desk.order(file, session="second") == missing
    many = {"problems": [{"code": "TOO_MANY_FILES", "path": ["input", "fileIds"]}]}
    assert await desk.order(*[file] * 6) == many
    assert desk.store("select count(*) from posted_message") == before
    assert "message" in await desk.order(file, other)
    assert await desk.order(file) == missing


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"MZ\x90\x00" + b"x" * 50, {}, 422),
        (b"<html><script>alert(1)</script>", {}, 422),
        (PDF, {"content_type": "image/png"}, 422),
        (PDF, {"content_type": "text/html"}, 415),
        (PDF, {"content_type": "application/zip"}, 415),
        (PDF, {"content_encoding": "gzip"}, 415),
        (b"", {}, 413),
        (b"%PDF-" + b"x" * MOST_BYTES, {}, 413),
        (PDF, {"origin": "https://evil.example"}, 403),
    ],
)  # fmt: skip
async def test_what_is_no_such_file_is_refused(desk: Desk, content: bytes, headers: Any, status: int) -> None:
    before = desk.store("select count(*) from message_file")
    assert (await desk.hand_in(content, **headers)).status_code == status
    assert desk.store("select count(*) from message_file") == before


async def test_only_senders_hand_files_in_and_not_without_end(desk: Desk) -> None:
    for session, status in ((None, 401), ("mother", 403), ("helpdesk", 403)):
        assert (await desk.hand_in(PDF, session=session)).status_code == status
    desk.store("update session set second_factor_at = null where account_id = 4")
    desk.gateway.house.portal.revocations.rotated(4)  # type: ignore[union-attr]
    assert (await desk.hand_in(PDF, session="second")).status_code == 403
    waiting = desk.store("select count(*) from message_file where message_id is null")[0][0]
    for _ in range(20 - waiting):
        assert (await desk.hand_in(PDF)).status_code == 201
    assert (await desk.hand_in(PDF)).status_code == 429
    portal = desk.gateway.house.portal  # type: ignore[union-attr]
    async with portal.writer.transaction() as transaction:
        assert await forget_waiting_files(transaction, portal.instant() + timedelta(seconds=1)) == 20
    held = b"".join(path.read_bytes() for path in desk.folder.glob("portal.db*") if path.suffix != ".key")
    assert b"Catalog" not in held


def test_a_files_name_is_one_line_without_a_path_and_ends_as_what_it_is() -> None:
    for given, name in (
        ("..\\..\\boot.ini", "boot.png"), ("a/b/", "file.png"), ("", "file.png"), ("...", "file.png"),
        ("plan\r\nset-cookie: x.pdf", "plan set-cookie: x.png"), ("Elternbrief März.docx", "Elternbrief März.png"),
        ("x" * 500, "x" * 120 + ".png"),
    ):  # fmt: skip
        assert file_name(given, "image/png") == name, given
