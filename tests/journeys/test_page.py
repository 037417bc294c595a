"""A developer's first look: the demo's page in a real browser, logged in, asked, and followed live."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.browser import browser
from tests.devtools import Page
from tests.journeys.running import Gateway, homeroom
from tests.journeys.test_demo import change, rows

pytestmark = [pytest.mark.browser]

RESULT = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"
EDITOR = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
FOLLOW = "subscription { gradeChanged { previousPercent grade { percent } student { name } } }"


@pytest_asyncio.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder, where a user might stand."""
    return Path(tmp_path_factory.mktemp("page"))


@pytest_asyncio.fixture(scope="module")
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    """The demo, running."""
    settings = {"HOMEROOM_WATCH_INTERVAL": "0.1"}
    async with homeroom("demo", "--students", "60", folder=folder, settings=settings) as running:
        yield running


@pytest_asyncio.fixture
async def page(gateway: Gateway) -> AsyncIterator[Page]:
    """The opened page; at the end nothing of it has left this address, hurt the policy, or complained."""
    async with browser() as chromium, chromium.page() as opened:
        await opened.open(gateway.url)
        await opened.until("document.querySelector('.graphiql-query-editor .CodeMirror')")
        await opened.until("!document.querySelector('#log-in fieldset').disabled")
        yield opened
        assert opened.elsewhere(urlsplit(gateway.url).netloc) == []
        assert opened.violations == []
        assert opened.console == []
        assert opened.failures == []


async def _run(page: Page, query: str) -> None:
    await page.evaluate(f"{EDITOR}.setValue({json.dumps(query)})")
    await page.until(f"{EDITOR}.documentAST?.loc.source.body === {json.dumps(query)}")
    await page.click(".graphiql-execute-button")


async def _result(page: Page, holding: str) -> Any:
    return json.loads(await page.until(f"{RESULT}.includes({json.dumps(holding)}) && {RESULT}"))


async def test_the_page_logs_in_asks_and_follows_a_grade_live(page: Page, gateway: Gateway, folder: Path) -> None:
    username, password = gateway.line("parent").split(" ")
    await page.click("#username")
    await page.type(username)
    await page.click("#password")
    await page.type(password + "\n")
    await page.until("!document.querySelector('#logged-in').hidden")
    await page.click(".graphiql-execute-button")
    students = (await _result(page, '"students"'))["data"]["me"]["students"]
    assert len(students) == 3

    (grade,) = rows(
        folder,
        "select g.id from grade g join demo_case c on c.student_id = g.student_id and c.name = 'parent'"
        " join enrollment e on e.student_id = g.student_id and e.section_id = g.section_id"
        " where g.released = 1 and g.percent is not null order by g.id limit 1",
    )[0]
    await _run(page, FOLLOW)
    async with asyncio.timeout(30):
        value = 20
        while '"gradeChanged"' not in await page.evaluate(RESULT):
            value += 1
            await change(folder, "update grade set percent = ? where id = ?", value, grade)
            await asyncio.sleep(0.3)
    told = await _result(page, '"gradeChanged"')
    assert int(told["data"]["gradeChanged"]["grade"]["percent"]) in range(21, value + 1)
