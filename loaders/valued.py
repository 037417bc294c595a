"""Rows put together here, of values and not of what an engine gave: read as they are, wherever rows are read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from loaders.dialect import Dialect
from loaders.rows import Cell, Layout, Raw, Rows
from loaders.statement import Row, Shape

_NO_SHAPE = Shape({})


class ValuedLayout(Layout):
    """The layout of rows whose cells are their values."""

    __slots__ = ()

    def _cell(self, name: str) -> Cell:
        return Cell((self.plain.index(name),), None, False)

    def blame(self, rows: Sequence[Raw]) -> None:
        """Nothing: a value that is none was refused before it came here."""


def valued(columns: tuple[str, ...], key: tuple[str, ...], rows: Sequence[Row], as_of: datetime | None = None) -> Rows:
    """The rows with a value for each of these columns; `key` are those whose values say for which key a row is."""
    return Rows(_layout(columns, key), rows, as_of)


@lru_cache(maxsize=1024)
def _layout(columns: tuple[str, ...], key: tuple[str, ...]) -> ValuedLayout:
    """One for equal columns: builders are kept by it."""
    return ValuedLayout(_NO_SHAPE, columns, columns, key, Dialect.SQLITE, UTC)


def among(rows: Rows, names: Sequence[str]) -> list[dict[str, Any]]:
    """Some columns of rows by their names, a row at a time."""
    return [dict(zip(names, row, strict=True)) for row in rows.layout.several(tuple(names), rows.raw)]
