"""What every engine offers to those who hold its connections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from loaders.dialect import Dialect
from loaders.errors import LoaderError

Raw = Sequence[Any]
Bound = tuple[str, Sequence[Any]]

CONNECT_SECONDS = 1.5
LOCK_SECONDS = 2.0
REMEDY = "Start it or correct its URL; it is tried again by itself."


@dataclass(frozen=True, slots=True)
class Failure:
    """A driver's error in our words, and whether the connection is lost with it."""

    error: LoaderError
    lost: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and the names of their columns."""

    names: tuple[str, ...]
    rows: list[Raw]


class Link(Protocol):
    """One open connection. After a call that was cancelled it must `settle` before the next one."""

    async def fetch(self, statements: Sequence[Bound]) -> list[list[Raw]]:
        """The rows of each statement, in one trip."""
        ...

    async def table(self, sql: str, values: Sequence[Any]) -> Table:
        """The rows of one statement with their names."""
        ...

    async def columns(self, select: str, values: Sequence[Any]) -> tuple[str, ...]:
        """The names of the columns of a SELECT; no row is read."""
        ...

    def usable(self) -> bool:
        """Whether the connection still leads to the database, as far as that is known without asking it."""
        ...

    async def settle(self) -> bool:
        """Stops what a cancelled call left running; False where the connection cannot be used again."""
        ...

    async def close(self) -> None:
        """Closes the connection at once, whatever it is doing; never raises."""
        ...


class WritingLink(Link, Protocol):
    """A connection that also changes the database."""

    async def execute(self, sql: str, values: Sequence[Any]) -> int:
        """Runs one statement; the number of rows it touched."""
        ...

    def in_transaction(self) -> bool:
        """Whether a transaction is open on it."""
        ...


class Engine(Protocol):
    """One database through one driver: opens links and puts the driver's errors into our words."""

    dialect: Dialect
    label: str

    async def connect(self) -> Link:
        """A new connection, its session set up; the driver's own error where there is none."""
        ...

    def explain(self, error: Exception) -> Failure:
        """What an error of the driver means."""
        ...

    async def writable(self, link: Link) -> str | None:
        """Why the credentials could write, with the remedy; None where they cannot."""
        ...

    async def close(self) -> None:
        """Lets go of the driver, after its links are closed."""
        ...
