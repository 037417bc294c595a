"""Building: rows and objects made into the answer by generated code, a whole level at a time, without any I/O.

The generated code holds no error logic: what is not as the schema promises raises, and the careful builder tells
the operation again, out of the same frames, with paths and nulls.
"""

from collections.abc import Callable, Container, Sequence
from typing import Any

from gateway.execution.leaves import NAMES, Anomaly, expression
from gateway.execution.plan import Embedded, Leaf, Selection, TypeName

Builder = Callable[..., list[dict[str, Any]]]


class Frame:
    """One selection for the objects of a level: rows of named columns, or Python objects (columns is None).

    What the rest of the executor may ask of a level is here: its length, the `keys` its rows are handed back to, the
    values of one attribute as resolvers know them, its objects, and the whole of it built. Nothing else looks into
    rows. `kids` holds what each relation of the selection came to, by its response key.
    """

    __slots__ = ("built", "columns", "keys", "kids", "made", "selection", "source", "spoiled")

    def __init__(
        self,
        selection: Selection,
        source: Sequence[Any],
        columns: tuple[str, ...] | None = None,
        keys: Sequence[Any] = (),
    ) -> None:
        self.selection = selection
        self.source = source
        self.columns = columns
        self.keys = keys
        self.kids: dict[str, Any] = {}
        self.built: list[dict[str, Any]] | None = None
        self.made: Sequence[Any] | None = None
        self.spoiled = False

    def __len__(self) -> int:
        return len(self.source)

    def values(self, attribute: str) -> list[Any]:
        """One attribute of every object."""
        if self.columns is None:
            return [getattr(each, attribute) for each in self.source]
        at = self.columns.index(attribute)
        return [row[at] for row in self.source]

    def objects(self) -> Sequence[Any]:
        """The level's objects as ordinary resolvers take them, made once: instances of the type's class."""
        if self.columns is None:
            return self.source
        if self.made is None:
            cls: Any = self.selection.type.extensions["strawberry-definition"].origin
            made = []
            for row in self.source:
                each = object.__new__(cls)
                each.__dict__.update(zip(self.columns, row, strict=True))
                made.append(each)
            self.made = made
        return self.made

    def taking(self, places: Sequence[int]) -> "Frame":
        """A frame of these rows only, in this order."""
        return Frame(self.selection, [self.source[n] for n in places], self.columns, [self.keys[n] for n in places])

    def build(self) -> list[dict[str, Any]]:
        """The answer's objects, built once; raises, and goes on raising, where one of them is not as promised."""
        if self.built is None:
            if self.spoiled:
                raise Anomaly
            if not self.source:
                self.built = []
                return self.built
            try:
                kids = [self.kids[relation.key].column() for relation in self.selection.relations]
                self.built = builder(self.selection, self.columns)(self.source, *kids)
            except Exception:
                self.spoiled = True
                raise
        return self.built


def frame_of(selection: Selection, rows: Any, keys: Sequence[Any], among: Container[Any] | None = None) -> Frame:
    """The level of a statement's rows, with the key of each; only those of keys `among` these, where it is given."""
    source = rows.rows
    if among is not None and not all(key in among for key in keys):
        source = [row for row, key in zip(source, keys, strict=True) if key in among]
        keys = [key for key in keys if key in among]
    return Frame(selection, source, rows.columns, keys)


def row_keys(rows: Any) -> list[Any]:
    """The key of each row of a statement; a tuple where it has several columns, () at the root."""
    key = rows.key
    if len(key) == 1:
        at = key[0]
        return [row[at] for row in rows.rows]
    return [tuple([row[at] for at in key]) for row in rows.rows]


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
