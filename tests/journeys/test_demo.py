"""A family's first day: the demo is started, asked, followed live, and stopped."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.journeys.running import LOG_IN, Gateway, homeroom, start, stop

FOLLOW = """subscription ($student: ID) { gradeChanged(studentId: $student) {
  cursor occurredAt kind previousPercent previousLetter student { id sourcedId name }
  grade { id percent letter course { title student { id } } } } }"""

CHANGE = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db:\n    db.execute(sys.argv[2], sys.argv[3:])\n"


@pytest_asyncio.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder, where a user might stand."""
    return Path(tmp_path_factory.mktemp("demo"))


@pytest_asyncio.fixture(scope="module")
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    """The demo, running."""
    settings = {"HOMEROOM_WATCH_INTERVAL": "0.1"}
    async with homeroom("demo", "--students", "60", folder=folder, settings=settings) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def token(gateway: Gateway) -> str:
    """A session of the demo's parent."""
    return await gateway.log_in(*gateway.line("parent").split(" "))


def rows(folder: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / ".homeroom" / "demo.db")) as db:
        return db.execute(sql, values).fetchall()


async def change(folder: Path, sql: str, *values: Any) -> None:
    """Change the district's database in another process."""
    path = folder / ".homeroom" / "demo.db"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", CHANGE, path, sql, *map(str, values))
    assert await process.wait() == 0


async def test_the_demo_prints_where_it_is_and_who_can_log_in(gateway: Gateway) -> None:
    assert gateway.url.startswith("http://127.0.0.1:")
    assert gateway.url.endswith("/graphql")
    assert [len(gateway.line(who).split(" ")) for who in ("parent", "staff")] == [2, 2]


async def test_a_parent_logs_in_and_sees_the_grades(gateway: Gateway, token: str, folder: Path) -> None:
    answer = await gateway.ask("{ me { username students { sourcedId courses { grade { percent } } } } }", token=token)
    students = answer["data"]["me"]["students"]
    own = rows(
        folder,
        "select s.student_id from guardian_student s join demo_case c on c.guardian_id = s.guardian_id"
        " where c.name = 'parent' and s.portal_access = 1",
    )
    assert {(int(student["sourcedId"]),) for student in students} == set(own)
    assert sum(course["grade"] is not None for student in students for course in student["courses"]) >= 15


async def test_the_log_in_itself_says_who_has_logged_in(gateway: Gateway) -> None:
    username, password = gateway.line("parent").split(" ")
    async with httpx2.AsyncClient() as client:
        answer = await client.post(
            gateway.url,
            json={
                "query": "mutation ($i: LogInInput!) { logIn(input: $i) { ... on LogInSuccess { me { username"
                " students { id } } session { accessToken } } } }",
                "variables": {"i": {"username": username, "password": password, "client": "WEB"}},
            },
        )
        told = answer.json()["data"]["logIn"]
        assert told["me"]["username"] == username
        assert len(told["me"]["students"]) == 3
        assert told["session"]["accessToken"] is None
        assert "HttpOnly" in answer.headers["set-cookie"]
        again = await client.post(gateway.url, json={"query": "{ me { username } }"})
        assert again.json() == {"data": {"me": {"username": username}}}
        out = await client.post(gateway.url, json={"query": "mutation { logOut { __typename } }"})
        assert out.json() == {"data": {"logOut": {"__typename": "LogOutSuccess"}}}
        gone = await client.post(gateway.url, json={"query": "{ me { username } }"})
        assert gone.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_staff_are_refused_a_familys_record(gateway: Gateway) -> None:
    staff = await gateway.log_in(*gateway.line("staff").split(" "))
    answer = await gateway.ask("{ me { name } }", token=staff)
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_grade_that_another_process_changes_reaches_the_parent_once(
    gateway: Gateway, token: str, folder: Path
) -> None:
    grades = rows(
        folder,
        "select g.id, g.student_id, g.percent, g.letter from grade g join demo_case c on c.student_id = g.student_id"
        " join enrollment e on e.student_id = g.student_id and e.section_id = g.section_id"
        " where c.name = 'parent' and g.released = 1 and g.percent is not null order by g.id limit 2",
    )
    (first, student, percent, letter), (second, *_) = grades
    foreign = rows(
        folder,
        "select g.id from grade g where g.released = 1 and g.student_id not in (select s.student_id"
        " from guardian_student s join demo_case c on c.guardian_id = s.guardian_id where c.name = 'parent') limit 1",
    )[0][0]
    async with asyncio.timeout(30), gateway.socket(token) as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FOLLOW}}))
        # Acknowledged by an answer to a later query on the same socket: the stream is live by then or soon after,
        # and a change before it is live is part of the first snapshot, so the change is repeated until it is heard.
        heard: dict[str, Any] | None = None
        value = 11
        while heard is None:
            value += 1
            await change(folder, "update grade set percent = ?, letter = 'F' where id = ?", value, first)
            try:
                async with asyncio.timeout(1):
                    heard = json.loads(await socket.recv())
            except TimeoutError:
                continue
        event = heard["payload"]["data"]["gradeChanged"]
        assert event["student"]["sourcedId"] == str(student)
        assert event["grade"]["percent"] == str(value)
        assert event["grade"]["letter"] == "F"

        await change(folder, "update grade set percent = 1 where id = ?", foreign)
        await change(folder, "update grade set percent = ?, letter = ? where id = ?", percent, letter, first)
        back = json.loads(await socket.recv())["payload"]["data"]["gradeChanged"]
        assert (back["previousPercent"], back["previousLetter"]) == (str(value), "F")
        assert back["grade"]["percent"] == str(percent).removesuffix(".0")
        await change(folder, "update grade set letter = 'Z' where id = ?", second)
        marker = json.loads(await socket.recv())["payload"]["data"]["gradeChanged"]
        assert marker["grade"]["letter"] == "Z"


async def test_a_log_out_ends_the_sessions_live_streams(gateway: Gateway) -> None:
    token = await gateway.log_in(*gateway.line("parent").split(" "))
    async with asyncio.timeout(20), gateway.socket(token) as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FOLLOW}}))
        assert (await gateway.ask("mutation { logOut { __typename } }", token=token))["data"]
        await socket.wait_closed()
        assert socket.close_code == 4403


async def test_a_refreshed_session_keeps_its_socket(gateway: Gateway, folder: Path) -> None:
    username, password = gateway.line("parent").split(" ")
    log_in = {"username": username, "password": password, "client": "MOBILE"}
    tokens = (await gateway.ask(LOG_IN, given=log_in))["data"]["logIn"]["session"]
    (grade,) = rows(
        folder,
        "select g.id from grade g join demo_case c on c.student_id = g.student_id and c.name = 'parent'"
        " join enrollment e on e.student_id = g.student_id and e.section_id = g.section_id"
        " where g.released = 1 and g.percent is not null order by g.id desc limit 1",
    )[0]
    async with asyncio.timeout(30), gateway.socket(tokens["accessToken"]) as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FOLLOW}}))
        refresh = "mutation ($token: String) { refreshSession(refreshToken: $token) { __typename } }"
        answer = await gateway.ask(refresh, variables={"token": tokens["refreshToken"]})
        assert answer["data"]["refreshSession"]["__typename"] == "LogInSuccess"
        heard = None
        value = 30
        while heard is None:
            value += 1
            await change(folder, "update grade set percent = ? where id = ?", value, grade)
            try:
                async with asyncio.timeout(1):
                    heard = json.loads(await socket.recv())
            except TimeoutError:
                continue
        assert heard["payload"]["data"]["gradeChanged"]["grade"]["percent"] == str(value)
        await socket.send(json.dumps({"id": "2", "type": "subscribe", "payload": {"query": "{ me { username } }"}}))
        told = json.loads(await socket.recv())
        while told["id"] != "2":
            told = json.loads(await socket.recv())
        assert told["payload"] == {"data": {"me": {"username": username}}}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "BAD_USER_INPUT"),
        (b"[]", 400, "BAD_USER_INPUT"),
        (b'{"query": "{"}', 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{ nothing }"}', 400, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(gateway: Gateway, body: bytes, status: int, code: str) -> None:
    headers = {"content-type": "application/json", "accept": "application/graphql-response+json"}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(gateway.url, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == code


async def test_health_is_told_without_details(gateway: Gateway) -> None:
    root = gateway.url.removesuffix("/graphql")
    async with httpx2.AsyncClient() as client:
        assert (await client.get(f"{root}/livez")).text == "alive\n"
        assert (await client.get(f"{root}/readyz")).text == "ready\n"


async def test_a_stopped_gateway_says_goodbye_and_ends_well(tmp_path: Path) -> None:
    async with homeroom("demo", "--students", "25", folder=tmp_path) as gateway:
        token = await gateway.log_in(*gateway.line("parent").split(" "))
        async with asyncio.timeout(20), gateway.socket(token) as socket:
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FOLLOW}}))
            gateway.process.send_signal(signal.SIGTERM)
            await socket.wait_closed()
            assert socket.close_code in (1001, 1012)
        assert await stop(gateway.process) == 0


async def test_a_demo_killed_while_it_is_made_is_made_anew(tmp_path: Path) -> None:
    process = await start("demo", "--students", "3000", "--no-serve", folder=tmp_path)
    async with asyncio.timeout(60):
        while not (tmp_path / ".homeroom").is_dir() or not any((tmp_path / ".homeroom").glob(".demo.db.*")):
            assert process.returncode is None
            await asyncio.sleep(0.01)
    process.kill()
    await process.communicate()
    assert not (tmp_path / ".homeroom" / "demo.db").exists()
    async with homeroom("demo", "--students", "25", folder=tmp_path) as gateway:
        await gateway.log_in(*gateway.line("parent").split(" "))
