"""What the executor must know of a batch field: where its declaration stands, and what it answers."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol

#: Where a field's metadata holds its batch declaration, and the columns of an embedded object.
BATCH = "homeroom.batch"
EMBEDDED = "homeroom.embedded"


class Cell(Protocol):
    """How one column is read: the raw cells it takes, and what makes its value of them (None: the one cell is it).

    Of a `pooled` column equal cells give equal values, and there are few of them. A `form` is the same as Python
    source, with a place for each cell and one for the name of `inner`, which it may call.
    """

    @property
    def at(self) -> tuple[int, ...]: ...
    @property
    def read(self) -> Callable[..., Any] | None: ...
    @property
    def pooled(self) -> bool: ...
    @property
    def form(self) -> str | None: ...
    @property
    def inner(self) -> Callable[..., Any] | None: ...


class Layout(Protocol):
    """How raw rows are read, `width` cells each: whole, by column, or cell by cell."""

    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def width(self) -> int: ...
    def cell(self, name: str) -> Cell: ...
    def values(self, name: str, rows: Sequence[Any]) -> list[Any]: ...
    def parse(self, rows: Sequence[Any]) -> list[tuple[Any, ...]]: ...
    def keys(self, rows: Sequence[Any]) -> list[Any]: ...


class Rows(Protocol):
    """The answer to a statement: raw rows, how they are read, and for which key each is.

    Rows that came key by key say so by their `runs`: each key once, with how many rows it has.
    """

    @property
    def raw(self) -> Sequence[Any]: ...
    @property
    def layout(self) -> Layout: ...
    @property
    def keys(self) -> list[Any]: ...
    @property
    def runs(self) -> Sequence[tuple[Any, int]] | None: ...


class Page(Protocol):
    """A page that was asked of a connection: how long it is, and which columns make a row's cursor."""

    @property
    def first(self) -> int: ...
    @property
    def cursor_columns(self) -> list[str]: ...


class Asked(Protocol):
    """A level before anything of it was read: a statement to run, or values in the keys' order, or nothing.

    Where its resolver has read it already, its rows are there, and of a connection what `counted` says.

    A statement's `absent` is the refusal that a key without a row gets, or None where null will do.

    `shut` keys are withheld, and null. A connection comes with its page and the statement that counts its whole.
    """

    @property
    def keys(self) -> Sequence[Any]: ...
    @property
    def shut(self) -> frozenset[Any]: ...
    @property
    def statement(self) -> Any: ...
    @property
    def page(self) -> Page | None: ...
    @property
    def count(self) -> Any: ...
    @property
    def values(self) -> Sequence[Any] | None: ...
    @property
    def earlier(self) -> bool: ...
    @property
    def rows(self) -> Rows | None: ...
    async def counted(self) -> Mapping[Any, int]: ...


class BatchSpec(Protocol):
    """A field's declaration, as the executor uses it."""

    @property
    def key(self) -> str | None:
        """The attribute of the parent that holds its key; None at the root, where the one key is ()."""
        ...

    @property
    def shared(self) -> bool:
        """Whether viewers with the same rights are told the same."""
        ...

    @property
    def of_student(self) -> bool:
        """Whether its key is one student's, so that whoever may be told of it is known by that student alone."""
        ...

    @property
    def area(self) -> Hashable | None:
        """The guard that is asked before it is read, where there is one."""
        ...

    @property
    def paged(self) -> bool:
        """Whether it is a connection."""
        ...

    def ask(
        self, context: Any, keys: list[Any], wanted: Sequence[str] | None, args: Mapping[str, Any]
    ) -> Awaitable[Asked]:
        """What the level comes to, guards asked."""
        ...

    def withheld(self, failure: Exception) -> bool:
        """Whether a failed read is a closed area, and so null, rather than an error."""
        ...
