"""What others say about our protocols: the public HTTP audits, and the public WebSocket client."""

import asyncio
import os
import shutil
import subprocess
from asyncio.subprocess import PIPE
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import orjson
import pytest

from tests.gateway.stage import Served, serve

pytestmark = pytest.mark.node

SOURCES = Path(__file__).parent / "node"
CACHE = Path(__file__).parents[2] / ".cache" / "node"
PATIENCE = 30.0


def _missing(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def clients() -> Path:
    """The folder with the clients and what they need, installed once for each content of this one."""
    if not shutil.which("node") or not shutil.which("npm"):
        _missing("Node.js and npm are not installed.")
    sources = sorted(SOURCES.iterdir())
    content = sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = CACHE / content
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(mkdtemp(dir=CACHE))
        for path in sources:
            shutil.copy(path, fresh)
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(npm, cwd=fresh, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            shutil.rmtree(fresh)
            _missing(f"npm ci failed: {done.stderr.strip().splitlines()[-1:]}")
        fresh.rename(folder)
    return folder


async def _node(clients: Path, script: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec("node", script, *arguments, cwd=clients, stdout=PIPE, stderr=PIPE)


@pytest.mark.parametrize("direct", [False, True])
async def test_every_public_audit_of_graphql_over_http_passes(clients: Path, direct: bool) -> None:
    async with serve(direct=direct) as served:
        process = await _node(clients, "audit.mjs", served.url)
        async with asyncio.timeout(PATIENCE):
            output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    results = orjson.loads(output)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61


async def test_the_public_websocket_client_follows_completes_resumes_and_leaves(clients: Path) -> None:
    async with serve() as served:
        process = await _node(clients, "follow.mjs", served.socket, "maria")
        async with asyncio.timeout(PATIENCE):
            assert process.stdout is not None
            assert (await process.stdout.readline()) == b"following\n"
            await _one_step(served)
            output, errors = await process.communicate()
        await served.stage.until_live(0)
    assert process.returncode == 0, errors.decode()
    assert orjson.loads(output) == {
        "whole": [{"count": "1"}, {"count": "2"}, {"count": "3"}],
        "resumed": [{"count": "4"}, {"count": "5"}],
        "viewer": [{"viewer": "maria"}],
        "refused": ["GRAPHQL_VALIDATION_FAILED"],
        "step": {"steps": "1"},
        "after": [{"greeting": "Hello, you!"}],
        "closed": 1000,
    }


async def _one_step(served: Served) -> None:
    await served.stage.until_live(1)
    served.stage.gate.set()
