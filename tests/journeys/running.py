"""A `homeroom` process as users start it, and what it takes to talk to it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect

HOMEROOM = Path(sys.executable).with_name("homeroom")
START_SECONDS = 60
STOP_SECONDS = 20

LOG_IN = """mutation ($given: LogInInput!) { logIn(input: $given) {
  ... on LogInSuccess { session { accessToken refreshToken expiresAt } }
  ... on Problem { code message } } }"""


@dataclass
class Gateway:
    """A running gateway, the lines it printed, and its process."""

    url: str
    lines: list[str]
    process: asyncio.subprocess.Process

    def line(self, name: str) -> str:
        """What stands behind `name: ` among the printed lines."""
        (found,) = [line.removeprefix(f"{name}: ") for line in self.lines if line.startswith(f"{name}: ")]
        return found

    async def ask(
        self, query: str, *, token: str | None = None, variables: Mapping[str, Any] | None = None, **given: Any
    ) -> Any:
        """The whole answer to a document over HTTP."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient() as client:
            answer = await client.post(
                self.url, json={"query": query, "variables": {**(variables or {}), **given}}, headers=headers
            )
        return answer.json()

    async def log_in(self, username: str, password: str) -> str:
        """The access token of a new MOBILE session."""
        given = {"username": username, "password": password, "client": "MOBILE"}
        answer = await self.ask(LOG_IN, given=given)
        token: str = answer["data"]["logIn"]["session"]["accessToken"]
        return token

    @asynccontextmanager
    async def socket(self, token: str) -> AsyncIterator[ClientConnection]:
        """A graphql-transport-ws connection, acknowledged."""
        url = self.url.replace("http", "ws", 1)
        async with connect(url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
            await socket.send(json.dumps({"type": "connection_init", "payload": {"accessToken": token}}))
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
            yield socket


@asynccontextmanager
async def homeroom(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None, within: Sequence[str] = ()
) -> AsyncIterator[Gateway]:
    """Start `homeroom` with these arguments in a folder, wait until it says where it is, and end it at the end.

    `within` is a command that starts it in surroundings of its own.
    """
    process = await start(*arguments, folder=folder, settings=settings, within=within)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(START_SECONDS):
            async for raw in process.stdout:
                lines.append(raw.decode().rstrip("\n"))
                if lines[-1].startswith("url: ") and arguments[0] == "serve":
                    break
                if lines[-1].startswith("curl -s -b "):
                    break
        urls = [line.removeprefix("url: ") for line in lines if line.startswith("url: ")]
        assert urls, "\n".join(lines)
        yield Gateway(urls[0], lines, process)
    finally:
        await stop(process)


async def start(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None, within: Sequence[str] = ()
) -> asyncio.subprocess.Process:
    """A `homeroom` process with only these settings, on a free port."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HOMEROOM_")}
    return await asyncio.create_subprocess_exec(
        *within,
        str(HOMEROOM),
        *arguments,
        cwd=folder,
        env={**own, "HOMEROOM_PORT": "0", **(settings or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        stdin=asyncio.subprocess.PIPE,
    )


async def stop(process: asyncio.subprocess.Process) -> int:
    """End a process as an operator would, and its exit code; killed where it does not end."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode is not None
    return process.returncode


async def run(
    *arguments: str, folder: Path, settings: Mapping[str, str] | None = None, given: str = ""
) -> tuple[int, str]:
    """A command that ends by itself: its exit code, and all that it printed."""
    process = await start(*arguments, folder=folder, settings=settings)
    async with asyncio.timeout(START_SECONDS):
        output, _ = await process.communicate(given.encode())
    assert process.returncode is not None
    return process.returncode, output.decode()
