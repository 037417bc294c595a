"""Building: rows and objects made into the answer by generated code, a whole level at a time, without any I/O.

The generated code holds no error logic: what is not as the schema promises raises Anomaly, and graphql-core tells
the operation again with its paths and nulls.
"""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLList, GraphQLNonNull

from gateway.execution.leaves import NAMES, Anomaly, expression
from gateway.execution.plan import Embedded, Leaf, Relation, Selection, TypeName

Builder = Callable[..., list[dict[str, Any]]]


class Frame:
    """One selection for the objects of a level: rows of named columns, or Python objects (columns is None)."""

    __slots__ = ("built", "columns", "kids", "selection", "source")

    def __init__(self, selection: Selection, source: Sequence[Any], columns: tuple[str, ...] | None) -> None:
        self.selection = selection
        self.source = source
        self.columns = columns
        self.kids: dict[str, Any] = {}
        self.built: list[dict[str, Any]] | None = None

    def values(self, attribute: str) -> list[Any]:
        """One attribute of every object."""
        if self.columns is None:
            return [getattr(each, attribute) for each in self.source]
        at = self.columns.index(attribute)
        return [row[at] for row in self.source]

    def objects(self) -> Sequence[Any]:
        """The level's objects as ordinary resolvers take them: instances of the type's class."""
        if self.columns is None:
            return self.source
        cls: Any = self.selection.type.extensions["strawberry-definition"].origin
        made = []
        for row in self.source:
            each = object.__new__(cls)
            each.__dict__.update(zip(self.columns, row, strict=True))
            made.append(each)
        return made

    def build(self) -> list[dict[str, Any]]:
        """The answer's objects, built once."""
        if self.built is None:
            if not self.source:
                self.built = []
            else:
                kids = [self.kids[relation.key].column() for relation in self.selection.relations]
                self.built = builder(self.selection, self.columns)(self.source, *kids)
        return self.built


def builder(selection: Selection, columns: tuple[str, ...] | None) -> Builder:
    """The generated builder of a selection over rows of these columns, or over objects."""
    found: Builder | None = selection.builders.get(columns)
    if found is None:
        found = selection.builders[columns] = _generate(selection, columns)
    return found


def source_of(selection: Selection, columns: tuple[str, ...] | None) -> tuple[str, dict[str, Any]]:
    """The Python source of a builder and the names it uses. Response keys stand in it by their repr only."""
    names: dict[str, Any] = dict(NAMES)
    used: dict[str, str] = {}
    counter = iter(range(10**6))

    def leaf(attribute: str, of: Any) -> str:
        variable = used.get(attribute)
        if variable is None:
            variable = used[attribute] = f"c{columns.index(attribute)}" if columns is not None else f"a{len(used)}"
        return expression(of, variable, names, next(counter))

    kids: list[str] = []
    items: list[str] = []
    for planned in selection.fields:
        if isinstance(planned, TypeName):
            items.append(f"{planned.key!r}: {selection.type.name!r}")
        elif isinstance(planned, Leaf):
            items.append(f"{planned.key!r}: {leaf(planned.attribute, planned.type)}")
        elif isinstance(planned, Embedded):
            items.append(f"{planned.key!r}: {_embedded(planned, leaf)}")
        else:
            kids.append(f"x{len(kids)}")
            items.append(f"{planned.key!r}: {kids[-1]}")
    made = "{" + ", ".join(items) + "}"
    given = f"zip(source, {', '.join(kids)})" if kids else "source"
    parameters = ", ".join(["source", *kids])
    if columns is None:
        for number, attribute in enumerate(used):
            names[f"n{number}"] = attribute
        reads = "".join(f"\n  a{number} = getattr(o, n{number})" for number in range(len(used)))
        target = ", ".join(["o", *kids])
        return (
            f"def build({parameters}):\n out = []\n for {target} in {given}:{reads}\n  out.append({made})\n return out",
            names,
        )
    row = "(" + "".join(f"{f'c{n}' if name in used else '_'}, " for n, name in enumerate(columns)) + ")"
    target = ", ".join([row if used else "_", *kids])
    return f"def build({parameters}):\n return [{made} for {target} in {given}]", names


def _embedded(planned: Embedded, leaf: Callable[[str, Any], str]) -> str:
    items = [
        f"{inner.key!r}: {planned.selection.type.name!r}"
        if isinstance(inner, TypeName)
        else f"{inner.key!r}: {leaf(planned.columns[inner.attribute], inner.type)}"
        for inner in planned.selection.fields
        if isinstance(inner, TypeName | Leaf)
    ]
    return "{" + ", ".join(items) + "}"


def _generate(selection: Selection, columns: tuple[str, ...] | None) -> Builder:
    source, names = source_of(selection, columns)
    exec(compile(source, "<builder>", "exec"), names)
    made: Builder = names["build"]
    return made


class RowsKid:
    """A relation answered by rows, handed back to their keys."""

    __slots__ = ("frame", "key", "keys", "relation", "shut")

    def __init__(
        self, relation: Relation, keys: Sequence[Any], frame: Frame, key: tuple[int, ...], shut: frozenset[Any]
    ) -> None:
        self.relation = relation
        self.keys = keys
        self.frame = frame
        self.key = key
        self.shut = shut

    def column(self) -> list[Any]:
        """The built value of each parent."""
        built = self.frame.build()
        groups: dict[Any, Any] = {}
        if self.relation.many:
            for row_key, made in zip(row_keys(self.frame.source, self.key), built, strict=True):
                groups.setdefault(row_key, []).append(made)
            shut = self.shut
            column = [None if key is None or key in shut else groups.get(key, _EMPTY) for key in self.keys]
        else:
            for row_key, made in zip(row_keys(self.frame.source, self.key), built, strict=True):
                groups.setdefault(row_key, made)
            column = [None if key in self.shut else groups.get(key) for key in self.keys]
        if self.relation.non_null and None in column:
            raise Anomaly
        return column


_EMPTY: list[Any] = []


def row_keys(rows: Sequence[Any], key: tuple[int, ...]) -> list[Any]:
    """The key of each row; a tuple where it has several columns, () at the root."""
    if len(key) == 1:
        at = key[0]
        return [row[at] for row in rows]
    return [tuple([row[at] for at in key]) for row in rows]


class ValuesKid:
    """A relation answered by values: leaves, objects, or lists of either; `frames` hold the objects by type."""

    __slots__ = ("frames", "refs", "relation", "serialize", "values")

    def __init__(self, relation: Relation, values: list[Any], serialize: Callable[[Any], Any] | None) -> None:
        self.relation = relation
        self.values = values
        self.serialize = serialize
        self.frames: dict[str, Frame] = {}
        self.refs: list[Any] = []

    def column(self) -> list[Any]:
        """The built value of each parent."""
        if self.serialize is not None:
            return [self.serialize(value) for value in self.values]
        built = {name: frame.build() for name, frame in self.frames.items()}

        def made(ref: Any) -> Any:
            if ref is None:
                return None
            if isinstance(ref, list):
                return [made(each) for each in ref]
            return built[ref[0]][ref[1]]

        column = [made(ref) for ref in self.refs]
        if not sound(self.relation.type, column):
            raise Anomaly
        return column


def sound(of: Any, column: list[Any]) -> bool:
    """Whether no null stands where the type has none."""
    if isinstance(of, GraphQLNonNull):
        if None in column:
            return False
        of = of.of_type
    if isinstance(of, GraphQLList):
        return all(sound(of.of_type, each) for each in column if each is not None)
    return True
