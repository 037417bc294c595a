"""Levels for graphql-core, which asks object by object: each batch field made into a DataLoader."""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

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

from loaders.rows import Rows
from resolvers.context import Context
from resolvers.paging import cursor
from schema.connections import Connection, Edge, PageInfo
from schema.levels import Asked, BatchField


async def load(context: Context, spec: BatchField, field: StrawberryField, key: Any, args: Mapping[str, Any]) -> Any:
    """The field's value for one key, loaded together with all other keys asked in the same turn of the loop."""
    level = _level(context, spec, field, args)
    # Shielded: graphql-core cancels the siblings of a nulled field, and other fields wait for the same future.
    return await asyncio.shield(level.values.load(key))


def _level(context: Context, spec: BatchField, field: StrawberryField, args: Mapping[str, Any]) -> "Level":
    place = (spec, _frozen(args))
    level: Level | None = context.loads.get(place)
    if level is None:
        level = context.loads[place] = Level(context, spec, field, args)
    return level


class Level:
    """One batch field with one set of arguments: its values, and of a connection its counts, for the keys asked."""

    def __init__(self, context: Context, spec: BatchField, field: StrawberryField, args: Mapping[str, Any]) -> None:
        self.context = context
        self.spec = spec
        self.field = field
        self.args = args
        self.values: DataLoader[Any, Any] = DataLoader(load_fn=self.load)
        self.counts: DataLoader[Any, int] = DataLoader(load_fn=self._counted)

    async def load(self, keys: list[Any]) -> list[Any]:
        """The value of each key; None where its area is closed."""
        asked = await self.spec.ask(self.context, list(dict.fromkeys(keys)), None, self.args)
        found: Mapping[Any, Any]
        try:
            found = await self._answers(asked)
        except Exception as failure:  # it fails every key that is not shut
            found = {} if self.spec.withheld(failure) else dict.fromkeys(keys, failure)
        return [None if key in asked.shut else found.get(key) for key in keys]

    async def _answers(self, asked: Asked) -> Mapping[Any, Any]:
        keys = [key for key in asked.keys if key not in asked.shut]
        if asked.values is not None:
            return dict(zip(asked.keys, asked.values, strict=True))
        many = _is_list(self.field.type)
        if asked.statement is None and asked.rows is None:
            empty: Callable[[], Any] = _empty_connection if self.spec.paged else (list if many else type(None))
            return {key: empty() for key in keys}
        rows = asked.rows
        if rows is None and asked.statement is not None:
            (rows,) = await self.context.source.fetch([asked.statement])
        made = {} if rows is None else instances(_node_class(self.field), rows)
        if asked.page is not None:
            return {key: self._connection(asked, key, made.get(key, [])) for key in keys}
        if many:
            return {key: made.get(key, []) for key in keys}
        absent = None if asked.statement is None else asked.statement.absent
        return {key: made[key][0] if key in made else absent for key in keys}

    def _connection(self, asked: Asked, key: Any, found: list[Any]) -> Connection[Any]:
        if asked.page is None:
            raise TypeError("A connection needs its page.")
        nodes = found[: asked.page.first]
        names = asked.page.cursor_columns
        cursors = [cursor([getattr(node, name) for name in names]) for node in nodes]
        return Connection(
            edges=[Edge(cursor=at, node=node) for at, node in zip(cursors, nodes, strict=True)],
            nodes=nodes,
            page_info=_page_info(cursors, len(found) > asked.page.first, asked.earlier),
            count=lambda: asyncio.shield(self.counts.load(key)),
        )

    async def _counted(self, keys: list[Any]) -> list[int]:
        """How many there are in all, counted for every parent of the level at once and only when asked."""
        asked = await self.spec.ask(self.context, keys, None, self.args)
        if asked.count is None:
            counts = await asked.counted()
            return [counts.get(key, 0) for key in keys]
        (rows,) = await self.context.source.fetch([asked.count])
        totals, at = rows.by_key(), rows.columns.index("total")
        return [totals[key][0][at] if key in totals else 0 for key in keys]


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


def _is_list(annotation: StrawberryType | type) -> bool:
    while isinstance(annotation, StrawberryOptional):
        annotation = annotation.of_type
    return isinstance(annotation, StrawberryList)


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


def instances(cls: Any, rows: Rows) -> dict[Any, list[Any]]:
    """Rows as instances of a schema class, by key."""
    columns = rows.columns
    return {
        key: [_instance(cls, zip(columns, row, strict=True)) for row in found] for key, found in rows.by_key().items()
    }


def _instance(cls: Any, attributes: Iterable[tuple[str, Any]]) -> Any:
    made: Any = object.__new__(cls)
    made.__dict__.update(attributes)
    return made


async def answered(cls: Any, answer: Any, context: Context, keys: Sequence[Any]) -> dict[Any, list[Any]]:
    """What a resolver answers for some keys as a class's instances, by key: rows, a statement's, or named tuples."""
    if inspect.isawaitable(answer):
        answer = await answer
    if answer is None:
        return {}
    if isinstance(answer, list):
        values = {key: value for key, value in zip(keys, answer, strict=True) if value is not None}
        return {key: [_instance(cls, value._asdict().items())] for key, value in values.items()}
    rows = answer
    if not isinstance(rows, Rows):
        (rows,) = await context.source.fetch([answer])
    return instances(cls, rows)


def _frozen(value: Any) -> Any:
    """Arguments as something that can be compared and hashed."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(item)) for name, item in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value), *(_frozen(getattr(value, field.name)) for field in fields(value)))
    return value
