"""Landing values: what resolvers gave, sorted into frames by type as graphql-core and Strawberry tell types."""

import asyncio
from collections.abc import AsyncIterable, Sequence
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    default_type_resolver,
    is_abstract_type,
)
from graphql.pyutils import inspect, is_iterable
from strawberry.types.cast import get_strawberry_type_cast

from gateway.execution.build import Frame
from gateway.execution.kids import LeafKid, ObjectsKid, Spot
from gateway.execution.leaves import Failed, serializer
from gateway.execution.plan import Relation, Selection


async def landed(
    schema: strawberry.Schema, relation: Relation, values: Sequence[Any], info: Any
) -> LeafKid | ObjectsKid:
    """The values of a relation, one for each parent; exceptions among them, or met here, stand as Failed."""
    if relation.leaf:
        return LeafKid(relation, values, serializer(relation.type))
    landing = Landing(schema, relation, info)
    refs = [await landing.ref(relation.type, value) for value in values]
    return ObjectsKid(relation, refs, [*landing.frames.values(), *landing.read.values()])


class Landing:
    """The frames of one relation's objects, by type, as they fill; and those of rows that were read before."""

    def __init__(self, schema: strawberry.Schema, relation: Relation, info: Any) -> None:
        self.schema = schema
        self.relation = relation
        self.info = info
        self.frames: dict[str, Frame] = {}
        self.read: dict[int, Frame] = {}

    async def ref(self, of: Any, value: Any) -> Any:
        """Where a value goes: null, a Failed, a spot, or a list of these."""
        if value is None or value is Undefined:
            return None
        if value.__class__ is Spot:
            self.read[id(value.frame)] = value.frame
            return value
        if isinstance(value, Failed):
            return value
        if isinstance(value, Exception):
            return Failed(value)
        if isinstance(of, GraphQLNonNull):
            of = of.of_type
        try:
            if isinstance(of, GraphQLList):
                items = await self._items(value)
                return [await self.ref(of.of_type, each) for each in items]
            selection = self.relation.types.get(value.__class__)
            if selection is None or get_strawberry_type_cast(value) is not None:
                selection = await self._selection(of, value)
        except Exception as error:
            return Failed(error)
        return self._put(selection, value)

    def _put(self, selection: Selection, value: Any) -> Any:
        frame = self.frames.get(selection.type.name)
        if frame is None:
            frame = self.frames[selection.type.name] = Frame(selection, [])
        frame.source.append(value)  # type: ignore[attr-defined]
        return frame, len(frame.source) - 1

    async def _items(self, value: Any) -> Sequence[Any]:
        if isinstance(value, AsyncIterable):
            items = [each async for each in value]
        elif is_iterable(value):
            items = list(value)
        else:
            raise not_iterable(self.relation)
        waiting = [n for n, each in enumerate(items) if isawaitable(each)]
        if waiting:
            for n, made in zip(waiting, await gathered([items[n] for n in waiting]), strict=True):
                items[n] = made
        return items

    async def _selection(self, of: Any, value: Any) -> Selection:
        """What is wanted of a value, by its type at run time; raises as graphql-core does where it has none."""
        name = of.name
        if is_abstract_type(of):
            resolve_type = of.resolve_type or default_type_resolver
            found: Any = resolve_type(value, self.info, of)
            name = await found if isawaitable(found) else found
            self._check(of, name, value)
        selection = self.relation.children[name]
        is_type_of = selection.type.is_type_of
        if is_type_of is not None:
            is_one: Any = is_type_of(value, self.info)
            if not (await is_one if isawaitable(is_one) else is_one):
                raise GraphQLError(
                    f"Expected value of type '{selection.type}' but got: {inspect(value)}.", self.relation.nodes
                )
        if _by_class(of, selection, value):
            self.relation.types[value.__class__] = selection
        return selection

    def _check(self, of: Any, name: Any, value: Any) -> None:
        """Refuse a name that is no possible type, in graphql-core's words."""
        if name in self.relation.children:
            return
        place = f"for field '{self.relation.parent}.{self.relation.name}'"
        found = self.schema._schema.get_type(name) if isinstance(name, str) else None
        if name is None:
            message = (
                f"Abstract type '{of}' must resolve to an Object type at runtime {place}. Either the '{of}' type"
                " should provide a 'resolve_type' function or each possible type should provide an 'is_type_of'"
                " function."
            )
        elif not isinstance(name, str):
            message = (
                f"Abstract type '{of}' must resolve to an Object type at runtime {place} with value {inspect(value)},"
                f" received '{inspect(name)}', which is not a valid Object type name."
            )
        elif found is None:
            message = f"Abstract type '{of}' was resolved to a type '{name}' that does not exist inside the schema."
        elif not isinstance(found, GraphQLObjectType):
            message = f"Abstract type '{of}' was resolved to a non-object type '{name}'."
        else:
            message = f"Runtime Object type '{found}' is not a possible type for '{of}'."
        raise GraphQLError(message, self.relation.nodes)


def not_iterable(relation: Any) -> GraphQLError:
    """The refusal of a value that is no list where the type is one."""
    return GraphQLError(f"Expected Iterable, but did not find one for field '{relation.parent}.{relation.name}'.")


def _by_class(of: Any, selection: Selection, value: Any) -> bool:
    """Whether all plain instances of the value's class are of this type, so that none need be asked again."""
    definition: Any = selection.type.extensions.get("strawberry-definition")
    above: Any = of.extensions.get("strawberry-definition")
    return (
        definition is not None
        and value.__class__ is definition.origin
        and definition.is_type_of is None
        and definition.concrete_of is None
        and not definition.is_graphql_generic
        and getattr(above, "resolve_type", None) is None
        and get_strawberry_type_cast(value) is None
    )


async def gathered(waiting: Sequence[Any]) -> list[Any]:
    """The results of awaitables that wait together; an exception stands as Failed."""
    if len(waiting) == 1:
        try:
            return [await waiting[0]]
        except Exception as error:
            return [Failed(error)]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, Exception):
            raise each
    return [Failed(each) if isinstance(each, Exception) else each for each in found]
