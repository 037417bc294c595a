"""GraphQL over HTTP against a real server: what is answered, what is refused, and with which status."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.limits import Limits
from tests.gateway.stage import Served, serve
from tests.gateway.wire import JSON_IN, ask, exchange, parse, post, run

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
TYPENAME = {"query": "{ __typename }"}


@pytest.fixture(scope="module", params=[False, True], ids=["asgi", "direct"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serve(direct=request.param) as served:
        yield served


@pytest.fixture
def served(server: Served) -> Served:
    server.stage.forget()
    return server


async def test_a_query_is_answered_with_data_alone(served: Served) -> None:
    reply = await post(served, {"query": "query ($n: String!) { greeting(name: $n) }", "variables": {"n": "Ana"}})
    assert (reply.status, reply.json()) == (200, {"data": {"greeting": "Hello, Ana!"}})


async def test_a_query_by_get_takes_its_members_from_the_address(served: Served) -> None:
    members = {"query": "query A { viewer } query B($n: String!) { greeting(name: $n) }", "operationName": "B"}
    reply = await ask(served, "GET", {"accept": RESPONSE}, query=members | {"variables": '{"n": "Zoë & co"}'})
    assert (reply.status, reply.json()) == (200, {"data": {"greeting": "Hello, Zoë & co!"}})


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (RESPONSE, RESPONSE),
        ("Application/GraphQL-Response+JSON", RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{JSON}, {RESPONSE};q=0.5", JSON),
        (f"{RESPONSE};q=0.5, */*", JSON),
        (f"{JSON};q=0, */*", RESPONSE),
        (f"{RESPONSE};charset=utf-8", RESPONSE),
        (f"{RESPONSE};charset=latin1, {JSON};q=0.1", JSON),
        ("text/html, */*;q=0.8", JSON),
    ],
)
async def test_the_answer_has_the_media_type_that_the_client_likes_best(
    served: Served, accept: str | None, media: str
) -> None:
    headers = JSON_IN | ({} if accept is None else {"accept": accept})
    reply = await ask(served, "POST", headers, orjson.dumps(TYPENAME))
    assert reply.status == 200
    assert reply.headers["content-type"] == f"{media}; charset=utf-8"
    assert reply.headers["vary"] == "Accept, Origin"


@pytest.mark.parametrize("accept", ["text/event-stream", "image/png", f"{JSON};q=0", f"{JSON};q=nan", f"{JSON};q=7"])
async def test_a_client_that_reads_neither_media_type_is_refused(served: Served, accept: str) -> None:
    reply = await post(served, TYPENAME, accept=accept)
    assert (reply.status, reply.code()) == (406, "BAD_USER_INPUT")
    assert served.stage.callers == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { viewer } query B { viewer }", "BAD_USER_INPUT"),
        ("fragment A on Query { viewer }", "BAD_USER_INPUT"),
        ("query ($n: String!) { greeting(name: $n) }", "BAD_USER_INPUT"),
        (
            "{ a: viewer @skip(if: true) @skip(if: true) @skip(if: true) @skip(if: true) @skip(if: true) }",
            "COST_LIMIT_EXCEEDED",
        ),
    ],
)
async def test_a_request_error_has_no_data_and_its_status_depends_on_the_media_type(
    served: Served, document: str, code: str
) -> None:
    classic = await post(served, {"query": document}, accept=JSON)
    newer = await post(served, {"query": document}, accept=RESPONSE)
    assert (classic.status, classic.code()) == (200, code)
    assert (newer.status, newer.code()) == (400, code)
    assert served.stage.callers == []


async def test_an_unknown_operation_name_is_a_request_error_and_an_empty_one_is_none(served: Served) -> None:
    unknown = await post(served, {"query": "query A { viewer }", "operationName": "B"}, accept=RESPONSE)
    assert (unknown.status, unknown.code()) == (400, "BAD_USER_INPUT")
    assert (await post(served, {"query": "query A { viewer }", "operationName": ""})).json() == {
        "data": {"viewer": None}
    }


async def test_names_of_the_schema_are_not_suggested(served: Served) -> None:
    errors = (await run(served, "{ greting(nam: 1) greeting(nam: 1) }"))["errors"]
    assert "Did you mean" not in str(errors)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"5",
        b'"x"',
        b"[]",
        b'[{"query":"{ __typename }"}]',
        b"\xff\xfe",
        b"NaN",
        b"{}",
        b'{"query": null}',
        b'{"query": 5}',
        b'{"query": ["{ viewer }"]}',
        b'{"query": {"a": 1}}',
        b'{"query": "{ viewer }", "variables": []}',
        b'{"query": "{ viewer }", "variables": "x"}',
        b'{"query": "{ viewer }", "extensions": 0}',
        b'{"query": "{ viewer }", "operationName": false}',
        b'{"query": "{ viewer }", "variables": {"a": NaN}}',
        b'{"query": "{ viewer }", "variables": {"a": 1e999}}',
        b'{"query": "{ viewer }", "variables": {"a": -Infinity}}',
        b'{"query": "{ viewer }", "variables": {"a": ' + b"9" * 5000 + b"}}",
        b'{"query": "{ viewer }", "variables": {"a": 123456789012345678901}}',
        b'{"query": "{ viewer }", "variables": {"a": ' + b"[" * 33 + b"]" * 33 + b"}}",
        b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"query": "{ viewer }", "variables": {"a": "\\u0000"}}',
        b'{"query": "{ viewer }\\u0000"}',
        b'{"query": "{ viewer }", "variables": {"\\u0000": 1}}',
        b'{"query": "{ viewer }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ viewer }", "a": "\xed\xa0\x80"}',
        b"query=%7Bviewer%7D",
    ],
    ids=lambda body: repr(body[:50]),
)
async def test_a_body_that_is_no_request_is_answered_400_and_runs_nothing(served: Served, body: bytes) -> None:
    reply = await ask(served, "POST", JSON_IN, body)
    assert (reply.status, reply.code()) == (400, "BAD_USER_INPUT")
    assert served.stage.callers == []


async def test_unknown_members_are_ignored_and_an_unstored_document_is_named(served: Served) -> None:
    assert (await post(served, TYPENAME | {"mystery": 1})).json() == {"data": {"__typename": "Query"}}
    assert (await post(served, {"documentId": "sha256:0"})).code() == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "text/plain; application/json"},
        {"content-type": "application/jsonx"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/json\r\ncontent-type: text/plain"},
    ],
    ids=str,
)
async def test_a_body_that_does_not_say_it_is_json_is_answered_415(served: Served, headers: dict[str, str]) -> None:
    reply = await ask(served, "POST", headers, orjson.dumps({"query": 'mutation { note(text: "x") }'}))
    assert (reply.status, reply.code()) == (415, "BAD_USER_INPUT")
    assert served.stage.ran == []


async def test_the_media_type_of_a_body_is_read_in_any_case(served: Served) -> None:
    headers = {"content-type": 'APPLICATION/Json;Charset="UTF-8"'}
    assert (await ask(served, "POST", headers, orjson.dumps(TYPENAME))).status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "QUERY"])
async def test_other_methods_are_answered_405_with_those_allowed(served: Served, method: str) -> None:
    reply = await ask(served, method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST, OPTIONS")


async def test_a_mutation_by_get_is_answered_405_and_does_not_run(served: Served) -> None:
    for accept in (JSON, RESPONSE):
        reply = await ask(served, "GET", {"accept": accept}, query={"query": 'mutation { note(text: "x") }'})
        assert (reply.status, reply.headers["allow"], reply.code()) == (405, "POST", "BAD_USER_INPUT")
    assert served.stage.ran == []
    assert served.stage.callers == []


async def test_a_subscription_over_http_is_refused_and_opens_no_stream(served: Served) -> None:
    reply = await post(served, {"query": "subscription { count(to: 3) }"})
    assert (reply.status, reply.code()) == (400, "BAD_USER_INPUT")
    assert served.stage.live == 0


@pytest.mark.parametrize(
    "query",
    [
        "query=%FF",
        "query=%7Bviewer%7D&query=%7Bviewer%7D",
        "variables=%7B%7D",
        "query=%7Bviewer%7D&variables=%7B",
        "query=%7Bviewer%7D&variables=5",
        "query=%7Bviewer%7D%00",
        "&".join(f"a{n}=1" for n in range(30)) + "&query=x",
    ],
)
async def test_an_address_that_is_no_request_is_answered_400(served: Served, query: str) -> None:
    reply = await ask(served, "GET", query=query)
    assert (reply.status, reply.code()) == (400, "BAD_USER_INPUT")


async def test_a_browser_without_a_query_gets_the_page_and_with_one_the_answer(served: Served) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert (await ask(served, "GET", browser)).body == b"<!doctype html>"
    assert (await ask(served, "GET", browser, query="query=%7Bviewer%7D")).json() == {"data": {"viewer": None}}
    assert (await ask(served, "GET", {"accept": "*/*"})).status == 400


async def test_a_body_above_the_limit_is_refused_whichever_way_it_comes(served: Served) -> None:
    body = orjson.dumps({"query": "{ viewer }", "variables": {"a": "x" * 70_000}})
    announced = await ask(served, "POST", JSON_IN, body)
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[:40_000], body[40_000:])) + b"0\r\n\r\n"
    chunked = await ask(served, "POST", JSON_IN | {"transfer-encoding": "chunked"}, pieces)
    for reply in (announced, chunked):
        assert (reply.status, reply.code()) == (413, "BAD_USER_INPUT")
        assert reply.headers["connection"] == "close"
    assert served.stage.callers == []


async def test_a_body_that_is_announced_too_long_is_refused_before_it_is_sent(served: Served) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n"
    assert parse(await exchange(served, head)).status == 413


async def test_a_body_in_chunks_is_put_together(served: Served) -> None:
    body = orjson.dumps(TYPENAME)
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    reply = await ask(served, "POST", JSON_IN | {"transfer-encoding": "chunked"}, pieces)
    assert reply.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("direct", [False, True])
async def test_a_body_that_does_not_arrive_is_given_up_and_one_that_breaks_off_is_forgotten(direct: bool) -> None:
    head = b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 26\r\n\r\n{"
    async with serve(limits=Limits(receipt=0.05), direct=direct) as served:
        late = parse(await exchange(served, head))
        assert (late.status, late.code(), late.headers["connection"]) == (408, "TIMEOUT", "close")
        assert await exchange(served, head, then_close=True) == b""
        assert served.stage.callers == []
        assert (await post(served, TYPENAME)).status == 200


async def test_every_answer_forbids_caching_sniffing_and_framing(served: Served) -> None:
    for reply in (await post(served, TYPENAME), await ask(served, "POST"), await ask(served, "OPTIONS")):
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "strict-transport-security" not in reply.headers


async def viewer_of(served: Served, **headers: str) -> Any:
    reply = await post(served, {"query": "{ viewer }"}, **headers)
    return reply.json()["data"]["viewer"] if reply.status == 200 else (reply.status, reply.code())


async def test_a_bearer_token_comes_before_the_cookie(served: Served) -> None:
    assert await viewer_of(served) is None
    assert await viewer_of(served, authorization="Bearer maria") == "maria"
    assert await viewer_of(served, authorization="bearer   maria ") == "maria"
    assert await viewer_of(served, cookie="a=b; homeroom=omar; c=d") == "omar"
    assert await viewer_of(served, authorization="Bearer maria", cookie="homeroom=omar") == "maria"
    assert await viewer_of(served, cookie="xhomeroom=omar; __Host-homeroom=omar") is None
    assert await viewer_of(served, authorization="Basic maria") is None
    assert [c.by_cookie for c in served.stage.callers] == [False, False, False, True, False, False, False]
    assert {c.transport for c in served.stage.callers} == {"http"}
    assert {c.address for c in served.stage.callers} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "https://app.example.evil"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
    ],
    ids=str,
)
async def test_another_sites_page_cannot_use_the_cookie(served: Served, headers: dict[str, str]) -> None:
    reply = await post(served, {"query": 'mutation { note(text: "x") }'}, cookie="homeroom=maria", **headers)
    assert (reply.status, reply.code()) == (403, "FORBIDDEN")
    assert served.stage.ran == []
    assert "access-control-allow-origin" not in reply.headers
    assert await viewer_of(served, authorization="Bearer maria", **headers) == "maria"


async def test_our_own_page_and_listed_ones_may_use_the_cookie(served: Served) -> None:
    own = f"http://127.0.0.1:{served.port}"
    assert await viewer_of(served, cookie="homeroom=maria", origin=own, sec_fetch_site="same-origin") == "maria"
    assert await viewer_of(served, cookie="homeroom=maria", sec_fetch_site="none") == "maria"
    assert await viewer_of(served, cookie="homeroom=maria", origin="https://app.example") == "maria"


async def test_only_listed_origins_are_told_that_they_may_read(served: Served) -> None:
    listed = await post(served, TYPENAME, origin="https://app.example")
    assert listed.headers["access-control-allow-origin"] == "https://app.example"
    assert listed.headers["access-control-allow-credentials"] == "true"
    for origin in ("https://evil.example", "null", "https://APP.example", "https://app.example:444", "*"):
        assert not [name for name in (await post(served, TYPENAME, origin=origin)).headers if "access-control" in name]


async def test_a_preflight_is_answered_for_listed_origins_alone(served: Served) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-evil"}
    listed = await ask(served, "OPTIONS", {"origin": "https://app.example", **asked})
    assert (listed.status, listed.body) == (204, b"")
    assert listed.headers["access-control-allow-origin"] == "https://app.example"
    assert listed.headers["access-control-allow-headers"] == "content-type, authorization, accept"
    other = await ask(served, "OPTIONS", {"origin": "https://evil.example", **asked})
    assert not [name for name in other.headers if "access-control" in name]


async def test_an_operation_sets_and_clears_the_session_cookie(served: Served) -> None:
    reply = await post(served, {"query": "mutation { logIn }"})
    assert reply.headers["set-cookie"] == (
        "homeroom=maria; Path=/; HttpOnly; SameSite=Lax; Expires=Tue, 24 Nov 2026 00:00:00 GMT"
    )
    reply = await post(served, {"query": "mutation { logOut }"})
    assert reply.headers["set-cookie"] == "homeroom=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    assert "set-cookie" not in (await post(served, TYPENAME)).headers


@pytest.mark.parametrize("direct", [False, True])
async def test_over_https_the_cookie_is_bound_to_the_host_and_plain_origins_are_strangers(direct: bool) -> None:
    async with serve(secure=True, direct=direct) as served:
        reply = await post(served, {"query": "mutation { logIn }"})
        assert reply.headers["set-cookie"] == (
            "__Host-homeroom=maria; Path=/; HttpOnly; SameSite=Lax; Secure; Expires=Tue, 24 Nov 2026 00:00:00 GMT"
        )
        assert reply.headers["strict-transport-security"] == "max-age=31536000"
        assert await viewer_of(served, cookie="__Host-homeroom=maria") == "maria"
        assert await viewer_of(served, cookie="homeroom=maria") is None
        plain = f"http://127.0.0.1:{served.port}"
        assert await viewer_of(served, cookie="__Host-homeroom=maria", origin=plain) == (403, "FORBIDDEN")


async def test_a_source_that_is_away_is_answered_503_without_data_or_detail(served: Served) -> None:
    served.stage.away = True
    reply = await post(served, TYPENAME)
    assert (reply.status, reply.code()) == (503, "SOURCE_UNAVAILABLE")
    assert b"secret-host" not in reply.body


@pytest.mark.parametrize("direct", [False, True])
async def test_an_operation_that_takes_too_long_is_cut_off_and_its_work_ends(direct: bool) -> None:
    async with serve(limits=Limits(deadline=0.05), direct=direct) as served:
        members = await run(served, "{ slow }")
        assert members["data"] is None
        assert [e["extensions"] for e in members["errors"]] == [{"code": "TIMEOUT"}]
        await served.stage.until_live(0)


async def test_each_request_gets_a_context_of_its_own(served: Served) -> None:
    await asyncio.gather(*(post(served, TYPENAME) for _ in range(5)))
    assert len({id(context) for context in served.stage.contexts}) == 5


async def test_a_value_without_json_form_is_masked(served: Served) -> None:
    reply = await post(served, {"query": "{ surrogate }"})
    assert reply.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
