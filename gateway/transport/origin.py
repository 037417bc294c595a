"""Who calls: the token a request carries, and whether the page that sent it may use a browser's cookie."""

import re
from collections.abc import Iterable
from email.utils import format_datetime
from typing import Any

from gateway.transport.protocol import Edge
from resolvers.context import Caller, Reply

SECURE_COOKIE = "__Host-homeroom"
PLAIN_COOKIE = "homeroom"
TOKEN = re.compile(r"[!#-+\--:<-\[\]-~]{1,512}")
AGENT_LENGTH = 256

Scope = Any


def headers(scope: Scope, name: bytes) -> list[str]:
    """All values of a header, in the order they came."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def header(scope: Scope, name: bytes) -> str | None:
    """The only value of a header; None where there is none, or more than one."""
    found = headers(scope, name)
    return found[0] if len(found) == 1 else None


def caller(scope: Scope, edge: Edge, authorization: str | None = None, *, cookies: bool = True) -> Caller:
    """The caller of a request: a bearer token first, else the session cookie."""
    token = bearer(authorization if authorization is not None else header(scope, b"authorization"))
    by_cookie = token is None and cookies
    if by_cookie:
        token = _cookie(headers(scope, b"cookie"), SECURE_COOKIE if edge.secure_cookies else PLAIN_COOKIE)
    return Caller(
        token=token,
        by_cookie=by_cookie and token is not None,
        address=str((scope.get("client") or ("", 0))[0]),
        user_agent=(header(scope, b"user-agent") or "")[:AGENT_LENGTH],
        transport=scope["type"],
    )


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header of the scheme Bearer (RFC 6750); None for every other."""
    if authorization is None:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and TOKEN.fullmatch(token) else None


def origin_allowed(scope: Scope, edge: Edge) -> bool:
    """Whether the request's Origin is the gateway's own or a listed one; False without exactly one Origin."""
    origin = header(scope, b"origin")
    if origin is None:
        return False
    if origin in edge.allowed_origins:
        return True
    host = header(scope, b"host")
    schemes = ("https",) if edge.secure_cookies else ("http", "https")
    return host is not None and origin.lower() in {f"{scheme}://{host.lower()}" for scheme in schemes}


def cross_site(scope: Scope, edge: Edge) -> bool:
    """Whether a browser says that another site's page sent this; requests that no browser sent are not cross-site."""
    if headers(scope, b"origin"):
        return not origin_allowed(scope, edge)
    return any(site.lower() not in ("same-origin", "none") for site in headers(scope, b"sec-fetch-site"))


def set_cookie(reply: Reply, edge: Edge) -> str | None:
    """The Set-Cookie header that an operation asked for: a session to keep, or to forget; None for neither."""
    value = reply.session_cookie
    if value is None:
        return None
    name = SECURE_COOKIE if edge.secure_cookies else PLAIN_COOKIE
    if value and not TOKEN.fullmatch(value):
        raise ValueError("A session token must fit into a cookie.")
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if edge.secure_cookies:
        parts.append("Secure")
    if not value:
        parts.append("Max-Age=0")
    elif reply.cookie_expires_at is not None:
        parts.append(f"Expires={format_datetime(reply.cookie_expires_at, usegmt=True)}")
    return "; ".join(parts)


def _cookie(values: Iterable[str], name: str) -> str | None:
    for value in values:
        for pair in value.split(";"):
            key, _, token = pair.strip().partition("=")
            if key == name and TOKEN.fullmatch(token):
                return token
    return None
