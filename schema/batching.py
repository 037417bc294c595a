"""Fields that are batches: declared once, as a function of the keys of a whole level.

A batch resolver takes keys and a Batch and returns a statement, a page of one, values in the keys' order, or a
coroutine of any of these; None says that there is nothing for any key. The declaration stands in the field's
metadata, where an executor of levels finds it; for graphql-core it makes the same function into a DataLoader.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from operator import attrgetter
from typing import Annotated, Any

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types.base import (
    StrawberryContainer,
    StrawberryList,
    StrawberryOptional,
    StrawberryType,
    get_object_definition,
)
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from loaders.errors import SourceDown
from loaders.statement import Rows, Statement
from resolvers.access import Area, closed
from resolvers.context import Batch, Context
from resolvers.paging import Page, Paged, count_of, cursor, page_of
from schema.connections import Connection, Edge, PageInfo

METADATA = "homeroom.batch"
SIZE = "homeroom.size"
EMBEDDED = "homeroom.embedded"

Resolver = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A level before anything of it was read: a statement to run, or values in the keys' order, or nothing.

    `shut` keys are withheld. A connection comes with its `page` and the statement that counts the whole of it.
    """

    keys: Sequence[Any]
    shut: frozenset[Any] = frozenset()
    statement: Statement | None = None
    page: Paged | None = None
    count: Statement | None = None
    values: Sequence[Any] | None = None
    earlier: bool = False


@dataclass(frozen=True, eq=False)
class BatchField:
    """How a field is resolved for a whole level.

    `key` names the attribute of the parent that holds its key, None at the root, where the one key is (). A key
    of several parts has the student first, so that `area` can be asked for it.
    """

    resolve: Resolver
    key: str | None
    area: Area | None
    paged: bool

    async def ask(
        self, context: Context, keys: list[Any], wanted: Sequence[str] | None, args: Mapping[str, Any]
    ) -> Asked:
        """What a level comes to before anything of it was read, its guard asked."""
        given = dict(args)
        if self.paged:
            given["page"] = page_of(given.pop("first", None), given.pop("after", None))
        shut = await self.shut(context, keys)
        asked = [key for key in keys if key not in shut] if shut else keys
        if not asked:
            return Asked(keys, shut, values=None)
        answer = self.resolve(asked, Batch(context, wanted), **given)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Paged):
            earlier = given["page"].after is not None
            return Asked(asked, shut, answer.rows, answer, count_of(answer.whole), earlier=earlier)
        if isinstance(answer, Statement):
            return Asked(asked, shut, answer)
        if answer is None:
            return Asked(asked, shut)
        return Asked([*asked, *shut], shut, values=[*answer, *(None for _ in shut)])

    def withheld(self, failure: Exception) -> bool:
        """Whether a failed read closes the area and is no error."""
        return self.area is not None and isinstance(failure, SourceDown)

    async def shut(self, context: Context, keys: Sequence[Any]) -> frozenset[Any]:
        """The keys whose area is closed."""
        if self.area is None:
            return frozenset()
        students = self.students(keys)
        reasons = await closed(context, self.area, dict.fromkeys(students))
        return frozenset(key for key, student in zip(keys, students, strict=True) if student in reasons)

    def students(self, keys: Sequence[Any]) -> list[Any]:
        """The student of each key."""
        return [key[0] if isinstance(key, tuple) else key for key in keys]


def batched(
    key: str | None = "key", *, area: Area | None = None, name: str | None = None, size: int = 10
) -> Callable[[Resolver], Any]:
    """Declare a field by its batch resolver; the function's signature and docstring are the field's in the schema.

    `size` is how many items a list has as a rule, which is what it costs.
    """
    return lambda resolve: _field(BatchField(resolve, key, area, paged=False), name, size)


def connected(key: str = "key", *, area: Area | None = None, name: str | None = None) -> Callable[[Resolver], Any]:
    """Declare a connection by a batch resolver that takes a `page` and returns a page of a statement."""
    return lambda resolve: _field(BatchField(resolve, key, area, paged=True), name, 1)


def embedded(columns: Mapping[str, str], *, description: str) -> Callable[[type], Any]:
    """Declare a field whose object is made of columns of its parent's own row: attribute -> column."""

    def declare(cls: type) -> Any:
        def resolver(self: Any) -> Any:
            made: Any = object.__new__(cls)
            made.__dict__.update({name: getattr(self, column) for name, column in columns.items()})
            return made

        resolver.__annotations__ = {"return": cls}
        return strawberry.field(resolver=resolver, description=description, metadata={EMBEDDED: dict(columns)})

    return declare


First = Annotated[
    int | None, strawberry.argument(description="How many at most: 20 where it is not said, 100 at the most.")
]
After = Annotated[
    str | None, strawberry.argument(description="Only what stands behind this cursor of the same connection.")
]


def _field(spec: BatchField, name: str | None, size: int) -> Any:
    signature = inspect.signature(spec.resolve)
    key_of = attrgetter(spec.key) if spec.key is not None else None
    keyword = inspect.Parameter.KEYWORD_ONLY
    plain = inspect.Parameter.POSITIONAL_OR_KEYWORD
    arguments = [p.replace(kind=keyword) for p in list(signature.parameters.values())[2:] if p.name != "page"]
    if spec.paged:
        arguments = [
            inspect.Parameter("first", keyword, annotation=First, default=None),
            inspect.Parameter("after", keyword, annotation=After, default=None),
            *arguments,
        ]

    async def resolver(self: Any, info: strawberry.Info, **args: Any) -> Any:
        if spec.paged:
            args["page"] = page_of(args.pop("first", None), args.pop("after", None))
        parent_key = () if key_of is None else key_of(self)
        if parent_key is None:
            return None
        return await load(info.context, spec, info._field, parent_key, args)

    resolver.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            inspect.Parameter("self", plain),
            inspect.Parameter("info", plain, annotation=strawberry.Info),
            *arguments,
        ]
    )
    resolver.__annotations__ = {
        "info": strawberry.Info,
        **{p.name: p.annotation for p in arguments},
        "return": signature.return_annotation,
    }
    resolver.__name__ = spec.resolve.__name__
    resolver.__qualname__ = spec.resolve.__qualname__
    resolver.__module__ = spec.resolve.__module__
    resolver.__doc__ = spec.resolve.__doc__
    return strawberry.field(
        resolver=resolver,
        name=name,
        description=inspect.getdoc(spec.resolve),
        metadata={METADATA: spec, SIZE: size},
    )


async def load(context: Context, spec: BatchField, field: StrawberryField, key: Any, args: Mapping[str, Any]) -> Any:
    """The field's value for one key, loaded together with all other keys asked in the same turn of the loop."""
    place = (spec, _frozen(args))
    loader = context.loads.get(place)
    if loader is None:
        loader = context.loads[place] = DataLoader(load_fn=Level(context, spec, field, dict(args)).load)
    # Shielded: graphql-core cancels the siblings of a nulled field, and other fields wait for the same future.
    return await asyncio.shield(loader.load(key))


@dataclass(frozen=True, eq=False)
class Level:
    """One batch field with one set of arguments, asked for the keys of a level."""

    context: Context
    spec: BatchField
    field: StrawberryField
    args: dict[str, Any]

    async def load(self, keys: list[Any]) -> list[Any]:
        shut = await self.spec.shut(self.context, keys)
        asked = [key for key in keys if key not in shut]
        try:
            values = await self._answers(asked) if asked else {}
        except SourceDown:
            if self.spec.area is None:
                raise
            return [None for _ in keys]
        return [None if key in shut else values.get(key) for key in keys]

    async def _answers(self, keys: list[Any]) -> dict[Any, Any]:
        answer = self.spec.resolve(keys, Batch(self.context), **self.args)
        if inspect.isawaitable(answer):
            answer = await answer
        many = isinstance(_bare(self.field.type), _ListOf)
        if answer is None:
            empty: Any = _empty_connection if self.spec.paged else (list if many else type(None))
            return {key: empty() for key in keys}
        if isinstance(answer, Paged):
            (rows,) = await self.context.source.fetch([answer.rows])
            found = self._made(rows)
            return {key: self._connection(answer, key, rows, found.get(key, [])) for key in keys}
        if isinstance(answer, Statement):
            (rows,) = await self.context.source.fetch([answer])
            made = self._made(rows)
            if many:
                return {key: made.get(key, []) for key in keys}
            return {key: made[key][0] if key in made else answer.absent for key in keys}
        return dict(zip(keys, answer, strict=True))

    def _made(self, rows: Rows) -> dict[Any, list[Any]]:
        cls = _node_class(self.field)
        return {key: [_instance(cls, rows.columns, row) for row in found] for key, found in rows.by_key().items()}

    def _connection(self, page: Paged, key: Any, rows: Rows, found: list[Any]) -> Connection[Any]:
        nodes = found[: page.first]
        cursors = [cursor([getattr(node, name) for name in page.cursor_columns]) for node in nodes]
        return Connection(
            edges=[Edge(cursor=at, node=node) for at, node in zip(cursors, nodes, strict=True)],
            nodes=nodes,
            page_info=_page_info(cursors, len(found) > page.first, self.args["page"].after is not None),
            count=lambda: self._count(key),
        )

    def _count(self, key: Any) -> Awaitable[int]:
        """How many there are in all, counted for every parent of the level at once and only when asked."""
        place = ("count", self.spec, _frozen({**self.args, "page": None}))
        loader = self.context.loads.get(place)
        if loader is None:
            loader = self.context.loads[place] = DataLoader(load_fn=self._counts)
        count: Awaitable[int] = asyncio.shield(loader.load(key))
        return count

    async def _counts(self, keys: list[Any]) -> list[int]:
        answer = self.spec.resolve(keys, Batch(self.context), **{**self.args, "page": Page()})
        if inspect.isawaitable(answer):
            answer = await answer
        if not isinstance(answer, Paged):
            return [0 for _ in keys]
        (rows,) = await self.context.source.fetch([count_of(answer.statement)])
        totals, at = rows.by_key(), rows.columns.index("total")
        return [totals[key][0][at] if key in totals else 0 for key in keys]


class _ListOf:
    """Marks a list among the bare types."""


def _page_info(cursors: Sequence[str], more: bool, earlier: bool) -> PageInfo:
    return PageInfo(
        has_next_page=more,
        has_previous_page=earlier,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def _empty_connection() -> Connection[Any]:
    async def none() -> int:
        return 0

    return Connection(edges=[], nodes=[], page_info=_page_info([], False, False), count=none)


def _bare(annotation: StrawberryType | type) -> Any:
    """The type without its nullability: the list marker, or the object's class."""
    while isinstance(annotation, StrawberryOptional):
        annotation = annotation.of_type
    return _ListOf() if isinstance(annotation, StrawberryList) else annotation


def _node_class(field: StrawberryField) -> Any:
    """The class whose instances a field's rows become; of a connection, its node's."""
    found = _NODE_CLASSES.get(id(field))
    if found is not None:
        return found[1]
    bare: Any = field.type
    while isinstance(bare, StrawberryContainer):
        bare = bare.of_type
    if isinstance(bare, LazyType):
        bare = bare.resolve_type()
    definition = get_object_definition(bare, strict=True)
    if "T" in definition.type_var_map:
        bare = definition.type_var_map["T"]
        if isinstance(bare, LazyType):
            bare = bare.resolve_type()
    _NODE_CLASSES[id(field)] = (field, bare)
    return bare


_NODE_CLASSES: dict[int, tuple[StrawberryField, Any]] = {}


def _instance(cls: Any, columns: tuple[str, ...], row: tuple[Any, ...]) -> Any:
    made: Any = object.__new__(cls)
    made.__dict__.update(zip(columns, row, strict=True))
    return made


async def answered(cls: Any, answer: Any, context: Context) -> dict[Any, list[Any]]:
    """The rows of a resolver's statement as instances of a schema class, by key."""
    if inspect.isawaitable(answer):
        answer = await answer
    if answer is None:
        return {}
    (rows,) = await context.source.fetch([answer])
    return {key: [_instance(cls, rows.columns, row) for row in found] for key, found in rows.by_key().items()}


def _frozen(value: Any) -> Any:
    """Arguments as something that can be compared and hashed."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(item)) for name, item in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value), *(_frozen(getattr(value, field.name)) for field in fields(value)))
    return value


async def read(
    context: Context, statements: Sequence[Statement], wanted: Sequence[Sequence[str] | None]
) -> list[Rows | SourceDown]:
    """The answers to a wave's statements in one trip; where the source is away, each is answered apart."""
    try:
        return list(await context.source.fetch(statements, wanted))
    except SourceDown:
        return [await _read_one(context, *one) for one in zip(statements, wanted, strict=True)]


async def _read_one(context: Context, statement: Statement, wanted: Sequence[str] | None) -> Rows | SourceDown:
    try:
        (rows,) = await context.source.fetch([statement], [wanted])
    except SourceDown as failure:
        return failure
    return rows
