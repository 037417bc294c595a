"""A store whose connection breaks within a transaction, before a statement that is chosen."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from resolvers.context import Context
from tests.portal import House

#: What no registration's order may leave half done.
TABLES = (
    "registration",
    "registration_section",
    "registration_step",
    "registration_upload",
    "registration_note",
    "registration_remark",
    "registration_exported",
    "registration_export",
    "audit",
    "mail",
)


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


async def stored(house: House) -> dict[str, Any]:
    """All that such an order may change."""
    return {name: await house.writer.rows(f"select * from {name} order by 1, 2") for name in TABLES}


async def cut_everywhere(house: House, context: Context, order: Callable[[Context], Awaitable[Any]], least: int) -> Any:
    """Carries an order out with the store breaking before each of its statements; what it answers in the end."""
    before = await stored(house)
    for statements in range(30):
        portal = replace(house.portal, writer=Cut(house.writer, statements))
        try:
            done = await order(Context(context.source, context.viewer, context.caller, portal, None))
        except ConnectionResetError:
            assert await stored(house) == before, statements
        else:
            assert statements >= least
            return done
    raise AssertionError("It never came to its end.")
