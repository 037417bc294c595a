"""Plans: an operation, for one setting of its skip and include variables, as selections of known lanes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, GraphQLField, GraphQLObjectType, OperationDefinitionNode
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from gateway.execution.batches import BatchSpec


class Lane(Enum):
    """How a field that is no column or attribute of its object comes by its values, the cheapest first."""

    BATCH = "one call of a batch resolver for the whole level"
    ATTRIBUTE = "an attribute of each object that is an object, or a list of them"
    DIRECT = "a plain resolver, its arguments made once, called for each object"
    SLOW = "Strawberry's own resolver for each object, with permissions, extensions and exception handlers"


@dataclass(eq=False, slots=True)
class Leaf:
    """A leaf that is a column or attribute of its object."""

    key: str
    name: str
    attribute: str
    type: Any
    nodes: list[FieldNode]


@dataclass(eq=False, slots=True)
class TypeName:
    """`__typename`."""

    key: str


@dataclass(eq=False, slots=True)
class Embedded:
    """An object made of columns of its parent's own row."""

    key: str
    name: str
    type: Any
    nodes: list[FieldNode]
    selection: "Selection"
    columns: Mapping[str, str]


@dataclass(eq=False, slots=True)
class Relation:
    """A field that leaves its object: by a batch resolver, or by an ordinary one called for each object.

    `arguments` are those without variables, made once. `place` is one and the same object for all fields of the plan
    that are identical loads, and None where only the variables tell. `again` fields are asked in several waves.
    `told` stands where the field's values may be kept in JSON (see `told.py`); `within` says so of it, or of one above.
    """

    key: str
    name: str
    type: Any
    nodes: list[FieldNode]
    definition: GraphQLField
    own: StrawberryField | None
    parent: GraphQLObjectType
    path: Path
    lane: Lane
    many: bool
    non_null: bool
    leaf: bool
    batch: BatchSpec | None
    arguments: dict[str, Any] | None = None
    place: object | None = None
    again: bool = False
    told: "Told | None" = None
    within: bool = False
    children: dict[str, "Selection"] = field(default_factory=dict)
    types: dict[type, "Selection"] = field(default_factory=dict)
    page: "PageSelection | None" = None
    wanted: tuple[str, ...] | None = None
    whole: bool = False
    #: The selection of the only type the field can have; a field of several types has none.
    child: "Selection" = field(init=False, repr=False)

    def settle(self) -> None:
        """Work out, once, which columns the field's rows must have; `whole` where ordinary resolvers want objects."""
        inside = list(self.children.values())
        if self.page is not None:
            inside = [part.detail for part in self.page.carriers]
        self.whole = any(selection.whole() for selection in inside)
        self.wanted = tuple(dict.fromkeys(name for selection in inside for name in selection.columns()))
        if len(self.children) == 1:
            (self.child,) = self.children.values()


@dataclass(eq=False, slots=True)
class Told:
    """A field of a plan, by its identity alone, whose values may be kept; and the guards of it and all below it."""

    areas: frozenset[Any]


Planned = Leaf | TypeName | Embedded | Relation


@dataclass(eq=False, slots=True)
class Selection:
    """What is wanted of the objects of one concrete type, in the order of the answer."""

    type: GraphQLObjectType
    fields: list[Planned]
    builders: dict[Any, Any] = field(default_factory=dict)
    relations: list[Relation] = field(init=False)

    def __post_init__(self) -> None:
        """Find the fields that leave the object."""
        self.relations = [planned for planned in self.fields if isinstance(planned, Relation)]

    def columns(self) -> list[str]:
        """The attributes that answering takes: leaves, embedded leaves, and the keys of batches."""
        names: dict[str, None] = {}
        for planned in self.fields:
            if isinstance(planned, Leaf):
                names[planned.attribute] = None
            elif isinstance(planned, Embedded):
                for leaf in planned.selection.fields:
                    if isinstance(leaf, Leaf):
                        names[planned.columns[leaf.attribute]] = None
            elif isinstance(planned, Relation) and planned.batch is not None and planned.batch.key is not None:
                names[planned.batch.key] = None
        return list(names)

    def whole(self) -> bool:
        """Whether an ordinary resolver needs the object itself."""
        return any(relation.batch is None for relation in self.relations)


@dataclass(eq=False, slots=True)
class Part:
    """One field of a connection, or of its edges: its response key, its name, and what is wanted of it."""

    key: str
    name: str
    type: Any
    nodes: list[FieldNode]
    detail: Any = None


@dataclass(eq=False, slots=True)
class PageSelection:
    """What is wanted of a connection: its parts in order, and of its rows.

    `carriers` are the parts that are rows themselves, each with a selection for its detail; `row` wants nothing.
    """

    type: GraphQLObjectType
    row: Selection
    parts: list[Part] = field(default_factory=list)
    carriers: list[Part] = field(default_factory=list)
    cursors: bool = False
    counted: bool = False
    rows: bool = False


#: Measured on nine documents: a plan takes 1,400 to 2,800 bytes for each field of each type it plans.
PER_FIELD = 2_800


@dataclass(eq=False, slots=True)
class Plan:
    """An operation made ready: its root selection, and what resolvers may ask of it.

    A `plain` one is a query of nothing but batches, and of what they gave: it may be tried, given up, and run again.
    It is not tried at once for the next `resting` times, where it `failed` at it so often.
    """

    root: Selection
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    serial: bool
    fields: int
    plain: bool = False
    resting: int = 0
    failed: int = 0

    @property
    def bytes(self) -> int:
        """What the plan takes, with the builders that its use generates."""
        return self.fields * PER_FIELD
