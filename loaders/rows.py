"""Rows as the engines give them, read into Python values: each column by its kind, derived ones made last."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from loaders.contract import Column, Kind
from loaders.dialect import Dialect
from loaders.errors import ValueInvalid
from loaders.statement import Computed, Row, Shape

Parse = Callable[[Any], Any]


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


def row_parser(
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
