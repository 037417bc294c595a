"""GraphiQL in a real browser: offline, under its policy, with a log-in, completion and subscriptions."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.pages.graphiql import static_files
from tests.browser import Browser, browser
from tests.devtools import Page
from tests.gateway.graphiql_stand_in import NAME, school, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as started:
        yield started


@pytest.fixture(scope="module")
async def host() -> AsyncIterator[str]:
    async with served() as address:
        yield address


@pytest.fixture
async def page(chromium: Browser, host: str) -> AsyncIterator[Page]:
    """The opened page; at the end nothing of it has left this address, hurt the policy, or complained."""
    async with chromium.page() as opened:
        await opened.open(f"http://{host}/graphql")
        await opened.until("document.querySelector('.graphiql-query-editor .CodeMirror')")
        await opened.until("!document.querySelector('#log-in fieldset').disabled")
        yield opened
        assert opened.elsewhere(host) == []
        assert opened.violations == []
        assert opened.console == []
        assert opened.failures == []


RESULT = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"
EDITOR = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"


async def log_in(page: Page, password: str = "pass word 1!") -> None:
    await page.click("#username")
    await page.type("maria\t")
    await page.click("#password")
    await page.type(password + "\n")


async def message(page: Page) -> str:
    text = "document.querySelector('#message').textContent"
    return str(await page.until(f"!/^$|…$/.test({text}) && {text}"))


async def result(page: Page, holding: str) -> Any:
    """What stands in the result pane, once it holds this text."""
    return json.loads(await page.until(f"{RESULT}.includes({json.dumps(holding)}) && {RESULT}"))


async def run(page: Page, query: str) -> None:
    """Put a query into the editor and press the button, once GraphiQL has parsed what it holds."""
    await page.evaluate(f"{EDITOR}.setValue({json.dumps(query)})")
    await page.until(f"{EDITOR}.documentAST?.loc.source.body === {json.dumps(query)}")
    await page.click(".graphiql-execute-button")


async def test_the_page_loads_from_this_address_alone_and_breaks_no_rule_of_its_policy(page: Page, host: str) -> None:
    await page.until("document.fonts.ready.then(() => true)")
    base = f"http://{host}/static/graphiql/{static_files().version}"
    assert {url for url in page.requests if not url.startswith("data:")} == {
        f"http://{host}/graphql",
        *(f"{base}/{name}" for name in static_files().by_name),
    }
    assert await page.evaluate("document.title") == "Homeroom: GraphiQL"


async def test_the_policy_stops_an_inline_script_an_inline_style_and_another_host(chromium: Browser, host: str) -> None:
    async with chromium.page() as page:
        await page.open(f"http://{host}/graphql")
        await page.evaluate(
            """{
              const script = document.createElement("script"); script.textContent = "window.broken = 1";
              const holder = document.createElement("div"); holder.innerHTML = "<style>body { opacity: 0.5 }</style>";
              document.body.append(script, holder);
            }"""
        )
        blocked = "fetch('http://127.0.0.1:1/x').then(() => 'reached', () => 'blocked')"
        assert await page.evaluate(blocked) == "blocked"
        assert await page.evaluate("[window.broken === undefined, getComputedStyle(document.body).opacity]") == [
            True,
            "1",
        ]
        directives = {json.loads(text)["violatedDirective"] for text in page.violations}
        assert directives == {"script-src-elem", "style-src-elem", "connect-src"}


async def test_the_default_query_runs_with_the_session_of_the_bar(page: Page) -> None:
    await log_in(page)
    await page.until("!document.querySelector('#logged-in').hidden")
    await page.click(".graphiql-execute-button")
    course = {"title": "Algebra"}
    grade = {"course": course, "kind": "POSTED", "task": "Quarter Grade", "percent": "92.50", "letter": "A-"}
    students = [{"name": "Ana Núñez", "gradeLevel": "G07", "grades": [grade]}]
    assert await result(page, "Algebra") == {"data": {"me": {"name": NAME, "students": students}}}


async def test_the_bar_says_who_is_logged_in_as_text_and_keeps_nothing_that_a_script_can_read(page: Page) -> None:
    await log_in(page)
    who = await page.until("document.querySelector('#who').textContent")
    assert who == f"{NAME} (Ana Núñez)"
    assert await page.evaluate("document.cookie") == ""
    assert await page.evaluate("document.querySelector('#password').value") == ""
    kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
    assert "pass word" not in kept
    assert "maria" not in kept
    assert await page.evaluate("Object.keys(localStorage)") == []
    assert await page.evaluate("document.activeElement.id") == "log-out"


async def test_a_wrong_password_shows_the_message_as_text_and_opens_nothing(page: Page) -> None:
    await log_in(page, "wrong")
    assert await message(page) == "<i>Wrong</i> user name or password."
    assert await page.evaluate("document.querySelector('#logged-in').hidden") is True
    assert await page.evaluate("[document.activeElement.id, document.activeElement.value]") == ["password", ""]
    await page.click(".graphiql-execute-button")
    assert (await result(page, "errors"))["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_reload_finds_the_session_again_and_logging_out_empties_the_result(page: Page, host: str) -> None:
    await log_in(page)
    await page.until("!document.querySelector('#logged-in').hidden")
    await page.open(f"http://{host}/graphql")
    await page.until("!document.querySelector('#logged-in').hidden")
    await page.click(".graphiql-execute-button")
    await result(page, "Ana")
    await page.click("#log-out")
    assert await message(page) == "You are logged out."
    assert await page.evaluate(RESULT) == ""
    assert await page.evaluate("document.querySelector('#who').textContent") == ""
    await page.click(".graphiql-execute-button")
    assert "Ana" not in json.dumps(await result(page, "errors"))


async def test_a_subscription_shows_each_event_over_a_socket_that_carries_the_new_session(page: Page) -> None:
    school.sockets.clear()
    await run(page, "subscription { gradeChanged { cursor grade { letter } } }")
    assert (await result(page, "errors"))["errors"][0]["message"] == "Log in first."
    await log_in(page)
    await page.until("!document.querySelector('#logged-in').hidden")
    await page.click(".graphiql-execute-button")
    for cursor, letter in (("1", "B"), ("2", "B+"), ("3", "A")):
        school.letters.put_nowait(letter)
        changed = {"cursor": cursor, "grade": {"letter": letter}}
        assert await result(page, f'"letter": "{letter}"') == {"data": {"gradeChanged": changed}}
    assert not school.hung_up.is_set()
    assert school.sockets == [None, "__Host-sid=maria"]
    await page.click("#log-out")
    assert await message(page) == "You are logged out."
    await asyncio.wait_for(school.hung_up.wait(), 10)


async def test_typing_completes_from_the_schema_and_the_documentation_lists_its_types(page: Page) -> None:
    await page.click('[aria-label="Show Documentation Explorer"]')
    await page.until("document.querySelector('.graphiql-plugin').textContent.includes('Subscription')")
    await page.evaluate(f"{EDITOR}.setValue('')")
    await page.click(".graphiql-query-editor .CodeMirror")
    await page.type("{ me { stu")
    hint = "document.querySelector('.CodeMirror-hint-active')?.textContent.includes('students')"
    await page.until(hint)
    await page.press("Enter", 13, text="\r")
    await page.until(f"{EDITOR}.getValue().includes('students')")


async def test_a_new_session_reads_the_schema_again(page: Page) -> None:
    await page.until("document.querySelector('[aria-label=\"Re-fetch GraphQL schema\"]:not(:disabled)')")
    before = school.introspections
    await log_in(page)
    await page.until("!document.querySelector('#logged-in').hidden")
    await page.click('[aria-label="Show Documentation Explorer"]')
    await page.until("document.querySelector('.graphiql-plugin').textContent.includes('Subscription')")
    assert school.introspections == before + 1


async def test_menus_and_dialogs_of_graphiql_open_under_the_policy(page: Page) -> None:
    await page.click('[aria-label="Open settings dialog"]')
    await page.until("document.querySelector('[data-reach-dialog-content]')")
    locked = "getComputedStyle(document.body).overflow"
    assert await page.evaluate(locked) == "hidden"
    await page.click('[aria-label="Close dialog"], .graphiql-dialog-close')
    await page.until("!document.querySelector('[data-reach-dialog-content]')")
    await page.evaluate(f"{EDITOR}.setValue('query A {{ __typename }} query B {{ me {{ name }} }}')")
    await page.click(".graphiql-execute-button[aria-haspopup]")
    await page.until("document.querySelector('[data-reach-menu-popover]:not([hidden]) [data-reach-menu-item]')")
    await page.click("[data-reach-menu-popover]:not([hidden]) [data-reach-menu-item]")
    assert await result(page, "__typename") == {"data": {"__typename": "Query"}}


async def test_there_is_no_headers_editor(page: Page) -> None:
    names = await page.evaluate(
        "[...document.querySelectorAll('.graphiql-editor-tools-tabs button')].map((b) => b.textContent)"
    )
    assert names == ["Variables"]


async def test_the_bar_is_named_for_those_who_cannot_see_it(page: Page) -> None:
    tree = (await page.send("Accessibility.getFullAXTree"))["nodes"]
    named = {(node["role"]["value"], node["name"]["value"]) for node in tree if "name" in node and "role" in node}
    assert {("textbox", "User name"), ("textbox", "Password"), ("button", "Log in"), ("heading", "Homeroom")} <= named
    assert "status" in {node["role"]["value"] for node in tree if "role" in node}


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_page_fits_its_window_in_light_and_dark(page: Page, width: int) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        await page.look_like(width, 844, scheme)
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        assert await page.evaluate("document.querySelector('.result-window').getBoundingClientRect().width") > width / 3
        colours.add(await page.evaluate("getComputedStyle(document.querySelector('.homeroom-bar')).backgroundColor"))
    assert len(colours) == 2
