"""Documents handed in over HTTP: announced, sent, examined, fetched and removed; and everything that is not taken."""

import asyncio
import hashlib
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from gateway.app import Gateway, create_app
from gateway.authentication import CHEAPEST
from gateway.demo_form import form_text
from gateway.operators import create_accounts, migrate_store
from gateway.sealing import sealer_of
from gateway.settings import load_settings
from gateway.uploads import UploadFolder, UploadMissing
from gateway.uploads.scan import Verdict, scan
from loaders.demo import District, make_district
from loaders.ids import node_id
from loaders.portal.registrations import registration_by_id
from loaders.portal.roles import StaffRole
from resolvers.context import Batch, Caller
from resolvers.portal.accounts import CreateAccount
from resolvers.registration.upload_links import urls_of_uploads
from resolvers.registration.uploads import documents_for_office
from tests.portal import PASSWORD
from tests.registration import YEAR
from tests.uploads import PDF_TYPE, PNG_TYPE, jpeg, pdf, png
from tests.world import TODAY

HOME = "http://127.0.0.1"
LISTED = "https://app.example"
LOG_IN = "mutation ($in: LogInInput!) { logIn(input: $in) { ... on LogInSuccess { session { accessToken } } } }"
START = """mutation ($in: StartRegistrationInput!) { startRegistration(input: $in) {
  ... on RegistrationSuccess { registration { id } } } }"""
BEGIN = """mutation ($in: BeginUploadInput!) { beginUpload(input: $in) {
  ... on BeginUploadSuccess { url upload { id state name mediaType bytes url } }
  ... on Problems { problems { code path } } } }"""
READ = """query ($id: ID!) { node(id: $id) { ... on Registration { complete answersVersion
  uploads { id section field name mediaType bytes sha256 state receivedAt scannedAt url }
  sections { id version faults { field rule } entries { answers { field values } } } } } }"""
SAVE = """mutation ($in: SaveRegistrationInput!) { saveRegistration(input: $in) {
  ... on RegistrationSuccess { registration { id } } ... on Problems { problems { code } } } }"""
REMOVE = """mutation ($id: ID!) { removeUpload(id: $id) {
  ... on RegistrationSuccess { registration { uploads { id } } } ... on Problems { problems { code } } } }"""
#: A scanner that finds INFECTED in a file, has no verdict on UNSURE, and never ends on STUCK.
SCANNER = """#!/bin/sh
[ -z "$HOMEROOM_TEST_SEEN" ] || exit 9
grep -q INFECTED "$1" && exit 1
grep -q UNSURE "$1" && exit 2
exit 0
"""


@dataclass
class Desk:
    """A gateway that takes documents, and the sessions of those who use it."""

    gateway: Gateway
    folder: Path
    district: District
    sessions: dict[str, str] = field(default_factory=dict)
    registration: str = ""

    @property
    def house(self) -> Any:
        return self.gateway.house

    def store(self, sql: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "portal.db")) as connection, connection:
            return connection.execute(sql, values).fetchall()

    def files(self) -> list[Path]:
        return sorted((self.folder / "uploads").iterdir()) if (self.folder / "uploads").is_dir() else []

    async def send(self, method: str, url: str, session: str | None = "mother", **more: Any) -> httpx2.Response:
        headers = dict(more.pop("headers", {}))
        if session is not None:
            headers["authorization"] = f"Bearer {self.sessions[session]}"
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.gateway), base_url=HOME) as client:
            return await client.request(method, url, headers=headers, **more)

    async def ask(self, query: str, session: str | None = "mother", **variables: Any) -> Any:
        answer = await self.send("POST", "/graphql", session, json={"query": query, "variables": variables})
        return answer.json()

    async def begin(self, content: bytes, media_type: str = PDF_TYPE, session: str = "mother", **other: Any) -> Any:
        given = {
            "id": self.registration, "section": "documents", "field": "birth_certificate",
            "fileName": "Acta de <nacimiento>.pdf", "mediaType": media_type, "bytes": len(content), **other,
        }  # fmt: skip
        found = await self.ask(BEGIN, session, **{"in": given})
        return found["data"]["beginUpload"] if found.get("data") else found

    async def put(
        self, url: str, content: bytes, media_type: str = PDF_TYPE, session: str | None = "mother", **more: str
    ) -> httpx2.Response:
        return await self.send("PUT", url, session, content=content, headers={"content-type": media_type, **more})

    async def handed_in(self, content: bytes, media_type: str = PDF_TYPE, **other: Any) -> str:
        """The id of a document that was handed in and examined."""
        begun = await self.begin(content, media_type, **other)
        answer = await self.put(begun["url"], content, media_type)
        assert answer.status_code == 201, answer.text
        await self.house.examiner.examine()
        return str(begun["upload"]["id"])

    async def read(self, session: str = "mother") -> Any:
        found = await self.ask(READ, session, id=self.registration)
        return found["data"]["node"]

    async def upload(self, id: str) -> Any:
        return next((each for each in (await self.read())["uploads"] if each["id"] == id), None)

    async def remove(self, id: str, session: str = "mother") -> Any:
        return (await self.ask(REMOVE, session, id=id))["data"]["removeUpload"]


@pytest_asyncio.fixture(scope="module")
async def desk(tmp_path_factory: Any) -> AsyncIterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMEROOM_TEST_SEEN", "yes")
        async with _desk(Path(tmp_path_factory.mktemp("uploads"))) as desk:
            yield desk


@asynccontextmanager
async def _desk(folder: Path) -> AsyncIterator[Desk]:
    district = make_district(folder / "sis.db", students=40, seed=1, today=TODAY)
    portal = f"sqlite:///{folder}/portal.db"
    await migrate_store(portal)
    case = district.cases["parent"]
    orders = [
        CreateAccount("mother", PASSWORD, str(case.guardian_id), finished=True),
        CreateAccount("other", PASSWORD, str(district.cases["four_children"].guardian_id), finished=True),
        CreateAccount("desk", PASSWORD, roles=frozenset({StaffRole.OFFICE}), name="Jo Desk", email="jo@school.example"),
    ]
    await create_accounts(portal, None, orders, keep=False)
    (folder / "forms").mkdir()
    asked = '"birth_certificate", kind = "DOCUMENT",'
    more = " required = true, max_bytes = 4000, max_documents = 2,"
    (folder / "forms" / "form.toml").write_text(form_text(TODAY).replace(asked, asked + more), "utf-8")
    scanner = folder / "scanner"
    scanner.write_text(SCANNER)
    scanner.chmod(0o700)
    settings = load_settings(
        sis_url=f"sqlite:///{district.path}", portal_url=portal, today=TODAY, public_url=HOME,
        registration=folder / "forms", uploads=folder / "uploads", upload_scan=str(scanner), allowed_origins=(LISTED,),
    )  # fmt: skip
    made = create_app(settings, hashing=CHEAPEST)
    async with made.pages.router.lifespan_context(made.pages):
        desk = Desk(made, folder, district)
        # The tests have it work when they say so.
        await desk.house.examiner.stop()
        for name, username in (("mother", "mother"), ("again", "mother"), ("other", "other"), ("desk", "desk")):
            given = {"username": username, "password": PASSWORD, "client": "MOBILE"}
            found = await desk.ask(LOG_IN, None, **{"in": given})
            desk.sessions[name] = found["data"]["logIn"]["session"]["accessToken"]
        started: Any = {"schoolYear": YEAR, "studentId": node_id("Student", case.student_id or 0)}
        begun = await desk.ask(START, **{"in": started})
        desk.registration = begun["data"]["startRegistration"]["registration"]["id"]
        yield desk


async def test_a_document_is_sealed_on_disk_listed_and_fetched_once_by_its_session(desk: Desk) -> None:
    content = pdf(b"<< /Title (born in Maple Falls) >>")
    begun = await desk.begin(content)
    assert (begun["upload"]["state"], begun["upload"]["url"]) == ("EXPECTED", None)
    for wrong in ("again", "other", "desk", None):
        assert (await desk.put(begun["url"], content, session=wrong)).status_code == 404
    assert desk.files() == []
    assert (await desk.put(begun["url"], content)).status_code == 201
    assert (await desk.put(begun["url"], content)).status_code == 404
    await desk.house.examiner.examine()
    found = await desk.upload(begun["upload"]["id"])
    assert (found["state"], found["name"], found["bytes"]) == ("CLEAN", "Acta de <nacimiento>.pdf", len(content))
    assert found["sha256"] == hashlib.sha256(content).hexdigest()
    assert found["scannedAt"] >= found["receivedAt"]
    (file,) = desk.files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert b"Maple Falls" not in file.read_bytes()
    assert b"nacimiento" not in (desk.folder / "portal.db").read_bytes()
    for wrong in ("again", "other", "desk", None):
        assert (await desk.send("GET", found["url"], wrong)).status_code == 404
    answer = await desk.send("GET", found["url"])
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == PDF_TYPE
    assert answer.headers["content-disposition"] == 'attachment; filename="Acta-de-nacimiento.pdf"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert (await desk.send("GET", found["url"])).status_code == 404
    (again,) = desk.files()
    again.write_bytes(b"another file")
    assert (await desk.send("GET", (await desk.upload(begun["upload"]["id"]))["url"])).status_code == 503
    assert "problems" not in await desk.remove(begun["upload"]["id"])
    await desk.house.examiner.clear()
    assert desk.files() == []


async def test_what_the_form_or_the_announcement_does_not_take_is_not_kept(desk: Desk) -> None:
    content = pdf()
    refusals = [
        ({"media_type": "text/html"}, "DOCUMENT_TYPE"),
        ({"bytes": 4001}, "DOCUMENT_TOO_LARGE"),
        ({"bytes": 0}, "DOCUMENT_TOO_LARGE"),
        ({"fileName": "a\nb.pdf"}, "TEXT_UNREADABLE"),
        ({"section": "nothing"}, "SECTION_UNKNOWN"),
        ({"section": "student", "field": "given_name"}, "FIELD_UNKNOWN"),
        ({"id": node_id("Registration", 99)}, "REGISTRATION_NOT_FOUND"),
        ({"session": "other"}, "REGISTRATION_NOT_FOUND"),
    ]
    for other, code in refusals:
        assert [each["code"] for each in (await desk.begin(content, **other))["problems"]] == [code]  # type: ignore[arg-type]
    begun = await desk.begin(content)
    url = begun["url"]
    assert (await desk.put(url, content, "text/html")).status_code == 415
    assert (await desk.put(url, content, **{"content-encoding": "gzip"})).status_code == 415
    assert (await desk.put(url, content + b" ")).status_code == 400
    assert (await desk.put(url, content[:-1])).status_code == 400
    assert (await desk.put(url, content, origin="https://elsewhere.example")).status_code == 403
    page = b"<script>alert(1)</script>".ljust(len(content))
    answer = await desk.put(url, page)
    assert (answer.status_code, "not a PDF" in answer.text) == (422, True)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"%PDF-1.7\n" * 1000

    assert (await desk.send("PUT", url, content=endless(), headers={"content-type": PDF_TYPE})).status_code == 400
    assert desk.house.intake.held == 0
    assert desk.files() == []
    assert (await desk.put(url, content)).status_code == 201
    second = await desk.begin(png(), PNG_TYPE)
    third = await desk.begin(content)
    assert [each["code"] for each in third["problems"]] == ["TOO_MANY_DOCUMENTS"]
    for each in (begun, second):
        assert "problems" not in await desk.remove(each["upload"]["id"])
    assert (await desk.put(second["url"], png(), PNG_TYPE)).status_code == 404
    assert (await desk.remove(begun["upload"]["id"]))["problems"][0]["code"] == "DOCUMENT_UNKNOWN"
    await desk.house.examiner.clear()
    assert desk.files() == []
    assert desk.store("select count(*) from registration_upload where stored_as is not null") == [(0,)]


async def test_a_required_document_answers_once_it_is_clean_and_an_infected_one_never(desk: Desk) -> None:
    async def named(*ids: str) -> Any:
        now = await desk.read()
        version = next(each["version"] for each in now["sections"] if each["id"] == "documents")
        given: Any = {"id": desk.registration, "section": "documents", "version": version,
                 "answers": [{"field": "birth_certificate", "values": list(ids)}]}  # fmt: skip
        saved = (await desk.ask(SAVE, **{"in": given}))["data"]["saveRegistration"]
        section = next(each for each in (await desk.read())["sections"] if each["id"] == "documents")
        return saved.get("problems"), [each["rule"] for each in section["faults"]]

    assert await named() == (None, ["REQUIRED"])
    held = await desk.handed_in(pdf(b"(UNSURE)"))
    assert (await desk.upload(held))["state"] == "RECEIVED"
    assert await named(held) == (None, ["EXAMINED"])
    infected = await desk.begin(pdf(b"(INFECTED)"))
    assert (await desk.put(infected["url"], pdf(b"(INFECTED)"))).status_code == 201
    assert await named(infected["upload"]["id"]) == (None, ["EXAMINED"])
    before = (await desk.read())["answersVersion"]
    await desk.house.examiner.examine()
    now = await desk.read()
    section = next(each for each in now["sections"] if each["id"] == "documents")
    assert [each["rule"] for each in section["faults"]] == ["REQUIRED"]
    assert section["entries"] == [{"answers": [{"field": "birth_certificate", "values": []}]}]
    assert now["answersVersion"] != before
    assert (await desk.upload(infected["upload"]["id"]))["state"] == "REFUSED"
    assert (await desk.upload(infected["upload"]["id"]))["url"] is None
    assert await named(infected["upload"]["id"]) == ([{"code": "DOCUMENT_UNKNOWN"}], ["REQUIRED"])
    await desk.remove(held)
    clean = await desk.handed_in(jpeg(), "image/jpeg")
    assert await named(clean) == (None, [])
    await desk.house.examiner.clear()
    assert len(desk.files()) == 1


async def test_the_office_sees_what_was_submitted_and_is_clean_and_nothing_else(desk: Desk) -> None:
    clean = await desk.handed_in(png(), PNG_TYPE, field="other")
    held = await desk.handed_in(pdf(b"(UNSURE)"), field="other")
    desk.store("update session set second_factor_at = created_at")
    desk.store("insert into staff_school select id, '' from account where username = 'desk'")
    for row in desk.store("select id from session"):
        desk.house.portal.revocations.rotated(row[0])
    context = await desk.house.edge.open_context(Caller(desk.sessions["desk"]))

    async def seen() -> tuple[list[str], list[int]]:
        registration = await registration_by_id(desk.house.writer, 1)
        assert registration is not None
        listed = [str(each.upload.id) for each in await documents_for_office(context, registration)]
        urls = await urls_of_uploads([int(clean), int(held)], Batch(context))
        return listed, [(await desk.send("GET", url or "", "desk")).status_code for url in urls]

    assert await seen() == ([], [404, 404])
    desk.store("update registration set state = 'SUBMITTED'")
    listed, codes = await seen()
    assert (clean in listed, held in listed, codes) == (True, False, [200, 404])
    desk.store("update staff_school set school_id = 'another'")
    assert await seen() == ([], [404, 404])
    desk.store("update staff_school set school_id = ''")
    assert (await desk.begin(png(), PNG_TYPE))["problems"][0]["code"] == "STATE_WRONG"
    assert (await desk.remove(clean))["problems"][0]["code"] == "STATE_WRONG"
    desk.store("update registration set state = 'WITHDRAWN'")
    assert await seen() == ([], [404, 404])
    desk.store("update registration set state = 'DRAFT'")


async def test_two_who_send_to_one_address_at_once_leave_one_file(desk: Desk) -> None:
    content = png()
    begun = await desk.begin(content, PNG_TYPE, field="other")
    answers = await asyncio.gather(*(desk.put(begun["url"], content, PNG_TYPE) for _ in range(4)))
    codes = sorted(each.status_code for each in answers)
    assert codes[0] == 201
    assert set(codes[1:]) <= {404, 503}
    known = {row[0] for row in desk.store("select stored_as from registration_upload where stored_as is not null")}
    assert {file.name for file in desk.files()} == known
    assert await desk.house.examiner.strangers() == 0
    (desk.folder / "uploads" / "stranger").write_bytes(b"x")
    assert await desk.house.examiner.strangers() == 1


async def test_a_page_of_a_listed_site_hands_documents_in_and_one_of_another_does_not(desk: Desk) -> None:
    content = pdf()
    url = (await desk.begin(content))["url"]
    for origin in ("https://evil.example", "null", f"{LISTED}.evil"):
        asked = {"origin": origin, "access-control-request-method": "PUT"}
        assert "access-control-allow-origin" not in (await desk.send("OPTIONS", url, None, headers=asked)).headers
        refused = await desk.put(url, content, origin=origin, **{"sec-fetch-site": "cross-site"})
        assert (refused.status_code, refused.headers.get("access-control-allow-origin")) == (403, None)
    wish = {"access-control-request-method": "PUT", "access-control-request-headers": "authorization, content-type"}
    preflight = await desk.send("OPTIONS", url, None, headers={"origin": LISTED, **wish})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, LISTED)
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    taken = await desk.put(url, content, origin=LISTED, **{"sec-fetch-site": "cross-site"})
    assert (taken.status_code, taken.headers["access-control-allow-origin"]) == (201, LISTED)


def test_what_a_dead_process_left_open_or_half_written_is_cleared_away(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path / "kept", sealer_of(b"k" * 32))
    folder.put("one", 1, b"content")
    with folder.opened("one", 1) as path:
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"content", 0o600)
    (tmp_path / "kept" / "one.0123.open").write_bytes(b"content")
    (tmp_path / "kept" / "two.part").write_bytes(b"con")
    folder.clear(older_than=3600)
    assert len([*(tmp_path / "kept").iterdir()]) == 3
    folder.clear(older_than=-1)
    assert [each.name for each in (tmp_path / "kept").iterdir()] == ["one"] == [*folder.names()]
    with pytest.raises(UploadMissing):
        folder.get("one", 2)


async def test_a_scanner_that_is_not_there_or_does_not_end_gives_no_verdict(tmp_path: Path) -> None:
    assert await scan(["sh", "-c", "sleep 600"], tmp_path, seconds=0.1) is Verdict.UNSURE
    assert await scan(["/nowhere/scanner"], tmp_path) is Verdict.UNSURE
    assert await scan(["sh", "-c", "kill -9 $$"], tmp_path) is Verdict.UNSURE
