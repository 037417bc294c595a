"""How a database would answer a relation for a batch of keys: through an index, or by reading a table in full."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from loaders.contract import RELATIONS
from loaders.dialect import Dialect
from loaders.errors import RelationIncomplete
from loaders.relations import Relations
from loaders.source import Bound, Reads
from loaders.statement import Key, Shape, Statement
from loaders.statements import STATEMENTS, Sample

SMALL = 1_000
KEYS = 20


@dataclass(frozen=True, slots=True)
class Scan:
    """A base table that is read in full, its size, and whether it has an index that could serve instead.

    `measured` says that the engine has statistics of the table; without them its plans mean little.
    """

    table: str
    rows: int
    avoidable: bool
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """How a relation is read when it is asked by one of its keys; `scans` names tables of more than SMALL rows."""

    asked_by: str
    scans: tuple[Scan, ...]

    @property
    def ok(self) -> bool:
        """Whether no table is read in full that need not be."""
        return not any(scan.avoidable and scan.measured for scan in self.scans)

    @property
    def verdict(self) -> str:
        """INDEXED, or SCANS with each table and its size."""
        scans = (f"{s.table} ({s.rows}{'' if s.measured else ', never analyzed'})" for s in self.scans)
        return f"SCANS {', '.join(scans)}" if self.scans else "INDEXED"


@dataclass(frozen=True, slots=True)
class Explained:
    """A statement that the loaders send, by name: the tables that it reads in full, or why it does not run."""

    statement: str
    scans: tuple[Scan, ...]
    broken: str | None = None

    @property
    def verdict(self) -> str:
        """INDEXED, or SCANS with each table and its size, with the remedy."""
        if self.broken is not None:
            return f"DOES NOT RUN: {self.broken}"
        if not self.scans:
            return "INDEXED"
        if any(scan.avoidable for scan in self.scans):
            remedy = "where a SELECT joins, let its keys be columns of the table that has the index"
        else:
            remedy = "make an index that begins with the column that is asked for"
        return f"{Plan(self.statement, self.scans).verdict}: {remedy}"


@dataclass(frozen=True, slots=True)
class _Read:
    """A full read as the engine tells it: the table, and the columns of it that conditions name.

    A read through an index is a full one all the same where `conditions` miss the column by which the index begins.
    """

    table: str
    columns: frozenset[str]
    avoidable: bool = False
    index: str | None = None
    conditions: frozenset[str] = frozenset()


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
    return Plan(asked_by, await scans_of(relations, reads, statement, today, {}))


async def explain(relations: Relations, reads: Reads, today: date) -> tuple[Explained, ...]:
    """How each statement of the loaders would be answered, those left out that ask for what is not provided."""
    keys: dict[str, list[Key]] = {}
    facts: dict[str, _Facts] = {}
    found: list[Explained] = []
    for listed in STATEMENTS:
        try:
            for place in listed.columns:
                if place not in keys:
                    relation, _, column = place.partition(".")
                    keys[place] = await _keys(relations, reads, relation, column, today)
            statement = listed.make(Sample(relations.dialect, today, keys))
            relations.render(statement)
        except RelationIncomplete:
            continue
        try:
            found.append(Explained(listed.name, await scans_of(relations, reads, statement, today, facts)))
        except RelationIncomplete as error:
            found.append(Explained(listed.name, (), str(error)))
    return tuple(found)


async def scans_of(
    relations: Relations, reads: Reads, statement: Statement, today: date, known_facts: dict[str, "_Facts"]
) -> tuple[Scan, ...]:
    """The tables of more than SMALL rows that are read in full for a statement."""
    sql, values = _bound(relations, statement, today)
    found: dict[str, Scan] = {}
    for read in await _full_reads(relations.dialect, reads, sql, values):
        facts = known_facts.get(read.table) or await _facts(relations.dialect, reads, read.table)
        known_facts[read.table] = facts
        leading = facts.leading.get(read.index or "")
        if facts.rows <= SMALL or (leading is not None and leading in read.conditions):
            continue
        known = found.get(read.table)
        avoidable = read.avoidable or not read.columns.isdisjoint(facts.leading.values())
        avoidable = avoidable or (known is not None and known.avoidable)
        found[read.table] = Scan(read.table.rpartition(".")[2], facts.rows, avoidable, facts.measured)
    return tuple(found.values())


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
        return [row[0] for row in relations.render(statement).layout.parse(rows)]
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


# PostgreSQL reads a table in full where that is cheaper, and no longer where the table grows. What remains when it is
# told to go by indexes wherever it can is the adapter's doing.
_BY_INDEX: tuple[Bound, ...] = (
    ("begin", ()),
    ("set local enable_seqscan = off", ()),
    ("set local enable_hashjoin = off", ()),
    ("set local enable_mergejoin = off", ()),
)


async def _full_reads(dialect: Dialect, reads: Reads, sql: str, values: Sequence[Any]) -> list[_Read]:
    explain = (f"{_EXPLAIN[dialect]} {sql}", values)
    match dialect:
        case Dialect.POSTGRESQL:
            rows = (await reads.fetch([*_BY_INDEX, explain, ("rollback", ())]))[len(_BY_INDEX)]
            told = rows[0][0]
            top = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
            stopped = _stopped(top)
            return [replace(read, avoidable=stopped) for read in _of_postgresql(top, (), None)]
        case Dialect.MYSQL:
            [rows] = await reads.fetch([explain])
            return list(_of_mysql(rows, sql))
        case Dialect.SQLITE:
            [rows] = await reads.fetch([explain])
            return list(_of_sqlite(rows, sql))


_CONDITIONS = ("Filter", "Hash Cond", "Merge Cond", "Join Filter")


def _of_postgresql(
    node: Mapping[str, Any], above: tuple[str, ...], bitmap: Mapping[str, Any] | None
) -> Iterator[_Read]:
    """Every scan of a table; the conditions are its own and those of the joins above it."""
    conditions = (*above, *(str(node[name]) for name in _CONDITIONS if name in node))
    table = node if "Relation Name" in node else bitmap
    if table is not None and re.match("Seq Scan|Index|Bitmap Index", node["Node Type"]):
        yield _Read(
            f"{table['Schema']}.{table['Relation Name']}",
            _columns(table["Alias"], " ".join(conditions)),
            index=node.get("Index Name"),
            conditions=_columns(table["Alias"], node.get("Index Cond", "")),
        )
    for child in node.get("Plans", ()):
        yield from _of_postgresql(child, conditions, node if node["Node Type"] == "Bitmap Heap Scan" else bitmap)


def _stopped(node: Mapping[str, Any]) -> bool:
    """Whether the keys are asked of something made first (a window, a CTE), and so reached no table."""
    here = "Relation Name" not in node and "= ANY" in node.get("Filter", "")
    return here or any(_stopped(child) for child in node.get("Plans", ()))


def _columns(alias: str, conditions: str) -> frozenset[str]:
    return frozenset(re.findall(rf'(?<!\w){re.escape(alias)}"?\."?(\w+)', conditions))


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
        elif " USING " not in row[-1]:
            # The least or the greatest value: at hand where it is the key's, and else looked for in every row.
            sought = frozenset(re.findall(r"\b(?:min|max)\((?:\w+\.)?(\w+)\)", sql))
            yield from (_Read(t, frozenset(), conditions=sought) for t in tables[alias])
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
    return _columns(alias, sql) if alias != table else frozenset(re.findall(r"\w+", sql))


@dataclass(frozen=True, slots=True)
class _Facts:
    """The size of a table, the column by which each of its indexes begins, and whether it has statistics."""

    rows: int
    leading: Mapping[str, str]
    measured: bool


_LEADING = {
    Dialect.POSTGRESQL: """select c.relname::text, a.attname::text
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
where i.indrelid = to_regclass($1) and i.indpred is null""",
    Dialect.MYSQL: """select index_name, column_name
from information_schema.statistics
where table_schema = database() and table_name = %s and seq_in_index = 1""",
    Dialect.SQLITE: """select l.name, i.name
from pragma_index_list(?1) as l
join pragma_index_info(l.name) as i on i.seqno = 0
union select '', name from pragma_table_info(?1) where pk = 1""",
}
_MEASURED = "select 1 from pg_stats where schemaname = $1 and tablename = $2 limit 1"


async def _facts(dialect: Dialect, reads: Reads, table: str) -> _Facts:
    mark = "`" if dialect is Dialect.MYSQL else '"'
    quoted = ".".join(f"{mark}{part}{mark}" for part in table.split("."))
    asked = quoted if dialect is Dialect.POSTGRESQL else table
    statements: list[Bound] = [(f"select count(*) from {quoted}", ()), (_LEADING[dialect], (asked,))]
    if dialect is Dialect.POSTGRESQL:
        statements.append((_MEASURED, table.split(".")))
    sizes, leading, *measured = await reads.fetch(statements)
    return _Facts(sizes[0][0], dict(leading), measured=measured != [[]])  # type: ignore[arg-type]
