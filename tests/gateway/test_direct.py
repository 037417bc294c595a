"""The short way, byte by byte: what it answers, in which order, and that it leaves the rest to the ordinary way."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from gateway.direct import DirectProtocol, Turn
from gateway.transport.head import Head
from gateway.transport.line import Line
from gateway.transport.responder import Begun, Responder
from gateway.transport.responses import Response
from tests.gateway.listening import statuses
from tests.gateway.stage import DEADLINE, Served, serve
from tests.gateway.wire import exchange, parse

HELLO = orjson.dumps({"query": '{ greeting(name: "Ana") }'})
SLOW = orjson.dumps({"query": "{ slow }"})
NOTE = orjson.dumps({"query": 'mutation { note(text: "x") }'})


def request(body: bytes, *fields: bytes, path: bytes = b"/graphql", last: bool = False) -> bytes:
    """One POST; `last` asks for the end of the connection behind it."""
    lines = [b"POST %s HTTP/1.1" % path, b"Host: x", b"Content-Type: application/json", *fields]
    if not any(field.lower().startswith((b"content-length", b"transfer-encoding")) for field in fields):
        lines.append(b"Content-Length: %d" % len(body))
    if last:
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Served]:
    async with serve(direct=True) as served:
        yield served


@pytest.fixture
def served(server: Served) -> Served:
    server.stage.forget()
    return server


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[Turn]:
    """Every turn that the short way took."""
    taken: list[Turn] = []
    made = Turn.__init__

    def noted(turn: Turn, keep_alive: bool) -> None:
        made(turn, keep_alive)
        taken.append(turn)

    monkeypatch.setattr(Turn, "__init__", noted)
    return taken


async def test_requests_behind_one_another_are_answered_in_their_order(served: Served, turns: list[Turn]) -> None:
    asked = [orjson.dumps({"query": f'{{ greeting(name: "{n}") }}'}) for n in range(5)]
    raw = b"".join(request(body) for body in asked[:-1]) + request(asked[-1], last=True)
    said = await exchange(served, raw)
    assert statuses(said) == [200] * 5
    places = [said.index(b"Hello, %d!" % n) for n in range(5)]
    assert places == sorted(places)
    assert said.count(b"connection: close") == 1
    assert turns


async def test_one_behind_another_that_is_under_way_waits_for_it(served: Served, turns: list[Turn]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request(SLOW) + request(HELLO, last=True))
    await served.stage.until_live(1)
    served.stage.gate.set()
    async with asyncio.timeout(DEADLINE):
        said = await reader.read()
    writer.close()
    assert statuses(said) == [200, 200]
    assert said.index(b"at last") < said.index(b"Hello, Ana!")
    assert len(turns) == 1


async def test_a_connection_is_kept_for_the_next_request_and_closed_when_it_is_asked(
    served: Served, turns: list[Turn]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for _ in range(3):
        writer.write(request(HELLO))
        async with asyncio.timeout(DEADLINE):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"connection: close" not in head
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
    writer.write(request(HELLO, last=True))
    async with asyncio.timeout(DEADLINE):
        rest = await reader.read()
    writer.close()
    assert statuses(rest) == [200]
    assert b"\r\nconnection: close\r\n" in rest
    assert len(turns) == 4


async def test_a_connection_that_is_idle_is_closed_and_one_that_is_not_is_kept(
    served: Served, turns: list[Turn], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = DirectProtocol.connection_made

    def hasty(protocol: DirectProtocol, transport: asyncio.Transport) -> None:
        made(protocol, transport)
        protocol.timeout_keep_alive = 0.2  # type: ignore[assignment]

    monkeypatch.setattr(DirectProtocol, "connection_made", hasty)
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    began = loop.time()
    while loop.time() < began + 0.5:
        writer.write(request(HELLO))
        async with asyncio.timeout(DEADLINE):
            await reader.readuntil(b'Hello, Ana!"}}')
    last = loop.time()
    async with asyncio.timeout(DEADLINE):
        assert await reader.read() == b""
    assert loop.time() - last >= 0.15
    writer.close()


async def test_http_1_0_is_answered_and_closed(served: Served, turns: list[Turn]) -> None:
    raw = request(HELLO).replace(b"HTTP/1.1", b"HTTP/1.0")
    said = await exchange(served, raw)
    assert statuses(said) == [200]
    assert b"\r\nconnection: close\r\n" in said
    assert len(turns) == 1


@pytest.mark.parametrize("at", [1, 60, 100, 140, -1])
async def test_a_request_in_two_pieces_is_one_request(served: Served, turns: list[Turn], at: int) -> None:
    raw = request(HELLO, last=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(raw[:at])
    await writer.drain()
    await asyncio.sleep(0)
    writer.write(raw[at:])
    async with asyncio.timeout(DEADLINE):
        said = await reader.read()
    writer.close()
    assert parse(said).json() == {"data": {"greeting": "Hello, Ana!"}}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ((b"X-Forwarded-For: 203.0.113.7",), b"/graphql"),
        ((b"Expect: 100-continue",), b"/graphql"),
        ((), b"/graphql?x=1"),
        ((), b"/%67raphql"),
    ],
    ids=str,
)
async def test_what_is_not_plain_takes_the_ordinary_way(
    served: Served, turns: list[Turn], fields: tuple[bytes, ...], path: bytes
) -> None:
    said = await exchange(served, request(HELLO, *fields, path=path, last=True))
    assert b"Hello, Ana!" in said
    assert turns == []


async def test_an_upgrade_takes_the_ordinary_way(served: Served, turns: list[Turn]) -> None:
    said = await exchange(served, request(HELLO, b"Connection: upgrade", b"Upgrade: h2c"))
    assert len(statuses(said)) == 1
    assert turns == []


async def test_the_address_that_a_proxy_names_is_the_callers(served: Served) -> None:
    await exchange(served, request(HELLO, b"X-Forwarded-For: 203.0.113.7", last=True))
    await exchange(served, request(HELLO, last=True))
    assert [caller.address for caller in served.stage.callers] == ["203.0.113.7", "127.0.0.1"]


async def test_a_chunked_body_in_one_piece_is_put_together_and_bounded(served: Served, turns: list[Turn]) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (HELLO[:9], HELLO[9:])) + b"0\r\n\r\n"
    said = await exchange(served, request(chunks, b"Transfer-Encoding: chunked", last=True))
    assert parse(said).json() == {"data": {"greeting": "Hello, Ana!"}}
    assert len(turns) == 1


async def test_a_body_that_breaks_the_protocol_runs_nothing(served: Served) -> None:
    raw = request(b"5\r\n" + NOTE, b"Transfer-Encoding: chunked")
    assert statuses(await exchange(served, raw)) == [400]
    assert served.stage.ran == []


async def test_what_stands_behind_the_end_of_a_connection_runs_nothing(served: Served) -> None:
    said = await exchange(served, request(HELLO, last=True) + request(NOTE))
    assert statuses(said) == [200]
    assert served.stage.ran == []


async def test_a_mutation_runs_once(served: Served, turns: list[Turn]) -> None:
    assert statuses(await exchange(served, request(NOTE, last=True))) == [200]
    assert served.stage.ran == ["x"]
    assert len(turns) == 1


async def test_what_a_turn_has_no_time_for_is_tried_in_the_next_ones(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Begun] = []
    at_once = Responder.at_once

    def later(responder: Responder, head: Head, body: bytes, *, shared: bool = False) -> Response | Begun:
        begun = at_once(responder, head, body, shared=shared)
        assert isinstance(begun, Begun)
        return begun._replace(later=True)

    def again(_: Responder, begun: Begun) -> Begun:
        tried.append(begun)
        return begun._replace(later=len(tried) < 3)

    monkeypatch.setattr(Responder, "at_once", later)
    monkeypatch.setattr(Responder, "again", again)
    said = await exchange(served, request(HELLO, last=True))
    assert statuses(said) == [200]
    assert len(tried) == 3


async def test_who_has_left_meanwhile_is_not_tried_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Begun] = []
    lost = asyncio.Event()
    waiting = Begun(None, None, None, None, None, later=True)  # type: ignore[arg-type]
    gone = DirectProtocol.connection_lost

    def noted(protocol: DirectProtocol, exc: Exception | None) -> None:
        gone(protocol, exc)
        lost.set()

    def again(_: Responder, begun: Begun) -> Begun:
        tried.append(begun)
        return begun

    monkeypatch.setattr(DirectProtocol, "connection_lost", noted)
    monkeypatch.setattr(Responder, "at_once", lambda *_, **__: waiting)
    monkeypatch.setattr(Responder, "again", again)
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request(HELLO))
    writer.close()
    async with asyncio.timeout(DEADLINE):
        await lost.wait()
    asked = len(tried)
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(tried) == asked


async def test_one_that_fails_in_the_line_does_not_keep_the_others() -> None:
    line, served = Line(), asyncio.Event()

    def failing() -> bool:
        raise ZeroDivisionError

    def serving() -> bool:
        served.set()
        return True

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    line.join(failing)
    line.join(serving)
    async with asyncio.timeout(DEADLINE):
        await served.wait()


async def test_a_client_that_leaves_is_not_answered_and_its_operation_ends(served: Served) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request(SLOW))
    await served.stage.until_live(1)
    writer.close()
    await writer.wait_closed()
    served.stage.gate.set()
    await served.stage.until_live(0)


async def test_a_server_that_stops_answers_what_is_under_way() -> None:
    async with serve(direct=True) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request(SLOW))
        await served.stage.until_live(1)
    async with asyncio.timeout(DEADLINE):
        said = await reader.read()
    writer.close()
    assert statuses(said) == [200]
    assert said.endswith(b'at last"}}')


async def test_a_client_that_does_not_read_is_not_read_from(
    served: Served, turns: list[Turn], monkeypatch: pytest.MonkeyPatch
) -> None:
    paused, pause = asyncio.Event(), FlowControl.pause_writing

    def noted(flow: FlowControl) -> None:
        pause(flow)
        paused.set()

    monkeypatch.setattr(FlowControl, "pause_writing", noted)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    asked = 30_000
    writer.write(request(b"{}") * (asked - 1) + request(b"{}", last=True))
    async with asyncio.timeout(DEADLINE):
        await paused.wait()
    taken = len(turns)
    async with asyncio.timeout(6 * DEADLINE):
        said = await reader.read()
    writer.close()
    assert statuses(said) == [400] * asked
    assert taken < asked


async def test_the_same_head_again_is_the_same_caller_and_another_one_is_not(served: Served) -> None:
    tokens = [b"ana", b"ana", b"ben", b"", b"ana"]
    fields = [(b"Authorization: Bearer " + token,) if token else () for token in tokens]
    raw = b"".join(request(HELLO, *each) for each in fields) + request(HELLO, last=True)
    said = await exchange(served, raw)
    assert statuses(said) == [200] * 6
    assert [caller.token for caller in served.stage.callers] == ["ana", "ana", "ben", None, "ana", None]


async def test_what_is_wrong_with_a_head_is_wrong_with_it_again(served: Served) -> None:
    compressed = request(HELLO, b"Content-Encoding: gzip")
    said = await exchange(served, request(HELLO) + compressed + compressed + request(HELLO, last=True))
    assert statuses(said) == [200, 415, 415, 200]
    assert len(served.stage.callers) == 2
