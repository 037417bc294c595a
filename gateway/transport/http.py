"""GraphQL over HTTP (graphql.github.io/graphql-over-http): one request, one answer."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from graphql import OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.execution.codes import (
    BAD_USER_INPUT,
    FORBIDDEN,
    INTERNAL_SERVER_ERROR,
    RATE_LIMITED,
    SOURCE_UNAVAILABLE,
    TIMEOUT,
)
from gateway.execution.documents import GraphQLRequest, Prepared
from gateway.transport.accept import JSON, RESPONSE, negotiate, sent_json, wants_page
from gateway.transport.origin import caller, cross_site, header, headers, set_cookie
from gateway.transport.protocol import (
    Edge,
    Malformed,
    answer_members,
    code_of,
    decode,
    encode,
    error_members,
    failure_error,
    read_request,
)
from resolvers.context import Caller

METHODS = "GET, POST, OPTIONS"
GUARDS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"vary", b"Accept, Origin"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")
PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type, authorization, accept"),
    (b"access-control-max-age", b"600"),
)
#: Errors that leave no room for an operation at all; everything else a context refuses is answered 500.
STATUS_BY_CODE = {
    "UNAUTHENTICATED": 401,
    FORBIDDEN: 403,
    RATE_LIMITED: 429,
    SOURCE_UNAVAILABLE: 503,
    TIMEOUT: 504,
    INTERNAL_SERVER_ERROR: 500,
}


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    members: dict[str, Any] | None = None
    extra: list[tuple[bytes, bytes]] = field(default_factory=list)


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str = BAD_USER_INPUT, **extra: str) -> None:
        super().__init__(message)
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in extra.items()]
        error = {"message": message, "extensions": {"code": code}}
        self.response = _Response(status, {"errors": [error]}, pairs)


class _Gone(Exception):
    """The client left before its request was complete."""


class HttpEndpoint:
    """The ASGI application of the GraphQL endpoint for HTTP; `page` answers browsers that come without a query."""

    def __init__(self, edge: Edge, *, page: ASGIApp | None = None) -> None:
        self._edge = edge
        self._limits = edge.engine.limits
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is JSON with a code, and none has `data`."""
        accept = headers(scope, b"accept")
        browsing = scope["method"] in ("GET", "HEAD") and not scope["query_string"] and wants_page(accept)
        if self._page is not None and browsing:
            await self._page(scope, receive, send)
            return
        media = negotiate(accept)
        try:
            response = await self._respond(scope, receive, media)
        except _Refused as refused:
            response = refused.response
        except Malformed as malformed:
            error = {"message": malformed.message, "extensions": {"code": malformed.code}}
            response = _Response(400, {"errors": [error]})
        except _Gone:
            return
        except Exception as failure:
            response = _failed(failure)
        await self._send(scope, send, response, media or JSON)

    async def _respond(self, scope: Scope, receive: Receive, media: str | None) -> _Response:
        method = scope["method"]
        if method == "OPTIONS":
            return _Response(204, None, self._preflight(scope))
        if method not in ("GET", "POST"):
            raise _Refused(405, "The endpoint answers GET and POST.", allow=METHODS)
        if media is None:
            raise _Refused(406, f"The endpoint answers {RESPONSE} and {JSON}.")
        who = caller(scope, self._edge)
        if who.by_cookie and cross_site(scope, self._edge):
            raise _Refused(403, "Another site's page cannot use this session.", FORBIDDEN)
        request = self._from_query(scope) if method == "GET" else await self._from_body(scope, receive)
        prepared = self._edge.engine.prepare(request)
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise _Refused(400, "Subscriptions run over the WebSocket at this address.")
        if method == "GET" and prepared.kind is OperationType.MUTATION:
            raise _Refused(405, "Mutations are sent by POST.", allow="POST")
        if prepared.errors:
            return _Response(200 if media == JSON else 400, {"errors": error_members(prepared.errors, prepared)})
        return await self._run(prepared, who)

    async def _run(self, prepared: Prepared, who: Caller) -> _Response:
        try:
            context = await self._edge.open_context(who)
        except Exception as failure:
            return _failed(failure, prepared)
        answer = await self._edge.engine.execute(prepared, context)
        cookie = set_cookie(context.reply, self._edge)
        extra = [] if cookie is None else [(b"set-cookie", cookie.encode("latin-1"))]
        return _Response(200, answer_members(answer, prepared), extra)

    def _from_query(self, scope: Scope) -> GraphQLRequest:
        raw = scope["query_string"]
        if len(raw) > self._limits.body_bytes:
            raise _Refused(414, "The address is too long: send the request by POST.")
        try:
            pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
        except ValueError:
            raise Malformed("The address is not valid URL encoding of UTF-8.") from None
        members: dict[str, Any] = {}
        for name, value in pairs:
            if name in members:
                raise Malformed("The address gives a parameter twice.")
            members[name] = decode(value) if name in ("variables", "extensions") else value
        if any("\0" in value for _, value in pairs):
            raise Malformed("The request has a NUL character.")
        return read_request(members)

    async def _from_body(self, scope: Scope, receive: Receive) -> GraphQLRequest:
        if not sent_json(headers(scope, b"content-type")):
            raise _Refused(415, f"The body must be {JSON} in UTF-8, and say so.", accept_post=JSON)
        if any(value.strip().lower() != "identity" for value in headers(scope, b"content-encoding")):
            raise _Refused(415, "The body must not be compressed.", accept_encoding="identity")
        return read_request(decode(await self._body(scope, receive)))

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        most = self._limits.body_bytes
        too_large = _Refused(413, f"The body may have {most:,} bytes.", connection="close")
        announced = header(scope, b"content-length")
        if announced is not None and announced.isdigit() and int(announced[:20]) > most:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.receipt):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise too_large
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise _Refused(408, "The body did not arrive in time.", TIMEOUT, connection="close") from None

    def _preflight(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        listed = header(scope, b"origin") in self._edge.allowed_origins
        return [(b"allow", METHODS.encode()), *(PREFLIGHT if listed else ())]

    def _cors(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        origin = header(scope, b"origin")
        if origin is None or origin not in self._edge.allowed_origins:
            return []
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", b"retry-after"),
        ]

    async def _send(self, scope: Scope, send: Send, response: _Response, media: str) -> None:
        body = b"" if response.members is None else encode(response.members)
        sent = [*GUARDS, *self._cors(scope), *response.extra]
        if self._edge.secure_cookies:
            sent.append(HSTS)
        if response.members is not None:
            sent.append((b"content-type", f"{media}; charset=utf-8".encode()))
            sent.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _failed(failure: Exception, prepared: Prepared | None = None) -> _Response:
    """The answer where no operation ran: the status says why, and there is no data."""
    members = error_members((failure_error(failure),), prepared)
    extra = []
    if "retryAfter" in members[0]["extensions"]:
        extra.append((b"retry-after", str(members[0]["extensions"]["retryAfter"]).encode()))
    return _Response(STATUS_BY_CODE.get(code_of(members[0]), 500), {"errors": members}, extra)
