"""The DevTools protocol of a browser: one connection, its tabs, and what each tab was seen to do."""

import asyncio
import base64
import contextlib
import itertools
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

DEADLINE = 30.0


class PageProblem(AssertionError):
    """The page threw, or did not come to what a test waited for; the message says what it was."""


@dataclass(slots=True)
class Page:
    """One tab with cookies of its own, and all it was seen to do since it was opened."""

    connection: "Connection"
    session: str
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)

    async def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command to this tab; raises PageProblem with the browser's words where it refuses."""
        return await self.connection.send(method, parameters, self.session)

    async def open(self, url: str) -> None:
        """Go there, and come back when the page and its scripts are loaded."""
        loaded = self.connection.expect(self.session, "Page.loadEventFired")
        answer = await self.send("Page.navigate", url=url)
        if "errorText" in answer:
            raise PageProblem(f"{url}: {answer['errorText']}")
        await asyncio.wait_for(loaded, DEADLINE)

    async def evaluate(self, expression: str, deadline: float = DEADLINE) -> Any:
        """The value of a JavaScript expression, awaited; raises PageProblem with what it throws."""
        command = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        answer = await asyncio.wait_for(command, deadline)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageProblem(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    async def until(self, expression: str, deadline: float = DEADLINE) -> Any:
        """The expression's first truthy value, looked at once a frame; raises PageProblem at the deadline."""
        found = "done(found instanceof Node || found)"
        look = f"const look = () => {{ const found = ({expression}); found ? {found} : requestAnimationFrame(look) }}"
        try:
            return await self.evaluate(f"new Promise((done) => {{ {look}; look() }})", deadline)
        except TimeoutError:
            shown = await self.evaluate("document.body.innerText")
            seen = self.console + self.violations + self.failures
            raise PageProblem(f"never came true: {expression}\n{seen}\n{shown}") from None

    async def click(self, selector: str) -> None:
        """A real click in the middle of the element, once it is there."""
        found = f"document.querySelector({json.dumps(selector)})"
        middle = "({ x, y, width, height }) => [x + width / 2, y + height / 2]"
        box = await self.until(f"{found} && ({middle})({found}.getBoundingClientRect())")
        place = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        await self.send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, **place)

    async def type(self, text: str) -> None:
        """Key by key into what has the focus, as a person types; a line feed is the Enter key."""
        for character in text:
            if character == "\n":
                await self.press("Enter", 13, text="\r")
            else:
                await self.send("Input.dispatchKeyEvent", type="keyDown", key=character, text=character)
                await self.send("Input.dispatchKeyEvent", type="keyUp", key=character)

    async def press(self, key: str, code: int, modifiers: int = 0, text: str = "") -> None:
        """One key with its Windows key code; modifiers: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift."""
        stroke = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **stroke)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **stroke)

    async def screenshot(self, width: int = 1280, height: int = 800, scheme: str = "light") -> bytes:
        """A picture of the page at this size and in this colour scheme, as PNG."""
        await self.look_like(width, height, scheme)
        answer = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    async def look_like(self, width: int, height: int, scheme: str = "light") -> None:
        """The window's size, and the system's colour scheme as the page is told it."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    async def grant(self, permission: str, origin: str) -> None:
        """What a person clicks who is asked: the pages of that origin get the permission in this tab."""
        target = (await self.send("Target.getTargetInfo"))["targetInfo"]
        given = {"permissions": [permission], "origin": origin, "browserContextId": target["browserContextId"]}
        await self.connection.send("Browser.grantPermissions", given)

    async def push(self, origin: str, message: str) -> None:
        """Hands a message to the service worker of that origin, as the browser does that has decrypted it."""
        given = {"origin": origin, "registrationId": self.workers[-1], "data": message}
        await self.send("ServiceWorker.deliverPushMessage", **given)

    def elsewhere(self, host: str) -> list[str]:
        """The requests that went to another host than this one; data: and blob: URLs go nowhere."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != host
        ]

    def see(self, method: str, event: dict[str, Any]) -> None:
        """Keep what an event of this tab says."""
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(event["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(event["url"])
            case "Network.loadingFailed" if not event.get("canceled"):
                self.failures.append(f"{event['type']}: {event['errorText']} {event.get('blockedReason', '')}")
            case "Network.responseReceived" if event["response"]["status"] >= 400:
                self.failures.append(f"{event['response']['status']} {event['response']['url']}")
            case "Network.webSocketFrameError":
                self.failures.append(f"websocket: {event['errorMessage']}")
            case "Runtime.consoleAPICalled" if event["type"] in ("error", "warning", "assert"):
                said = (str(value.get("value", value.get("description", ""))) for value in event["args"])
                self.console.append(f"{event['type']}: {' '.join(said)}")
            case "Runtime.exceptionThrown":
                details = event["exceptionDetails"]
                self.console.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if event["entry"]["level"] in ("error", "warning"):
                self.console.append(f"{event['entry']['source']}: {event['entry']['text']}")
            case "ServiceWorker.workerRegistrationUpdated":
                self.workers += [each["registrationId"] for each in event["registrations"] if not each["isDeleted"]]
            case "Audits.issueAdded" if event["issue"]["code"] == "ContentSecurityPolicyIssue":
                self.violations.append(json.dumps(event["issue"]["details"]["contentSecurityPolicyIssueDetails"]))


@dataclass(slots=True)
class Connection:
    """The DevTools connection: answers by number, events to the tab they belong to."""

    socket: ClientConnection
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    expected: dict[tuple[str, str], asyncio.Future[None]] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)

    async def send(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        """One command and its answer; raises PageProblem where the browser refuses it."""
        number = next(self.numbers)
        answer = self.answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters}
        await self.socket.send(json.dumps(message if session is None else message | {"sessionId": session}))
        try:
            return await asyncio.wait_for(answer, 2 * DEADLINE)
        finally:
            self.answers.pop(number, None)

    def expect(self, session: str, method: str) -> asyncio.Future[None]:
        """The next such event of that tab."""
        return self.expected.setdefault((session, method), asyncio.get_running_loop().create_future())

    async def read(self) -> None:
        """Hand out what arrives, until the browser closes."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self.hand_out(json.loads(text))
        for answer in self.answers.values():
            if not answer.done():
                answer.set_exception(PageProblem("the browser has closed"))

    def hand_out(self, message: dict[str, Any]) -> None:
        """One message to the one who waits for it."""
        if (number := message.get("id")) is not None:
            answer = self.answers.get(number)
            if answer is None or answer.done():
                return
            if "error" in message:
                answer.set_exception(PageProblem(message["error"]["message"]))
            else:
                answer.set_result(message["result"])
            return
        session, method = message.get("sessionId", ""), message["method"]
        if (waiting := self.expected.pop((session, method), None)) is not None and not waiting.done():
            waiting.set_result(None)
        if (page := self.pages.get(session)) is not None:
            page.see(method, message["params"])
