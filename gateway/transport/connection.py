"""One socket's conversation in graphql-transport-ws: its operations, its session, and how it ends."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLError, OperationType

from gateway.execution.codes import RATE_LIMITED
from gateway.execution.documents import GraphQLRequest, Prepared
from gateway.execution.operations import Answer
from gateway.transport.alarms import Alarm, Alarms
from gateway.transport.fanout import Fanout
from gateway.transport.head import Head
from gateway.transport.messages import Complete, Init, Ping, Pong, Subscribe, next_message, read_message
from gateway.transport.origin import socket_caller
from gateway.transport.outbox import Outbox, SlowConsumer, Wire
from gateway.transport.parties import Shared
from gateway.transport.protocol import Edge, Malformed, answer_members, encode, error_members, failure_error
from gateway.transport.sessions import Closed, Session, SessionEnded, Sessions


@dataclass(frozen=True, slots=True)
class Pace:
    """How much one socket may do: seconds, counts and bytes; `messages` in each span of `per` seconds."""

    init: float = 3.0
    ping: float = 25.0
    operations: int = 20
    message_bytes: int = 65_536
    messages: int = 200
    per: float = 10.0
    queued: int = 100
    queued_bytes: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class Inside:
    """What all sockets of an endpoint share."""

    edge: Edge
    pace: Pace
    alarms: Alarms
    sessions: Sessions
    fanout: Fanout
    left: Callable[["Connection"], None]


class Running(Protocol):
    """An operation that has not ended: a task, or a seat among those who hear the same."""

    def cancel(self) -> Any:
        """Let go of all it holds."""
        ...


PING = b'{"type":"ping"}'


class Connection:
    """A conversation over an accepted socket, told by its wire what is heard; without a task of its own at rest."""

    __slots__ = (
        "_alarm",
        "_draining",
        "_first",
        "_head",
        "_heard",
        "_inside",
        "_operations",
        "_outbox",
        "_over",
        "_session",
        "_starting",
    )

    def __init__(self, inside: Inside, head: Head, wire: Wire) -> None:
        self._inside = inside
        self._head: Head | None = head
        self._outbox = Outbox(wire, most=inside.pace.queued, most_bytes=inside.pace.queued_bytes)
        self._session: Session | None = None
        self._starting: asyncio.Task[None] | None = None
        self._operations: dict[str, Running] = {}
        self._first = 0.0
        self._heard = 0
        self._draining = False
        self._over = False
        self._alarm: Alarm = inside.alarms.after(inside.pace.init, self._late)

    # What the wire tells.

    def hear(self, text: str | None) -> "asyncio.Future[None] | None":
        """A message, None for one that is no text; what must be over before the next one is heard."""
        if self._over:
            return None
        try:
            self._handle(self._read(text))
        except Closed as why:
            self.end(why)
        except Exception as failure:
            self._broken(failure)
        return self._starting

    def more(self) -> None:
        """The network has room again."""
        self._outbox.more()

    def gone(self) -> None:
        """The client is no longer there."""
        self._leave()

    # What its session, its operations and the house tell.

    def end(self, why: Closed) -> None:
        """Release every source, and close with the code that says why."""
        if not self._over:
            self._leave()
            self._outbox.wire.close(why.code, why.reason)

    async def drain(self) -> None:
        """End the operations, send what was queued, and close as going away."""
        self._draining = True
        tasks = self._cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._outbox.when_empty(lambda: self.end(Closed(1001, "Going away")))

    def deliver(self, id_: str, framed: Any, size: int) -> None:
        """Send one of many the result that they share, framed for its wire."""
        if not self._over and not self._draining:
            self._put(framed, size)

    def fail(self, id_: str, errors: Sequence[GraphQLError], prepared: Prepared) -> None:
        """End an operation with errors; with none, as complete."""
        self._operations.pop(id_, None)
        self._finish(id_, errors, prepared)

    @property
    def wire(self) -> Wire:
        """How its texts reach the network."""
        return self._outbox.wire

    def frame(self, id_: str, payload: bytes, cursor: str | None) -> tuple[Any, int]:
        """A result as its wire takes it, and its length."""
        text = next_message(id_, payload)
        return self._outbox.wire.framed(text), len(text)

    @property
    def alike(self) -> Any:
        """What is equal for sockets that are sent the same bytes."""
        return self._outbox.wire.framed

    def _read(self, text: str | None) -> Any:
        now = asyncio.get_running_loop().time()
        pace = self._inside.pace
        if now - self._first >= pace.per:
            self._first, self._heard = now, 0
        self._heard += 1
        if self._heard > pace.messages:
            raise Closed(4429, "Too many messages")
        if text is None:
            raise Closed(4400, "Binary messages are not taken")
        if len(text.encode(errors="surrogatepass")) > pace.message_bytes:
            raise Closed(1009, "Message too big")
        try:
            return read_message(text)
        except Malformed as malformed:
            raise Closed(4400, malformed.message) from None

    def _handle(self, message: Any) -> None:
        match message:
            case Init(payload):
                if self._head is None:
                    raise Closed(4429, "Too many initialisation requests")
                self._starting = asyncio.create_task(self._init(self._head, payload))
            case Ping(payload):
                self._say("pong", payload=payload)
            case Pong():
                pass
            case Complete(id_):
                running = self._operations.pop(id_, None)
                if running is not None:
                    running.cancel()
            case Subscribe(id_, request):
                self._start(id_, request)

    async def _init(self, head: Head, authorization: str | None) -> None:
        try:
            await self._enter(head, authorization)
        except Closed as why:
            self.end(why)
        finally:
            self._starting = None

    async def _enter(self, head: Head, authorization: str | None) -> None:
        edge = self._inside.edge
        who = socket_caller(head, edge, authorization)
        try:
            context = await edge.open_context(who)
        except Exception as failure:
            error_members((failure_error(failure),))
            raise Closed(1013, "Try again later") from None
        if self._over:
            return
        if context.viewer is None and (who.token is not None or authorization is not None):
            raise Closed(4403, "Forbidden")
        # Whom it comes from is known by now, and its fields are not asked again.
        self._head = None
        self._alarm.cancel()
        self._alarm = self._inside.alarms.after(self._inside.pace.ping, self._ping)
        session = self._inside.sessions.join(self, who, context)
        if self._over:
            session.leave(self)
            return
        self._session = session
        self._say("connection_ack")

    def _start(self, id_: str, request: GraphQLRequest) -> None:
        if self._session is None:
            raise Closed(4401, "Unauthorized")
        if id_ in self._operations:
            raise Closed(4409, f"Subscriber for {id_[:64]} already exists"[:120])
        if self._draining:
            return
        if len(self._operations) >= self._inside.pace.operations:
            message = f"A socket runs at most {self._inside.pace.operations} operations at once. Complete one first."
            self._say("error", id_, [{"message": message, "extensions": {"code": RATE_LIMITED}}])
            return
        self._operations[id_] = asyncio.create_task(self._operate(id_, request, self._session))

    async def _operate(self, id_: str, request: GraphQLRequest, session: Session) -> None:
        try:
            prepared = self._inside.edge.engine.prepare(request)
        except Exception as failure:
            self._broken(failure)
            return
        try:
            errors = await self._results(id_, prepared, session)
        except SessionEnded as why:
            self.end(why)
            return
        except Exception as failure:
            errors = (failure_error(failure),)
        if errors is None:
            return
        if self._operations.get(id_) is asyncio.current_task():
            del self._operations[id_]
        self._finish(id_, errors, prepared)

    async def _results(self, id_: str, prepared: Prepared, session: Session) -> Sequence[GraphQLError] | None:
        """Send the operation's results; the errors where there are none to send, None where others go on with it."""
        if prepared.errors:
            return prepared.errors
        engine = self._inside.edge.engine
        if prepared.kind is not OperationType.SUBSCRIPTION:
            await self._next(id_, await engine.execute(prepared, await session.context()), prepared)
            return ()
        source = await engine.open(prepared, await session.context())
        if isinstance(source, Answer):
            return source.errors
        async with AsyncExitStack() as stack:
            stack.push_async_callback(source.aclose)
            while not (isinstance(source, Shared) and source.level):
                try:
                    event = await anext(source)
                except StopAsyncIteration:
                    return ()
                await self._next(id_, await engine.answer(prepared, event, await session.context()), prepared)
            # Nothing was awaited since the last event was taken, so that none is missed and none comes twice.
            self._operations[id_] = self._inside.fanout.join(self, id_, prepared, session, source)
            stack.pop_all()
        return None

    async def _next(self, id_: str, answer: Answer, prepared: Prepared) -> None:
        if self._outbox.waiting:
            # Whoever sends has a turn before its client is called slow.
            await asyncio.sleep(0)
        self._put_text(next_message(id_, encode(answer_members(answer, prepared))))

    def _finish(self, id_: str, errors: Sequence[GraphQLError], prepared: Prepared) -> None:
        if self._over:
            return
        if errors:
            self._say("error", id_, error_members(errors, prepared))
        else:
            self._say("complete", id_)

    def _ping(self) -> None:
        self._alarm = self._inside.alarms.after(self._inside.pace.ping, self._ping)
        self._put_text(PING)

    def _late(self) -> None:
        self.end(Closed(4408, "Connection initialisation timeout"))

    def _say(self, type_: str, id_: str | None = None, payload: Any = None) -> None:
        message: dict[str, Any] = {"type": type_}
        if id_ is not None:
            message["id"] = id_
        if payload is not None:
            message["payload"] = payload
        self._put_text(encode(message))

    def _put_text(self, text: bytes) -> None:
        self._put(self._outbox.wire.framed(text), len(text))

    def _put(self, framed: Any, size: int) -> None:
        try:
            self._outbox.put(framed, size)
        except SlowConsumer:
            self.end(Closed(4504, "slow consumer"))

    def _leave(self) -> None:
        if self._over:
            return
        self._over = True
        self._alarm.cancel()
        self._cancel()
        if self._session is not None:
            self._session.leave(self)
        self._inside.left(self)

    def _cancel(self) -> list["asyncio.Task[None]"]:
        """Let every operation go; the tasks that still have to."""
        running = list(self._operations.values())
        self._operations.clear()
        for one in running:
            one.cancel()
        return [one for one in running if isinstance(one, asyncio.Task)]

    def _broken(self, failure: Exception) -> None:
        error_members((failure_error(failure),))
        self.end(Closed(1011, "Internal error"))
