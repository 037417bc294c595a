"""README.md's commands run, as a newcomer would type them, and print what it says."""

import asyncio
import json
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from loaders.dialect import Dialect
from tests import readme
from tests.journeys.running import Gateway, homeroom
from tests.loaders.dumps import loaded

URL = "http://127.0.0.1:8000/graphql"
PASSWORD = "Maple-Falls 2026!"
GUARDIAN = 600001


@pytest_asyncio.fixture(scope="module")
async def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone, its environment made."""
    return readme.clone(Path(tmp_path_factory.mktemp("clone")))


@pytest_asyncio.fixture(scope="module")
async def demo(clone: Path) -> AsyncIterator[Gateway]:
    """What `make demo` starts, on a free port, looking for changes more often than a district would."""
    async with homeroom("demo", folder=clone, settings={"HOMEROOM_WATCH_INTERVAL": "0.1"}) as running:
        yield running


def _log_in(demo: Gateway) -> str:
    """README's words for who asks where, moved to the free port."""
    return readme.edited(readme.block("run", "account"), **{URL: demo.url})


def _assert_graded(answer: str) -> list[str]:
    """The names of the students in the answer to README's query, each of whom has a grade."""
    students = json.loads(answer)["data"]["me"]["students"]
    graded = [
        student["name"]
        for student in students
        # A school that goes by standards gives letters and no percentages.
        if any(
            course["grade"] and (course["grade"]["percent"] or course["grade"]["letter"])
            for course in student["courses"]
        )
    ]
    assert graded == [student["name"] for student in students]
    return graded


async def test_the_demo_prints_what_is_shown(demo: Gateway) -> None:
    shown = readme.block("shows", "demo").splitlines()
    first = next(index for index, text in enumerate(demo.lines) if text.startswith("url: "))
    printed = [text.replace(demo.url, URL) for text in demo.lines[first:]]
    assert len(printed) == len(shown)
    for is_shown, is_printed in zip(shown, printed, strict=True):
        start = is_shown.removesuffix("…")
        assert is_printed == is_shown or (start != is_shown and is_printed.startswith(start))


async def test_the_first_query_prints_the_parents_students_with_their_grades(demo: Gateway, clone: Path) -> None:
    names = _assert_graded(await readme.said(f"{_log_in(demo)}\n{readme.block('run', 'query')}", clone))
    assert len(names) == 3
    assert f"PARENT={' PASSWORD='.join(demo.line('parent').split(' '))}" in readme.block("run", "account")


async def test_the_first_subscription_prints_a_grade_that_another_shell_changed(demo: Gateway, clone: Path) -> None:
    query, subscription = readme.block("run", "query"), readme.block("run", "subscription")
    script = f"{_log_in(demo)}\n{{\n{query}}} >first.json\n{subscription}"
    taken = 0
    async with readme.shell(script, clone) as following:
        await readme.line(following, '{"type":"connection_ack"}')
        heard = asyncio.create_task(readme.line(following, "{"))
        # Only a change made behind the first look is one, and nothing is printed when that has been taken.
        while not heard.done() and taken < 10:
            await readme.said(readme.block("run", "change"), clone)
            taken += 1
            await asyncio.wait([heard], timeout=2)
        message = json.loads(await heard)
        assert await following.wait() == 0
    event = message["payload"]["data"]["gradeChanged"]
    assert message["type"] == "next"
    assert 1 <= Decimal(event["previousPercent"]) - Decimal(event["grade"]["percent"]) <= taken
    assert event["student"]["name"] in _assert_graded((clone / "first.json").read_text("utf-8"))
    with closing(sqlite3.connect(clone / ".homeroom" / "demo.db")) as district:
        told = district.execute("select 1 from grade where percent = ?", (float(event["grade"]["percent"]),))
        assert told.fetchone() is not None


async def test_health_is_as_its_comments_say(demo: Gateway, clone: Path) -> None:
    block = readme.block("run", "health")
    base = urlsplit(URL)._replace(path="").geturl()
    output = await readme.said(block.replace(base, demo.url.removesuffix("/graphql")), clone)
    assert output.split("\n") == [*re.findall(r"# (\w+):", block), ""]


@pytest.mark.dumps
@pytest.mark.postgresql
async def test_rosariosis_is_proven_and_served_to_a_parent(tmp_path: Path) -> None:
    clone = readme.clone(tmp_path)
    role = f"hr_test_readme_{os.getpid()}"
    async with loaded("rosariosis_pg.sql.gz", Dialect.POSTGRESQL) as database:
        url = urlsplit(database.url)
        place = url.netloc.rpartition("@")[2] + url.path
        await readme.said(
            readme.edited(
                readme.block("run", "reader"),
                **{"postgresql://postgres@127.0.0.1/rosariosis": database.url, "homeroom_reader": role},
            ),
            clone,
        )
        # The dump's students have come of age since, and their records are closed to parents.
        await database.run("update students set custom_200000004 = null where custom_200000004 < '2012-01-01'")
        try:
            steps = readme.edited(
                readme.block("run", "rosariosis"),
                **{"homeroom_reader": role, "127.0.0.1/rosariosis": place, "100234": str(GUARDIAN)},
            )
            async with readme.shell(steps, clone, {"HOMEROOM_PORT": "0"}, given=f"{PASSWORD}\n") as serving:
                endpoint = (await readme.line(serving, "url: ")).removeprefix("url: ")
                asks = {"URL": endpoint, "PARENT": "ana.parent", "PASSWORD": PASSWORD}
                assert sorted(_assert_graded(await readme.said(readme.block("run", "query"), clone, asks))) == sorted(
                    await _students(database.url)
                )
            settings = "\n".join(text for text in steps.splitlines() if text.startswith("export "))
            checked = await readme.said(f"{settings}\n{readme.block('run', 'adapter')}", clone)
            assert checked.startswith("Adapter our-sis on postgresql\n")
            assert checked.endswith(
                "credentials: read only\n"
                "registration: off, for HOMEROOM_REGISTRATION is not set.\nThe source can be served.\n"
            )
        finally:
            await database.run(f"drop owned by {role}; drop role {role}")


async def _students(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "select s.first_name || ' ' || s.last_name as name from students s"
            " join students_join_users j on j.student_id = s.student_id where j.staff_id = $1",
            GUARDIAN,
        )
    finally:
        await connection.close()
    assert rows
    return [row["name"] for row in rows]
