"""The way out to push services: HTTP/2 where they speak it, no redirects, short answers, and no private addresses.

Where a browser is reached is a URL that its owner gives us: without this, anybody with an account could have the
gateway knock at doors of the district's own network.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import httpcore2

from gateway.outbox import Unreachable
from resolvers.portal.push_address import is_public

_SECONDS = 10.0
_ANSWER_BYTES = 16 * 1024
_LOOKUPS = 4
_LONGEST_WAIT = timedelta(hours=24)
_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    httpcore2.ConnectionNotAvailable,
    TimeoutError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a push service answered: no more of it than can say why."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """The body as an object of JSON; an empty one where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def wait(self, now: datetime) -> timedelta:
        """How long we are asked to stay away by Retry-After, in seconds or as a date (RFC 9110, 10.2.3)."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return timedelta(0)
        until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
        return min(max(until - now, timedelta(0)), _LONGEST_WAIT)


class Network:
    """Connections to push services, kept while they are used; `private` lets them go to any address."""

    def __init__(self, *, private: bool = False, tls: ssl.SSLContext | None = None) -> None:
        # Threads of their own: a name that somebody lets resolve for minutes holds up no other work.
        self._lookups = ThreadPoolExecutor(_LOOKUPS, "push lookups")
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            http2=True,
            max_connections=40,
            max_keepalive_connections=40,
            keepalive_expiry=60.0,
            network_backend=httpcore2.AnyIOBackend() if private else _PublicOnly(self._lookups),
        )

    async def post(self, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """The answer to a POST; Unreachable where there is none, or none in time."""
        try:
            async with asyncio.timeout(_SECONDS):
                async with self._pool.stream("POST", url, headers=list(headers.items()), content=content) as answer:
                    body = b""
                    async for part in answer.aiter_stream():
                        body += part[: _ANSWER_BYTES - len(body)]
                        if len(body) >= _ANSWER_BYTES:
                            break
                    told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                    return Answer(answer.status, told, body)
        except _FAILURES as error:
            raise Unreachable(f"The push service cannot be reached ({type(error).__name__}).") from None

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()
        self._lookups.shutdown(wait=False, cancel_futures=True)


class AddressPrivate(httpcore2.ConnectError):
    """A host has no address on the public net."""


class _PublicOnly(httpcore2.AsyncNetworkBackend):
    """Connects to the public net alone: to the very address that was looked at, whatever its name says next."""

    def __init__(self, lookups: Executor) -> None:
        self._inner = httpcore2.AnyIOBackend()
        self._lookups = lookups

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        for address in await _addresses(self._lookups, host, port):
            if is_public(address):
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
        raise AddressPrivate("That host has no public address.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _addresses(lookups: Executor, host: str, port: int) -> list[str]:
    look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(lookups, look)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
