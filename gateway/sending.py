"""The sender of messages: one at a time, some guardians at a time, and on from where it was after a crash."""

import asyncio
import logging
from contextlib import suppress

from loaders.errors import LoaderError, SourceDown, StatementTimeout
from loaders.portal.posted_messages import (
    UNDER_WAY,
    PostedMessage,
    SendingState,
    message_by_id,
    next_hour,
    next_to_send,
)
from loaders.source import Source
from resolvers.live import Live
from resolvers.portal import Portal
from resolvers.portal.sending import MessageMoved, give_up, send_some

#: For how long the sender rests at the most, in seconds: another process may have died with a message half sent.
LOOK_EVERY = 10.0

_log = logging.getLogger(__name__)


class MessageSender:
    """Sends what was ordered, when its hour has come; several may share a store, and nobody gets anything twice."""

    def __init__(self, portal: Portal, source: Source, live: Live | None = None) -> None:
        self._portal = portal
        self._source = source
        self._live = live
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to send what is ordered."""
        self._task = asyncio.create_task(self._go_on(), name="message sender")

    async def stop(self) -> None:
        """Ends; a message that is being sent is gone on with at the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def send_ordered(self) -> int:
        """Sends every message whose hour has come and says how many it sent; LoaderError where SIS or store is away."""
        sent = 0
        while (message := await next_to_send(self._portal.writer, self._source.now())) is not None:
            sent += await self._send(message)
        return sent

    async def _send(self, message: PostedMessage) -> bool:
        """Gives out one message; whether it was this process that came to its end."""
        current: PostedMessage | None = message
        while current is not None and current.state in UNDER_WAY:
            try:
                await send_some(self._portal, self._source, current)
            except MessageMoved:
                return False
            except (SourceDown, StatementTimeout):
                raise
            except Exception as error:
                # A message that we cannot handle must not keep the others waiting.
                _log.error("Message %d met an unexpected %s.", message.id, type(error).__name__)
                await give_up(self._portal, self._source, current)
                return False
            if self._live is not None:
                self._live.wake()
            current = await message_by_id(self._portal.writer, message.id)
        return current is not None and current.state is SendingState.SENT

    async def _go_on(self) -> None:
        while True:
            self._portal.messages_ordered.clear()
            rest = LOOK_EVERY
            try:
                await self.send_ordered()
                rest = await self._rest()
            except LoaderError as error:
                _log.warning("Messages cannot be sent now (%s).", error.code)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._portal.messages_ordered.wait()

    async def _rest(self) -> float:
        """For how many seconds there is nothing to send, as far as is known."""
        hour = await next_hour(self._portal.writer)
        if hour is None:
            return LOOK_EVERY
        return min(max((hour - self._source.now()).total_seconds(), 0.05), LOOK_EVERY)
