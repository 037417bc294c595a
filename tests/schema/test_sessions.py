"""Log-in, refresh and log-out as GraphQL: what the answer holds, and what it never does."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from strawberry.types import ExecutionResult

from loaders.source import Source
from resolvers.context import Caller, ClientKind, Context
from resolvers.errors import BadUserInput, RateLimited
from schema.api import schema
from schema.sessions import LogInInput, SessionTokens
from tests.portal import ADAPTER, NOON, PASSWORD, House, empty_place, open_house

LOG_IN = """
mutation ($input: LogInInput!) { logIn(input: $input) {
    __typename
    ... on LogInSuccess { session { accessToken refreshToken expiresAt } }
    ... on Problem { code message path }
} }"""
REFRESH = """
mutation ($token: String) { refreshSession(refreshToken: $token) {
    __typename
    ... on LogInSuccess { session { accessToken refreshToken } }
    ... on LogInProblem { code }
} }"""
LOG_OUT = "mutation { logOut { __typename ... on LogOutSuccess { ended } } }"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with empty_place("sqlite", tmp_path) as url, open_house(url) as house:
        yield house


async def ask(house: House, document: str, caller: Caller | None = None, **variables: Any) -> tuple[Any, Context]:
    answer, context = await result(house, document, caller, **variables)
    assert answer.errors is None, answer.errors
    return next(iter((answer.data or {}).values())), context


async def result(
    house: House, document: str, caller: Caller | None = None, **variables: Any
) -> tuple[ExecutionResult, Context]:
    source = cast("Source", SimpleNamespace(adapter=ADAPTER))
    context = Context(source, None, caller or Caller(), house.portal, None)
    answer = await schema.execute(document, variable_values=variables, context_value=context)
    assert isinstance(answer, ExecutionResult)
    return answer, context


def entry(username: str = "ana", password: str = PASSWORD, client: str = "MOBILE") -> dict[str, str]:
    return {"username": username, "password": password, "client": client}


async def test_a_web_client_finds_no_token_in_its_answer(house: House) -> None:
    await house.account("ana")
    answer, context = await ask(house, LOG_IN, input=entry(client="WEB"))
    assert answer == {
        "__typename": "LogInSuccess",
        "session": {"accessToken": None, "refreshToken": None, "expiresAt": "2026-11-23T12:30:00Z"},
    }
    assert context.reply.session_cookie


async def test_a_refused_log_in_is_data(house: House) -> None:
    answer, context = await ask(house, LOG_IN, input=entry(client="WEB"))
    assert (answer["__typename"], answer["code"], answer["path"]) == ("LogInProblem", "INVALID_CREDENTIALS", [])
    assert context.reply.session_cookie is None


async def test_a_throttled_log_in_is_an_error_of_the_operation(house: House) -> None:
    for _ in range(5):
        await ask(house, LOG_IN, input=entry(password="wrong"))
    answer, _ = await result(house, LOG_IN, input=entry(password="wrong"))
    assert answer.data is None
    (error,) = answer.errors or []
    assert isinstance(error.original_error, RateLimited)
    assert error.original_error.retry_after == 5
    assert len(house.hasher.verified) == 5


async def test_one_document_holds_one_log_in(house: House) -> None:
    document = "mutation ($input: LogInInput!) { " + " ".join(
        f"a{n}: logIn(input: $input) {{ __typename }}" for n in range(4)
    )
    answer, _ = await result(house, document + " }", input=entry(password="wrong"))
    assert {type(error.original_error) for error in answer.errors or []} == {BadUserInput}
    assert len(house.hasher.verified) == 1


async def test_a_session_from_its_beginning_to_its_end(house: House) -> None:
    await house.account("ana")
    begun, _ = await ask(house, LOG_IN, input=entry())
    renewed, _ = await ask(house, REFRESH, token=begun["session"]["refreshToken"])
    assert renewed["__typename"] == "LogInSuccess"
    caller = Caller(renewed["session"]["accessToken"])
    assert (await ask(house, LOG_OUT, caller))[0] == {"__typename": "LogOutSuccess", "ended": True}
    assert (await ask(house, LOG_OUT, caller))[0] == {"__typename": "LogOutSuccess", "ended": False}
    over, _ = await ask(house, REFRESH, token=renewed["session"]["refreshToken"])
    assert over == {"__typename": "LogInProblem", "code": "INVALID_REFRESH_TOKEN"}


def test_no_secret_is_in_a_representation() -> None:
    shown = repr(LogInInput(username="ana", password="abcde1@7", client=ClientKind.WEB)) + repr(
        SessionTokens(access_token="secret", refresh_token="secret", expires_at=NOON)
    )
    assert "abcde1@7" not in shown
    assert "secret" not in shown
