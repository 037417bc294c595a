"""The home store: the embedded district's own SQLite database, one table per relation of the contract.

Instants are ISO texts in UTC that end in Z, dates ISO texts, booleans 1 and 0, enumerations the contract's texts.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from loaders.adapter import load_adapter
from loaders.contract import RELATIONS, Column, Kind, Relation
from loaders.dialect import Dialect
from loaders.triggers import trigger_script

_TYPES = {
    Kind.KEY: "integer",
    Kind.TEXT: "text",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "numeric",
    Kind.BOOLEAN: "integer",
    Kind.DATE: "text",
    Kind.TIME: "text",
    Kind.INSTANT: "text",
    Kind.ENUM: "text",
}

# Beyond the columns by which families ask: who is in a section or a school, for those who write to them.
_ALSO_ASKED_BY = {"enrollment": ("section_id",), "school_enrollment": ("school_id",), "message": ("sent_at",)}


def create_home(connection: sqlite3.Connection) -> None:
    """Create the empty tables and indexes of the home store, all or none, and turn its file to WAL.

    Refuses with sqlite3.OperationalError where a transaction is open or a table is there already.
    """
    connection.execute("pragma journal_mode = wal")
    connection.execute("begin")
    try:
        for relation in RELATIONS.values():
            for statement in (_table(relation), *_indexes(relation)):
                connection.execute(statement)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def note_changes(path: Path) -> None:
    """Let a filled home store note which students change from now on, so that it need not be gone through."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(trigger_script(load_adapter("home"), Dialect.SQLITE))


def _table(relation: Relation) -> str:
    lines = [_column(column, alone=relation.key == (column.name,)) for column in relation.columns]
    clustered = len(relation.key) > 1 and not _nullable_key(relation)
    if clustered:
        lines.append(f"primary key ({', '.join(relation.key)})")
    body = ",\n  ".join(lines)
    return f"create table {relation.name} (\n  {body}\n){' without rowid' if clustered else ''}"


def _column(column: Column, *, alone: bool) -> str:
    words = [column.name, _TYPES[column.kind]]
    if alone:
        words.append("primary key")
    elif not column.nullable:
        words.append("not null")
    if column.kind is Kind.BOOLEAN:
        words.append(f"check ({column.name} in (0, 1))")
    if column.values is not None:
        names = ", ".join(f"'{member.value}'" for member in column.values)
        words.append(f"check ({column.name} in ({names}))")
    return " ".join(words)


def _indexes(relation: Relation) -> list[str]:
    """An index for each way of asking that the primary key does not serve."""
    name = relation.name
    indexes = []
    served = relation.key[0]
    if _nullable_key(relation):
        # Nulls differ from each other in a unique index; '' equals itself and no integer.
        served = relation.asked_by[0]
        others = [key for key in relation.key if key != served]
        parts = [f"ifnull({key}, '')" if relation.column(key).nullable else key for key in (served, *others)]
        indexes.append(f"create unique index {name}_key on {name} ({', '.join(parts)})")
    return indexes + [
        f"create index {name}_by_{column} on {name} ({column})"
        for column in (*relation.asked_by, *_ALSO_ASKED_BY.get(name, ()))
        if column != served
    ]


def _nullable_key(relation: Relation) -> bool:
    return any(relation.column(name).nullable for name in relation.key)
