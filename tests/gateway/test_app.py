"""The parts put together: one endpoint before the pages, and a memory that forgets who has logged out."""

from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.app import PATH, Gateway, create_app
from gateway.authentication import CHEAPEST
from gateway.operators import create_accounts, migrate_store
from gateway.settings import load_settings
from loaders.demo import make_district
from resolvers.portal.accounts import CreateAccount
from tests.portal import PASSWORD
from tests.world import TODAY

LOG_IN = """mutation ($in: LogInInput!) { logIn(input: $in) { ... on LogInSuccess { session { accessToken } } } }"""
NAMES = "{ me { username students { name } } }"


@pytest.fixture(params=[0, 2**24], ids=["computed", "kept"])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway over a district of its own, with Chioma and Ngozi as its users."""
    district = make_district(tmp_path / "sis.db", students=40, seed=1, today=TODAY)
    portal = f"sqlite:///{tmp_path}/portal.db"
    await migrate_store(portal)
    orders = [
        CreateAccount(name, PASSWORD, str(district.cases[case].guardian_id), finished=True)
        for name, case in (("chioma", "four_children"), ("ngozi", "two_schools"))
    ]
    await create_accounts(portal, None, orders, keep=False)
    settings = load_settings(
        sis_url=f"sqlite:///{tmp_path}/sis.db", portal_url=portal, today=TODAY, answer_memory=request.param
    )
    made = create_app(settings, hashing=CHEAPEST)
    async with made.pages.router.lifespan_context(made.pages):
        yield made


async def call(
    gateway: Gateway, method: str, path: str, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
) -> tuple[int, bytes]:
    """Status and body of one request by ASGI."""
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": list(headers), "client": ("127.0.0.1", 1), "scheme": "http", "server": ("127.0.0.1", 80)}
    await gateway(scope, receive, send)
    return said[0]["status"], b"".join(message.get("body", b"") for message in said[1:])


async def post(
    gateway: Gateway, query: str, token: str | None = None, variables: Mapping[str, Any] | None = None
) -> Any:
    headers = [(b"content-type", b"application/json")]
    if token is not None:
        headers.append((b"authorization", b"Bearer " + token.encode()))
    body = orjson.dumps({"query": query, "variables": variables})
    return orjson.loads((await call(gateway, "POST", PATH, headers, body))[1])


async def log_in(gateway: Gateway, username: str) -> str:
    order = {"username": username, "password": PASSWORD, "client": "MOBILE"}
    token: str = (await post(gateway, LOG_IN, variables={"in": order}))["data"]["logIn"]["session"]["accessToken"]
    return token


async def test_whoever_logs_out_is_forgotten_and_nobody_gets_the_answer(gateway: Gateway) -> None:
    chioma, second, ngozi = [await log_in(gateway, name) for name in ("chioma", "chioma", "ngozi")]
    for _ in range(3):
        mine, hers = await post(gateway, NAMES, chioma), await post(gateway, NAMES, ngozi)
        assert (mine["data"]["me"]["username"], hers["data"]["me"]["username"]) == ("chioma", "ngozi")
        assert len(mine["data"]["me"]["students"]) == 4
    assert (await post(gateway, "mutation { logOut { __typename } }", chioma))["data"]
    assert (await post(gateway, NAMES, chioma))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await post(gateway, NAMES, second) == mine
    assert (await post(gateway, NAMES))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_pages_stand_behind_the_endpoint(gateway: Gateway) -> None:
    assert await call(gateway, "GET", "/livez") == (200, b"alive\n")
    assert await call(gateway, "GET", "/readyz") == (200, b"ready\n")
    for path in ("/graphql/", "/graphqlx", "/", "/GRAPHQL"):
        assert (await call(gateway, "POST", path))[0] == 404
    status, page = await call(gateway, "GET", PATH, [(b"accept", b"text/html")])
    assert (status, page[:15]) == (200, b"<!doctype html>")
