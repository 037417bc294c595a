"""Who calls: the token a request carries, and whether the page that sent it may use a browser's cookie."""

import re
from collections.abc import Iterable
from email.utils import format_datetime

from gateway.transport.head import Head
from gateway.transport.protocol import Edge
from resolvers.context import Caller, Reply
from resolvers.portal.devices import KEPT

SECURE_COOKIE = "__Host-homeroom"
PLAIN_COOKIE = "homeroom"
SECURE_DEVICE = "__Host-device"
PLAIN_DEVICE = "device"
TOKEN = re.compile(r"[!#-+\--:<-\[\]-~]{1,512}")
AGENT_LENGTH = 256


def presented(head: Head, edge: Edge) -> tuple[str | None, bool]:
    """The token that a request carries, and whether that is the session cookie: a bearer token comes first."""
    token = bearer(head.one(b"authorization"))
    if token is not None:
        return token, False
    token = _session_cookie(head, edge)
    return token, token is not None


def caller(
    head: Head, token: str | None, by_cookie: bool, transport: str = "http", device: str | None = None
) -> Caller:
    """Where a request comes from."""
    agent = (head.one(b"user-agent") or "")[:AGENT_LENGTH]
    return Caller(token, by_cookie, head.address, agent, transport, device=device)


def device(head: Head, edge: Edge) -> str | None:
    """What the browser is known by: the cookie of its first log-in."""
    cookies = head.every(b"cookie")
    return _cookie(cookies, SECURE_DEVICE if edge.secure_cookies else PLAIN_DEVICE) if cookies else None


def socket_caller(head: Head, edge: Edge, authorization: str | None) -> Caller:
    """Who opens a socket: by its first message's authorization, else by the handshake's, else by the cookie.

    The cookie counts only where the handshake came from a page of our own or of a listed site.
    """
    token = bearer(authorization if authorization is not None else head.one(b"authorization"))
    by_cookie = False
    if token is None and authorization is None and origin_allowed(head, edge):
        token = _session_cookie(head, edge)
        by_cookie = token is not None
    return caller(head, token, by_cookie, "websocket")


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header of the scheme Bearer (RFC 6750); None for every other."""
    if authorization is None:
        return None
    if authorization.startswith("Bearer ") and TOKEN.fullmatch(authorization, 7):
        return authorization[7:]
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and TOKEN.fullmatch(token) else None


def origin_allowed(head: Head, edge: Edge) -> bool:
    """Whether the request's Origin is the gateway's own or a listed one; False without exactly one Origin."""
    origin = head.one(b"origin")
    if origin is None:
        return False
    if origin in edge.allowed_origins:
        return True
    host = head.one(b"host")
    schemes = ("https",) if edge.secure_cookies else ("http", "https")
    return host is not None and origin.lower() in {f"{scheme}://{host.lower()}" for scheme in schemes}


def cross_site(head: Head, edge: Edge) -> bool:
    """Whether a browser says that another site's page sent this; requests that no browser sent are not cross-site."""
    if head.every(b"origin"):
        return not origin_allowed(head, edge)
    return any(site.lower() not in ("same-origin", "none") for site in head.every(b"sec-fetch-site"))


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


def set_device(reply: Reply, edge: Edge) -> str | None:
    """The Set-Cookie header by which a browser is known at its next log-in; None where none began a session."""
    value = reply.device_cookie
    if value is None:
        return None
    if not TOKEN.fullmatch(value):
        raise ValueError("What a device is known by must fit into a cookie.")
    name = SECURE_DEVICE if edge.secure_cookies else PLAIN_DEVICE
    secure = "; Secure" if edge.secure_cookies else ""
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={int(KEPT.total_seconds())}"


def _session_cookie(head: Head, edge: Edge) -> str | None:
    cookies = head.every(b"cookie")
    return _cookie(cookies, SECURE_COOKIE if edge.secure_cookies else PLAIN_COOKIE) if cookies else None


def _cookie(values: Iterable[str], name: str) -> str | None:
    for value in values:
        for pair in value.split(";"):
            key, _, token = pair.strip().partition("=")
            if key == name and TOKEN.fullmatch(token):
                return token
    return None
