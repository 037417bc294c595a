"""A parent turns notifications on, in a real browser: from the click to what the service worker shows.

The browser's own push service is far away, and is the one thing that is not real: where the page subscribes, it is
given a subscription at a service of this machine, and what that service was given and could read goes to the worker.
"""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn

from gateway.app import Gateway, House, create_app
from gateway.authentication import CHEAPEST
from gateway.operators import create_accounts, migrate_store
from gateway.pages.notifications import POLICY, WORKER, WORKER_PATH, text_of
from gateway.push.tokens import make_key_file, public_key
from gateway.serving import configure
from gateway.settings import load_settings
from loaders.demo import make_district
from loaders.portal.push_devices import devices_of_account
from resolvers.portal.accounts import CreateAccount
from resolvers.portal.push import PAGE_PATH, Notice, Told, post_push
from tests.browser import Browser, browser
from tests.devtools import Page
from tests.portal import PASSWORD
from tests.push_services import BrowserService, in_the_clear
from tests.world import TODAY

pytestmark = pytest.mark.browser

# What Chromium gives a page once its push service has answered (W3C Push API), with this machine's service behind it.
SUBSCRIBES = """(() => {
  const given = %s;
  const made = (key) => ({
    endpoint: given.endpoint,
    options: { userVisibleOnly: true, applicationServerKey: key },
    toJSON: () => ({ endpoint: given.endpoint, keys: { p256dh: given.p256dh, auth: given.auth } }),
    unsubscribe: async () => { sessionStorage.removeItem("subscribed"); return true; },
  });
  const ask = Notification.requestPermission.bind(Notification);
  Notification.requestPermission = () => { sessionStorage.setItem("asked", "yes"); return ask(); };
  PushManager.prototype.subscribe = async function (options) {
    const allowed = options.userVisibleOnly && Notification.permission === "granted";
    if (!allowed) throw new DOMException("", "NotAllowedError");
    sessionStorage.setItem("subscribed", JSON.stringify([...options.applicationServerKey]));
    return made(options.applicationServerKey.buffer);
  };
  PushManager.prototype.getSubscription = async function () {
    const key = sessionStorage.getItem("subscribed");
    return key && made(new Uint8Array(JSON.parse(key)).buffer);
  };
})();"""
# What the worker shows, once it shows something.
SHOWN = """(async () => {
  const registration = await navigator.serviceWorker.getRegistration("/notifications");
  for (;;) {
    const shown = await registration.getNotifications();
    if (shown.length) return shown.map((n) => ({ title: n.title, body: n.body, tag: n.tag, url: n.data.navigate }));
    await new Promise(requestAnimationFrame);
  }
})()"""
# What a tap on the notice does, where nobody can tap: which window the worker opens.
TAPPED = """(async () => {
  const opened = [];
  Object.defineProperty(self.clients, "openWindow", { value: async (url) => opened.push(url), configurable: true });
  Object.defineProperty(self.clients, "matchAll", { value: async () => [], configurable: true });
  const [notification] = await self.registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification });
  const waited = new Promise((done) => { event.waitUntil = (work) => done(work); });
  self.dispatchEvent(event);
  await waited;
  return [opened, (await self.registration.getNotifications()).length];
})()"""


class _Server(uvicorn.Server):
    """A server that leaves the signals to the tests, and tells when it has begun."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.begun.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@dataclass
class Place:
    """A running gateway, its origin, and the push service of the parents' browsers."""

    gateway: Gateway
    origin: str
    browsers: BrowserService
    public_key: str

    @property
    def house(self) -> House:
        """Its parts."""
        assert self.gateway.house is not None
        return self.gateway.house

    async def devices(self) -> list[str | None]:
        """The names of the parent's devices."""
        return [device.name for device in await devices_of_account(self.house.writer, 1)]


@pytest_asyncio.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = Path(tmp_path_factory.mktemp("page"))
    district = make_district(folder / "sis.db", students=25, seed=1, today=TODAY)
    portal = f"sqlite:///{folder}/portal.db"
    await migrate_store(portal)
    guardian = str(district.cases["parent"].guardian_id)
    orders = [CreateAccount("marisol", PASSWORD, guardian, finished=True)]
    await create_accounts(portal, None, orders, keep=False)
    key = make_key_file(folder / "push.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = load_settings(
            sis_url=f"sqlite:///{folder}/sis.db",
            portal_url=portal,
            today=TODAY,
            push_key_file=folder / "push.pem",
            push_private=True,
            support_email="help@school.example",
            district_name="Maple Falls",
        )
        gateway = create_app(settings, hashing=CHEAPEST, address=origin)
        server = _Server(configure(gateway, endpoint=gateway.endpoint))
        task = asyncio.create_task(server.serve([listener]))
        browsers = BrowserService(lambda: datetime.now(UTC))
        async with in_the_clear(browsers) as browsers.origin:
            await asyncio.wait_for(server.begun.wait(), 30)
            yield Place(gateway, origin, browsers, public_key(key))
        server.should_exit = True
        await asyncio.wait_for(task, 20)


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as started:
        yield started


async def text(page: Page, selector: str, holding: str) -> str:
    """What stands in an element, once it holds this."""
    found = f"document.querySelector({json.dumps(selector)}).textContent"
    return str(await page.until(f"{found}.includes({json.dumps(holding)}) && {found}"))


async def log_in(page: Page) -> None:
    await page.until("!document.querySelector('#log-in').hidden")
    await page.click("#username")
    await page.type("marisol")
    await page.click("#password")
    await page.type(PASSWORD + "\n")
    await page.until("!document.querySelector('#this-device').hidden")


def test_the_worker_asks_where_the_gateway_answers() -> None:
    assert f'const ENDPOINT = "/graphql";\nconst PAGE = "{PAGE_PATH}";' in text_of(WORKER)


async def test_the_page_and_its_worker_come_whole_from_here_and_say_what_they_may(place: Place) -> None:
    async with httpx2.AsyncClient(base_url=place.origin) as client:
        page = await client.get(PAGE_PATH)
        assert page.headers["content-security-policy"] == POLICY
        assert "unsafe" not in POLICY
        named = re.findall(r'(?:src|href|content)="(/[^"]+)"', page.text)
        assert len(named) == 5
        answers = {path: await client.get(path) for path in named if path != "/graphql"}
        assert {answer.status_code for answer in answers.values()} == {200}
        worker = answers[WORKER_PATH]
        assert (worker.headers["service-worker-allowed"], worker.headers["cache-control"]) == (PAGE_PATH, "no-cache")
        (script,) = [path for path in named if path.endswith("notifications.js")]
        assert (
            await client.get(script.replace("/static/notifications/", "/static/notifications/0"))
        ).status_code == 404
        assert (await client.get(script.replace("notifications.js", "notifications.py"))).status_code == 404
        assert (await client.post(PAGE_PATH)).status_code == 405


async def test_a_parent_turns_notifications_on_is_told_and_turns_them_off(place: Place, chromium: Browser) -> None:
    given = place.browsers.subscribe("/one", place.public_key)
    async with chromium.page() as page:
        await page.send("Page.addScriptToEvaluateOnNewDocument", source=SUBSCRIBES % json.dumps(given))
        await page.send("ServiceWorker.enable")
        await page.open(place.origin + PAGE_PATH)
        await log_in(page)
        await text(page, "#standing", "off on this device")
        assert await page.evaluate("Notification.permission === 'granted' || sessionStorage.getItem('asked')") is None
        assert await place.devices() == []
        await page.grant("notifications", place.origin)
        await page.click("#turn-on")
        await text(page, "#standing", "Notifications are on")
        assert await page.evaluate("sessionStorage.getItem('asked')") == "yes"
        assert await place.devices() == ["Chrome, Linux"]

        (device,) = await devices_of_account(place.house.writer, 1)
        portal = place.house.portal
        notice = Notice(title="Maple Falls", body="A grade was posted for Ana.", tag="grade:7")
        async with portal.writer.transaction() as transaction:
            assert await post_push(portal, transaction, device, notice, Told("e", "r"))
        portal.push_posted.set()
        await asyncio.wait_for(place.browsers.arrived.wait(), 30)
        ((_, message),) = place.browsers.received
        for _ in range(2):
            await page.push(place.origin, json.dumps(message))
        (shown,) = await page.evaluate(SHOWN)
        assert shown == {
            "title": "Maple Falls",
            "body": "A grade was posted for Ana.",
            "tag": message["notification"]["tag"],
            "url": f"{place.origin}/notifications",
        }
        async with chromium.worker(place.origin) as worker:
            assert await worker.evaluate(TAPPED) == [[f"{place.origin}/notifications"], 0]
            # A message leads nowhere else, and one that nobody can read is shown for what it is.
            for strange in ('{"notification": {"title": "T", "navigate": "https://elsewhere.example/"}}', "?", "null"):
                await page.push(place.origin, strange)
                assert len(await page.evaluate(SHOWN)) == 1
                assert await worker.evaluate(TAPPED) == [[f"{place.origin}/notifications"], 0]

        # Back again, in the same session: it is still on, and asks nobody.
        await page.open(place.origin + PAGE_PATH)
        await text(page, "#standing", "Notifications are on")
        assert len(await place.devices()) == 1
        await page.click("#turn-off")
        await text(page, "#standing", "off on this device")
        assert await place.devices() == []
        await page.click("#turn-on")
        await text(page, "#standing", "Notifications are on")
        await page.click("#log-out")
        await text(page, "#message", "logged out")
        assert await place.devices() == []
        assert await page.evaluate("sessionStorage.getItem('subscribed')") is None
        assert (page.elsewhere(place.origin.removeprefix("http://")), page.violations) == ([], [])
        assert (page.console, page.failures) == ([], [])
