"""Whom other processes' subscribers follow, by way of the store: the one that watches looks at them first."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

from loaders.portal.followed import followed_now, forget_followed, say_followed
from loaders.portal.transaction import Store
from loaders.source import Source
from loaders.statement import Key

#: For how long it holds that somebody is followed, and how often it is said again, in seconds.
HOLDS = timedelta(seconds=150)
AGAIN = 60.0
#: How often the one who watches asks, in seconds.
HEAR = 5.0
#: How many are looked at first, at the most.
MOST = 20_000

Followed = Mapping[str, Sequence[Key]]


class Elsewhere:
    """Says to the store whom this process follows, or hears from it whom the others do."""

    def __init__(self, source: Source, store: Store, now: Callable[[], datetime]) -> None:
        self._source = source
        self._store = store
        self._now = now
        self._said: set[tuple[str, Key]] = set()
        self._again = 0.0
        self._heard: Followed = {}
        self._hear = 0.0

    async def say(self, followed: Followed) -> None:
        """Say who has come to be followed here, and now and then who still is."""
        all_of_them = {(entity, key) for entity, keys in followed.items() for key in keys}
        whole = monotonic() >= self._again
        new = all_of_them if whole else all_of_them - self._said
        if new:
            by_entity: dict[str, list[str]] = {}
            for entity, key in new:
                by_entity.setdefault(entity, []).append(str(key))
            now = self._now()
            async with self._store.transaction() as transaction:
                await say_followed(transaction, by_entity, now + HOLDS)
                if whole:
                    await forget_followed(transaction, now)
        if whole:
            self._again = monotonic() + AGAIN
        self._said = all_of_them

    async def hear(self, own: Followed) -> Followed:
        """Those who are followed here, and then those who are elsewhere."""
        if monotonic() >= self._hear:
            self._hear = monotonic() + HEAR
            now = self._now()
            self._heard = {
                entity: [
                    key
                    for text in await followed_now(self._store, entity, now, MOST)
                    if (key := self._source.adapter.parse_key(entity, text)) is not None
                ]
                for entity in ("student", "guardian")
            }
        return {
            entity: list(dict.fromkeys((*own.get(entity, ()), *self._heard.get(entity, ()))))
            for entity in ("student", "guardian")
        }
