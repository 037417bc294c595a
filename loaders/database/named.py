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
    instants = [name.endswith("_at") for name in table.names]
    if not any(instants):
        return [dict(zip(table.names, row, strict=True)) for row in table.rows]
    return [
        {
            name: _instant(value) if instant else value
            for name, value, instant in zip(table.names, row, instants, strict=True)
        }
        for row in table.rows
    ]


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


def _instant(value: Any) -> Any:
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
