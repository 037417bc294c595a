"""Bound values as the text that PostgreSQL reads for a parameter of whatever type it has found."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


class NoText(Exception):
    """A value that cannot be sent as text."""


def texts(values: Sequence[Any]) -> list[bytes | None]:
    """Each value as the server's text, null as None; NoText for one of a type that is not written here."""
    return [None if value is None else _text(value).encode() for value in values]


def _text(value: Any) -> str:
    try:
        return _TEXTS[value.__class__](value)
    except KeyError:
        raise NoText(value.__class__.__name__) from None


def _plain(value: str) -> str:
    # The driver ends a text at its first zero byte, which would make it another one.
    if "\0" in value:
        raise NoText("a text with a zero byte")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NoText("a text with half a character") from None
    return value


def _array(values: Sequence[Any]) -> str:
    return "{" + ",".join([str(v) if v.__class__ is int else _element(v) for v in values]) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "null"
    escaped = _text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_TEXTS: dict[type, Callable[[Any], str]] = {
    int: str,
    str: _plain,
    list: _array,
    tuple: _array,
    date: date.isoformat,
    datetime: datetime.isoformat,
    Decimal: str,
    float: repr,
    UUID: str,
}
