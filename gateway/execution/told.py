"""Values told alike to everybody with the same rights: marked in the plan, kept as JSON for each key, given again.

A field of a student that is declared `shared`, with all that is below it, tells every guardian the same. Its values are
built once and kept in JSON; whoever asks the same of the same student next, with every guard on the way open, gets
these bytes, and nothing below the field is asked or built.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import orjson

from gateway.execution.build import Frame
from gateway.execution.plan import Relation, Selection, Told


class ToldMemory(Protocol):
    """Where values are kept while nothing vouches for a change of what they are made of."""

    def find(self, context: Any, told: Told, variables: bytes, keys: Sequence[Any]) -> list[orjson.Fragment] | None:
        """What is kept for all of these keys and may be told the viewer; None where one of them is missing."""
        ...

    def keep(self, context: Any, told: Told, variables: bytes, values: dict[Any, orjson.Fragment], size: int) -> None:
        """Keep these values, `size` bytes in all, if the viewer is one of those to whom they may be told."""
        ...

    def listen(self, context: Any) -> Any:
        """What the operation has noted so far, put aside."""
        ...

    def heard(self, context: Any, noted: Any) -> bool:
        """Put the notes back; whether others came in between: of the clock, or of what is not the source's."""
        ...


class Telling:
    """The memory as one execution uses it; it keeps nothing more once it is `spoiled`."""

    __slots__ = ("context", "memory", "spoiled", "variables")

    def __init__(self, memory: ToldMemory, context: Any, variables: bytes) -> None:
        self.memory = memory
        self.context = context
        self.variables = variables
        self.spoiled = False

    def find(self, relation: Relation, keys: Sequence[Any]) -> "ToldKid | None":
        """The field's values for these keys, if all are kept."""
        if relation.told is None:
            return None
        found = self.memory.find(self.context, relation.told, self.variables, keys)
        return None if found is None else ToldKid(relation, found)

    def keep(self, told: Told, keys: Sequence[Any], column: Sequence[Any]) -> Sequence[Any]:
        """Keep a built column, in which no place failed; the column with its values in JSON, if they were kept."""
        if self.spoiled:
            return column
        try:
            texts = [orjson.dumps(value) for value in column]
        except TypeError:  # told where the answer is written
            return column
        made = [orjson.Fragment(text) for text in texts]
        size = sum(len(text) for text in texts)
        self.memory.keep(self.context, told, self.variables, dict(zip(keys, made, strict=True)), size)
        return made


class ToldKid:
    """A relation answered by values that were kept."""

    __slots__ = ("relation", "values")

    def __init__(self, relation: Relation, values: Sequence[Any]) -> None:
        self.relation = relation
        self.values = values

    def frames(self) -> list[Frame]:
        """None: nothing below has to be read."""
        return []

    def column(self) -> Sequence[Any]:
        """The value of each parent."""
        return self.values

    def ref(self, n: int) -> Any:
        """What one parent has, complete as it is."""
        return self.values[n]


class KeptKid:
    """A relation whose values are kept once they are built, by the keys of its parents."""

    __slots__ = ("keys", "kid", "telling", "told")

    def __init__(self, kid: Any, telling: Telling, told: Told, keys: Sequence[Any]) -> None:
        self.kid = kid
        self.telling = telling
        self.told = told
        self.keys = keys

    def frames(self) -> list[Frame]:
        """The frames that go on to the next wave."""
        frames: list[Frame] = self.kid.frames()
        return frames

    def column(self) -> Sequence[Any]:
        """The built value of each parent."""
        return self.telling.keep(self.told, self.keys, self.kid.column())

    def ref(self, n: int) -> Any:
        """What one parent has."""
        return self.kid.ref(n)


def mark_told(selection: Selection) -> None:
    """Mark the topmost fields below a selection whose values may be kept."""
    for relation in selection.relations:
        areas = None if relation.leaf or not _of_student(relation) else _areas(relation)
        if areas is None:
            for below in _below(relation):
                mark_told(below)
        else:
            relation.told = Told(areas)
            _mark_within(relation)


def _of_student(relation: Relation) -> bool:
    return relation.batch is not None and relation.batch.of_student


def _areas(relation: Relation) -> frozenset[Hashable] | None:
    """The guards of a field and of all below it; None where one of them may tell viewers apart, or asks anything."""
    spec = relation.batch
    if spec is None or not spec.shared:
        return None
    areas: frozenset[Hashable] = frozenset() if spec.area is None else frozenset((spec.area,))
    for selection in _below(relation):
        for inner in selection.relations:
            more = _areas(inner)
            if more is None:
                return None
            areas |= more
    return areas


def _mark_within(relation: Relation) -> None:
    relation.within = True
    for selection in _below(relation):
        for inner in selection.relations:
            _mark_within(inner)


def _below(relation: Relation) -> list[Selection]:
    if relation.page is not None:
        return [carrier.detail for carrier in relation.page.carriers]
    return list(relation.children.values())
