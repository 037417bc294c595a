"""graphql-transport-ws against a real server: the protocol, the session behind a socket, and what it may cost."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from gateway.execution.engine import Engine
from gateway.transport.connection import Pace
from gateway.transport.protocol import Edge
from gateway.transport.websocket import WebSocketEndpoint
from tests.gateway.stage import DEADLINE, Served, Stage, schema, serve

PROTOCOL = Subprotocol("graphql-transport-ws")


class Client:
    """A socket that speaks JSON and remembers nothing."""

    def __init__(self, raw: ClientConnection) -> None:
        self.raw = raw

    async def say(self, **message: Any) -> None:
        """Send one message."""
        await self.raw.send(orjson.dumps(message).decode())

    async def hear(self) -> Any:
        """The next message."""
        async with asyncio.timeout(DEADLINE):
            return orjson.loads(await self.raw.recv())

    async def subscribe(self, id: str, query: str, **members: Any) -> None:
        """Start an operation."""
        await self.say(type="subscribe", id=id, payload={"query": query, **members})

    async def results(self, id: str, query: str, **members: Any) -> list[Any]:
        """The payloads of all results of an operation, up to its completion."""
        await self.subscribe(id, query, **members)
        found = []
        while (message := await self.hear())["type"] == "next":
            assert message["id"] == id
            found.append(message["payload"])
        assert message == {"type": "complete", "id": id}
        return found

    async def closed(self) -> tuple[int, str]:
        """Code and reason with which the server closes, whatever it sends before."""
        async with asyncio.timeout(DEADLINE):
            with suppress(ConnectionClosed):
                while True:
                    await self.raw.recv()
        assert self.raw.close_code is not None
        return self.raw.close_code, self.raw.close_reason or ""


@asynccontextmanager
async def opened(served: Served, headers: Mapping[str, str] | None = None, **options: Any) -> AsyncIterator[Client]:
    """A socket before connection_init."""
    async with connect(
        served.socket,
        subprotocols=[PROTOCOL],
        additional_headers=dict(headers or {}),
        compression=None,
        user_agent_header=None,
        proxy=None,
        close_timeout=DEADLINE,
        **options,
    ) as raw:
        yield Client(raw)


@asynccontextmanager
async def ready(
    served: Served, payload: Any = None, headers: Mapping[str, str] | None = None, **options: Any
) -> AsyncIterator[Client]:
    """A socket after connection_ack."""
    async with opened(served, headers, **options) as client:
        await client.say(type="connection_init", payload=payload)
        assert await client.hear() == {"type": "connection_ack"}
        yield client


@pytest.fixture(scope="module", params=[True, False], ids=["taken over", "by ASGI"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serve(taken=request.param) as served:
        yield served


@pytest.fixture
def served(server: Served) -> Served:
    server.stage.forget()
    return server


async def test_a_subscription_gives_each_event_and_completes(served: Served) -> None:
    async with ready(served) as client:
        found = await client.results("1", "subscription ($n: Int!) { count(to: $n) }", variables={"n": 3})
        assert found == [{"data": {"count": "1"}}, {"data": {"count": "2"}}, {"data": {"count": "3"}}]
    await served.stage.until_live(0)


async def test_queries_and_mutations_run_over_the_socket_too(served: Served) -> None:
    async with ready(served) as client:
        assert await client.results("1", "{ greeting }") == [{"data": {"greeting": "Hello, you!"}}]
        assert await client.results("1", 'mutation { note(text: "x") }') == [{"data": {"note": "x"}}]
        assert served.stage.ran == ["x"]


async def test_several_operations_run_side_by_side(served: Served) -> None:
    async with ready(served) as client:
        await client.subscribe("1", "subscription { steps }")
        await served.stage.until_live(1)
        assert await client.results("2", "{ greeting }") == [{"data": {"greeting": "Hello, you!"}}]
        served.stage.gate.set()
        assert await client.hear() == {"type": "next", "id": "1", "payload": {"data": {"steps": "1"}}}


async def test_each_event_and_each_operation_has_a_context_of_its_own(served: Served) -> None:
    async with ready(served) as client:
        found = await client.results("1", "subscription { moments { context } }")
        await client.results("2", "{ greeting }")
    init, source, *events, query = range(6)
    assert [message["data"]["moments"]["context"] for message in found] == events
    assert len({id(context) for context in served.stage.contexts}) == len([init, source, *events, query])
    assert {caller.transport for caller in served.stage.callers} == {"websocket"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { viewer } query B { viewer }"}, "BAD_USER_INPUT"),
        ({"query": "{ viewer }", "operationName": "B"}, "BAD_USER_INPUT"),
        ({"query": "query ($n: String!) { greeting(name: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "{ page(first: 101) { nodes { name } } }"}, "BAD_USER_INPUT"),
        ({"query": "{" + "item{other" * 13 + "{name}" + "}" * 13 + "}"}, "COST_LIMIT_EXCEEDED"),
        ({"query": "subscription { barred }"}, "FORBIDDEN"),
    ],
    ids=str,
)
async def test_a_bad_document_is_an_error_of_its_operation_and_the_socket_stays(
    served: Served, payload: dict[str, Any], code: str
) -> None:
    async with ready(served) as client:
        await client.say(type="subscribe", id="1", payload=payload)
        message = await client.hear()
        assert (message["type"], message["id"]) == ("error", "1")
        assert {error["extensions"]["code"] for error in message["payload"]} == {code}
        assert await client.results("1", "{ greeting }") == [{"data": {"greeting": "Hello, you!"}}]


async def test_a_source_that_breaks_ends_its_operation_with_an_error_without_detail(served: Served) -> None:
    async with ready(served) as client:
        await client.subscribe("1", "subscription { breaks }")
        assert (await client.hear())["payload"] == {"data": {"breaks": "1"}}
        message = await client.hear()
        assert (message["type"], message["id"]) == ("error", "1")
        assert [error["message"] for error in message["payload"]] == ["Something went wrong here."]
        assert await client.results("1", "{ greeting }") == [{"data": {"greeting": "Hello, you!"}}]


async def test_complete_releases_the_source_and_the_id_may_be_used_again(served: Served) -> None:
    async with ready(served) as client:
        await client.subscribe("1", "subscription { steps }")
        await served.stage.until_live(1)
        await client.say(type="complete", id="1")
        await served.stage.until_live(0)
        assert await client.results("1", "subscription { count(to: 1) }") == [{"data": {"count": "1"}}]


async def test_complete_cancels_a_query_and_nothing_more_is_sent_for_it(served: Served) -> None:
    async with ready(served) as client:
        await client.subscribe("1", "{ slow }")
        await served.stage.until_live(1)
        await client.say(type="complete", id="1")
        await served.stage.until_live(0)
        await client.say(type="complete", id="unknown")
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}


@pytest.mark.parametrize("how", ["close", "drop"])
async def test_a_client_that_leaves_releases_every_source(served: Served, how: str) -> None:
    async with ready(served) as client:
        for number in range(3):
            await client.subscribe(str(number), "subscription { steps }")
        await served.stage.until_live(3)
        if how == "drop":
            client.raw.transport.abort()
        else:
            await client.raw.close()
        await served.stage.until_live(0)


async def test_pings_are_answered_with_their_payload_before_and_after_the_init(served: Served) -> None:
    async with opened(served) as client:
        await client.say(type="ping", payload={"a": [1]})
        assert await client.hear() == {"type": "pong", "payload": {"a": [1]}}
        await client.say(type="pong")
        await client.say(type="connection_init")
        assert await client.hear() == {"type": "connection_ack"}


async def test_the_server_pings() -> None:
    async with serve(pace=Pace(ping=0.01)) as served, ready(served) as client:
        assert await client.hear() == {"type": "ping"}


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "null",
        "5",
        '"x"',
        "true",
        "{}",
        '{"type": 5}',
        '{"type": null}',
        '{"type": "start"}',
        '{"type": "next", "id": "1", "payload": {}}',
        '{"type": "connection_ack"}',
        '{"type": "ping", "payload": []}',
        '{"type": "pong", "payload": "x"}',
        '{"type": "subscribe", "payload": {"query": "{ viewer }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ viewer }"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ viewer }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer }", "variables": []}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer }", "extensions": "x"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer }", "operationName": {}}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer }", "variables": {"a": NaN}}}',
        '{"type": "subscribe", "id": "' + "x" * 257 + '", "payload": {"query": "{ viewer }"}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": ""}',
        '{"type": "complete", "id": ["1"]}',
        "[" * 20_000,
        "[" * 20_000 + "]" * 20_000,
        '{"type": "ping", "payload": {"a": ' + "[" * 40 + "]" * 40 + "}}",
        b"\x00\x01",
        b'{"type": "ping"}',
    ],
    ids=lambda frame: repr(frame[:70]),
)
async def test_a_malformed_frame_closes_4400(served: Served, frame: str | bytes) -> None:
    async with ready(served) as client:
        await client.raw.send(frame)
        assert (await client.closed())[0] == 4400


@pytest.mark.parametrize("payload", ["x", [], 5, {"authorization": 5}, {"accessToken": ["maria"]}])
async def test_a_malformed_init_closes_4400(served: Served, payload: Any) -> None:
    async with opened(served) as client:
        await client.say(type="connection_init", payload=payload)
        assert (await client.closed())[0] == 4400


async def test_the_order_of_the_protocol_is_kept(served: Served) -> None:
    async with opened(served) as client:
        await client.subscribe("1", 'mutation { note(text: "x") }')
        assert await client.closed() == (4401, "Unauthorized")
    async with ready(served) as client:
        await client.say(type="connection_init")
        assert await client.closed() == (4429, "Too many initialisation requests")
    async with ready(served) as client:
        await client.subscribe("1", "subscription { steps }")
        await client.subscribe("1", "{ greeting }")
        assert await client.closed() == (4409, "Subscriber for 1 already exists")
    await served.stage.until_live(0)
    assert served.stage.ran == []


async def test_a_socket_that_is_not_initialised_in_time_is_closed_whatever_it_says() -> None:
    async with serve(pace=Pace(init=0.1)) as served:
        async with opened(served) as silent, opened(served) as chatty:
            await chatty.say(type="ping")
            assert await silent.closed() == (4408, "Connection initialisation timeout")
            assert await chatty.closed() == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize("offered", [[], ["graphql-ws"], ["GRAPHQL-TRANSPORT-WS"], ["x", "y"]])
async def test_other_subprotocols_are_not_spoken(served: Served, offered: list[str]) -> None:
    names = [Subprotocol(name) for name in offered]
    async with connect(served.socket, subprotocols=names or None, proxy=None) as raw:
        assert raw.subprotocol is None
        assert await Client(raw).closed() == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "https://app.example.evil", "*"]
)
async def test_another_sites_page_is_refused_before_the_handshake(served: Served, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(served, {"origin": origin, "cookie": "homeroom=maria"}):
            pass
    assert refused.value.response.status_code == 403
    assert served.stage.callers == []


async def viewer_of(served: Served, payload: Any = None, **headers: str) -> Any:
    async with ready(served, payload, headers) as client:
        return (await client.results("1", "{ viewer }"))[0]["data"]["viewer"]


async def test_a_socket_takes_its_session_from_the_init_from_the_header_or_from_our_pages_cookie(
    served: Served,
) -> None:
    own = f"http://127.0.0.1:{served.port}"
    assert await viewer_of(served) is None
    assert await viewer_of(served, {"authorization": "Bearer maria"}) == "maria"
    assert await viewer_of(served, {"Authorization": "bearer maria"}) == "maria"
    assert await viewer_of(served, {"accessToken": "maria"}) == "maria"
    assert await viewer_of(served, authorization="Bearer omar") == "omar"
    assert await viewer_of(served, cookie="homeroom=omar", origin=own) == "omar"
    assert await viewer_of(served, cookie="homeroom=omar", origin="https://app.example") == "omar"
    assert await viewer_of(served, {"accessToken": "maria"}, cookie="homeroom=omar", origin=own) == "maria"


async def test_a_socket_without_an_origin_gets_no_session_by_cookie(served: Served) -> None:
    assert await viewer_of(served, cookie="homeroom=maria") is None
    assert [caller.token for caller in served.stage.callers] == [None, None]


@pytest.mark.parametrize("payload", [{"accessToken": "nobody"}, {"authorization": "Basic maria"}, {"accessToken": ""}])
async def test_a_token_that_opens_no_session_closes_4403(served: Served, payload: Any) -> None:
    async with opened(served) as client:
        await client.say(type="connection_init", payload=payload)
        assert await client.closed() == (4403, "Forbidden")


async def test_a_source_that_is_away_at_the_init_asks_the_client_to_come_back(served: Served) -> None:
    served.stage.away = True
    async with opened(served) as client:
        await client.say(type="connection_init")
        assert await client.closed() == (1013, "Try again later")


async def test_a_revoked_session_closes_its_sockets_at_once_and_no_others(served: Served) -> None:
    async with ready(served, {"accessToken": "maria"}) as maria, ready(served, {"accessToken": "omar"}) as omar:
        await maria.subscribe("1", "subscription { steps }")
        await served.stage.until_live(1)
        served.stage.revoke(1)
        assert await maria.closed() == (4403, "Session ended")
        await served.stage.until_live(0)
        assert await omar.results("1", "{ viewer }") == [{"data": {"viewer": "omar"}}]


async def test_an_event_is_not_sent_to_a_session_that_has_ended(served: Served) -> None:
    async with ready(served, {"accessToken": "maria"}) as client:
        await client.subscribe("1", "subscription { steps }")
        await served.stage.until_live(1)
        del served.stage.sessions["maria"]
        served.stage.gate.set()
        with pytest.raises(ConnectionClosed) as end:
            await client.hear()
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 4403


async def test_a_query_of_a_session_that_has_ended_or_changed_hands_closes_the_socket(served: Served) -> None:
    async with ready(served, {"accessToken": "maria"}) as client:
        served.stage.sessions["maria"] = 3
        await client.subscribe("1", 'mutation { note(text: "x") }')
        assert await client.closed() == (4403, "Session ended")
    assert served.stage.ran == []


async def test_an_idle_socket_is_closed_when_its_session_expires(served: Served) -> None:
    served.stage.session_lasts = timedelta(seconds=0)
    async with ready(served, {"accessToken": "maria"}) as client:
        del served.stage.sessions["maria"]
        assert await client.closed() == (4403, "Session ended")


async def test_a_socket_runs_only_so_many_operations_at_once(served: Served) -> None:
    async with ready(served) as client:
        for number in range(20):
            await client.subscribe(str(number), "subscription { steps }")
        await served.stage.until_live(20)
        await client.subscribe("20", "subscription { steps }")
        message = await client.hear()
        assert (message["type"], message["id"]) == ("error", "20")
        assert message["payload"][0]["extensions"] == {"code": "RATE_LIMITED"}
        await client.say(type="complete", id="0")
        await served.stage.until_live(19)
        await client.subscribe("20", "subscription { steps }")
        await served.stage.until_live(20)


async def test_a_message_above_the_limit_closes_1009(served: Served) -> None:
    async with ready(served) as client:
        await client.subscribe("1", "{ viewer }", variables={"a": "x" * 70_000})
        assert await client.closed() == (1009, "Message too big")


async def test_a_socket_that_talks_too_much_is_closed(served: Served) -> None:
    async with ready(served) as client:
        for _ in range(200):
            await client.say(type="pong")
        assert await client.closed() == (4429, "Too many messages")


async def test_a_client_that_stops_reading_is_closed_and_its_source_released() -> None:
    async with serve() as served:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.setblocking(False)
        await asyncio.get_running_loop().sock_connect(small, ("127.0.0.1", served.port))
        async with ready(served, sock=small, max_queue=1) as client:
            client.raw.transport.pause_reading()
            await client.subscribe("1", "subscription { count(to: 100000, size: 20000) }")
            await served.stage.until_live(1)
            await served.stage.until_live(0)
            sent = len(served.stage.contexts)
            assert sent < 1000
            client.raw.transport.resume_reading()
            assert await client.closed() == (4504, "slow consumer")


async def test_a_client_that_reads_gets_every_event_of_a_burst(served: Served) -> None:
    async with ready(served) as client:
        found = await client.results("1", "subscription { count(to: 2000, size: 1000) }")
        assert [f["data"]["count"].rstrip(".") for f in found] == [str(n) for n in range(1, 2001)]


async def test_draining_sends_what_is_queued_closes_1001_and_takes_no_more() -> None:
    async with serve() as served:
        async with ready(served) as client, ready(served) as idle:
            await client.subscribe("1", "subscription { steps }")
            await served.stage.until_live(1)
            served.stage.gate.set()
            assert (await client.hear())["payload"] == {"data": {"steps": "1"}}
            await served.sockets.drain()
            assert served.sockets.open == 0
            assert served.stage.live == 0
            assert await client.closed() == (1001, "Going away")
            assert await idle.closed() == (1001, "Going away")
        with pytest.raises(InvalidStatus) as refused:
            async with opened(served):
                pass
        assert refused.value.response.status_code == 503


async def test_draining_waits_for_a_network_that_is_still_sending() -> None:
    stage = Stage()
    sockets = WebSocketEndpoint(Edge(Engine(schema), stage.open_context))
    arriving: asyncio.Queue[Any] = asyncio.Queue()
    sending, free = asyncio.Event(), asyncio.Event()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        if '"next"' in message.get("text", ""):
            sending.set()
            await free.wait()
        sent.append(message)

    arriving.put_nowait({"type": "websocket.connect"})
    for text in (
        '{"type": "connection_init"}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "subscription { steps }"}}',
    ):
        arriving.put_nowait({"type": "websocket.receive", "text": text})
    scope = {"type": "websocket", "headers": [], "subprotocols": [PROTOCOL], "client": None}
    conversation = asyncio.create_task(sockets(scope, arriving.get, send))
    await stage.until_live(1)
    stage.gate.set()
    async with asyncio.timeout(DEADLINE):
        await sending.wait()
        draining = asyncio.create_task(sockets.drain())
        await stage.until_live(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]
        free.set()
        await draining
        await conversation
    assert [message.get("text", message.get("code")) for message in sent[2:]] == [
        '{"type":"next","id":"1","payload":{"data":{"steps":"1"}}}',
        1001,
    ]


UPGRADE = b"GET /graphql HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
HANDSHAKE = (
    UPGRADE + b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)


@pytest.mark.parametrize(
    "raw",
    [UPGRADE + b"\r\n", HANDSHAKE, HANDSHAKE + b"\x81\xfe\xff", HANDSHAKE + b"\x81\x02{}"],
    ids=["half a handshake", "no frame", "half a frame", "an unmasked frame"],
)
async def test_half_a_socket_leaves_nothing_behind(served: Served, raw: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(raw)
    async with asyncio.timeout(DEADLINE):
        await reader.readline()
        writer.close()
        async with ready(served) as client:
            assert await client.results("1", "{ greeting }") == [{"data": {"greeting": "Hello, you!"}}]
            while served.sockets.open > 1:
                await client.say(type="ping")
                await client.hear()
