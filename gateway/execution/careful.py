"""The careful builder: a plain re-telling of how the specification completes values, with paths, nulls and errors.

It works depth first over the frames that were fetched, and takes over every subtree that the fast build made. The
position of a nullable field or item is where an error stops (GraphQL specification, 6.4.4).
"""

from collections.abc import AsyncIterable
from inspect import isawaitable
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    is_leaf_type,
    located_error,
)
from graphql.pyutils import inspect, is_iterable

from gateway.execution.build import Frame
from gateway.execution.landing import gathered, not_iterable
from gateway.execution.leaves import Failed
from gateway.execution.pages import PageKid
from gateway.execution.plan import Embedded, Leaf, Part, Planned, Relation, TypeName
from gateway.execution.told import ToldKid

Path = tuple[str | int, ...]


class Careful:
    """One careful build: the errors of the answer as they are met."""

    def __init__(self) -> None:
        self.errors: list[GraphQLError] = []
        self._kept: dict[tuple[int, str, int], Any] = {}
        self._waiting: dict[int, Any] = {}
        self._settled: dict[int, tuple[Any, Any]] = {}

    async def data(self, root: Frame) -> dict[str, Any]:
        """The data of the answer; raises the located error that reached the root."""
        data: dict[str, Any] = await self._settling(lambda: self._object(root, 0, ()))
        return data

    async def root_field(self, root: Frame, planned: Planned) -> Any:
        """One field of the root; raises its located error where it is not null."""
        made = await self._settling(lambda: {"": self._field(root, 0, planned, ())})
        return made[""]

    async def _settling(self, build: Any) -> Any:
        """Build; where leaves have to be awaited, await them all and build again."""
        while True:
            known = len(self.errors)
            self._waiting.clear()
            failed: GraphQLError | None = None
            try:
                made = build()
            except GraphQLError as error:
                failed = error
            if not self._waiting:
                if failed is not None:
                    raise failed
                return made
            del self.errors[known:]
            waiting = list(self._waiting.values())
            found = await gathered([_drained(value) for value in waiting])
            self._settled.update((id(value), (value, made)) for value, made in zip(waiting, found, strict=True))

    def _object(self, frame: Frame, n: int, path: Path) -> dict[str, Any]:
        if not frame.spoiled:
            try:
                return frame.build()[n]
            except Exception:  # told again below, place by place
                frame.spoiled = True
        return {planned.key: self._field(frame, n, planned, path) for planned in frame.selection.fields}

    def _field(self, frame: Frame, n: int, planned: Planned, above: Path) -> Any:
        of = frame.selection.type
        if isinstance(planned, TypeName):
            return of.name
        path = (*above, planned.key)
        try:
            if isinstance(planned, Relation):
                kid = frame.kids[planned.key]
                if kid.__class__ is ToldKid:
                    return kid.ref(n)
                return self._complete(_Place(planned.name, of, planned.nodes), planned.type, kid.ref(n), path)
            if isinstance(planned, Leaf):
                value = self._attribute(frame, n, planned.attribute)
                return self._complete(_Place(planned.name, of, planned.nodes), planned.type, value, path)
            return self._embedded(frame, n, planned, path)
        except Exception as error:
            return self._null(error, planned.type, planned.nodes, path)

    def _null(self, error: Exception, of: Any, nodes: list[FieldNode], path: Path) -> Any:
        """Null at this position, or on upwards where it may not be."""
        located = located_error(error, nodes, list(path))
        if isinstance(of, GraphQLNonNull):
            raise located
        self.errors.append(located)
        return None

    def _embedded(self, frame: Frame, n: int, planned: Embedded, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        of = planned.selection.type
        for inner in planned.selection.fields:
            if isinstance(inner, TypeName):
                made[inner.key] = of.name
            elif isinstance(inner, Leaf):
                here = (*path, inner.key)
                try:
                    value = self._attribute(frame, n, planned.columns[inner.attribute])
                    made[inner.key] = self._complete(_Place(inner.name, of, inner.nodes), inner.type, value, here)
                except Exception as error:
                    made[inner.key] = self._null(error, inner.type, inner.nodes, here)
        return made

    def _attribute(self, frame: Frame, n: int, attribute: str) -> Any:
        place = (id(frame), attribute, n)
        kept = self._kept.get(place)
        if kept is None:
            kept = frame.value(n, attribute)
            if isawaitable(kept):
                self._kept[place] = kept
        return kept

    def _complete(self, place: "_Place", of: Any, value: Any, path: Path) -> Any:
        if isawaitable(value) or (isinstance(of, GraphQLList) and isinstance(value, AsyncIterable)):
            if id(value) not in self._settled:
                self._waiting[id(value)] = value
                return None
            value = self._settled[id(value)][1]
        if isinstance(value, Failed):
            raise value.error
        if isinstance(value, Exception):
            raise value
        if isinstance(of, GraphQLNonNull):
            made = self._complete(place, of.of_type, value, path)
            if made is None and not self._waiting:
                raise TypeError(f"Cannot return null for non-nullable field {place.parent}.{place.name}.")
            return made
        if value is None or value is Undefined:
            return None
        if isinstance(of, GraphQLList):
            return self._items(place, of.of_type, value, path)
        if is_leaf_type(of):
            made = of.coerce_output_value(value)
            if made is None or made is Undefined:
                raise TypeError(
                    f"Expected `{inspect(of)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
                    f" returned: {inspect(made)}"
                )
            return made
        kept, n = value
        return self._page(kept, n, path) if isinstance(kept, PageKid) else self._object(kept, n, path)

    def _items(self, place: "_Place", of: Any, value: Any, path: Path) -> list[Any]:
        if not is_iterable(value):
            raise not_iterable(place)
        if not isinstance(value, list | tuple):
            value = self._listed(value)
        made: list[Any] = []
        for n, item in enumerate(value):
            here = (*path, n)
            try:
                made.append(self._complete(place, of, item, here))
            except Exception as error:
                made.append(self._null(error, of, place.nodes, here))
        return made

    def _listed(self, value: Any) -> list[Any]:
        """The items of an iterator, which gives them once, and may fail before its end."""
        kept = self._settled.get(id(value))
        if kept is None:
            try:
                kept = (value, list(value))
            except Exception as error:
                kept = (value, Failed(error))
            self._settled[id(value)] = kept
        items = kept[1]
        if isinstance(items, Failed):
            raise items.error
        made: list[Any] = items
        return made

    def _page(self, kid: PageKid, key: Any, path: Path) -> dict[str, Any]:
        start, end, _ = kid.cuts.get(key, (0, 0, False))
        of = kid.selection.type
        made: dict[str, Any] = {}
        for part in kid.selection.parts:
            here = (*path, part.key)
            try:
                if part.name == "nodes":
                    spots = [(kid.shown[id(part)], n) for n in range(start, end)]
                    made[part.key] = self._complete(_Place(part.name, of, part.nodes), part.type, spots, here)
                elif part.name == "edges":
                    made[part.key] = [self._edge(kid, part, n, (*here, n - start)) for n in range(start, end)]
                else:
                    detail = kid.detail(part, key)
                    if isinstance(detail, Failed):
                        raise detail.error
                    made[part.key] = detail
            except Exception as error:
                made[part.key] = self._null(error, part.type, part.nodes, here)
        return made

    def _edge(self, kid: PageKid, edges: Part, n: int, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for part in edges.detail:
            here = (*path, part.key)
            if part.name != "node":
                made[part.key] = kid.mark(edges, part, n)
                continue
            try:
                made[part.key] = self._object(kid.shown[id(part)], n, here)
            except Exception as error:
                made[part.key] = self._null(error, part.type, part.nodes, here)
        return made


class _Place:
    """The field that is being completed, as errors name it."""

    __slots__ = ("name", "nodes", "parent")

    def __init__(self, name: str, parent: GraphQLObjectType, nodes: list[FieldNode]) -> None:
        self.name = name
        self.parent = parent
        self.nodes = nodes


async def _drained(value: Any) -> Any:
    """What an awaitable comes to; of an asynchronous iterable, its items."""
    if isawaitable(value):
        value = await value
    return [each async for each in value] if isinstance(value, AsyncIterable) else value
