"""Orders under pressure, over HTTP: a bounded queue before two hash threads, and one such order an operation."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import uvicorn

from gateway.app import create_app
from gateway.authentication import CHEAPEST, PasswordHasher
from gateway.operators import migrate_store
from gateway.serving import configure
from gateway.settings import load_settings
from loaders.demo import make_district
from tests.world import TODAY

DEADLINE = 30.0
LOG_IN = "mutation ($in: LogInInput!) { logIn(input: $in) { __typename ... on Problem { code } } }"
BOTH = """mutation ($in: LogInInput!) {{ first: logIn(input: $in) {{ __typename }} {second} }}
fragment More on Mutation {{ changePassword(input: {{ currentPassword: "a", newPassword: "b" }}) {{ __typename }} }}"""


@dataclass
class Served:
    """A gateway on a free port, and the hasher behind it."""

    url: str
    hasher: PasswordHasher
    client: httpx2.AsyncClient

    async def log_in(self, name: str, query: str = LOG_IN) -> httpx2.Response:
        """The response to a log-in that is wrong."""
        order = {"username": name, "password": "Not-it-4", "client": "MOBILE"}
        return await self.client.post(self.url, json={"query": query, "variables": {"in": order}})


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def until(holds: Callable[[], bool]) -> None:
    """Returns once it holds; TimeoutError after the deadline."""
    async with asyncio.timeout(DEADLINE):
        for _ in count():
            if holds():
                return
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    make_district(tmp_path / "sis.db", students=40, seed=1, today=TODAY)
    portal = f"sqlite:///{tmp_path}/portal.db"
    await migrate_store(portal)
    settings = load_settings(sis_url=f"sqlite:///{tmp_path}/sis.db", portal_url=portal, today=TODAY)
    gateway = create_app(settings, hashing=CHEAPEST)
    server = _Server(configure(gateway, endpoint=gateway.endpoint))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            await until(lambda: server.started)
            assert gateway.house is not None
            hasher: Any = gateway.house.portal.hasher
            limits = httpx2.Limits(max_connections=100)
            async with httpx2.AsyncClient(timeout=DEADLINE, limits=limits) as client:
                yield Served(f"http://127.0.0.1:{bound.getsockname()[1]}/graphql", hasher, client)
        finally:
            server.should_exit = True
            await serving


async def test_beyond_the_queue_a_log_in_is_told_to_come_again_and_all_else_goes_on(served: Served) -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        begun.release()
        gate.wait(DEADLINE)

    held = [asyncio.create_task(served.hasher._run(hold)) for _ in range(2)]
    try:
        for _ in range(2):
            assert await asyncio.to_thread(begun.acquire, timeout=DEADLINE)
        waiting = [asyncio.create_task(served.log_in(f"parent-{n}")) for n in range(60)]
        await until(lambda: served.hasher._busy == 62)
        refused = await served.log_in("one-more")
        answer = refused.json()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert answer["data"] is None
        assert answer["errors"][0]["extensions"] == {"code": "OVERLOADED", "retryAfter": 2}
        portal = await served.client.post(served.url, json={"query": "{ portal { districtName } }"})
        assert portal.json() == {"data": {"portal": {"districtName": "Homeroom"}}}
        assert not any(task.done() for task in waiting)
    finally:
        gate.set()
    await asyncio.gather(*held)
    answers = await asyncio.gather(*waiting)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["data"]["logIn"]["code"] for answer in answers} == {"INVALID_CREDENTIALS"}
    assert (await served.log_in("one-more")).status_code == 200


async def test_a_log_in_that_must_wait_says_how_long_in_the_head_too(served: Served) -> None:
    for _ in range(5):
        await served.log_in("ana")
    answer = await served.log_in("ana")
    assert answer.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 5}
    assert (answer.status_code, answer.headers["retry-after"]) == (200, "5")


@pytest.mark.parametrize(
    "second", ["second: logIn(input: $in) { __typename }", "...More", "... on Mutation { ...More }", "...More ...More"]
)
async def test_two_orders_on_an_account_in_one_operation_are_refused_before_the_first_runs(
    served: Served, second: str
) -> None:
    fragment = "" if "More" in second else " ...More"
    answer = await served.log_in("ana", BOTH.format(second=second + fragment))
    (error,) = answer.json()["errors"]
    assert "data" not in answer.json()
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "one order on an account" in error["message"]
    for _ in range(5):
        assert (await served.log_in("ana")).json()["data"]["logIn"]["code"] == "INVALID_CREDENTIALS"


async def test_an_order_on_an_account_goes_with_orders_that_guess_nothing(served: Served) -> None:
    document = BOTH.partition("fragment")[0].format(second="logOut { __typename }")
    assert (await served.log_in("ana", document)).json() == {
        "data": {"first": {"__typename": "LogInProblem"}, "logOut": {"__typename": "LogOutSuccess"}}
    }
