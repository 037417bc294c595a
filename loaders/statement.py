"""Statements over relations: what a loader wants to know, before any engine's SQL and any adapter's tables.

A statement is a shape (named columns), a body (`from … where …` over `{relations}` with `:parameters`), the
column by which its rows are handed back to the keys that asked, and an order. Loaders always alias a relation
by its own name, so `student.given_name` is at once SQL and a column of the contract.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from loaders.contract import RELATIONS, Column, Kind

Key = int | str | UUID
Scalar = Key | date | datetime | Decimal | bool | None
Value = Scalar | Sequence[Key] | Sequence[str] | Sequence[date]
Row = tuple[Any, ...]
Params = Callable[[Sequence[Any]], Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Computed:
    """A column that is no bare column of a relation: its SQL, and how its value is read."""

    sql: str
    kind: Kind
    values: type[Enum] | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """A column made in Python out of others of the same row, after they were parsed.

    A `pooled` one has few different values, so that it pays to remember what was made of which inputs.
    """

    make: Callable[..., Any]
    inputs: tuple[str, ...]
    pooled: bool = False


def derived(make: Callable[..., Any], *inputs: str, pooled: bool = False) -> Derived:
    """`make(*inputs)` of each row, in the order in which the inputs are named."""
    return Derived(make, inputs, pooled)


def side_by_side(*parts: Any) -> tuple[Any, ...]:
    """A key of several parts, for `derived`."""
    return parts


def side_by_side_if_last(*parts: Any) -> tuple[Any, ...] | None:
    """The same, None where the last part is."""
    return None if parts[-1] is None else parts


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


@dataclass(frozen=True, slots=True)
class Gives:
    """What else a statement's rows tell: an `entity`, by the column with its key, where the column `there` is not null.

    Of the rows of one key the first tells it, or the first for each value of the column `each`. `along` are the columns
    of the entity, read only where the key itself is wanted: somebody will ask for the rest.
    """

    entity: str
    key: str
    there: str
    each: str | None = None
    along: tuple[str, ...] = ()


class Template:
    """A statement without its values: made once, known by its identity, rendered once for each set of columns.

    `key` names the column (or columns) whose value says for which key a row is. A `remembered` statement may be
    answered from its last good answer while the source is down: only for who is who, never for a record. `distinct`
    rows differ in the columns that are wanted: ask for all of them. The rows of a `shared` one depend on nothing but
    their key and the day, never on who asks; the function makes its parameters for some keys.

    One of an `entity` depends on nothing but its keys, `by` which its parameters are made; another statement of the
    same operation may have read its rows already: one that says in `gives` that it tells them.

    How a cut is made: a `short` one has so few rows a key that they are read whole and cut here; one whose parameter
    `lone` holds a single key is cut by a plain limit; every other by a window over its keys.
    """

    __slots__ = (
        "_narrower",
        "body",
        "by",
        "distinct",
        "entity",
        "gives",
        "key",
        "lone",
        "order",
        "remembered",
        "shape",
        "shared",
        "short",
    )

    def __init__(
        self,
        shape: Shape,
        body: str,
        key: str | tuple[str, ...],
        order: tuple[Order, ...] = (),
        remembered: bool = False,
        distinct: bool = False,
        shared: Params | None = None,
        short: bool = False,
        lone: str | None = None,
        entity: str | None = None,
        by: Params | None = None,
        gives: tuple[Gives, ...] = (),
    ) -> None:
        self.shape = shape
        self.body = body
        self.key = key
        self.order = order
        self.remembered = remembered
        self.distinct = distinct
        self.shared = shared
        self.short = short
        self.lone = lone
        self.entity = entity
        self.by = by or shared
        self.gives = gives
        self._narrower: dict[Any, Template] = {}

    def __call__(self, **params: Value) -> "Statement":
        """The statement with these values."""
        return _stated(self, params, None, None)

    def of(self, keys: Sequence[Any], absent: Exception | None = None) -> "Statement":
        """The statement for these keys; `absent` is the refusal that a key without a row gets."""
        if self.by is None:
            raise TypeError("The template is not asked by keys alone.")
        return _stated(self, self.by(keys), None, absent, keys)

    def keyed(self, keys: Sequence[Any], **params: Value) -> "Statement":
        """The statement with these values, which for this viewer depends on nothing but these keys."""
        return _stated(self, params, None, None, keys)

    def varied(self, **changes: Any) -> "Template":
        """The same template with other parts, made once for the same changes."""
        place = tuple(changes.items())
        found = self._narrower.get(place)
        if found is None:
            if len(self._narrower) >= VARIETIES:
                self._narrower.clear()
            parts = {name: getattr(self, name) for name in self.__slots__ if name not in ("_narrower", "shared")}
            found = self._narrower[place] = Template(**{**parts, **changes})
        return found

    def having(self, condition: str) -> "Template":
        """The same template with one more condition; the body must end in its `where`."""
        found = self._narrower.get(condition)
        if found is None:
            found = self.varied(body=f"{self.body}\n  and {condition}")
            self._narrower[condition] = found
        return found


#: How many templates may be made of one: clients' filters decide over some of them.
VARIETIES = 256


class Statement:
    """Rows of a shape, wanted for a set of keys: a template and its values.

    `limit` cuts per key, never over the level. `keys` are those of a statement that is asked by keys alone. `absent` is
    the refusal that a key without a row gets, where null would be no answer.
    """

    __slots__ = ("absent", "keys", "limit", "params", "template")

    def __init__(
        self,
        shape: Shape,
        body: str,
        params: Mapping[str, Value],
        key: str | tuple[str, ...],
        order: tuple[Order, ...] = (),
        limit: int | None = None,
        remembered: bool = False,
        distinct: bool = False,
    ) -> None:
        self.template = Template(shape, body, key, order, remembered, distinct)
        self.params = params
        self.limit = limit
        self.absent: Exception | None = None
        self.keys: Sequence[Any] = ()

    @property
    def shape(self) -> Shape:
        """The columns it can answer with."""
        return self.template.shape

    @property
    def order(self) -> tuple[Order, ...]:
        """The order of each key's rows."""
        return self.template.order

    def cut(self, limit: int) -> "Statement":
        """The first rows of each key."""
        return _stated(self.template, self.params, limit, self.absent, self.keys)

    def for_root(self) -> "Statement":
        """The same statement asked at the root, where there is one key, ()."""
        return _stated(self.template.varied(key=()), self.params, self.limit, self.absent, self.keys)

    def unremembered(self) -> "Statement":
        """The same statement, which is never answered from memory."""
        return _stated(self.template.varied(remembered=False), self.params, self.limit, self.absent)

    def having(self, condition: str, **params: Value) -> "Statement":
        """The same statement with one more condition; the body must end in its `where`."""
        return _stated(self.template.having(condition), {**self.params, **params}, self.limit, self.absent)


def _stated(
    template: Template,
    params: Mapping[str, Value],
    limit: int | None,
    absent: Exception | None,
    keys: Sequence[Any] = (),
) -> Statement:
    made: Statement = object.__new__(Statement)
    made.keys = keys
    made.template = template
    made.params = params
    made.limit = limit
    made.absent = absent
    return made


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
    template = statement.template
    keys = (template.key,) if isinstance(template.key, str) else template.key
    of_keys = template.varied(
        shape=_counts(template.shape, keys),
        body=f"{template.body}\ngroup by {', '.join(template.shape.sql(key) for key in keys)}",
        order=(),
    )
    return _stated(of_keys, statement.params, None, None)


@lru_cache(maxsize=64)
def _counts(shape: Shape, keys: tuple[str, ...]) -> Shape:
    return Shape({**{key: shape.columns[key] for key in keys}, "total": Computed("count(*)", Kind.INTEGER)})
