"""Statements over relations made into one engine's SQL, and its rows read back into Python values."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from loaders.adapter import Adapter
from loaders.contract import RELATIONS, Column, Kind
from loaders.dialect import Dialect, bind, bind_set, member_of, null_of, placeholder
from loaders.errors import RelationIncomplete, ValueInvalid
from loaders.statement import Computed, Row, Shape, Statement

Parse = Callable[[Any], Any]

_TOKEN = re.compile(
    r"'(?:[^']|'')*'"  # a quoted text stands as it is
    r"|::"
    r"|(?P<verb>\bin\s+)?:(?P<param>[a-z_][a-z0-9_]*)"
    r"|\{(?P<relation>[a-z_]+)\}"
    r"|%",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One engine's SQL, the names of its parameters in the order of its placeholders, and the row parser."""

    sql: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    key: tuple[int, ...]
    parse: Callable[[Sequence[Sequence[Any]]], list[Row]]


class Relations:
    """An adapter on one engine: turns statements into that engine's SQL.

    `columns` says which columns each relation really answers with, as found on the live database; the optional
    ones it lacks read as null.
    """

    def __init__(
        self,
        adapter: Adapter,
        dialect: Dialect,
        columns: Mapping[str, frozenset[str]] | None = None,
        *,
        zoned: bool = False,
    ) -> None:
        self.adapter = adapter
        self.dialect = dialect
        self.zoned = zoned
        self._columns = columns
        self._selects = {name: self._completed(name) for name in adapter.selects}
        self._rendered: dict[tuple[Any, ...], Rendered] = {}

    def render(self, statement: Statement, wanted: Sequence[str] | None = None) -> Rendered:
        """The SQL of a statement that answers with the wanted columns (None: all) and those of its key."""
        at = (statement.body, statement.shape, statement.key, statement.order, statement.limit is None,
              statement.distinct, None if wanted is None else tuple(wanted))  # fmt: skip
        found = self._rendered.get(at)
        if found is None:
            if len(self._rendered) >= 4096:
                self._rendered.clear()
            found = self._rendered[at] = self._render(statement, wanted)
        return found

    def values(self, rendered: Rendered, statement: Statement, today: date) -> list[Any]:
        """The statement's parameters as this engine takes them, in the order of its placeholders.

        `:today` and `:time_zone`, the source's, are there for every statement and every adapter's SELECT.
        """
        given = {
            "today": today,
            "time_zone": str(self.adapter.time_zone),
            "limit": statement.limit,
            **statement.params,
        }
        values: list[Any] = []
        for name in rendered.names:
            value = given[name]
            if isinstance(value, list | tuple | set | frozenset):
                values.append(bind_set(self.dialect, list(value)))
            else:
                values.append(bind(self.dialect, value, self.adapter.time_zone, zoned=self.zoned))
        return values

    def relation(self, name: str) -> str:
        """The relation as a derived table in parentheses."""
        try:
            return f"({self._selects[name]})"
        except KeyError:
            raise RelationIncomplete(f"Adapter {self.adapter.name} does not provide {name}.") from None

    def alone(self, name: str) -> tuple[str, tuple[str, ...]]:
        """A relation's own SELECT in this engine's SQL, and the names of its parameters."""
        return self._placed(self.relation(name)[1:-1])

    def _completed(self, name: str) -> str:
        """The adapter's SELECT, with nulls for the optional columns that it lacks."""
        select = self.adapter.selects[name]
        if self._columns is None:
            return select
        relation = RELATIONS[name]
        present = self._columns[name]
        if all(column.name in present for column in relation.columns):
            return select
        items = [
            f"given.{column.name}"
            if column.name in present
            else f"{null_of(self.dialect, column.kind, self._key_type(column))} as {column.name}"
            for column in relation.columns
        ]
        return f"select {', '.join(items)} from ({select}) as given"

    def _key_type(self, column: Column) -> str | None:
        return self.adapter.key_type(column.of) if column.of else None

    def _render(self, statement: Statement, wanted: Sequence[str] | None) -> Rendered:
        shape = statement.shape
        keys = (statement.key,) if isinstance(statement.key, str) else statement.key
        names = shape.names if wanted is None else tuple(dict.fromkeys((*wanted, *keys)))
        if statement.order and wanted is not None:
            names = tuple(dict.fromkeys((*names, *(term.name for term in statement.order if term.name))))
        plain = shape.needed(names)
        # The underscore keeps names out of the engines' reserved words; `key` is one of MySQL's.
        items = ", ".join(f"{shape.sql(name)} as {name}_" for name in plain)
        order = ", ".join(f"{term.sql}{' desc' if term.descending else ''}" for term in statement.order)
        distinct = "distinct " if statement.distinct else ""
        if statement.limit is None:
            text = f"select {distinct}{items} {statement.body}" + (f"\norder by {order}" if order else "")
        else:
            by = ", ".join(shape.sql(key) for key in keys)
            text = (
                f"select {', '.join(f'cut.{name}_' for name in plain)} from (select {items}, "
                f"row_number() over (partition by {by} order by {order}) as nth {statement.body}) as cut "
                "where cut.nth <= :limit order by cut.nth"
            )
        sql, params = self._placed(text)
        columns = tuple(name for name in shape.names if name in names)
        return Rendered(
            sql=sql,
            names=params,
            columns=columns,
            key=tuple(columns.index(key) for key in keys),
            parse=_row_parser(shape, plain, columns, self.dialect, self.adapter.time_zone),
        )

    def _placed(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text with its relations in place and its parameters as placeholders of this engine."""
        names: list[str] = []
        positions: dict[str, int] = {}

        def place(found: re.Match[str]) -> str:
            if relation := found["relation"]:
                return _TOKEN.sub(place, self.relation(relation))
            name = found["param"]
            if name is None:
                escaped = self.dialect is Dialect.MYSQL
                return found.group().replace("%", "%%") if escaped else found.group()
            if self.dialect is Dialect.POSTGRESQL and name in positions:
                position = positions[name]
            else:
                names.append(name)
                position = positions[name] = len(names)
            if found["verb"]:
                return member_of(self.dialect, position)
            return placeholder(self.dialect, position)

        sql = _TOKEN.sub(place, text)
        return sql, tuple(names)


def parser(declared: Column | Computed, dialect: Dialect, zone: tzinfo) -> Parse | None:
    """How a column's raw value becomes a Python value; None where it already is one. Null stays null."""
    match declared.kind:
        case Kind.TEXT:
            return None
        case Kind.KEY:
            return None if dialect is not Dialect.POSTGRESQL else _plain_key
        case Kind.INTEGER:
            return _integer
        case Kind.BOOLEAN:
            return _boolean
        case Kind.DECIMAL:
            return _decimal
        case Kind.DATE:
            return _date
        case Kind.INSTANT:
            return lambda value: _instant(value, zone)
        case Kind.ENUM:
            if declared.values is None:
                raise ValueInvalid("An enumerated column must say its values.")
            return _member(declared.values)


def _plain_key(value: Any) -> Any:
    # asyncpg has a UUID class of its own, and numeric keys arrive as Decimal.
    if type(value) is int or type(value) is str or value is None:
        return value
    if isinstance(value, Decimal):
        return int(value)
    return UUID(int=value.int) if isinstance(value, UUID) else value


def _integer(value: Any) -> int | None:
    return value if value is None or type(value) is int else int(value)


def _boolean(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _decimal(value: Any) -> Decimal | None:
    if value is None or type(value) is Decimal:
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueInvalid(f"{value!r} is not a decimal number.") from None


def _date(value: Any) -> date | None:
    if value is None or type(value) is date:
        return value
    if isinstance(value, datetime):
        return value.date()
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise ValueInvalid(f"{value!r} is not a date.") from None


def _instant(value: Any, zone: tzinfo) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        try:
            value = datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueInvalid(f"{value!r} is not an instant.") from None
    instant: datetime = value
    return (instant.replace(tzinfo=zone) if instant.tzinfo is None else instant).astimezone(UTC)


@lru_cache(maxsize=64)
def _member(values: type[Enum]) -> Parse:
    members = {member.value: member for member in values}

    def parse(value: Any) -> Enum | None:
        if value is None:
            return None
        try:
            return members[value]
        except KeyError:
            raise ValueInvalid(f"{value!r} is not one of {', '.join(members)}.") from None

    return parse


def _row_parser(
    shape: Shape, plain: tuple[str, ...], columns: tuple[str, ...], dialect: Dialect, zone: tzinfo
) -> Callable[[Sequence[Sequence[Any]]], list[Row]]:
    """Turns raw rows of the plain columns into rows of the wanted ones, derived columns made last.

    The work is one generated comprehension; its source holds no name but those made here of a number.
    """
    parses = {name: parse for name in plain if (parse := parser(shape.declared(name), dialect, zone))}
    makes = _derivations(shape, columns)
    names: dict[str, Any] = {}
    values = {name: f"r{n}" for n, name in enumerate(plain)}
    steps: list[str] = []
    for n, (name, parse) in enumerate(parses.items()):
        names[f"P{n}"] = parse
        raw = values[name]
        values[name] = f"v{n}"
        steps.append(f"for v{n} in (P{n}({raw}) if {raw} is not None else None,)")
    for n, (name, make, inputs) in enumerate(makes):
        names[f"M{n}"] = make
        values[name] = f"m{n}"
        steps.append(f"for m{n} in (M{n}({', '.join(values[given] for given in inputs)}),)")
    row = "".join(f"{values[name]}, " for name in columns)
    raws = "".join(f"r{n}, " for n in range(len(plain)))
    source = f"def parse(rows):\n return [({row}) for ({raws}) in rows {' '.join(steps)}]"
    exec(compile(source, "<rows>", "exec"), names)
    fast = names["parse"]

    def parsed(rows: Sequence[Sequence[Any]]) -> list[Row]:
        try:
            found: list[Row] = fast(rows)
        except ValueInvalid:
            _blame(shape, plain, parses, rows)
            raise
        return found

    return parsed


def _blame(shape: Shape, plain: tuple[str, ...], parses: Mapping[str, Parse], rows: Sequence[Sequence[Any]]) -> None:
    """Raise the first value's own refusal, with the column that holds it."""
    for row in rows:
        for name, value in zip(plain, row, strict=True):
            if name in parses:
                try:
                    parses[name](value)
                except ValueInvalid as error:
                    raise ValueInvalid(f"{shape.sql(name)}: {error}") from None


def _derivations(shape: Shape, columns: tuple[str, ...]) -> list[tuple[str, Callable[..., Any], tuple[str, ...]]]:
    """The derived columns to make, each behind those it is made of."""
    made: list[tuple[str, Callable[..., Any], tuple[str, ...]]] = []
    seen: set[str] = set(shape.columns)

    def add(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        recipe = shape.derived[name]
        for given in recipe.inputs:
            add(given)
        made.append((name, recipe.make, recipe.inputs))

    for name in columns:
        add(name)
    return made
