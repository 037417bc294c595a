"""Responses: what goes out for a request, with the fields that every answer has, and the refusals."""

from collections.abc import Sequence
from typing import Any

from gateway.execution.codes import (
    BAD_USER_INPUT,
    FORBIDDEN,
    INTERNAL_SERVER_ERROR,
    OVERLOADED,
    RATE_LIMITED,
    SOURCE_UNAVAILABLE,
    TIMEOUT,
)
from gateway.execution.documents import Prepared
from gateway.transport.accept import EVENTS, JSON, RESPONSE
from gateway.transport.answers import Body
from gateway.transport.head import Head
from gateway.transport.protocol import Edge, Malformed, code_of, encode, error_members, failure_error

Fields = Sequence[tuple[bytes, bytes]]

METHODS = "GET, POST, OPTIONS"
GUARDS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
UNKEPT = ((b"cache-control", b"no-store"), (b"vary", b"Accept, Origin"))
#: A browser may keep what it got by an address, for its own user, and asks each time whether it is still so.
KEPT = ((b"cache-control", b"private, no-cache"), (b"vary", b"Accept, Origin, Authorization, Cookie"))
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
    OVERLOADED: 503,
    RATE_LIMITED: 429,
    SOURCE_UNAVAILABLE: 503,
    TIMEOUT: 504,
    INTERNAL_SERVER_ERROR: 500,
}


class Fixed:
    """Fields that many responses share: as ASGI has them, and as they stand on the wire."""

    __slots__ = ("fields", "raw")

    def __init__(self, *fields: tuple[bytes, bytes]) -> None:
        self.fields = fields
        self.raw = b"".join(b"%s: %s\r\n" % field for field in fields)


class Response:
    """A response, complete but for what a server adds to each: its status, its fields, its body."""

    __slots__ = ("body", "fixed", "own", "status")

    def __init__(self, status: int, fixed: Fixed, own: Fields, body: bytes) -> None:
        self.status = status
        self.fixed = fixed
        self.own = own
        self.body = body

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """All its fields."""
        return [*self.fixed.fields, *self.own]


class Refused(Exception):
    """The request is not taken; `extra` fields, with underscores for hyphens, go out with the status."""

    def __init__(self, status: int, message: str, code: str = BAD_USER_INPUT, **extra: str) -> None:
        super().__init__(message)
        self.status = status
        self.members = [{"message": message, "extensions": {"code": code}}]
        self.extra = [(name.replace("_", "-").encode(), value.encode()) for name, value in extra.items()]


class Responses:
    """Makes responses, the fields that never change made once."""

    def __init__(self, edge: Edge) -> None:
        self._origins = edge.allowed_origins
        bare = (*GUARDS, HSTS) if edge.secure_cookies else GUARDS
        typed = {media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (JSON, RESPONSE, EVENTS)}
        self._bare = Fixed(*bare, *UNKEPT)
        self._unchanged = Fixed(*bare, *KEPT)
        self._unkept = {media: Fixed(*bare, *UNKEPT, field) for media, field in typed.items()}
        self._kept = {media: Fixed(*bare, *KEPT, field) for media, field in typed.items()}

    def answered(self, head: Head, media: str, body: bytes, extra: Fields = ()) -> Response:
        """The response of an operation that ran."""
        return self._response(200, head, media, body, extra)

    def ordered(self, head: Head, media: str, body: bytes, extra: Fields, errors: Sequence[dict[str, Any]]) -> Response:
        """The response of an order that ran, or was let go because there was no room for it: that is 503.

        Either way Retry-After says when to come again, where an error knows it.
        """
        waits = [error["extensions"]["retryAfter"] for error in errors if "retryAfter" in error["extensions"]]
        later = ((b"retry-after", b"%d" % max(waits)),) if waits else ()
        status = 503 if any(code_of(error) == OVERLOADED for error in errors) else 200
        return self._response(status, head, media, body, (*extra, *later))

    def tagged(self, head: Head, media: str, body: Body) -> Response:
        """The response to a GET whose operation had no errors: 304 where the client has these very bytes already.

        The tag is a strong one (RFC 9110, 8.8.3), so that it tells the media types apart.
        """
        tag = f'"{media[12]}{body.digest}"'
        own = ((b"etag", tag.encode()), *self._cors(head))
        if _matches(head.every(b"if-none-match"), tag):
            return Response(304, self._unchanged, own, b"")
        return Response(200, self._kept[media], ((b"content-length", b"%d" % len(body.bytes)), *own), body.bytes)

    def streamed(self, head: Head) -> Response:
        """The head of a stream of events, which has no length; a proxy must not gather them."""
        own = ((b"x-accel-buffering", b"no"), *self._cors(head))
        return Response(200, self._unkept[EVENTS], own, b"")

    def with_errors(self, head: Head, media: str, status: int, errors: Sequence[dict[str, Any]]) -> Response:
        """The response of a request whose document was refused."""
        return self._response(status, head, media, encode({"errors": errors}), ())

    def refused(self, head: Head, media: str | None, why: Refused | Malformed) -> Response:
        """The response of a request that is not taken."""
        media = media or JSON
        if isinstance(why, Refused):
            return self._response(why.status, head, media, encode({"errors": why.members}), why.extra)
        return self.with_errors(head, media, 400, [{"message": why.message, "extensions": {"code": why.code}}])

    def failed(self, head: Head, media: str | None, failure: Exception, prepared: Prepared | None = None) -> Response:
        """The response where no operation ran: the status says why, and there is no data."""
        members = error_members((failure_error(failure),), prepared)
        extra = []
        if "retryAfter" in members[0]["extensions"]:
            extra.append((b"retry-after", str(members[0]["extensions"]["retryAfter"]).encode()))
        status = STATUS_BY_CODE.get(code_of(members[0]), 500)
        return self._response(status, head, media or JSON, encode({"errors": members}), extra)

    def options(self, head: Head) -> Response:
        """The response to OPTIONS: what may be sent, and to pages of listed sites that they may send it."""
        listed = head.one(b"origin") in self._origins
        own = [*self._cors(head), (b"allow", METHODS.encode()), *(PREFLIGHT if listed else ())]
        return Response(204, self._bare, own, b"")

    def _response(self, status: int, head: Head, media: str, body: bytes, extra: Fields) -> Response:
        length = (b"content-length", b"%d" % len(body))
        return Response(status, self._unkept[media], (length, *self._cors(head), *extra), body)

    def _cors(self, head: Head) -> Fields:
        origin = head.one(b"origin") if self._origins else None
        if origin is None or origin not in self._origins:
            return ()
        return (
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-expose-headers", b"retry-after"),
        )


def _matches(listed: Sequence[str], tag: str) -> bool:
    """Whether If-None-Match names the tag, or anything (RFC 9110, 13.1.2)."""
    if not listed:
        return False
    names = [name.strip() for value in listed for name in value.split(",")]
    return "*" in names or any(name.removeprefix("W/") == tag for name in names)
