"""The receipt of what was signed, over HTTP: every answer as it was shown, once, for its signer's session alone."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio
from pypdf import PdfReader

from gateway.app import Gateway, create_app
from gateway.authentication import CHEAPEST
from gateway.demo_form import write_form
from gateway.operators import create_accounts, migrate_store
from gateway.settings import load_settings
from loaders.demo import District, make_district
from loaders.ids import node_id
from resolvers.portal.accounts import CreateAccount
from tests.portal import PASSWORD
from tests.registration import YEAR, demo_form, everything, right_entry
from tests.world import TODAY

HOME = "http://127.0.0.1"
LOG_IN = "mutation ($in: LogInInput!) { logIn(input: $in) { ... on LogInSuccess { session { accessToken } } } }"
START = """mutation ($in: StartRegistrationInput!) { startRegistration(input: $in) {
  ... on RegistrationSuccess { registration { id } } } }"""
SAVE = """mutation ($in: SaveRegistrationInput!) { saveRegistration(input: $in) {
  ... on RegistrationSuccess { registration { answersVersion } } ... on Problems { problems { code } } } }"""
SIGN = """mutation ($in: SubmitRegistrationInput!) { submitRegistration(input: $in) {
  ... on RegistrationSuccess { registration { state } } ... on Problems { problems { code } } } }"""
READ = """query ($id: ID!) { me { name } node(id: $id) { ... on Registration { answersVersion student { name }
  school { name } sections { id version } receipts { signedAt url } signature { statement } } } }"""


class Site:
    """A gateway with a mother's two sessions, and another parent's."""

    def __init__(self, gateway: Gateway, folder: Path, district: District) -> None:
        self.gateway, self.folder, self.district = gateway, folder, district
        self.sessions: dict[str, str] = {}

    async def get(self, url: str, session: str | None) -> httpx2.Response:
        """What that address gives that session."""
        headers = {} if session is None else {"authorization": f"Bearer {self.sessions[session]}"}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.gateway), base_url=HOME) as client:
            return await client.get(url, headers=headers)

    async def ask(self, query: str, session: str | None = "mother", **variables: Any) -> Any:
        """The data of an answer."""
        headers = {} if session is None else {"authorization": f"Bearer {self.sessions[session]}"}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.gateway), base_url=HOME) as client:
            body = {"query": query, "variables": variables}
            answer = (await client.post("/graphql", headers=headers, json=body)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def store(self, sql: str, *values: Any) -> list[Any]:
        """What a statement answers in the store."""
        with closing(sqlite3.connect(self.folder / "portal.db")) as connection, connection:
            return connection.execute(sql, values).fetchall()

    async def receipts(self, id: str, session: str = "mother") -> list[str]:
        """The addresses of the receipts that a session is told."""
        found = (await self.ask(READ, session, id=id))["node"]
        return [each["url"] for each in found["receipts"]] if found else []


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    district = make_district(tmp_path / "sis.db", students=40, seed=1, today=TODAY)
    portal = f"sqlite:///{tmp_path}/portal.db"
    await migrate_store(portal)
    orders = [
        CreateAccount("mother", PASSWORD, str(district.cases["parent"].guardian_id), finished=True),
        CreateAccount("other", PASSWORD, str(district.cases["four_children"].guardian_id), finished=True),
    ]
    await create_accounts(portal, None, orders)
    settings = load_settings(
        sis_url=f"sqlite:///{district.path}", portal_url=portal, today=TODAY, public_url=HOME,
        registration=write_form(tmp_path / "forms", TODAY, keep=False).parent, district_name="Maple Falls",
    )  # fmt: skip
    made = create_app(settings, hashing=CHEAPEST)
    async with made.pages.router.lifespan_context(made.pages):
        site = Site(made, tmp_path, district)
        for name, username in (("mother", "mother"), ("again", "mother"), ("other", "other")):
            given = {"username": username, "password": PASSWORD, "client": "MOBILE"}
            found = await site.ask(LOG_IN, None, **{"in": given})
            site.sessions[name] = found["logIn"]["session"]["accessToken"]
        yield site


async def _signed(site: Site, id: str, sections: list[str], middle: str, language: str | None) -> Any:
    """Fills the sections in and signs them."""
    form = demo_form()
    for name in sections:
        entry: Any = right_entry(form.by_id[name])
        if name == "student":
            entry = {**entry, "middle_name": [middle], "race": ["asian", "white"]}
        before = (await site.ask(READ, id=id))["node"]["sections"]
        version = next(each["version"] for each in before if each["id"] == name)
        answers = [{"field": field, "values": values} for field, values in entry.items()]
        order: Any = {"id": id, "section": name, "version": version, "answers": answers}
        saved = await site.ask(SAVE, **{"in": order})
        assert "registration" in saved["saveRegistration"], saved
    read = await site.ask(READ, id=id)
    order = {"id": id, "signature": read["me"]["name"], "answersVersion": read["node"]["answersVersion"],
             "language": language}  # fmt: skip
    done = await site.ask(SIGN, **{"in": order})
    assert done["submitRegistration"].get("registration", {}).get("state") == "SUBMITTED", done
    return await site.ask(READ, id=id)


def _text(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


async def test_a_receipt_holds_what_was_signed_for_its_signer_alone_and_stays_when_answers_change(site: Site) -> None:
    student = site.district.cases["parent"].student_id or 0
    start: Any = {"schoolYear": YEAR, "studentId": node_id("Student", student)}
    begun = await site.ask(START, **{"in": start})
    id = begun["startRegistration"]["registration"]["id"]
    assert await site.receipts(id) == []
    names = [section.id for section in demo_form().sections if section.id != "documents"]
    read = await _signed(site, id, names, "静怡 <script>", "es")
    (url,) = await site.receipts(id)
    for wrong in ("again", "other", None):
        assert (await site.get(url, wrong)).status_code == 404
    assert await site.receipts(id, "other") == []
    fetched = await site.get(url, "mother")
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "application/pdf")
    assert fetched.headers["cache-control"] == "no-store"
    assert 'filename="Registration-1-receipt.pdf"' in fetched.headers["content-disposition"]
    assert (await site.get(url, "mother")).status_code == 404
    root: Any = PdfReader(BytesIO(fetched.content)).root_object
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"].value) == ("es", True)
    text = _text(fetched.content)
    ((session, statement_hash, answers_hash),) = site.store(
        "select session_id, statement_hash, answers_hash from registration_signature"
    )
    statement = read["node"]["signature"]["statement"]
    assert hashlib.sha256(statement.encode()).hexdigest() == statement_hash
    for part in (
        "Recibo: Inscripción", "Maple Falls", read["node"]["student"]["name"], read["node"]["school"]["name"],
        "静怡 <script>", "Asiático, Blanco", "De acuerdo", "65101", "2015-04-30", read["me"]["name"],
        f"Sesión {session}", "Firmado el 20",
    ):  # fmt: skip
        assert part in text, part
    for digest in (statement_hash, answers_hash):
        assert digest in text.replace(" ", "")
    assert b"<script>" not in everything(site.folder / "portal.db")

    site.store("update registration set state = 'NEEDS_CHANGES', version = version + 1")
    await _signed(site, id, ["student"], "Ray", None)
    first, second = await site.receipts(id)
    assert "静怡 <script>" in _text((await site.get(first, "mother")).content)
    assert "Ray" in (again := _text((await site.get(second, "mother")).content))
    assert "Receipt: Registration" in again
    actions = [row[0] for row in site.store("select action from audit where action like '%RECEIPT%'")]
    assert actions == ["REGISTRATION_RECEIPT_FETCHED"] * 3

    (kept, _) = await site.receipts(id)
    with closing(sqlite3.connect(site.district.path)) as source, source:
        source.execute("update guardian_student set ends_on = '2026-11-01' where student_id = ?", (student,))
    assert (await site.get(kept, "mother")).status_code == 404
