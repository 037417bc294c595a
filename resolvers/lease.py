"""Who of all processes over one store does what only one may, until it gives that up or is not heard of any more."""

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from loaders.errors import LoaderError
from loaders.portal import leases
from loaders.portal.transaction import Store, Transaction


class Replaced(Exception):
    """Another process does it now."""


class Lease:
    """This process's part in what `name` stands for; `began` is called whenever it becomes the one that does it."""

    def __init__(
        self,
        store: Store,
        span: timedelta,
        now: Callable[[], datetime],
        began: Callable[[], None],
        name: str = "watcher",
    ) -> None:
        self._name = name
        self._store = store
        self._span = span
        self._now = now
        self._began = began
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"
        self._until: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether this is the process that does it, as far as it knows."""
        return self._until is not None

    async def hold(self) -> bool:
        """Whether this is the process that does it; renews the lease long before it is over."""
        now = self._now()
        if self._until is not None and now < self._until - self._span / 2:
            return True
        until = now + self._span
        async with self._store.transaction() as transaction:
            held = await leases.hold(transaction, self._name, self._holder, now, until)
        if held and self._until is None:
            self._began()
        self._until = until if held else None
        return held

    async def guard(self, transaction: Transaction) -> None:
        """Returns where nobody has taken the lease, and none can until the transaction ends; Replaced otherwise."""
        until = self._now() + self._span
        if not await leases.keep(transaction, self._name, self._holder, until):
            self._until = None
            raise Replaced
        self._until = until

    async def give_up(self) -> None:
        """Lets another process do it at once."""
        if self._until is not None:
            self._until = None
            with suppress(LoaderError):
                async with self._store.transaction() as transaction:
                    await leases.give_up(transaction, self._name, self._holder)
