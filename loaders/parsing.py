"""Values as the engines give them, read into Python's: one parser for each kind of column and engine."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from loaders.contract import Column, Kind
from loaders.dialect import Dialect
from loaders.errors import ValueInvalid
from loaders.statement import Computed

Parse = Callable[..., Any]


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
        case Kind.TIME:
            return _time
        case Kind.INSTANT:
            return _instant_in(zone)
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
    if type(value) is float and value.is_integer():
        return Decimal(int(value))  # 10 and 10.0 are one number to SQLite, and so to families
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


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?:([ap])\.?m\.?)?", re.ASCII | re.IGNORECASE)


def _time(value: Any) -> time | None:
    """A time of day; MySQL's own come as the time since midnight, and offices write 8:05 and 1:30 PM."""
    if value is None or type(value) is time:
        return value
    if isinstance(value, timedelta):
        value = str(value)
    found = _CLOCK.fullmatch(str(value).strip())
    if found is not None:
        hour, minute, second = (int(part or 0) for part in found.groups()[:3])
        half = found[4]
        if half is None or 1 <= hour <= 12:
            with suppress(ValueError):
                return time(hour if half is None else hour % 12 + (12 if half in "pP" else 0), minute, second)
    raise ValueInvalid(f"{value!r} is not a time of day.")


@lru_cache(maxsize=64)
def _instant_in(zone: tzinfo) -> Parse:
    def instant(value: Any) -> datetime | None:
        if value is None:
            return None
        if not isinstance(value, datetime):
            try:
                value = datetime.fromisoformat(str(value))
            except ValueError:
                raise ValueInvalid(f"{value!r} is not an instant.") from None
        given: datetime = value
        return (given.replace(tzinfo=zone) if given.tzinfo is None else given).astimezone(UTC)

    return instant


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


_FEW = frozenset({Kind.DATE, Kind.TIME, Kind.INSTANT, Kind.BOOLEAN, Kind.ENUM, Kind.INTEGER})


def few(dialect: Dialect) -> frozenset[Kind]:
    """The kinds of which equal raw values mean the same, and there are few of them."""
    # The servers' decimals keep their places, and 1.0 and 1.00 are equal but not alike.
    return _FEW | {Kind.DECIMAL} if dialect is Dialect.SQLITE else _FEW
