"""Writes rows of the made district into the home store."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any


def write(connection: sqlite3.Connection, relation: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Add rows whose values stand in the order of `columns`, the names with spaces between them."""
    names = columns.split()
    marks = ", ".join("?" * len(names))
    connection.executemany(f"insert into {relation} ({', '.join(names)}) values ({marks})", rows)
