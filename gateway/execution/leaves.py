"""Leaves: how a value becomes its serialized form, inline where its type is the usual one."""

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLList, GraphQLNonNull, Undefined, get_named_type

Serialize = Callable[[Any], Any]


class Anomaly(Exception):
    """The fast build met a value that only the specification's own steps can judge."""


class Failed:
    """What stands in a place whose value could not be had: the error that graphql-core would raise there."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


@lru_cache(maxsize=4096)
def serializer(of: Any) -> Serialize:
    """The completed form of a leaf value or a list of them; Anomaly wherever graphql-core would raise."""
    if isinstance(of, GraphQLNonNull):
        inner = serializer(of.of_type)

        def never_null(value: Any) -> Any:
            made = inner(value)
            if made is None:
                raise Anomaly
            return made

        return never_null
    if isinstance(of, GraphQLList):
        item = serializer(of.of_type)

        def each(value: Any) -> Any:
            if value is None or value is Undefined:
                return None
            if not isinstance(value, list | tuple):
                raise Anomaly
            return [item(one) for one in value]

        return each
    return _nullable(of)


def _nullable(of: GraphQLLeafType) -> Serialize:
    coerce = of.coerce_output_value
    # Found by their identity, for an enumeration's members have a hash of Python's own; they live as long as the table.
    members = {id(m): (m, name) for m, name in _members(of).items()} if isinstance(of, GraphQLEnumType) else {}

    def serialize(value: Any) -> Any:
        if value is None or value is Undefined:
            return None
        if members and (found := members.get(id(value))) is not None:
            return found[1]
        if isinstance(value, Failed | Exception) or hasattr(value, "__await__"):
            raise Anomaly
        try:
            made = coerce(value)
        except Exception:
            raise Anomaly from None
        if made is None or made is Undefined:
            raise Anomaly
        return made

    return serialize


#: How many values a pool remembers before it begins anew.
POOLED = 4096


class Pool(dict[Any, Any]):
    """The completed form of a leaf by the raw cells it is made of: dates, states and numbers recur all the time."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, cells: Any) -> Any:
        made = self.make(cells)
        if len(self) >= POOLED:
            self.clear()
        self[cells] = made
        return made


_POOLS: dict[tuple[Any, ...], Pool] = {}


def pool(of: Any, read: Callable[..., Any] | None, cells: int) -> Pool:
    """The pool of one way to read so many cells and one type, shared by all builders; raises as `serializer` does."""
    place = (read, cells, str(of), get_named_type(of))
    found = _POOLS.get(place)
    if found is None:
        serialize = serializer(of)
        make: Callable[[Any], Any]
        if read is None:
            make = serialize
        elif cells == 1:
            make = lambda cell: serialize(read(cell))  # noqa: E731
        else:
            make = lambda cells: serialize(read(*cells))  # noqa: E731
        found = _POOLS[place] = Pool(make)
    return found


def expression(of: Any, value: str, names: dict[str, Any], place: int) -> str:
    """Python source of the completed form of the variable `value`; what it needs goes into `names`.

    Only names that are made here, of a number, stand in the source.
    """
    slow = f"S{place}"
    names[slow] = serializer(of)
    general = f"{slow}({value})"
    bare = of.of_type if isinstance(of, GraphQLNonNull) else of
    if isinstance(bare, GraphQLList):
        return general
    if isinstance(bare, GraphQLEnumType):
        table = names[f"E{place}"] = _members(bare)
        return (
            f"E{place}[{value}] if {value}.__class__ is M{place} else {general}"
            if _typed(table, names, place)
            else general
        )
    inline = _INLINE.get(bare.name)
    if inline is None:
        return general
    null = "" if isinstance(of, GraphQLNonNull) else f"None if {value} is None else "
    return f"{null}{inline.format(v=value)} else {general}"


def _typed(table: dict[Any, Any], names: dict[str, Any], place: int) -> bool:
    classes = {member.__class__ for member in table}
    if len(classes) != 1:
        return False
    names[f"M{place}"] = classes.pop()
    return True


def _members(of: GraphQLEnumType) -> dict[Any, Any]:
    """Each member of the Python enumeration behind the type, with its name on the wire."""
    table: dict[Any, Any] = {}
    definition = of.extensions.get("strawberry-definition")
    members: Any = getattr(definition, "wrapped_cls", ())
    for member in members:
        if isinstance(member, Enum):
            table[member] = of.coerce_output_value(member)
    return table


#: The usual Python type of each scalar and its form on the wire; every other value takes the scalar's own way.
_INLINE = {
    "String": "{v} if {v}.__class__ is str",
    "ID": "{v} if {v}.__class__ is str",
    "Int": "{v} if {v}.__class__ is int and -2147483649 < {v} < 2147483648",
    "Float": "{v} if {v}.__class__ is float and -INF < {v} < INF",
    "Boolean": "{v} if {v} is True or {v} is False",
    "EmailAddress": "{v} if {v}.__class__ is str",
    "Date": "{v}.isoformat() if {v}.__class__ is date",
    "Decimal": "plain({v}) if {v}.__class__ is Decimal and {v}.is_finite()",
    "DateTime": "{v}.isoformat()[:-6] + 'Z' if {v}.__class__ is datetime and {v}.tzinfo is UTC",
}

#: What generated code may name.
NAMES: dict[str, Any] = {
    "date": datetime.date,
    "datetime": datetime.datetime,
    "UTC": datetime.UTC,
    "Decimal": Decimal,
    "plain": "{:f}".format,
    "INF": math.inf,
}
