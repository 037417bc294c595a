"""How each engine writes the few things that SQL leaves to it: placeholders, sets, nulls, values."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from loaders.contract import Kind


class Dialect(StrEnum):
    """The engines a student information system may live on; the portal store uses the first two."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"


_NULLS = {
    Dialect.POSTGRESQL: {
        Kind.INTEGER: "integer",
        Kind.DECIMAL: "numeric",
        Kind.BOOLEAN: "integer",
        Kind.DATE: "date",
        Kind.TIME: "time",
        Kind.INSTANT: "timestamp",
        Kind.TEXT: "text",
        Kind.ENUM: "text",
    },
    Dialect.MYSQL: {
        Kind.INTEGER: "signed",
        Kind.DECIMAL: "decimal(20,6)",
        Kind.BOOLEAN: "signed",
        Kind.DATE: "date",
        Kind.TIME: "time",
        Kind.INSTANT: "datetime",
        Kind.TEXT: "char",
        Kind.ENUM: "char",
    },
    Dialect.SQLITE: {},
}

_KEYS = {
    Dialect.POSTGRESQL: {"integer": "bigint", "text": "text", "uuid": "uuid"},
    Dialect.MYSQL: {"integer": "signed", "text": "char", "uuid": "char"},
    Dialect.SQLITE: {},
}


def null_of(dialect: Dialect, kind: Kind, key_type: str | None = None) -> str:
    """A null of the kind's type, so that comparisons with it are typed as with a real column."""
    types = _KEYS[dialect] if kind is Kind.KEY else _NULLS[dialect]
    named = types.get(key_type or "integer") if kind is Kind.KEY else types.get(kind)  # type: ignore[call-overload]
    return f"cast(null as {named})" if named else "null"


def placeholder(dialect: Dialect, position: int) -> str:
    """The placeholder of the parameter at `position`, counted from 1."""
    if dialect is Dialect.POSTGRESQL:
        return f"${position}"
    return "?" if dialect is Dialect.SQLITE else "%s"


def member_of(dialect: Dialect, position: int) -> str:
    """The condition `in <set>` for a set that travels as one bound value."""
    if dialect is Dialect.POSTGRESQL:
        return f"= any(${position})"
    if dialect is Dialect.SQLITE:
        return "in (select value from json_each(?))"
    return "in %s"


def bind_set(dialect: Dialect, values: Collection[Any]) -> Any:
    """A set of keys or texts as the one value that this engine takes for it.

    MySQL has no empty list; a list of one null holds nothing either.
    """
    if dialect is Dialect.SQLITE:
        return orjson.dumps(values if values.__class__ is list or values.__class__ is tuple else list(values)).decode()
    if dialect is Dialect.MYSQL:
        return tuple(str(v) if isinstance(v, UUID) else v for v in values) or (None,)
    return list(values)


def bind(dialect: Dialect, value: Any, zone: tzinfo, *, zoned: bool) -> Any:
    """One value as this engine takes it; instants go in the zone in which the source writes them.

    `zoned` says that the source's instants carry their zone (PostgreSQL's timestamptz).
    """
    if isinstance(value, datetime):
        if dialect is Dialect.SQLITE:
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value if zoned else value.astimezone(zone).replace(tzinfo=None)
    if dialect is Dialect.SQLITE:
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return float(value)
        if isinstance(value, UUID):
            return str(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, UUID) and dialect is Dialect.MYSQL:
        return str(value)
    return value


def gathered(dialect: Dialect, columns: Sequence[str], between: str, end: str) -> str:
    """An aggregate that makes one text of all rows of a group, in no order that means anything.

    A row is its columns' values as text, null as the empty text, with `between` between them and `end` at its end.
    """
    if dialect is Dialect.MYSQL:
        texts = ", ".join(f"coalesce(cast({column} as char), '')" for column in columns)
        return f"group_concat(concat(concat_ws('{between}', {texts}), '{end}') separator '')"
    if dialect is Dialect.SQLITE:
        # Measured: half the time of a chain of `||`.
        return f"group_concat(printf('{between.join(['%s'] * len(columns))}{end}', {', '.join(columns)}), '')"
    texts = f" || '{between}' || ".join(f"coalesce(cast({column} as text), '')" for column in columns)
    return f"string_agg({texts} || '{end}', '')"


def whole_groups(dialect: Dialect) -> str:
    """What must stand first in a SELECT so that `gathered` is not cut short: MySQL's own limit is 1,024 bytes.

    MariaDB reads the hint as a comment; its limit is a million bytes.
    """
    return "/*+ SET_VAR(group_concat_max_len = 16777216) */ " if dialect is Dialect.MYSQL else ""
