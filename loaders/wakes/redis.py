"""Redis's publish and subscribe: two connections a process, and a number a call; nothing is kept there."""

from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from loaders.wakes.calls import ANSWER_WITHIN, ASK_EVERY
from loaders.wakes.notify import number_in


class RedisLine:
    """A line over a Redis, on one channel for all gateways of a portal store."""

    def __init__(self, url: str, channel: str) -> None:
        self._channel = channel
        # Whoever keeps the line opens it again: the client need not try by itself.
        self._client: Any = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=ANSWER_WITHIN,
            socket_connect_timeout=ANSWER_WITHIN,
            retry=Retry(NoBackoff(), 0),
            max_connections=2,
        )
        self._heard: Any = self._client.pubsub(ignore_subscribe_messages=False)

    async def open(self) -> None:
        """Returns once Redis has confirmed the subscription."""
        await self._heard.subscribe(self._channel)
        confirmed = await self._heard.get_message(timeout=ANSWER_WITHIN)
        if confirmed is None or confirmed["type"] != "subscribe":
            raise ConnectionError("Redis did not confirm the subscription.")

    async def hear(self) -> int | None:
        """The next number; a connection that is silent is asked whether it is there, and must have answered by then."""
        message = await self._heard.get_message(timeout=ASK_EVERY)
        if message is not None:
            return number_in(message["data"]) if message["type"] == "message" else None
        await self._heard.ping()
        answered = await self._heard.get_message(timeout=ANSWER_WITHIN)
        if answered is None:
            raise ConnectionError("Redis does not answer.")
        return number_in(answered["data"]) if answered["type"] == "message" else None

    async def say(self, number: int) -> None:
        """Publishes the number."""
        await self._client.publish(self._channel, number)

    async def close(self) -> None:
        """Lets go of both connections."""
        await self._heard.aclose()
        await self._client.aclose()
