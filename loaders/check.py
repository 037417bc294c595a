"""The proof of an adapter against a live database: what it answers, its gaps, its errors and its plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from loaders.adapter import Adapter
from loaders.check_changes import ChangesProof, prove_changes
from loaders.contract import ESSENTIAL, RELATIONS, Column, Kind, Relation
from loaders.dialect import Dialect, bind
from loaders.errors import RelationIncomplete
from loaders.fits import wrong_types
from loaders.plans import Explained, Plan, explain, plan
from loaders.relations import Relations
from loaders.source import Bound, Reads
from loaders.statement import Computed, Shape, Statement

SAMPLE = 1_000


class Describes(Reads, Protocol):
    """A database that also tells the names of the columns that a SELECT answers with."""

    async def columns(self, select: str, values: Sequence[Any] = ()) -> tuple[str, ...]:
        """The names, in order; RelationIncomplete where the SELECT does not fit the database."""
        ...


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A text that an enumerated column answers with and the contract does not know, and how often."""

    column: str
    value: str
    times: int


@dataclass(frozen=True, slots=True)
class Nulls:
    """How many rows hold null in a column that never may."""

    column: str
    times: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of one relation; of one that is not provided, or does not run, only that."""

    relation: str
    provided: bool
    broken: str | None = None
    rows: int = 0
    missing_required: tuple[str, ...] = ()
    missing_optional: tuple[str, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    nulls: tuple[Nulls, ...] = ()
    duplicate_keys: int = 0
    wrong_types: tuple[str, ...] = ()
    plans: tuple[Plan, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the relation may be served; one that is not provided may, unless it is essential."""
        if not self.provided:
            return self.relation not in ESSENTIAL
        wrong = self.broken or self.missing_required or self.unmapped or self.nulls or self.duplicate_keys
        return not wrong and not self.wrong_types and all(found.ok for found in self.plans)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of an adapter on a database: a proof for each relation of the contract, in its order.

    Where each relation runs, so does each whole statement that the loaders make of them, and is explained: a relation
    that joins may be read by its keys alone and in full where it is joined itself.
    """

    adapter: str
    dialect: Dialect
    proofs: tuple[Proof, ...]
    statements: tuple[Explained, ...] = ()
    changes: ChangesProof | None = None

    @property
    def ok(self) -> bool:
        """Whether the adapter may serve families from this database."""
        told = self.changes is None or self.changes.broken is None
        return told and all(proof.ok for proof in self.proofs) and not any(found.broken for found in self.statements)

    def of(self, relation: str) -> Proof:
        """The proof of one relation; KeyError where the contract has none of that name."""
        for proof in self.proofs:
            if proof.relation == relation:
                return proof
        raise KeyError(relation)


async def describe(adapter: Adapter, reads: Describes) -> Mapping[str, frozenset[str]]:
    """The columns of the contract that each of the adapter's relations answers with on this database.

    RelationIncomplete names the relation, what the database said or the columns that are missing, and the remedy.
    """
    relations = Relations(adapter, reads.dialect)
    found = {}
    for name in adapter.selects:
        present = await _columns(relations, reads, name)
        missing = [column.name for column in RELATIONS[name].columns if column.required and column.name not in present]
        if missing:
            raise RelationIncomplete(
                f"{name}.sql of adapter {adapter.name} does not answer with {', '.join(missing)}: "
                "add them to its SELECT under these names."
            )
        found[name] = present
    return found


async def check_source(adapter: Adapter, reads: Describes, dialect: Dialect, today: date | None = None) -> Report:
    """The proof of every relation as of `today` (the district's date where none is given).

    SourceDown and StatementTimeout rise; what is wrong with the adapter stands in the report.
    """
    day = today or datetime.now(adapter.time_zone).date()
    proofs = [
        await _prove(adapter, reads, dialect, relation, day)
        if relation.name in adapter.selects
        else Proof(relation.name, provided=False)
        for relation in RELATIONS.values()
    ]
    if any(proof.broken or proof.missing_required for proof in proofs):
        return Report(adapter.name, dialect, tuple(proofs))
    relations = Relations(adapter, dialect, await describe(adapter, reads))
    statements = await explain(relations, reads, day)
    return Report(adapter.name, dialect, tuple(proofs), statements, await prove_changes(relations, reads, day))


async def _columns(relations: Relations, reads: Describes, name: str) -> frozenset[str]:
    """The contract's columns among those that a relation's SELECT answers with."""
    adapter = relations.adapter
    sql, params = relations.alone(name)
    unknown = sorted(set(params) - {"today"})
    if unknown:
        raise RelationIncomplete(
            f"{name}.sql of adapter {adapter.name} asks for :{', :'.join(unknown)}; only :today is bound."
        )
    any_day = bind(relations.dialect, date(2000, 1, 1), adapter.time_zone, zoned=False)
    try:
        names = await reads.columns(sql, [any_day] * len(params))
    except RelationIncomplete as error:
        raise RelationIncomplete(
            f"{name}.sql of adapter {adapter.name} does not run on this database: {error} Is this the adapter of this "
            "system and version? Otherwise copy its folder and change this file to the columns that the database has."
        ) from error
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise RelationIncomplete(
            f"{name}.sql of adapter {adapter.name} answers twice with {', '.join(twice)}: give each column its name."
        )
    return frozenset(names) & {column.name for column in RELATIONS[name].columns}


async def _prove(adapter: Adapter, reads: Describes, dialect: Dialect, relation: Relation, today: date) -> Proof:
    name = relation.name
    try:
        present = await _columns(Relations(adapter, dialect), reads, name)
    except RelationIncomplete as error:
        return Proof(name, provided=True, broken=str(error))
    absent = [column for column in relation.columns if column.name not in present]
    missing_required = tuple(column.name for column in absent if column.required)
    missing_optional = tuple(column.name for column in absent if not column.required)
    if missing_required:
        return Proof(name, True, missing_required=missing_required, missing_optional=missing_optional)
    described = {other: frozenset(c.name for c in RELATIONS[other].columns) for other in adapter.selects}
    relations = Relations(adapter, dialect, {**described, name: present})
    given = [column for column in relation.columns if column.name in present]
    enums = [column for column in given if column.kind is Kind.ENUM]
    nevernull = [column for column in given if not column.nullable]
    statements = [
        _counts(name, nevernull),
        _repeated(relation),
        _sample(name, given),
        *(_values(name, column) for column in enums),
    ]
    try:
        found = await reads.fetch([_bound(relations, statement, today) for statement in statements])
        plans = [await plan(relations, reads, name, key, today) for key in relation.asked_by]
    except RelationIncomplete as error:
        return Proof(name, provided=True, missing_optional=missing_optional, broken=f"{name}.sql: {error}")
    counts, repeated, sample, *values = found
    return Proof(
        name,
        provided=True,
        rows=int(counts[0][0]),
        missing_optional=missing_optional,
        unmapped=tuple(
            unmapped for column, rows in zip(enums, values, strict=True) for unmapped in _unmapped(column, rows)
        ),
        nulls=tuple(Nulls(c.name, int(n)) for c, n in zip(nevernull, counts[0][1:], strict=True) if n),
        duplicate_keys=int(repeated[0][0]),
        wrong_types=wrong_types(adapter, dialect, given, sample),
        plans=tuple(plans),
    )


def _bound(relations: Relations, statement: Statement, today: date) -> Bound:
    rendered = relations.render(statement)
    return rendered.sql, relations.values(rendered, statement, today)


def _counts(name: str, nevernull: Sequence[Column]) -> Statement:
    """How many rows there are, and how many of them hold null in each of these columns."""
    nulls = {
        f"null_{column.name}": Computed(f"sum(case when {name}.{column.name} is null then 1 else 0 end)", Kind.INTEGER)
        for column in nevernull
    }
    shape = Shape({"found": Computed("count(*)", Kind.INTEGER), **nulls})
    return Statement(shape, f"from {{{name}}} as {name}", {}, key="found")


def _repeated(relation: Relation) -> Statement:
    """How many keys stand on more than one row."""
    keys = ", ".join(f"{relation.name}.{column}" for column in relation.key)
    body = (
        f"from (select {keys} from {{{relation.name}}} as {relation.name} group by {keys} having count(*) > 1) as twice"
    )
    return Statement(Shape({"found": Computed("count(*)", Kind.INTEGER)}), body, {}, key="found")


def _sample(name: str, columns: Sequence[Column]) -> Statement:
    shape = Shape({column.name: f"{name}.{column.name}" for column in columns})
    return Statement(shape, f"from {{{name}}} as {name} limit {SAMPLE}", {}, key=columns[0].name)


def _values(name: str, column: Column) -> Statement:
    """Each text of an enumerated column, and how often it stands there."""
    shape = Shape(
        {"told": Computed(f"{name}.{column.name}", Kind.TEXT), "times": Computed("count(*)", Kind.INTEGER)},
    )
    return Statement(shape, f"from {{{name}}} as {name} group by {name}.{column.name}", {}, key="told")


def _unmapped(column: Column, rows: Sequence[Sequence[Any]]) -> list[Unmapped]:
    known = {member.value for member in column.values or ()}
    return [Unmapped(column.name, str(told), int(n)) for told, n in rows if told is not None and told not in known]
