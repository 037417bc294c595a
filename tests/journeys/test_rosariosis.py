"""A district's first day: RosarioSIS as it stands is proven, served to its parents, and followed live."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio

from loaders.dialect import Dialect
from tests import documents
from tests.journeys.running import Gateway, homeroom, run
from tests.loaders.dumps import Loaded, loaded
from tests.loaders.servers import Proxy

pytestmark = [pytest.mark.dumps]

PASSWORD = "Maple-Falls 2026!"
# A run that was killed leaves its role behind, which must be in no other run's way.
READER = f"hr_test_reader_{os.getpid()}"
PORTS = {Dialect.POSTGRESQL: 5432, Dialect.MYSQL: 3306}
FOLLOW = "subscription { gradeChanged { previousPercent grade { percent } student { sourcedId } } }"


@dataclass(frozen=True)
class District:
    """A running gateway over RosarioSIS, its database, its settings, and the line between the two."""

    gateway: Gateway
    database: Loaded
    settings: dict[str, str]
    folder: Path
    proxy: Proxy


@pytest_asyncio.fixture(
    scope="module",
    params=[
        pytest.param((Dialect.POSTGRESQL, "rosariosis_pg.sql.gz"), marks=pytest.mark.postgresql),
        pytest.param((Dialect.MYSQL, "rosariosis_mysql.sql.gz"), marks=pytest.mark.mariadb),
    ],
    ids=["postgresql", "mariadb"],
)
async def district(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[District]:
    """RosarioSIS with a user that only reads, two accounts, and a gateway that watches it closely."""
    dialect, dump = request.param
    folder = Path(tmp_path_factory.mktemp("rosariosis"))
    async with loaded(dump, dialect) as database:
        settings = {
            "HOMEROOM_SIS_URL": await reader(database, dialect),
            "HOMEROOM_SIS_ADAPTER": "rosariosis",
            "HOMEROOM_WATCH_INTERVAL": "0.1",
        }
        # The dumps' students have come of age since, and their records are closed to parents.
        await database.run("update students set custom_200000004 = null where custom_200000004 < '2012-01-01'")
        try:
            await _accounts(folder, settings)
            async with Proxy.before(PORTS[dialect]) as proxy:
                near = settings["HOMEROOM_SIS_URL"].replace("@127.0.0.1/", f"@127.0.0.1:{proxy.port}/")
                through = {**settings, "HOMEROOM_SIS_URL": near}
                async with homeroom("serve", folder=folder, settings=through) as gateway:
                    yield District(gateway, database, settings, folder, proxy)
        finally:
            await drop_reader(database, dialect)


async def reader(database: Loaded, dialect: Dialect) -> str:
    """The URL of a user that only reads."""
    name = urlsplit(database.url).path.strip("/")
    if dialect is Dialect.POSTGRESQL:
        await database.run(
            f"create role {READER} login password 'reads only'; grant select on all tables in schema public to {READER}"
        )
        return f"postgresql://{READER}:reads%20only@127.0.0.1/{name}"
    await database.run(
        f"create user {READER}@'%' identified by 'reads only'; grant select on `{name}`.* to {READER}@'%'"
    )
    return f"mysql://{READER}:reads%20only@127.0.0.1/{name}"


async def drop_reader(database: Loaded, dialect: Dialect) -> None:
    if dialect is Dialect.POSTGRESQL:
        await database.run(f"drop owned by {READER}; drop role {READER}")
    else:
        await database.run(f"drop user {READER}@'%'")


async def _accounts(folder: Path, settings: dict[str, str]) -> None:
    """Migrate the portal store and make accounts for two parents, one by an old school year's key."""
    assert (await run("migrate", folder=folder, settings=settings))[0] == 0
    for username, guardian in (("ana", "600001"), ("old.year", "100001"), ("ben", "600010"), ("co.parent", "600002")):
        code, output = await run(
            "user",
            "add",
            "--finished",
            "--guardian",
            guardian,
            "--username",
            username,
            folder=folder,
            settings=settings,
            given=PASSWORD,
        )
        assert code == 0, output


async def test_the_check_finds_that_it_can_be_served(district: District) -> None:
    code, output = await run("check", folder=district.folder, settings=district.settings)
    assert code == 0, output
    assert "The source can be served." in output
    assert "credentials: read only" in output


@pytest.mark.parametrize("name", documents.ALL)
async def test_every_document_is_answered(district: District, name: str) -> None:
    token = await district.gateway.log_in("ana", PASSWORD)
    answer = await district.gateway.ask(documents.ALL[name], token=token)
    assert "errors" not in answer
    assert answer["data"]["me"]


async def test_a_person_is_one_whatever_years_key_the_account_holds(district: District) -> None:
    family = "{ me { name students { sourcedId name gradeLevel courses { title } grades { percent } } } }"
    answers = [
        await district.gateway.ask(family, token=await district.gateway.log_in(username, PASSWORD))
        for username in ("ana", "old.year")
    ]
    assert answers[0] == answers[1]
    (student,) = answers[0]["data"]["me"]["students"]
    assert (student["name"], student["gradeLevel"]) == ("Arthur Boucher", "G10")
    assert len(student["courses"]) == 10
    assert student["grades"]


async def test_a_grade_changed_in_the_sis_reaches_its_parent_and_no_other(district: District) -> None:
    ask = "{ me { students { sourcedId grades { id percent } } } }"
    ana = await district.gateway.log_in("ana", PASSWORD)
    ben = await district.gateway.log_in("ben", PASSWORD)
    students = (await district.gateway.ask(ask, token=ana))["data"]["me"]["students"]
    other = (await district.gateway.ask(ask, token=ben))["data"]["me"]["students"]
    assert {s["sourcedId"] for s in students}.isdisjoint({s["sourcedId"] for s in other})
    async with asyncio.timeout(40), district.gateway.socket(ana) as first, district.gateway.socket(ben) as second:
        for socket in (first, second):
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": FOLLOW}}))
        told = None
        percent = 50
        while told is None:
            percent += 1
            await _set(district, students[0]["sourcedId"], percent)
            try:
                async with asyncio.timeout(2):
                    told = json.loads(await first.recv())["payload"]["data"]["gradeChanged"]
            except TimeoutError:
                continue
        assert told["student"]["sourcedId"] == students[0]["sourcedId"]
        assert told["grade"]["percent"] == f"{percent}.0"
        co_parent = await district.gateway.log_in("co.parent", PASSWORD)
        seen = (await district.gateway.ask(ask, token=co_parent))["data"]["me"]["students"]
        assert seen == (await district.gateway.ask(ask, token=ana))["data"]["me"]["students"]
        await _set(district, other[0]["sourcedId"], 12)
        heard = json.loads(await second.recv())["payload"]["data"]["gradeChanged"]
        assert heard["student"]["sourcedId"] == other[0]["sourcedId"]


async def _set(district: District, student: str, percent: int) -> None:
    """Change one posted grade of a student as RosarioSIS would."""
    await district.database.run(
        "update student_report_card_grades set grade_percent = "
        f"{percent} where id = (select m from (select min(id) as m from student_report_card_grades"
        f" where student_id = {int(student)}) as least)"
    )


async def test_a_database_that_goes_away_closes_its_areas_until_it_is_back(district: District) -> None:
    ask = "{ me { students { name areas { area state reason } grades { percent } } } }"
    token = await district.gateway.log_in("ana", PASSWORD)
    before = await district.gateway.ask(ask, token=token)
    root = district.gateway.url.removesuffix("/graphql")
    district.proxy.cut()
    try:
        during = await district.gateway.ask(ask, token=token)
        async with httpx2.AsyncClient() as client:
            health = [(await client.get(f"{root}/{path}")).status_code for path in ("livez", "readyz")]
    finally:
        district.proxy.heal()
    (student,) = during["data"]["me"]["students"]
    assert student["name"] == before["data"]["me"]["students"][0]["name"]
    assert student["grades"] is None
    closed = {area["area"]: area["reason"] for area in student["areas"] if area["state"] == "CLOSED"}
    assert closed["GRADES"] == closed["ATTENDANCE"] == "SOURCE_DOWN"
    assert health == [200, 503]
    async with asyncio.timeout(20):
        while True:
            if await district.gateway.ask(ask, token=token) == before:
                break
            await asyncio.sleep(0.1)


async def test_an_unreachable_database_is_refused_at_start(district: District) -> None:
    settings = {**district.settings, "HOMEROOM_SIS_URL": "postgresql://nobody:secret@127.0.0.1:1/sis"}
    code, output = await run("serve", folder=district.folder, settings=settings)
    assert code == 1
    assert "127.0.0.1" in output or "sis" in output
    assert "secret" not in output
    assert "Traceback" not in output


async def test_a_user_that_could_write_is_refused_with_the_remedy(district: District) -> None:
    settings = {**district.settings, "HOMEROOM_SIS_URL": district.database.url}
    code, output = await run("serve", folder=district.folder, settings=settings)
    assert code == 1
    assert "could write" in output
    assert "grant select" in output.lower()
    assert "Traceback" not in output


async def test_a_wrong_adapter_is_refused_by_name(district: District) -> None:
    settings = {**district.settings, "HOMEROOM_SIS_ADAPTER": "home"}
    code, output = await run("serve", folder=district.folder, settings=settings)
    assert code == 1
    assert "home" in output
    assert "HOMEROOM_SIS_ADAPTER" in output
    assert "Traceback" not in output


async def test_a_renamed_column_is_refused_by_relation_and_leaves_the_data_alone(district: District) -> None:
    await district.database.run("alter table students rename column first_name to given")
    try:
        code, output = await run("serve", folder=district.folder, settings=district.settings)
    finally:
        await district.database.run("alter table students rename column given to first_name")
    assert code == 1
    assert "student" in output
    assert "first_name" in output
    assert "Traceback" not in output
