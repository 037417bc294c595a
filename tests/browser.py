"""A headless Chromium for tests: found, started, and ended with everything it wrote."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.devtools import DEADLINE, Connection, Page, PageProblem

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--force-prefers-reduced-motion",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A running Chromium."""

    connection: Connection

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A new tab that shares no cookies with the others; gone at the end."""
        send = self.connection.send
        context = (await send("Target.createBrowserContext", {}))["browserContextId"]
        try:
            target = await send("Target.createTarget", {"url": "about:blank", "browserContextId": context})
            attached = await send("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True})
            page = self.connection.pages[attached["sessionId"]] = Page(self.connection, attached["sessionId"])
            for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
                await page.send(f"{domain}.enable")
            await page.look_like(1280, 800)
            yield page
        finally:
            await send("Target.disposeBrowserContext", {"browserContextId": context})

    @asynccontextmanager
    async def worker(self, origin: str) -> AsyncIterator[Page]:
        """The running service worker of that origin, to ask what it sees."""
        targets = (await self.connection.send("Target.getTargets", {}))["targetInfos"]
        (found,) = [t for t in targets if t["type"] == "service_worker" and t["url"].startswith(origin)]
        target = {"targetId": found["targetId"], "flatten": True}
        session = (await self.connection.send("Target.attachToTarget", target))["sessionId"]
        try:
            yield Page(self.connection, session)
        finally:
            await self.connection.send("Target.detachFromTarget", {"sessionId": session})


def find_chromium() -> str:
    """The path of Chromium; without one the test skips, and fails where CI is true."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("Chromium is not installed", pytrace=False)
    pytest.skip("Chromium is not installed")


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Chromium with a fresh profile in a folder of its own; its processes and folder are gone at the end."""
    program = find_chromium()
    with tempfile.TemporaryDirectory(prefix="homeroom-browser-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={folder}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"HOME": folder},
            start_new_session=True,
        )
        assert process.stderr is not None
        drain: asyncio.Task[None] | None = None
        try:
            address = await asyncio.wait_for(read_address(process.stderr), 3 * DEADLINE)
            drain = asyncio.create_task(read_to_end(process.stderr))
            async with connect(address, max_size=None, compression=None, proxy=None) as socket:
                connection = Connection(socket)
                reader = asyncio.create_task(connection.read())
                try:
                    yield Browser(connection)
                finally:
                    with contextlib.suppress(PageProblem, ConnectionClosed, TimeoutError):
                        await connection.send("Browser.close", {})
                    await reader
        finally:
            await end(process)
            if drain is not None:
                await drain


async def read_address(output: asyncio.StreamReader) -> str:
    """Where the browser says that it listens; raises PageProblem with its words where it ends instead."""
    said = []
    async for line in output:
        text = line.decode(errors="replace").strip()
        if text.startswith("DevTools listening on "):
            return text.removeprefix("DevTools listening on ")
        said.append(text)
    raise PageProblem("Chromium did not start: " + " | ".join(said[-5:]))


async def read_to_end(output: asyncio.StreamReader) -> None:
    """Keep the pipe empty, so that the browser never waits for us."""
    while await output.read(65536):
        pass


async def end(process: asyncio.subprocess.Process) -> None:
    """The browser's whole process group ends: by itself, or by force."""
    try:
        await asyncio.wait_for(process.wait(), DEADLINE)
    except TimeoutError:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
