"""What the relations of a level came to: rows, values or failures; a whole column at once, or one place at a time.

`column()` is for the fast build, and raises Anomaly where any place is not as the schema promises. `ref(n)` is for
the careful one: null, a Failed, a spot in a frame, a list of these, or the raw value of a leaf.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLList, GraphQLNonNull

from gateway.execution.build import Frame
from gateway.execution.leaves import Anomaly, Failed
from gateway.execution.plan import Relation

_EMPTY: list[Any] = []


class Spot(NamedTuple):
    """Where an object stands: its frame, and which one of it."""

    frame: Frame
    n: int


class RowsKid:
    """A relation answered by rows, handed back to their keys; `shut` keys are null, `failed` ones have an error."""

    __slots__ = ("failed", "frame", "keys", "relation", "shut", "spots")

    def __init__(
        self,
        relation: Relation,
        keys: Sequence[Any],
        frame: Frame,
        shut: Collection[Any],
        failed: Mapping[Any, Failed],
    ) -> None:
        self.relation = relation
        self.keys = keys
        self.frame = frame
        self.shut = shut
        self.failed = failed
        self.spots: dict[Any, list[Spot]] | None = None

    def frames(self) -> list[Frame]:
        """The frames that go on to the next wave."""
        return [self.frame]

    def column(self) -> list[Any]:
        """The built value of each parent."""
        if self.failed:
            raise Anomaly
        built = self.frame.build()
        groups: dict[Any, Any] = {}
        if self.relation.many:
            for key, made in zip(self.frame.keys, built, strict=True):
                groups.setdefault(key, []).append(made)
            shut = self.shut
            column = [None if key is None or key in shut else groups.get(key, _EMPTY) for key in self.keys]
        else:
            # The first row of a key counts, so it goes in last.
            groups = dict(zip(reversed(self.frame.keys), reversed(built), strict=True))
            column = [groups.get(key) for key in self.keys]
        if self.relation.non_null and None in column:
            raise Anomaly
        return column

    def ref(self, n: int) -> Any:
        """What one parent has."""
        key = self.keys[n]
        if key is None or key in self.shut:
            return None
        if key in self.failed:
            return self.failed[key]
        if self.spots is None:
            self.spots = spots_of(self.frame)
        found = self.spots.get(key, _EMPTY)
        if self.relation.many:
            return found
        return found[0] if found else None


def spots_of(frame: Frame) -> dict[Any, list[Spot]]:
    """The spots of each key's rows."""
    spots: dict[Any, list[Spot]] = {}
    for n, key in enumerate(frame.keys):
        spots.setdefault(key, []).append(Spot(frame, n))
    return spots


class LeafKid:
    """A relation answered by leaves, or lists of them."""

    __slots__ = ("relation", "serialize", "values")

    def __init__(self, relation: Relation, values: Sequence[Any], serialize: Callable[[Any], Any]) -> None:
        self.relation = relation
        self.values = values
        self.serialize = serialize

    def frames(self) -> list[Frame]:
        """None: leaves have nothing below them."""
        return []

    def column(self) -> list[Any]:
        """The serialized value of each parent."""
        return [self.serialize(value) for value in self.values]

    def ref(self, n: int) -> Any:
        """What one parent has, not serialized yet."""
        return self.values[n]


class ObjectsKid:
    """A relation answered by objects: for each parent a null, a Failed, a spot, or a list of these."""

    __slots__ = ("places", "refs", "relation")

    def __init__(self, relation: Relation, refs: Sequence[Any], frames: Sequence[Frame]) -> None:
        self.relation = relation
        self.refs = refs
        self.places = frames

    def frames(self) -> list[Frame]:
        """The frames that go on to the next wave, one for each type of object."""
        return list(self.places)

    def column(self) -> list[Any]:
        """The built value of each parent."""
        column = [_built(ref) for ref in self.refs]
        if not sound(self.relation.type, column):
            raise Anomaly
        return column

    def ref(self, n: int) -> Any:
        """What one parent has."""
        return self.refs[n]


def _built(ref: Any) -> Any:
    if ref is None:
        return None
    if ref.__class__ is list:
        return [_built(each) for each in ref]
    if ref.__class__ is Failed:
        raise Anomaly
    return ref[0].build()[ref[1]]


def sound(of: Any, column: Sequence[Any]) -> bool:
    """Whether no null stands where the type has none."""
    if isinstance(of, GraphQLNonNull):
        if None in column:
            return False
        of = of.of_type
    if isinstance(of, GraphQLList):
        return all(sound(of.of_type, each) for each in column if each is not None)
    return True
