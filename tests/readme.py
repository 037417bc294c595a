"""README.md as its readers meet it: named blocks, and a shell in a fresh clone to run them in."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.processes import CHECKOUT, SECONDS

TEXT = (CHECKOUT / "README.md").read_text("utf-8")

STOP_SECONDS = 15.0

_BLOCK = re.compile(
    r"<!-- (?P<kind>run|shows|file|tree): ?(?P<name>\S*) -->\n```(\w+)\n(?P<body>.*?)^```$", re.S | re.M
)


def block(kind: str, name: str) -> str:
    """The body of the one fenced block under `<!-- kind: name -->`."""
    (body,) = [found["body"] for found in _BLOCK.finditer(TEXT) if (found["kind"], found["name"]) == (kind, name)]
    return body


def names(kind: str) -> list[str]:
    """The names of all blocks of a kind, in their order."""
    return [found["name"] for found in _BLOCK.finditer(TEXT) if found["kind"] == kind]


def between(name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", TEXT, re.S)
    assert found is not None
    return found[1]


def edited(text: str, **edits: str) -> str:
    """A block as somebody changes it for a place of their own; each thing to change must stand there."""
    for before, after in edits.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


def clone(folder: Path) -> Path:
    """Lay a folder out like a clone in which `make demo` made the environment."""
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "loaders").symlink_to(CHECKOUT / "loaders")
    return folder


@asynccontextmanager
async def shell(
    script: str, folder: Path, environment: Mapping[str, str] | None = None, *, given: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A shell that runs a script, with all that it starts; ended at the end, and its standard input is `given`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HOMEROOM_")}
    own["PATH"] = os.pathsep.join(p for p in own["PATH"].split(os.pathsep) if Path(p) != Path(sys.executable).parent)
    process = await asyncio.create_subprocess_exec(
        *("sh", "-eu", "-c", script),
        cwd=folder,
        env={**own, **(environment or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(given.encode())
    process.stdin.close()
    try:
        yield process
    finally:
        await _end(process)


async def said(script: str, folder: Path, environment: Mapping[str, str] | None = None, *, given: str = "") -> str:
    """All that a script printed; it must end well, and in time."""
    async with shell(script, folder, environment, given=given) as process, asyncio.timeout(SECONDS):
        assert process.stdout is not None
        output = (await process.stdout.read()).decode()
        assert await process.wait() == 0, output
    return output


async def line(process: asyncio.subprocess.Process, start: str) -> str:
    """The next line that begins so; fails with what was printed where there is none in time."""
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(SECONDS):
        async for raw in process.stdout:
            lines.append(raw.decode().rstrip("\n"))
            if lines[-1].startswith(start):
                return lines[-1]
    raise AssertionError("\n".join(lines))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.communicate()
                return
