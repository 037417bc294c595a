"""The session behind a socket, and how a socket ends with it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from gateway.transport.protocol import error_members, failure_error
from resolvers.context import Context

LONGEST_REST = 3600.0
SHORTEST_REST = 1.0


class Revocations(Protocol):
    """Tells when a session ends before its time: log-out, revocation, a changed password."""

    def watch(self, session_id: int) -> asyncio.Event:
        """An event that is set once the session has ended."""
        ...


class Closed(Exception):
    """The conversation is over; `code` is None where the client has already left."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SessionEnded(Closed):
    """The session that the socket was opened with is no longer valid."""

    def __init__(self) -> None:
        super().__init__(4403, "Session ended")


async def follow_revocation(revoked: asyncio.Event) -> None:
    """Wait, and raise SessionEnded once the session is revoked."""
    await revoked.wait()
    raise SessionEnded


async def follow_expiry(context: Context, ask_again: Callable[[], Awaitable[Context]]) -> None:
    """Ask again whenever the session should have expired, for it may have been prolonged; SessionEnded once it has."""
    while True:
        rest = SHORTEST_REST
        if context.viewer is not None:
            rest = (context.viewer.expires_at - context.now).total_seconds()
        await asyncio.sleep(min(max(rest, SHORTEST_REST), LONGEST_REST))
        try:
            context = await ask_again()
        except SessionEnded:
            raise
        except Exception as failure:
            error_members((failure_error(failure),))
