"""Handshakes of sockets against a real server: each has its answer, and strangers fill no log."""

import logging
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.gateway.listening import SOON, UPGRADE, Running, running, statuses, talk


@pytest.fixture(scope="module", params=[False, True], ids=["asgi", "direct"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with running(direct=request.param) as app:
        yield app


@pytest.fixture(scope="module", params=[False, True], ids=["asgi", "direct"])
async def hasty(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with running(SOON, direct=request.param) as app:
        yield app


async def test_a_socket_lives_on_when_the_deadline_of_its_head_has_passed(hasty: Running) -> None:
    async with connect(
        f"ws://127.0.0.1:{hasty.port}/", subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None
    ) as client:
        assert await talk(hasty, b"") == b""
        await client.send('{"type":"connection_init"}')
        assert await client.recv() == '{"type":"connection_ack"}'


@pytest.mark.parametrize("more", [b"X: " + b"a" * 9000 + b"\r\n", b"Cookie: a\r\n" * 90])
async def test_a_handshake_has_an_answer_whatever_its_head_holds(
    server: Running, more: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        said = await talk(server, UPGRADE + more + b"Origin: https://evil.example\r\n\r\n")
    assert statuses(said) == [431 if len(more) > 9000 else 403]
    assert caplog.messages == []


async def test_a_handshake_behind_an_answer_under_way_does_not_break_into_it(server: Running) -> None:
    said = await talk(server, b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na" + UPGRADE + b"\r\n")
    assert statuses(said) == [200, 400]


async def test_a_refused_handshake_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def refused(app: Running) -> int:
        with pytest.raises(InvalidStatus) as error:
            async with connect(f"ws://127.0.0.1:{app.port}/", origin="https://evil.example", proxy=None):  # type: ignore[arg-type]
                pass
        return error.value.response.status_code

    async with running() as app:
        with caplog.at_level(logging.WARNING):
            assert await refused(app) == 403
            await app.sockets.drain()
            assert await refused(app) == 503
            assert caplog.messages == []
