"""One socket's conversation in graphql-transport-ws: its operations, its session, and how it ends."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLError, OperationType

from gateway.execution.codes import RATE_LIMITED
from gateway.execution.documents import GraphQLRequest, Prepared
from gateway.execution.operations import Answer
from gateway.transport.head import Head
from gateway.transport.messages import Complete, Init, Ping, Pong, Subscribe, read_message
from gateway.transport.origin import socket_caller
from gateway.transport.outbox import Outbox, SlowConsumer
from gateway.transport.protocol import (
    Edge,
    Malformed,
    answer_members,
    encode,
    error_members,
    failure_error,
)
from gateway.transport.sessions import Closed, Revocations, SessionEnded, follow_expiry, follow_revocation
from resolvers.context import Caller, Context

CLOSE_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How much one socket may do: seconds, counts and bytes."""

    init: float = 3.0
    ping: float = 25.0
    operations: int = 20
    message_bytes: int = 65_536
    messages: int = 200
    per: float = 10.0
    queued: int = 100
    queued_bytes: int = 256 * 1024


class Connection:
    """A conversation over an accepted socket; `run` ends when it is over and has released every source."""

    def __init__(
        self,
        edge: Edge,
        pace: Pace,
        revocations: Revocations | None,
        head: Head,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self._edge = edge
        self._pace = pace
        self._revocations = revocations
        self._head = head
        self._receive = receive
        self._send = send
        self._outbox = Outbox(self._write, most=pace.queued, most_bytes=pace.queued_bytes)
        self._caller: Caller | None = None
        self._session_id: int | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._arrivals: deque[float] = deque(maxlen=pace.messages)
        self._draining = asyncio.Event()
        self._tasks: asyncio.TaskGroup

    async def run(self) -> None:
        """Talk until either side ends it; then close with the code that says why."""
        end = Closed(1011, "Internal error")
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for part in (self._outbox.run(), self._read(), self._ping(), self._drain()):
                    self._tasks.create_task(part)
        except* Closed as ended:
            end = next(e for e in ended.exceptions if isinstance(e, Closed))
        except* Exception as failed:
            error_members([failure_error(e) for e in failed.exceptions if isinstance(e, Exception)])
        if end.code is not None:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._send({"type": "websocket.close", "code": end.code, "reason": end.reason})
            except (TimeoutError, OSError, RuntimeError):
                return

    def drain(self) -> None:
        """End the operations, send what was queued, and close as going away."""
        self._draining.set()

    async def _drain(self) -> None:
        await self._draining.wait()
        for task in self._operations.values():
            task.cancel()
        await asyncio.gather(*self._operations.values(), return_exceptions=True)
        await self._outbox.flush()
        raise Closed(1001, "Going away")

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._pace.init):
                while self._caller is None:
                    await self._handle(await self._next())
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        while True:
            await self._handle(await self._next())

    async def _next(self) -> Any:
        frame = await self._receive()
        if frame["type"] == "websocket.disconnect":
            raise Closed(None)
        now = asyncio.get_running_loop().time()
        if len(self._arrivals) == self._pace.messages and now - self._arrivals[0] < self._pace.per:
            raise Closed(4429, "Too many messages")
        self._arrivals.append(now)
        text = frame.get("text")
        if text is None:
            raise Closed(4400, "Binary messages are not taken")
        if len(text.encode(errors="surrogatepass")) > self._pace.message_bytes:
            raise Closed(1009, "Message too big")
        try:
            return read_message(text)
        except Malformed as malformed:
            raise Closed(4400, malformed.message) from None

    async def _handle(self, message: Any) -> None:
        match message:
            case Init(payload):
                await self._init(payload)
            case Ping(payload):
                await self._say("pong", payload=payload)
            case Pong():
                pass
            case Complete(id_):
                task = self._operations.pop(id_, None)
                if task is not None:
                    task.cancel()
            case Subscribe(id_, request):
                await self._start(id_, request)

    async def _init(self, authorization: str | None) -> None:
        if self._caller is not None:
            raise Closed(4429, "Too many initialisation requests")
        who = socket_caller(self._head, self._edge, authorization)
        try:
            context = await self._edge.open_context(who)
        except Exception as failure:
            error_members((failure_error(failure),))
            raise Closed(1013, "Try again later") from None
        if context.viewer is None and (who.token is not None or authorization is not None):
            raise Closed(4403, "Forbidden")
        session = context.viewer.session_id if context.viewer is not None else None
        self._caller = replace(who, session_id=session)
        if context.viewer is not None:
            self._session_id = context.viewer.session_id
            self._tasks.create_task(follow_expiry(context, self._context))
            if self._revocations is not None:
                self._tasks.create_task(follow_revocation(self._revocations.watch(self._session_id)))
        await self._say("connection_ack")

    async def _context(self) -> Context:
        """A fresh context; SessionEnded where the socket's session is no longer its caller's."""
        assert self._caller is not None
        context = await self._edge.open_context(self._caller)
        if self._session_id is not None and (context.viewer is None or context.viewer.session_id != self._session_id):
            raise SessionEnded
        return context

    async def _start(self, id_: str, request: GraphQLRequest) -> None:
        if self._caller is None:
            raise Closed(4401, "Unauthorized")
        if id_ in self._operations:
            raise Closed(4409, f"Subscriber for {id_[:64]} already exists"[:120])
        if self._draining.is_set():
            return
        if len(self._operations) >= self._pace.operations:
            message = f"A socket runs at most {self._pace.operations} operations at once. Complete one first."
            await self._say("error", id_, [{"message": message, "extensions": {"code": RATE_LIMITED}}])
            return
        self._operations[id_] = self._tasks.create_task(self._operate(id_, request))

    async def _operate(self, id_: str, request: GraphQLRequest) -> None:
        prepared = self._edge.engine.prepare(request)
        try:
            errors = await self._results(id_, prepared)
        except Closed:
            raise
        except Exception as failure:
            errors = (failure_error(failure),)
        if self._operations.get(id_) is asyncio.current_task():
            del self._operations[id_]
        if errors:
            await self._say("error", id_, error_members(errors, prepared))
        else:
            await self._say("complete", id_)

    async def _results(self, id_: str, prepared: Prepared) -> Sequence[GraphQLError]:
        """Send the operation's results; the errors where there are none to send."""
        if prepared.errors:
            return prepared.errors
        if prepared.kind is not OperationType.SUBSCRIPTION:
            answer = await self._edge.engine.execute(prepared, await self._context())
            await self._say("next", id_, answer_members(answer, prepared))
            return ()
        stream = await self._edge.engine.subscribe(prepared, self._context)
        if isinstance(stream, Answer):
            return stream.errors
        async with aclosing(stream):
            async for answer in stream:
                await self._say("next", id_, answer_members(answer, prepared))
        return ()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._pace.ping)
            await self._say("ping")

    async def _say(self, type_: str, id_: str | None = None, payload: Any = None) -> None:
        message: dict[str, Any] = {"type": type_}
        if id_ is not None:
            message["id"] = id_
        if payload is not None:
            message["payload"] = payload
        try:
            await self._outbox.put(encode(message))
        except SlowConsumer:
            raise Closed(4504, "slow consumer") from None

    async def _write(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError):
            # The server has ended the socket on its own, and says so only when it is asked to send.
            raise Closed(None) from None
