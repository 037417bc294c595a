"""The made district on PostgreSQL: every table of the contract, row by row, with its keys and indexes."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg

from loaders.contract import RELATIONS, Kind

TYPES = {
    Kind.DECIMAL: "numeric",
    Kind.TEXT: "text",
    Kind.ENUM: "text",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.INSTANT: "timestamptz",
}
READ: dict[Kind, Callable[[Any], Any]] = {
    Kind.DECIMAL: lambda value: Decimal(str(value)),
    Kind.DATE: date.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.INSTANT: datetime.fromisoformat,
}


async def copy_district(path: Path, url: str) -> None:
    """Copies the tables of a made district into an empty PostgreSQL database, and gathers its statistics."""
    connection = await asyncpg.connect(url)
    try:
        with closing(sqlite3.connect(path)) as district:
            tables = {name for (name,) in district.execute("select name from sqlite_schema where type = 'table'")}
            for name in sorted(tables & RELATIONS.keys()):
                await _copy(district, connection, name)
        await connection.execute("analyze")
    finally:
        await connection.close()


async def _copy(district: sqlite3.Connection, connection: Any, name: str) -> None:
    relation = RELATIONS[name]
    columns = ", ".join(f"{c.name} {TYPES.get(c.kind, 'bigint')}" for c in relation.columns)
    await connection.execute(f"create table {name} ({columns})")
    kinds = [column.kind for column in relation.columns]
    found = district.execute(f"select {', '.join(c.name for c in relation.columns)} from {name}")
    records = [[_value(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in found]
    await connection.copy_records_to_table(name, records=records)
    await connection.execute(f"create unique index on {name} ({', '.join(relation.key)})")
    for column in relation.asked_by:
        if column != relation.key[0]:
            await connection.execute(f"create index on {name} ({column})")


def _value(kind: Kind, value: Any) -> Any:
    if value is None or kind not in READ:
        return value
    return READ[kind](value)
