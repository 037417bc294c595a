"""Statements over relations: what a loader wants to know, before any engine's SQL and any adapter's tables.

A statement is a shape (named columns), a body (`from … where …` over `{relations}` with `:parameters`), the
column by which its rows are handed back to the keys that asked, and an order. Loaders always alias a relation
by its own name, so `student.given_name` is at once SQL and a column of the contract.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from loaders.contract import RELATIONS, Column, Kind

Key = int | str | UUID
Scalar = Key | date | datetime | Decimal | bool | None
Value = Scalar | Sequence[Key] | Sequence[str]
Row = tuple[Any, ...]


class Give(Enum):
    """How rows are handed back to the keys of a level: one or none, all of them, or a page of them."""

    ONE = "one"
    MANY = "many"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Computed:
    """A column that is no bare column of a relation: its SQL, and how its value is read."""

    sql: str
    kind: Kind
    values: type[Enum] | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """A column made in Python out of others of the same row, after they were parsed."""

    make: Callable[..., Any]
    inputs: tuple[str, ...]


def derived(make: Callable[..., Any], *inputs: str) -> Derived:
    """`make(*inputs)` of each row, in the order in which the inputs are named."""
    return Derived(make, inputs)


@dataclass(frozen=True)
class Shape:
    """The columns that a statement can answer with, by the name under which the schema reads them."""

    columns: Mapping[str, str | Computed]
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def __hash__(self) -> int:
        return id(self)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name of the shape, plain columns first."""
        return (*self.columns, *self.derived)

    def needed(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The plain columns that must be read so that the wanted ones can be given, each once, in shape order."""
        needed: set[str] = set()
        pending = list(wanted)
        while pending:
            name = pending.pop()
            if name in self.columns:
                needed.add(name)
            else:
                pending.extend(self.derived[name].inputs)
        return tuple(name for name in self.columns if name in needed)

    def declared(self, name: str) -> Column | Computed:
        """How a plain column's value is read: the contract's column, or the computed one."""
        source = self.columns[name]
        if isinstance(source, Computed):
            return source
        relation, _, column = source.partition(".")
        return RELATIONS[relation].column(column)

    def sql(self, name: str) -> str:
        """The SQL expression of a plain column."""
        source = self.columns[name]
        return source.sql if isinstance(source, Computed) else source


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order: its SQL, its direction, and the name of the column that holds its value.

    Orders in which pages are cut need that name in every term, to make cursors.
    """

    sql: str
    name: str | None = None
    descending: bool = False


@dataclass(frozen=True)
class Statement:
    """Rows of a shape, wanted for a set of keys.

    `key` names the column (or columns) whose value says for which key a row is. `limit` cuts per key, never over
    the level. A `remembered` statement may be answered from its last good answer while the source is down:
    only for who is who, never for a record. `absent` is the refusal that a key without a row gets, where null would
    be no answer. `distinct` rows differ in the columns that are wanted: ask for all of them.
    """

    shape: Shape
    body: str
    params: Mapping[str, Value]
    key: str | tuple[str, ...]
    give: Give = Give.MANY
    order: tuple[Order, ...] = ()
    limit: int | None = None
    remembered: bool = False
    absent: Exception | None = None
    distinct: bool = False

    def for_root(self) -> "Statement":
        """The same statement asked at the root, where there is one key, ()."""
        return replace(self, key=())

    def having(self, condition: str, **params: Value) -> "Statement":
        """The same statement with one more condition; the body must end in its `where`."""
        return replace(self, body=f"{self.body}\n  and {condition}", params={**self.params, **params})


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a statement: parsed rows, the names of their columns, and where the key stands."""

    columns: tuple[str, ...]
    rows: list[Row]
    key: tuple[int, ...]
    give: Give
    as_of: datetime | None = None
    stale: bool = False

    def by_key(self) -> dict[Any, list[Row]]:
        """The rows of each key, in the statement's order; a key of several columns is a tuple."""
        found: dict[Any, list[Row]] = {}
        if len(self.key) == 1:
            at = self.key[0]
            for row in self.rows:
                found.setdefault(row[at], []).append(row)
        else:
            for row in self.rows:
                found.setdefault(tuple(row[at] for at in self.key), []).append(row)
        return found


def after(order: Sequence[Order], values: Sequence[Scalar]) -> tuple[str, dict[str, Value]]:
    """The condition that a row stands behind `values` in this order, and its parameters (keyset pagination)."""
    params: dict[str, Value] = {f"after_{n}": value for n, value in enumerate(values)}
    choices = []
    for n, term in enumerate(order):
        same = [f"{order[m].sql} = :after_{m}" for m in range(n)]
        choices.append(" and ".join([*same, f"{term.sql} {'<' if term.descending else '>'} :after_{n}"]))
    return "(" + " or ".join(f"({choice})" for choice in choices) + ")", params


def behind(statement: Statement, values: Sequence[Scalar]) -> Statement:
    """Only the rows that stand behind a cursor's values in the statement's order."""
    condition, params = after(statement.order, values)
    return statement.having(condition, **params)


def counted(statement: Statement) -> Statement:
    """How many rows each key has; a key without rows has no row here either."""
    keys = (statement.key,) if isinstance(statement.key, str) else statement.key
    return replace(
        statement,
        shape=_counts(statement.shape, keys),
        body=f"{statement.body}\ngroup by {', '.join(statement.shape.sql(key) for key in keys)}",
        give=Give.ONE,
        order=(),
        limit=None,
    )


@lru_cache(maxsize=64)
def _counts(shape: Shape, keys: tuple[str, ...]) -> Shape:
    return Shape({**{key: shape.columns[key] for key in keys}, "total": Computed("count(*)", Kind.INTEGER)})
