"""The portal store's SQL: `:name` parameters and instants, the same text on SQLite and PostgreSQL."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from loaders.database.link import Table
from loaders.dialect import Dialect, placeholder
from loaders.errors import ValueInvalid

_TOKEN = re.compile(r"'(?:[^']|'')*'|::|--[^\n]*|:(?P<name>[a-z_][a-z0-9_]*)", re.IGNORECASE)


def bound(dialect: Dialect, sql: str, params: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The SQL with this engine's placeholders and its values in their order; KeyError for a value that is missing."""
    text, names = _placed(dialect, sql)
    return text, [_value(dialect, name, params[name]) for name in names]


def mappings(table: Table) -> list[Mapping[str, Any]]:
    """The rows by column name; columns called `..._at` hold aware UTC instants."""
    names = table.names
    found: list[Mapping[str, Any]] = []
    instants = [name for name in names if name.endswith("_at")]
    for row in table.rows:
        values = dict(zip(names, row, strict=True))
        for name in instants:
            value = values[name]
            if value.__class__ is str:
                values[name] = datetime.fromisoformat(value)
            elif isinstance(value, datetime):
                values[name] = value.astimezone(UTC)
        found.append(values)
    return found


@lru_cache(maxsize=1024)
def _placed(dialect: Dialect, sql: str) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []

    def place(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found.group()
        if dialect is Dialect.SQLITE or name not in names:
            names.append(name)
            return placeholder(dialect, len(names))
        return placeholder(dialect, names.index(name) + 1)

    return _TOKEN.sub(place, sql), tuple(names)


def _value(dialect: Dialect, name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueInvalid(f"{name} is an instant without a zone.")
        # Always six digits, so that the order of the texts is the order of the instants.
        utc = value.astimezone(UTC)
        return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if dialect is Dialect.SQLITE else utc
    if isinstance(value, Enum):
        return value.value
    if dialect is Dialect.SQLITE:
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, UUID):
            return str(value)
    return value
