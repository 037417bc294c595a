"""Batch fields without schools: the executor's declarations over rows made in Python, and the same for graphql-core."""

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from operator import attrgetter
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader

from gateway.execution.arguments import frozen
from gateway.execution.batches import BATCH
from loaders.contract import Kind
from loaders.dialect import Dialect
from loaders.rows import Layout, Rows
from loaders.statement import Computed, Shape
from schema.connections import Connection, Edge, PageInfo


class Away(Exception):
    """What closes a guarded field instead of failing it."""


class Refused(Exception):
    """A batch that fails, of a kind that has a code of its own."""

    code = "REFUSED"


@dataclass
class Context:
    """One operation: what misbehaves in it, what was done in it, in order, and graphql-core's loads."""

    broken: frozenset[str] = frozenset()
    done: list[Any] = field(default_factory=list)
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)
    loads: dict[Any, Any] = field(default_factory=dict)
    count: int = 0
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """A statement: its rows as a database would give them, each with its key last; or what it fails with."""

    cls: type
    shape: Shape
    rows: Sequence[Mapping[str, Any]]
    absent: Exception | None = None
    fails: Exception | None = None

    def answer(self, wanted: Sequence[str] | None) -> Rows:
        """The rows, with the wanted columns."""
        if self.fails is not None:
            raise self.fails
        names = (*(self.shape.columns if wanted is None else dict.fromkeys(wanted)), "_key")
        shape = Shape({**self.shape.columns, "_key": Computed("", Kind.TEXT)})
        layout = Layout(shape, names, names, ("_key",), Dialect.SQLITE, UTC)
        return Rows(layout, [tuple([row[name] for name in names]) for row in self.rows])


@dataclass(frozen=True)
class Paged:
    """A page of a statement: its rows with one more than asked."""

    told: Told
    first: int

    @property
    def cursor_columns(self) -> list[str]:
        """What makes a cursor."""
        return ["id"]

    def cut(self) -> Told:
        """The rows of the page, and one more for each key."""
        seen: dict[Any, int] = {}
        kept = []
        for row in self.told.rows:
            seen[row["_key"]] = seen.get(row["_key"], 0) + 1
            if seen[row["_key"]] <= self.first + 1:
                kept.append(row)
        return Told(self.told.cls, self.told.shape, kept, fails=self.told.fails)

    def counts(self) -> Told:
        """How many rows each key has."""
        totals: dict[Any, int] = {}
        for row in self.told.rows:
            totals[row["_key"]] = totals.get(row["_key"], 0) + 1
        shape = Shape({"total": Computed("", Kind.INTEGER)})
        counts = [{"total": n, "_key": key} for key, n in totals.items()]
        return Told(self.told.cls, shape, counts, fails=self.told.fails)


@dataclass(frozen=True)
class Asked:
    """What a level comes to before anything of it was read."""

    keys: Sequence[Any]
    shut: frozenset[Any] = frozenset()
    statement: Told | None = None
    page: Paged | None = None
    values: Sequence[Any] | None = None
    earlier: bool = False
    rows: Any = None

    @property
    def count(self) -> Told | None:
        """The statement that counts a connection."""
        return None if self.page is None else self.page.counts()


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch field: `guard` says which keys are shut. All of them tell everybody the same, by their keys alone."""

    resolve: Callable[..., Any]
    key: str | None
    paged: bool
    guard: Callable[[Any], bool] | None
    shared: bool = True
    of_student: bool = True
    area: None = None

    async def ask(
        self, context: Context, keys: list[Any], wanted: Sequence[str] | None, args: Mapping[str, Any]
    ) -> Asked:
        """What the level comes to."""
        context.asked.append((self.resolve.__name__, list(keys)))
        shut = frozenset(key for key in keys if self.guard is not None and self.guard(key))
        asked = [key for key in keys if key not in shut]
        if not asked:
            return Asked(keys, shut)
        answer = self.resolve(asked, context, **args)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Paged):
            return Asked(asked, shut, answer.cut(), answer)
        if isinstance(answer, Told):
            return Asked(asked, shut, answer)
        if answer is None:
            return Asked(asked, shut)
        return Asked([*asked, *shut], shut, values=[*answer, *(None for _ in shut)])

    def withheld(self, failure: Exception) -> bool:
        """Whether a failed read is a closed area."""
        return self.guard is not None and isinstance(failure, Away)


async def fetch(context: Context, statements: Sequence[Told], wanted: Sequence[Any]) -> list[Any]:
    """The answers of a wave's statements; each that fails is answered by its failure."""
    await asyncio.sleep(0)
    answers: list[Any] = []
    for statement, names in zip(statements, wanted, strict=True):
        try:
            answers.append(statement.answer(names))
        except Exception as failure:
            answers.append(failure)
    return answers


def cursor(values: Sequence[Any]) -> str:
    """A cursor that can be read."""
    return ",".join(map(str, values))


def batched(
    key: str | None = "id",
    *,
    paged: bool = False,
    guard: Callable[[Any], bool] | None = None,
    many: bool = False,
    **more: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field by its batch resolver, for both executors."""

    def declare(resolve: Callable[..., Any]) -> Any:
        spec = Batch(resolve, key, paged, guard)
        key_of = None if key is None else attrgetter(key)
        given = list(inspect.signature(resolve).parameters.values())[2:]
        if paged:
            given = [inspect.Parameter("first", inspect.Parameter.KEYWORD_ONLY, default=2, annotation=int)]

        async def resolver(self: Any, info: strawberry.Info, **args: Any) -> Any:
            own = () if key_of is None else key_of(self)
            return None if own is None else await _load(info.context, spec, own, args, many)

        plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
        resolver.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter("self", plain),
                inspect.Parameter("info", plain, annotation=strawberry.Info),
                *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in given),
            ],
            return_annotation=inspect.signature(resolve).return_annotation,
        )
        resolver.__name__ = resolve.__name__
        resolver.__module__ = resolve.__module__
        return strawberry.field(resolver=resolver, metadata={BATCH: spec}, **more)

    return declare


async def _load(context: Context, spec: Batch, key: Any, args: Mapping[str, Any], many: bool) -> Any:
    place = (spec, frozen(args))
    if place not in context.loads:

        async def load(keys: list[Any]) -> list[Any]:
            asked = await spec.ask(context, list(dict.fromkeys(keys)), None, args)
            found: Mapping[Any, Any]
            try:
                found = _found(spec, asked, many)
            except Exception as failure:
                found = dict.fromkeys(keys, failure)
            return [None if each in asked.shut else found.get(each) for each in keys]

        context.loads[place] = DataLoader(load_fn=load)
    # graphql-core cancels the siblings of a nulled field, and other fields wait for the same future.
    return await asyncio.shield(context.loads[place].load(key))


def _found(spec: Batch, asked: Asked, many: bool) -> Mapping[Any, Any]:
    open_keys = [key for key in asked.keys if key not in asked.shut]
    if asked.values is not None:
        return dict(zip(asked.keys, asked.values, strict=True))
    if asked.statement is None:
        return {key: _connection(None, []) if spec.paged else ([] if many else None) for key in open_keys}
    try:
        rows = asked.statement.answer(None)
    except Exception as failure:
        if spec.withheld(failure):
            return {}
        raise
    made: dict[Any, list[Any]] = {}
    for key, row in ((key, row) for key, found in rows.by_key().items() for row in found):
        each: Any = object.__new__(asked.statement.cls)
        each.__dict__.update(zip(rows.columns, row, strict=True))
        made.setdefault(key, []).append(each)
    if asked.page is not None:
        totals = {row["_key"]: row["total"] for row in asked.page.counts().rows}
        return {key: _connection(asked.page, made.get(key, []), totals.get(key, 0)) for key in open_keys}
    if many:
        return {key: made.get(key, []) for key in open_keys}
    return {key: made[key][0] if key in made else asked.statement.absent for key in open_keys}


def _connection(page: Paged | None, found: list[Any], total: int = 0) -> Connection[Any]:
    async def count() -> int:
        return total

    nodes = found if page is None else found[: page.first]
    marks = [cursor([node.id]) for node in nodes]
    return Connection(
        edges=[Edge(cursor=mark, node=node) for mark, node in zip(marks, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page is not None and len(found) > page.first,
            has_previous_page=False,
            start_cursor=marks[0] if marks else None,
            end_cursor=marks[-1] if marks else None,
        ),
        count=count,
    )
