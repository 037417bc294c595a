"""A store whose connection breaks within a transaction, before a statement that is chosen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Cut:
    """The store, whose transactions are cut off before their n-th statement."""

    inner: Any
    left: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self.inner.transaction() as transaction:
            yield Counting(transaction, self)


@dataclass
class Counting:
    """One of its transactions, whose statements are counted."""

    inner: Any
    cut: Cut

    def __getattr__(self, name: str) -> Any:
        self.cut.left -= 1
        if self.cut.left < 0:
            raise ConnectionResetError(name)
        return getattr(self.inner, name)
