"""Heads of requests against a real server, byte by byte: what is too much, too slow or unclear, and what is not."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest

from gateway.heads import HEAD_BYTES, HEAD_FIELDS
from tests.gateway.listening import GET, LAST, SOON, UPGRADE, Running, running, statuses, talk
from tests.gateway.stage import DEADLINE


@pytest.fixture(scope="module", params=[False, True], ids=["asgi", "direct"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with running(direct=request.param) as app:
        yield app


@pytest.fixture(scope="module", params=[False, True], ids=["asgi", "direct"])
async def hasty(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with running(SOON, direct=request.param) as app:
        yield app


def padded(size: int, first: bytes = GET) -> bytes:
    """A head of exactly so many bytes."""
    room = size - len(first) - len(b"X: \r\n") - len(LAST)
    return first + b"X: " + b"a" * room + b"\r\n" + LAST


async def test_a_header_without_end_is_refused_when_it_is_as_large_as_a_head_may_be(server: Running) -> None:
    asked = len(server.asked)
    raw = (GET + b"X: ").ljust(HEAD_BYTES, b"a")
    said = await talk(server, raw)
    assert said.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert said.endswith(b"\r\nconnection: close\r\n\r\nThe head of a request may have 32,768 bytes and 100 fields.")
    assert len(server.asked) == asked


@pytest.mark.parametrize("start", [b"GET /", b"a", b"\r\n", GET + b"X: a\r\n ", GET + b"a"])
async def test_no_line_of_a_head_goes_on_for_ever(server: Running, start: bytes) -> None:
    said = await talk(server, start + start[-1:] * 1_000_000)
    assert statuses(said) in ([431], [400])
    assert len(said) < 1000


@pytest.mark.parametrize(("size", "status"), [(HEAD_BYTES, 200), (HEAD_BYTES + 1, 431), (200_000, 431)])
async def test_a_head_may_have_32_kib(server: Running, size: int, status: int) -> None:
    raw = padded(size)
    assert len(raw) == size
    assert statuses(await talk(server, raw)) == [status]


@pytest.mark.parametrize(("size", "status"), [(HEAD_BYTES, 200), (HEAD_BYTES + 1, 431), (60_000, 431)])
async def test_a_later_head_of_a_pipeline_may_have_as_much(server: Running, size: int, status: int) -> None:
    said = await talk(server, GET + b"\r\n" + padded(size))
    assert statuses(said) == [200, status]


@pytest.mark.parametrize(("fields", "status"), [(HEAD_FIELDS, 200), (HEAD_FIELDS + 1, 431), (2000, 431)])
async def test_a_head_may_have_100_fields(server: Running, fields: int, status: int) -> None:
    raw = GET + b"".join(b"X-%d: a\r\n" % n for n in range(fields - 2)) + LAST
    assert statuses(await talk(server, raw)) == [status]


@pytest.mark.parametrize(
    ("first", "hosts", "status"),
    [
        (b"GET / HTTP/1.1\r\n", b"", 400),
        (b"GET / HTTP/1.1\r\n", b"Host: x\r\nHost: x\r\n", 400),
        (b"GET / HTTP/1.1\r\n", b"Host: x\r\nHOST: y\r\n", 400),
        (b"GET / HTTP/1.1\r\n", b"Host: x\r\n", 200),
        (b"GET / HTTP/1.0\r\n", b"", 200),
        (b"GET / HTTP/1.0\r\n", b"Host: x\r\nHost: y\r\n", 400),
        (UPGRADE.replace(b"Host: x\r\n", b""), b"Host: x\r\nHost: y\r\n", 400),
        (UPGRADE.replace(b"Host: x\r\n", b""), b"", 400),
    ],
)
async def test_a_request_has_exactly_one_host(server: Running, first: bytes, hosts: bytes, status: int) -> None:
    asked = len(server.asked)
    assert statuses(await talk(server, first + hosts + LAST)) == [status]
    assert len(server.asked) - asked == (status == 200)


async def test_what_is_no_http_is_refused_and_fills_no_log(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for raw in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / SMTP/9\r\n\r\n", GET + b"a b: c\r\n\r\n"):
            assert statuses(await talk(server, raw)) == [400]
    assert caplog.messages == []


@pytest.mark.parametrize("start", [b"G", GET, GET + b"X: a", b"\r\n" + GET])
async def test_a_head_that_does_not_arrive_in_time_is_refused(hasty: Running, start: bytes) -> None:
    said = await talk(hasty, start)
    assert statuses(said) == [408]
    assert said.endswith(b"The head of the request did not arrive in time.")


@pytest.mark.parametrize("start", [b"", b"\r\n"])
async def test_a_connection_that_says_nothing_is_closed_without_a_word(hasty: Running, start: bytes) -> None:
    assert await talk(hasty, start) == b""


async def test_a_head_that_arrives_byte_by_byte_wins_no_time(hasty: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    started = asyncio.get_running_loop().time()
    said = b""
    writer.write(GET + b"X: ")
    async with asyncio.timeout(DEADLINE):
        while not said:
            with contextlib.suppress(TimeoutError):
                said = await asyncio.wait_for(reader.read(1000), SOON / 20)
            writer.write(b"a")
    writer.close()
    assert statuses(said) == [408]
    assert SOON * 0.9 < asyncio.get_running_loop().time() - started < SOON * 5


async def test_the_second_head_of_a_connection_has_a_deadline_too(hasty: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    writer.write(GET + b"\r\n")
    assert await reader.readuntil(b"\n/ 0 host\n") != b""
    writer.write(GET)
    async with asyncio.timeout(DEADLINE):
        assert statuses(await reader.read()) == [408]
    writer.close()


async def test_an_idle_connection_outlives_the_deadline_of_heads(hasty: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    writer.write(GET + b"\r\n")
    assert await reader.readuntil(b"\n/ 0 host\n") != b""
    assert await talk(hasty, b"") == b""
    writer.write(GET + LAST)
    assert (await reader.read()).endswith(b"\n/ 0 host,connection\n")
    writer.close()


async def test_an_answer_that_takes_longer_is_not_disturbed_and_comes_before_a_refusal(hasty: Running) -> None:
    hasty.waiting.clear()
    hasty.gate.clear()
    for behind, status in ((b"", None), (b"GET / HT", 408), (b"what\r\n\r\n", 400), (GET + b"Host: y\r\n\r\n", 400)):
        reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
        writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" if behind else LAST) + behind)
        await asyncio.wait_for(hasty.waiting.wait(), DEADLINE)
        assert await talk(hasty, b"") == b""
        hasty.gate.set()
        async with asyncio.timeout(DEADLINE):
            said = await reader.read()
        assert statuses(said) == [200] + [status] * (status is not None)
        assert b"\n/wait 0 host" in said
        writer.close()
        hasty.waiting.clear()
        hasty.gate.clear()


async def test_the_bytes_of_a_body_are_not_the_heads(server: Running) -> None:
    raw = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n" + LAST + b"a" * 60_000
    assert (await talk(server, raw)).endswith(b"\n/b 60000 host,content-length,connection\n")


async def test_a_body_of_a_megabyte_in_chunks_passes(server: Running) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"a" * size) for size in (1, 100_000, 900_000, 7))
    raw = b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + LAST + chunks + b"0\r\n\r\n"
    assert (await talk(server, raw)).endswith(b"\n/b 1000008 host,transfer-encoding,connection\n")


async def test_requests_of_a_pipeline_are_answered_in_order(server: Running) -> None:
    post = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n" + b"b" * 3000
    said = await talk(server, (GET + b"\r\n" + post) * 30 + GET + LAST)
    assert statuses(said) == [200] * 61
    assert said.count(b"\n/p 3000 host,content-length\n") == 30


async def test_trailers_are_dropped(server: Running) -> None:
    chunked = b"POST /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + LAST + b"3\r\nabc\r\n0\r\n"
    assert (await talk(server, chunked + b"Origin: y\r\nA: b\r\n\r\n")).endswith(
        b"\n/t 3 host,transfer-encoding,connection\n"
    )


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"0\r\n" + b"X: a\r\n" * 20_000, b"3;x="])
async def test_trailers_and_extensions_of_chunks_do_not_go_on_for_ever(server: Running, endless: bytes) -> None:
    server.gone.clear()
    raw = b"POST /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + endless + b"a" * 1_000_000
    assert statuses(await talk(server, raw)) == [431]
    await asyncio.wait_for(server.gone.wait(), DEADLINE)


async def test_a_body_that_nobody_waits_for_any_more_has_a_deadline(hasty: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    async with asyncio.timeout(DEADLINE):
        await reader.readuntil(b"\n/early 0 host,content-length\n")
        started = asyncio.get_running_loop().time()
        writer.write(b"a")
        assert await reader.read() == b""
    assert asyncio.get_running_loop().time() - started < 2
    writer.close()


async def test_a_body_behind_an_upgrade_that_is_not_made_is_never_read_as_a_request(server: Running) -> None:
    asked = len(server.asked)
    raw = b"POST /h2c HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 200000\r\n\r\n"
    said = await talk(server, raw + b"a" * 100_000 + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
    assert statuses(said) == [200]
    assert server.asked[asked:] == ["/h2c"]


async def test_the_end_of_the_server_waits_for_no_head() -> None:
    async with running() as app:
        silent = await asyncio.open_connection("127.0.0.1", app.port)
        halfway = await asyncio.open_connection("127.0.0.1", app.port)
        halfway[1].write(GET)
        assert statuses(await talk(app, GET + LAST)) == [200]
    for reader, writer in (silent, halfway):
        assert await reader.read() == b""
        writer.close()
