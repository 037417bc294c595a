"""How a database would answer a relation for a batch of keys: through an index, or by reading a table in full."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from loaders.contract import RELATIONS
from loaders.dialect import Dialect
from loaders.relations import Relations
from loaders.source import Bound, Reads
from loaders.statement import Key, Shape, Statement

SMALL = 1_000
KEYS = 20


@dataclass(frozen=True, slots=True)
class Scan:
    """A base table that is read in full, its size, and whether it has an index that could serve instead."""

    table: str
    rows: int
    avoidable: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How a relation is read when it is asked by one of its keys; `scans` names tables of more than SMALL rows."""

    asked_by: str
    scans: tuple[Scan, ...]

    @property
    def ok(self) -> bool:
        """Whether no table is read in full that need not be."""
        return not any(scan.avoidable for scan in self.scans)

    @property
    def verdict(self) -> str:
        """INDEXED, or SCANS with each table and its size."""
        return "SCANS " + ", ".join(f"{s.table} ({s.rows})" for s in self.scans) if self.scans else "INDEXED"


@dataclass(frozen=True, slots=True)
class _Read:
    """A full read as the engine tells it: the table, and the columns of it that conditions name."""

    table: str
    columns: frozenset[str]
    avoidable: bool = False


async def plan(relations: Relations, reads: Reads, relation: str, asked_by: str, today: date) -> Plan:
    """The plan for KEYS real keys of a relation (made-up ones where it has no rows)."""
    keys = await _keys(relations, reads, relation, asked_by, today)
    columns = {column.name: f"{relation}.{column.name}" for column in RELATIONS[relation].columns}
    statement = Statement(
        Shape(columns),
        f"from {{{relation}}} as {relation} where {relation}.{asked_by} in :keys",
        {"keys": keys},
        key=asked_by,
    )
    sql, values = _bound(relations, statement, today)
    [rows] = await reads.fetch([(f"{_EXPLAIN[relations.dialect]} {sql}", values)])
    found: dict[str, Scan] = {}
    for read in _full_reads(relations.dialect, rows, sql):
        size, leading = await _facts(relations.dialect, reads, read.table)
        if size > SMALL:
            avoidable = read.avoidable or not leading.isdisjoint(read.columns)
            known = found.get(read.table)
            name = read.table.rpartition(".")[2]
            found[read.table] = Scan(name, size, avoidable or (known is not None and known.avoidable))
    return Plan(asked_by, tuple(found.values()))


async def _keys(relations: Relations, reads: Reads, relation: str, column: str, today: date) -> list[Key]:
    statement = Statement(
        Shape({"asked": f"{relation}.{column}"}),
        f"from {{{relation}}} as {relation} where {relation}.{column} is not null limit {KEYS}",
        {},
        key="asked",
        distinct=True,
    )
    [rows] = await reads.fetch([_bound(relations, statement, today)])
    if rows:
        return [row[0] for row in relations.render(statement).parse(rows)]
    entity = RELATIONS[relation].column(column).of
    kind = relations.adapter.key_type(entity or "")
    if kind == "uuid":
        return [UUID(int=n) for n in range(1, KEYS + 1)]
    return [str(n) if kind == "text" else n for n in range(1, KEYS + 1)]


def _bound(relations: Relations, statement: Statement, today: date) -> Bound:
    rendered = relations.render(statement)
    return rendered.sql, relations.values(rendered, statement, today)


_EXPLAIN = {
    Dialect.POSTGRESQL: "explain (verbose, format json)",
    Dialect.MYSQL: "explain",
    Dialect.SQLITE: "explain query plan",
}


def _full_reads(dialect: Dialect, rows: Sequence[Sequence[Any]], sql: str) -> Iterator[_Read]:
    match dialect:
        case Dialect.POSTGRESQL:
            told = rows[0][0]
            yield from _of_postgresql((json.loads(told) if isinstance(told, str) else told)[0]["Plan"], ())
        case Dialect.MYSQL:
            yield from _of_mysql(rows, sql)
        case Dialect.SQLITE:
            yield from _of_sqlite(rows, sql)


_CONDITIONS = ("Filter", "Hash Cond", "Merge Cond", "Join Filter")


def _of_postgresql(node: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[_Read]:
    """Sequential scans, and index scans without a condition; the conditions are their own and those of joins above."""
    conditions = (*above, *(str(node[name]) for name in _CONDITIONS if name in node))
    kind = node["Node Type"]
    if "Relation Name" in node and (kind == "Seq Scan" or (kind.startswith("Index") and "Index Cond" not in node)):
        name = re.compile(rf'\b{re.escape(node["Alias"])}"?\."?(\w+)')
        columns = frozenset(column for condition in conditions for column in name.findall(condition))
        yield _Read(f"{node['Schema']}.{node['Relation Name']}", columns)
    for child in node.get("Plans", ()):
        yield from _of_postgresql(child, conditions)


def _of_mysql(rows: Sequence[Sequence[Any]], sql: str) -> Iterator[_Read]:
    """Rows of type ALL, or of type index (the whole index): MySQL tells two columns more than MariaDB."""
    tables = _tables(sql)
    for row in rows:
        alias = row[2]
        kind, possible = (row[4], row[5]) if len(row) == 12 else (row[3], row[4])
        if kind in ("ALL", "index") and alias in tables:
            yield from (_Read(t, _columns_of(alias, t, sql), avoidable=possible is not None) for t in tables[alias])


def _of_sqlite(rows: Sequence[Sequence[Any]], sql: str) -> Iterator[_Read]:
    """Lines that begin in SCAN; an automatic index is a full read for want of a real one."""
    tables = _tables(sql)
    for row in rows:
        told = re.match(r"(SCAN|SEARCH) (?:TABLE )?(\w+)(?: AS (\w+))?", row[-1])
        if told is None:
            continue
        alias = told[3] or told[2]
        if alias not in tables:
            continue
        if told[1] == "SCAN":
            yield from (_Read(t, _columns_of(alias, t, sql)) for t in tables[alias])
        elif "AUTOMATIC" in row[-1]:
            yield from (_Read(t, frozenset()) for t in tables[alias])


_FROM = re.compile(r"\b(?:from|join)\s+[\"`]?(\w+)[\"`]?(?:\s+(?:as\s+)?[\"`]?(\w+)[\"`]?)?", re.IGNORECASE)
_NO_ALIAS = frozenset({"where", "join", "left", "inner", "cross", "on", "group", "order", "limit", "union", "having"})


def _tables(sql: str) -> dict[str, tuple[str, ...]]:
    """The tables that each alias of a statement stands for; one alias may name several, in different selects."""
    found: dict[str, set[str]] = {}
    for table, alias in _FROM.findall(sql):
        bare = not alias or alias.lower() in _NO_ALIAS
        found.setdefault(table if bare else alias, set()).add(table)
    return {alias: tuple(sorted(tables)) for alias, tables in found.items()}


def _columns_of(alias: str, table: str, sql: str) -> frozenset[str]:
    """The columns that the statement names of an alias; any word where the table stands without one."""
    start = rf"(?<!\w){alias}\." if alias != table else r"(?<!\w)"
    return frozenset(re.findall(rf"{start}(\w+)", sql))


_LEADING = {
    Dialect.POSTGRESQL: "select a.attname::text from pg_index i join pg_attribute a on a.attrelid = i.indrelid "
    "and a.attnum = i.indkey[0] where i.indrelid = to_regclass($1) and i.indpred is null",
    Dialect.MYSQL: "select column_name from information_schema.statistics "
    "where table_schema = database() and table_name = %s and seq_in_index = 1",
    Dialect.SQLITE: "select i.name from pragma_index_list(?1) as l join pragma_index_info(l.name) as i on i.seqno = 0 "
    "union select name from pragma_table_info(?1) where pk = 1",
}


async def _facts(dialect: Dialect, reads: Reads, table: str) -> tuple[int, frozenset[str]]:
    """The size of a table, and the columns by which its indexes begin."""
    mark = "`" if dialect is Dialect.MYSQL else '"'
    quoted = ".".join(f"{mark}{part}{mark}" for part in table.split("."))
    asked = quoted if dialect is Dialect.POSTGRESQL else table
    sizes, leading = await reads.fetch([(f"select count(*) from {quoted}", ()), (_LEADING[dialect], (asked,))])
    return sizes[0][0], frozenset(row[0] for row in leading)
