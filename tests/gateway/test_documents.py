"""Documents by their addresses: good once, for minutes, for one session, and only while the rights still hold."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pypdf import PdfReader

from gateway.app import Gateway, create_app
from gateway.authentication import CHEAPEST
from gateway.operators import create_accounts, migrate_store
from gateway.papers import PaperMissing, issued_pdf
from gateway.settings import load_settings
from loaders.demo import District, make_district
from loaders.ids import node_id
from loaders.portal.document_links import AT_ONCE, add_links
from loaders.portal.roles import StaffRole
from resolvers.context import Caller, Context, Viewer
from resolvers.portal.accounts import CreateAccount
from resolvers.portal.staff_accounts import disable_account, enable_account
from tests.portal import PASSWORD
from tests.world import TODAY, noon

HOME = "http://127.0.0.1"
LOG_IN = "mutation ($in: LogInInput!) { logIn(input: $in) { ... on LogInSuccess { session { accessToken } } } }"
CARDS = "{ me { students { id reportCards { id kind title issuedOn version supersedes current printed url } } } }"
TITLES = "{ me { students { id documents { id title printed version term { name } firstViewedAt } } } }"
ADDRESS = "query ($id: ID!) { node(id: $id) { ... on Document { url title } } }"
VIEWED = "query ($id: ID!) { node(id: $id) { ... on Document { firstViewedAt } } }"
TRANSCRIPT = "{ me { students { id transcript { document { id title kind printed url } } } } }"
ADMIN = frozenset({StaffRole.ADMIN})
PDF = b"%PDF-1.7\nas the school issued it\n%%EOF\n"


@dataclass
class Desk:
    """A gateway over a district of its own, and sessions of those who use it."""

    gateway: Gateway
    folder: Path
    district: District
    sessions: dict[str, str] = field(default_factory=dict)

    def sis(self, sql: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.district.path)) as connection, connection:
            return connection.execute(sql, values).fetchall()

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

    async def fetch(self, url: str, session: str | None = "mother", **headers: str) -> httpx2.Response:
        return await self.send("GET", url, session, headers=headers)

    async def ask(self, query: str, session: str | None = "mother", **variables: Any) -> Any:
        answer = await self.send("POST", "/graphql", session, json={"query": query, "variables": variables})
        return answer.json()

    async def log_in(self, name: str, username: str) -> None:
        given = {"username": username, "password": PASSWORD, "client": "MOBILE"}
        found = await self.ask(LOG_IN, None, **{"in": given})
        self.sessions[name] = found["data"]["logIn"]["session"]["accessToken"]

    async def address(self, name: str, session: str = "mother", student: int | None = None) -> str:
        """A new address of one of the eldest's documents, by its name within the student."""
        found = await self.ask(ADDRESS, session, id=self.id_of(name, student))
        url: str = found["data"]["node"]["url"]
        return url

    def id_of(self, name: str, student: int | None = None) -> str:
        return node_id("Document", self.student if student is None else student, name)

    @property
    def student(self) -> int:
        return self.district.cases["parent"].student_id or 0

    @property
    def card(self) -> str:
        """The name of a report card that is printed."""
        (row,) = self.sis(
            "select min(term_id) from grade where student_id = ? and kind = 'POSTED' and task = 'Quarter Grade' "
            "and released = 1",
            self.student,
        )
        return f"card-{row[0]}"


@pytest_asyncio.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = Path(tmp_path_factory.mktemp("documents"))
    district = make_district(folder / "sis.db", students=40, seed=1, today=TODAY)
    portal = f"sqlite:///{folder}/portal.db"
    await migrate_store(portal)
    orders = [
        CreateAccount(name, PASSWORD, str(district.cases[case].guardian_id), finished=True)
        for name, case in (("mother", "parent"), ("father", "two_households"), ("other", "four_children"))
    ]
    orders.append(CreateAccount("principal", PASSWORD, roles=ADMIN, name="Jo Desk", email="jo@school.example"))
    await create_accounts(portal, None, orders, keep=False)
    (folder / "issued" / "1").mkdir(parents=True)
    settings = load_settings(
        sis_url=f"sqlite:///{district.path}", portal_url=portal, today=TODAY, public_url=HOME,
        documents=folder / "issued",
    )  # fmt: skip
    made = create_app(settings, hashing=CHEAPEST)
    async with made.pages.router.lifespan_context(made.pages):
        desk = Desk(made, folder, district)
        for name, username in (("mother", "mother"), ("again", "mother"), ("father", "father"), ("other", "other")):
            await desk.log_in(name, username)
        yield desk


def text_of(answer: httpx2.Response) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)


async def test_report_cards_are_those_issued_by_version_and_one_for_every_term_with_grades(desk: Desk) -> None:
    found = await desk.ask(CARDS)
    (cards,) = [each["reportCards"] for each in found["data"]["me"]["students"] if each["id"] == node_id("Student", 1)]
    assert desk.student == 1
    told = [(card["title"], card["issuedOn"], card["version"], card["current"], card["printed"]) for card in cards]
    assert told == [
        ("Report card, Quarter 1", None, 1, True, True),
        ("Report card 2025-2026", "2026-06-19", 2, True, False),
        ("Report card 2025-2026", "2026-06-08", 1, False, False),
    ]
    assert [card["supersedes"] for card in cards] == [None, cards[2]["id"], None]
    assert {card["kind"] for card in cards} == {"REPORT_CARD"}


async def test_documents_hold_letters_too_and_nothing_that_is_not_released(desk: Desk) -> None:
    found = await desk.ask(TITLES)
    (own,) = [each["documents"] for each in found["data"]["me"]["students"] if each["id"] == node_id("Student", 1)]
    assert [(each["title"], each["term"] and each["term"]["name"]) for each in own] == [
        ("Report card, Quarter 1", "Quarter 1"),
        ("Welcome to the school year", "2026-2027"),
        ("Report card 2025-2026", None),
        ("Report card 2025-2026", None),
    ]


async def test_a_printed_report_card_is_fetched_once_and_the_log_tells_of_it(desk: Desk) -> None:
    url = await desk.address(desk.card)
    assert url.startswith(f"{HOME}/documents/")
    assert (await desk.ask(VIEWED, id=desk.id_of(desk.card)))["data"]["node"]["firstViewedAt"] is None
    answer = await desk.fetch(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="Report-card-Quarter-1.pdf"'
    text = text_of(answer)
    (name,) = desk.sis("select coalesce(preferred_name, given_name) || ' ' || family_name from student where id = 1")
    posted = desk.sis(
        "select section.title, grade.percent from grade join section on section.id = grade.section_id "
        "where grade.student_id = 1 and grade.kind = 'POSTED' and grade.task = 'Quarter Grade' and grade.released = 1"
    )
    assert name[0] in text
    assert posted
    for title, percent in posted:
        assert any(title in line and f"{percent:g}" in line for line in text.splitlines()), title
    assert "Attendance" in text
    assert (await desk.fetch(url)).status_code == 404
    viewed = (await desk.ask(VIEWED, id=desk.id_of(desk.card)))["data"]["node"]["firstViewedAt"]
    assert viewed is not None
    again = await desk.fetch(await desk.address(desk.card))
    assert again.status_code == 200
    assert (await desk.ask(VIEWED, id=desk.id_of(desk.card)))["data"]["node"]["firstViewedAt"] == viewed
    assert (await desk.ask(VIEWED, "father", id=desk.id_of(desk.card)))["data"]["node"]["firstViewedAt"] is None
    log = await desk.ask("{ me { accessLog(first: 2) { nodes { kind by } } } }")
    assert log["data"]["me"]["accessLog"]["nodes"] == [{"kind": "DOCUMENT_FETCHED", "by": "SELF"}] * 2


async def test_an_unofficial_transcript_says_so_on_every_page(desk: Desk) -> None:
    found = await desk.ask(TRANSCRIPT)
    (document,) = [
        each["transcript"]["document"]
        for each in found["data"]["me"]["students"]
        if each["id"] == node_id("Student", 1)
    ]
    assert (document["title"], document["kind"], document["printed"]) == ("Unofficial transcript", "TRANSCRIPT", True)
    answer = await desk.fetch(document["url"])
    pages = PdfReader(BytesIO(answer.content)).pages
    assert all("UNOFFICIAL" in page.extract_text() for page in pages)
    text = text_of(answer)
    for title, letter in desk.sis(
        "select course_title, letter from transcript_entry where student_id = 1 and in_progress = 0"
    ):
        assert f"{title} {letter}" in text


async def test_what_the_school_issued_is_given_out_as_it_is(desk: Desk) -> None:
    file = desk.folder / "issued" / "1" / "report_card-2.pdf"
    url = await desk.address("issued-2")
    assert (await desk.fetch(url)).status_code == 503, "the file is not there"
    file.write_bytes(b"GIF89a")
    assert (await desk.fetch(url)).status_code == 503, "it is no PDF"
    file.write_bytes(PDF)
    answer = await desk.fetch(url)
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-disposition"] == 'attachment; filename="Report-card-2025-2026-version-2.pdf"'


@pytest.mark.parametrize("session", [None, "again", "father", "other"])
async def test_an_address_is_nothing_to_any_other_session_and_stays_good(desk: Desk, session: str | None) -> None:
    url = await desk.address(desk.card)
    refused = await desk.fetch(url, session)
    made_up = await desk.fetch(f"/documents/{'x' * 43}", session)
    assert (refused.status_code, refused.content) == (404, made_up.content)
    assert (await desk.fetch(url)).status_code == 200


async def test_looking_and_other_sites_use_nothing_up(desk: Desk) -> None:
    url = await desk.address(desk.card)
    assert (await desk.send("HEAD", url, "mother")).status_code == 405
    assert (await desk.fetch(url, **{"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await desk.fetch(url)).status_code == 200


async def test_an_address_is_good_for_five_minutes(desk: Desk) -> None:
    url = await desk.address(desk.card)
    desk.store("update document_link set expires_at = '2020-01-01T00:00:00Z' where used_at is null")
    assert (await desk.fetch(url)).status_code == 404


@pytest.mark.parametrize(
    ("close", "open_again"),
    [
        pytest.param(
            "update guardian_student set portal_access = 0 where student_id = 1",
            "update guardian_student set portal_access = 1 where student_id = 1",
            id="the right was taken away",
        ),
        pytest.param(
            "update guardian_student set ends_on = '2026-11-22' where student_id = 1 and guardian_id = 1",
            "update guardian_student set ends_on = null where student_id = 1 and guardian_id = 1",
            id="the right has ended",
        ),
        pytest.param(
            "update grade set released = 0 where student_id = 1 and task = 'Quarter Grade'",
            "update grade set released = 1 where student_id = 1 and task = 'Quarter Grade'",
            id="the grades were taken back",
        ),
        pytest.param(
            "insert into withheld_area (guardian_id, student_id, area) select guardian_id, 1, 'DOCUMENTS' "
            "from guardian_student where student_id = 1",
            "delete from withheld_area where student_id = 1 and area = 'DOCUMENTS'",
            id="the area was closed",
        ),
        pytest.param(
            "insert into withheld_area (guardian_id, student_id, area) select guardian_id, 1, 'GRADES' "
            "from guardian_student where student_id = 1",
            "delete from withheld_area where student_id = 1 and area = 'GRADES'",
            id="the area of what it holds was closed",
        ),
        pytest.param(
            "update student set birth_date = '2008-11-23' where id = 1",
            "update student set birth_date = '2011-03-05' where id = 1",
            id="the student has turned eighteen",
        ),
    ],
)
async def test_the_rights_are_asked_again_at_the_door(desk: Desk, close: str, open_again: str) -> None:
    url = await desk.address(desk.card)
    hidden = desk.sis("select id from grade where student_id = 1 and released = 0")
    desk.sis(close)
    try:
        assert (await desk.fetch(url)).status_code == 404
    finally:
        desk.sis(open_again)
        for (grade,) in hidden:
            desk.sis("update grade set released = 0 where id = ?", grade)
    assert desk.store("select count(*) from document_link where used_at is null and expires_at > '2021'") != [(0,)]


async def test_a_session_that_has_ended_fetches_nothing(desk: Desk) -> None:
    await desk.log_in("leaving", "mother")
    url = await desk.address(desk.card, "leaving")
    await desk.ask("mutation { logOut { __typename } }", "leaving")
    assert (await desk.fetch(url, "leaving")).status_code == 404


async def test_an_account_that_was_disabled_fetches_nothing(desk: Desk) -> None:
    url = await desk.address(desk.card, "again")
    house: Any = desk.gateway.house
    ((account,),) = desk.store("select id from account where username = 'principal'")
    admin = Viewer(account, 0, "principal", None, ADMIN, datetime.max.replace(tzinfo=UTC), second_factor=True)
    office = Context(house.source, admin, Caller(), portal=house.portal, live=house.live)
    await disable_account(office, "mother")
    try:
        assert (await desk.fetch(url, "again")).status_code == 404
    finally:
        await enable_account(office, "mother")
        for name in ("mother", "again"):
            await desk.log_in(name, "mother")


async def test_of_two_who_come_at_once_one_gets_the_document(desk: Desk) -> None:
    url = await desk.address(desk.card)
    answers = await asyncio.gather(*(desk.fetch(url) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


async def test_every_answer_has_addresses_of_its_own_and_the_store_never_their_secrets(desk: Desk) -> None:
    urls = [
        card["url"]
        for _ in range(3)
        for student in (await desk.ask(CARDS))["data"]["me"]["students"]
        for card in student["reportCards"]
    ]
    assert len(set(urls)) == len(urls) > 6
    kept = b"".join(file.read_bytes() for file in desk.folder.glob("portal.db*"))
    for url in urls:
        assert url.rsplit("/", 1)[1].encode() not in kept


async def test_a_document_of_another_family_is_not_there(desk: Desk) -> None:
    for name in (desk.card, "issued-1", "transcript"):
        found = await desk.ask(ADDRESS, "other", id=desk.id_of(name))
        assert found == {"data": {"node": None}}
    for name in ("issued-3", "issued-999", "card-999", "nothing"):
        assert (await desk.ask(ADDRESS, id=desk.id_of(name))) == {"data": {"node": None}}, name


class _Counting:
    """A transaction that only counts."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    async def execute(self, sql: str, params: Any = None) -> int:
        self.rows.append(sql.count("(:hash_"))
        return 0


async def test_a_list_of_addresses_is_one_statement() -> None:
    for asked, sent in ((40, [40]), (AT_ONCE + 1, [AT_ONCE, 1])):
        counting: Any = _Counting()
        places = [(str(n), ("1", "transcript")) for n in range(asked)]
        await add_links(counting, places, session_id=1, account_id=1, expires_at=noon(TODAY))
        assert counting.rows == sent


@pytest.mark.parametrize(
    "path",
    [None, "", "../portal.db", "a/../../secret.pdf", "/etc/secret.pdf", "link.pdf", "a\\b.pdf", "a\x00.pdf", "sis.db",
     "folder.pdf", "nothing.pdf"],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder_or_to_what_is_no_pdf(tmp_path: Path, path: str | None) -> None:
    folder = tmp_path / "issued"
    (folder / "folder.pdf").mkdir(parents=True)
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (folder / "sis.db").write_bytes(PDF)
    (folder / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "good.pdf").write_bytes(PDF)
    assert issued_pdf(folder, "good.pdf") == PDF
    with pytest.raises(PaperMissing):
        issued_pdf(folder, path)
    with pytest.raises(PaperMissing):
        issued_pdf(None, "good.pdf")
