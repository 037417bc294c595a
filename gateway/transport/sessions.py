"""The sessions behind the open sockets: each watched once, however many sockets it has, and their end with it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from gateway.transport.alarms import Alarm, Alarms
from gateway.transport.protocol import error_members, failure_error
from resolvers.context import Caller, Context, ContextFactory

LONGEST_REST = 3600.0
SHORTEST_REST = 1.0


class Revocations(Protocol):
    """Tells when a session ends before its time: log-out, revocation, a changed password."""

    def watch(self, session_id: int, ended: Callable[[], None]) -> Callable[[], None]:
        """Call `ended` once the session has ended, at once where it has; what is returned ends the watch."""
        ...


class Closed(Exception):
    """The conversation is over, with the code and the reason that the client is told."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SessionEnded(Closed):
    """The session that the socket was opened with is no longer valid."""

    def __init__(self) -> None:
        super().__init__(4403, "Session ended")


class Socket(Protocol):
    """What ends with its session."""

    def end(self, why: Closed) -> None:
        """Close."""
        ...


class Session:
    """The sockets of one caller. Equal callers have equal contexts: what one of them is answered, all may be."""

    __slots__ = ("_ending", "_sessions", "_sockets", "_stop_watching", "caller")

    def __init__(self, sessions: "Sessions", caller: Caller) -> None:
        self.caller = caller
        self._sessions = sessions
        self._sockets: set[Socket] = set()
        self._ending: Alarm | asyncio.Task[None] | None = None
        self._stop_watching: Callable[[], None] | None = None

    async def context(self) -> Context:
        """A fresh context; SessionEnded where the session is no longer its caller's."""
        context = await self._sessions.open_context(self.caller)
        if self.caller.session_id is not None and (
            context.viewer is None or context.viewer.session_id != self.caller.session_id
        ):
            raise SessionEnded
        return context

    def leave(self, socket: Socket) -> None:
        """The socket is closed."""
        self._sockets.discard(socket)
        if self._sockets:
            return
        self._sessions.forget(self)
        if self._ending is not None:
            self._ending.cancel()
        if self._stop_watching is not None:
            self._stop_watching()

    def end(self) -> None:
        """Close all its sockets."""
        for socket in tuple(self._sockets):
            socket.end(SessionEnded())

    def enter(self, socket: Socket) -> None:
        """The socket is open."""
        self._sockets.add(socket)

    def watch(self, context: Context, revocations: Revocations | None) -> None:
        """End it when it is revoked, or expires and was not prolonged."""
        if self.caller.session_id is None:
            return
        self._rest(context)
        if revocations is not None:
            # Where it has ended already, all who are here leave before this returns, and what is returned is for them.
            self._stop_watching = revocations.watch(self.caller.session_id, self.end)

    def _rest(self, context: Context | None) -> None:
        rest = SHORTEST_REST
        if context is not None and context.viewer is not None:
            rest = (context.viewer.expires_at - context.now).total_seconds()
        self._ending = self._sessions.alarms.after(min(max(rest, SHORTEST_REST), LONGEST_REST), self._expired)

    def _expired(self) -> None:
        self._ending = asyncio.create_task(self._ask_again(), name="session asked again")

    async def _ask_again(self) -> None:
        """Whenever the session should have expired: it may have been prolonged."""
        context = None
        try:
            context = await self.context()
        except SessionEnded:
            self._ending = None
            self.end()
            return
        except Exception as failure:
            error_members((failure_error(failure),))
        self._rest(context)


class Sessions:
    """All sessions with an open socket, one for each caller."""

    def __init__(self, open_context: ContextFactory, revocations: Revocations | None, alarms: Alarms) -> None:
        self.open_context = open_context
        self.alarms = alarms
        self._revocations = revocations
        self._open: dict[Caller, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def join(self, socket: Socket, caller: Caller, context: Context) -> Session:
        """The session of a socket whose caller has this context; it may have been revoked already, and ends it then."""
        caller = replace(caller, session_id=context.viewer.session_id if context.viewer is not None else None)
        session = self._open.get(caller)
        if session is None:
            session = self._open[caller] = Session(self, caller)
            session.enter(socket)
            session.watch(context, self._revocations)
        else:
            session.enter(socket)
        return session

    def forget(self, session: Session) -> None:
        """The session has no socket any more."""
        if self._open.get(session.caller) is session:
            del self._open[session.caller]
