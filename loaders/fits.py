"""Whether the raw values of a column are such that its kind can be read from them without loss."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from loaders.adapter import Adapter
from loaders.contract import Column, Kind
from loaders.dialect import Dialect
from loaders.errors import ValueInvalid
from loaders.parsing import parser

Fits = Callable[[Any, Any], bool]


def wrong_types(
    adapter: Adapter, dialect: Dialect, columns: Sequence[Column], rows: Sequence[Sequence[Any]]
) -> tuple[str, ...]:
    """For each column that holds what its kind cannot be read from, one sentence; never the value itself."""
    found = []
    for at, column in enumerate(columns):
        if column.kind is Kind.ENUM:
            continue
        parse = parser(column, dialect, adapter.time_zone)
        fits = _FITS[column.kind] if column.kind is not Kind.KEY else _KEY_FITS[adapter.key_type(column.of or "")]
        for row in rows:
            raw = row[at]
            try:
                right = raw is None or fits(raw, parse(raw) if parse else raw)
            except (ValueInvalid, ValueError, TypeError, ArithmeticError):
                right = False
            if not right:
                kind = f"{adapter.key_type(column.of or '')} key" if column.kind is Kind.KEY else column.kind
                found.append(f"{column.name} holds a value of type {type(raw).__name__} that is no {kind}.")
                break
    return tuple(found)


def _is_uuid(raw: Any, _: Any) -> bool:
    return raw is not None and UUID(str(raw)) is not None


_FITS: dict[Kind, Fits] = {
    Kind.TEXT: lambda raw, _: isinstance(raw, str),
    Kind.INTEGER: lambda raw, value: not isinstance(raw, bool) and value == Decimal(str(raw)),
    Kind.DECIMAL: lambda raw, value: not isinstance(raw, bool) and value.is_finite(),
    Kind.BOOLEAN: lambda raw, _: not isinstance(raw, str) and raw in (0, 1),
    Kind.DATE: lambda _, value: isinstance(value, date),
    Kind.TIME: lambda _, value: isinstance(value, time),
    Kind.INSTANT: lambda _, value: isinstance(value, datetime),
}
_KEY_FITS: dict[str, Fits] = {
    "integer": lambda raw, value: not isinstance(raw, bool | str) and isinstance(value, int) and value == raw,
    "text": lambda raw, _: isinstance(raw, str),
    "uuid": _is_uuid,
}
