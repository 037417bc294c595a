"""What the portal's loaders need of the one connection that writes: `loaders.database.Writer` is such a store."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Row = Mapping[str, Any]
Params = Mapping[str, Any]


class Reading(Protocol):
    """Whatever answers a SELECT with `:name` parameters; columns that end in `_at` are aware UTC instants."""

    async def rows(self, sql: str, params: Params = ..., /) -> Sequence[Row]:
        """The rows of the SELECT."""
        ...


class Transaction(Reading, Protocol):
    """A transaction: all of it happens, or nothing."""

    async def execute(self, sql: str, params: Params = ..., /) -> int:
        """How many rows the statement changed."""
        ...

    async def insert(self, sql: str, params: Params = ..., /) -> int:
        """The id of the row that the statement, ending in `returning id`, made."""
        ...


class Store(Reading, Protocol):
    """The portal store; what a transaction did is durable once its block is left."""

    def rows_at_once(self, sql: str, params: Params = ..., /) -> Sequence[Row] | None:
        """What `rows` answers, where that needs no wait; None where it does."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begins a transaction; leaving its block commits, an error in it rolls back."""
        ...
