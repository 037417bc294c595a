"""Building: rows and objects made into the answer by generated code, a whole level at a time, without any I/O.

The generated code holds no error logic: what is not as the schema promises raises, and the careful builder tells
the operation again, out of the same frames, with paths and nulls.
"""

from collections.abc import Callable, Container, Sequence
from typing import Any

from gateway.execution.batches import Cell, Layout, Rows
from gateway.execution.leaves import NAMES, Anomaly, expression, pool
from gateway.execution.plan import Embedded, Leaf, Selection, TypeName

Builder = Callable[..., list[dict[str, Any]]]


class Frame:
    """One selection for the objects of a level: raw rows and their layout, or Python objects (layout is None).

    What the rest of the executor may ask of a level is here: its length, the `keys` its rows are handed back to, the
    values of one attribute as resolvers know them, its objects, and the whole of it built. Nothing else looks into
    rows. `kids` holds what each relation of the selection came to, by its response key.
    """

    __slots__ = ("built", "columns", "keys", "kids", "layout", "made", "selection", "source", "spoiled")

    def __init__(
        self,
        selection: Selection,
        source: Sequence[Any],
        layout: Layout | None = None,
        keys: Sequence[Any] = (),
    ) -> None:
        self.selection = selection
        self.source = source
        self.layout = layout
        self.keys = keys
        self.kids: dict[str, Any] = {}
        self.built: list[dict[str, Any]] | None = None
        self.made: Sequence[Any] | None = None
        self.columns: dict[str, list[Any]] = {}
        self.spoiled = False

    def __len__(self) -> int:
        return len(self.source)

    def values(self, attribute: str) -> list[Any]:
        """One attribute of every object; of rows read once, for several relations go by the same key."""
        if self.layout is None:
            return [getattr(each, attribute) for each in self.source]
        found = self.columns.get(attribute)
        if found is None:
            found = self.columns[attribute] = self.layout.values(attribute, self.source)
        return found

    def value(self, n: int, attribute: str) -> Any:
        """One attribute of one object."""
        if self.layout is None:
            return getattr(self.source[n], attribute)
        return self.layout.values(attribute, [self.source[n]])[0]

    def objects(self) -> Sequence[Any]:
        """The level's objects as ordinary resolvers take them, made once: instances of the type's class."""
        if self.layout is None:
            return self.source
        if self.made is None:
            cls: Any = self.selection.type.extensions["strawberry-definition"].origin
            made = []
            for row in self.layout.parse(self.source):
                each = object.__new__(cls)
                each.__dict__.update(zip(self.layout.columns, row, strict=True))
                made.append(each)
            self.made = made
        return self.made

    def taking(self, places: Sequence[int]) -> "Frame":
        """A frame of these rows only, in this order."""
        return Frame(self.selection, [self.source[n] for n in places], self.layout, [self.keys[n] for n in places])

    def build(self) -> list[dict[str, Any]]:
        """The answer's objects, built once; raises, and goes on raising, where one of them is not as promised."""
        if self.built is None:
            if self.spoiled:
                raise Anomaly
            if not self.source:
                self.built = []
                return self.built
            try:
                selection, found = self.selection, self.kids
                kids = [found[relation.key].column() for relation in selection.relations] if found else ()
                made = selection.builders.get(self.layout)
                if made is None:
                    made = builder(selection, self.layout)
                self.built = made(self.source, *kids)
            except Exception:
                self.spoiled = True
                raise
        return self.built


def frame_of(selection: Selection, rows: Rows, keys: Sequence[Any], among: Container[Any] | None = None) -> Frame:
    """The level of a statement's rows, with the key of each; only those of keys `among` these, where it is given."""
    source = rows.raw
    if among is not None and not all(key in among for key in keys):
        source = [row for row, key in zip(source, keys, strict=True) if key in among]
        keys = [key for key in keys if key in among]
    return Frame(selection, source, rows.layout, keys)


def builder(selection: Selection, layout: Layout | None) -> Builder:
    """The generated builder of a selection over raw rows of this layout, or over objects."""
    found: Builder | None = selection.builders.get(layout)
    if found is None:
        found = selection.builders[layout] = _generate(selection, layout)
    return found


def source_of(selection: Selection, layout: Layout | None) -> tuple[str, dict[str, Any]]:
    """The Python source of a builder and the names it uses. Response keys stand in it by their repr only."""
    leaves = _Objects() if layout is None else _Cells(layout)
    kids: list[str] = []
    items: list[str] = []
    for planned in selection.fields:
        if isinstance(planned, TypeName):
            items.append(f"{planned.key!r}: {selection.type.name!r}")
        elif isinstance(planned, Leaf):
            items.append(f"{planned.key!r}: {leaves.leaf(planned.attribute, planned.type)}")
        elif isinstance(planned, Embedded):
            items.append(f"{planned.key!r}: {_embedded(planned, leaves)}")
        else:
            kids.append(f"x{len(kids)}")
            items.append(f"{planned.key!r}: {kids[-1]}")
    made = "{" + ", ".join(items) + "}"
    given = f"zip(source, {', '.join(kids)})" if kids else "source"
    target = ", ".join([leaves.target(), *kids])
    source = f"def build({', '.join(['source', *kids])}):\n return [{made} for {target} in {given}{leaves.steps()}]"
    return source, leaves.names


class _Leaves:
    """The leaves of one generated builder: their expressions, and the names these use."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = dict(NAMES)
        self.variables: dict[str, str] = {}
        self.reads: list[str] = []
        self.places = iter(range(10**6))

    def target(self) -> str:
        """What one object of the source is taken for."""
        raise NotImplementedError

    def leaf(self, attribute: str, of: Any) -> str:
        """The expression of an attribute's completed form."""
        return expression(of, self.variable(attribute), self.names, next(self.places))

    def variable(self, attribute: str) -> str:
        """The variable that holds an attribute's value."""
        found = self.variables.get(attribute)
        if found is None:
            found = self.variables[attribute] = f"v{len(self.variables)}"
            self.reads.append(f" for {found} in ({self.read(attribute)},)")
        return found

    def read(self, attribute: str) -> str:
        """The expression of an attribute's value."""
        raise NotImplementedError

    def steps(self) -> str:
        """What is read of each object before it is built."""
        return "".join(self.reads)


class _Objects(_Leaves):
    def target(self) -> str:
        return "o"

    def read(self, attribute: str) -> str:
        name = f"n{len(self.reads)}"
        self.names[name] = attribute
        self.names["getattr"] = getattr
        return f"getattr(o, {name})"


class _Cells(_Leaves):
    """Leaves straight out of raw cells: what a pool knows is not even parsed."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.used: set[int] = set()

    def target(self) -> str:
        return "(" + "".join(f"{f'r{n}' if n in self.used else '_'}, " for n in range(self.layout.width)) + ")"

    def leaf(self, attribute: str, of: Any) -> str:
        cell = self.layout.cell(attribute)
        if not cell.pooled:
            return super().leaf(attribute, of)
        name = f"W{next(self.places)}"
        self.names[name] = pool(of, cell.read, len(cell.at))
        return f"{name}[{self._cells(cell)}]" if len(cell.at) == 1 else f"{name}[({self._cells(cell)},)]"

    def variable(self, attribute: str) -> str:
        cell = self.layout.cell(attribute)
        return self._cells(cell) if cell.read is None else super().variable(attribute)

    def read(self, attribute: str) -> str:
        cell = self.layout.cell(attribute)
        name = f"F{len(self.reads)}"
        if cell.form is not None:
            self.names[name] = cell.inner
            self.used.update(cell.at)
            return cell.form.format(*[f"r{n}" for n in cell.at], inner=name)
        self.names[name] = cell.read
        return f"{name}({self._cells(cell)})"

    def _cells(self, cell: Cell) -> str:
        self.used.update(cell.at)
        return ", ".join(f"r{n}" for n in cell.at)


def _embedded(planned: Embedded, leaves: _Leaves) -> str:
    items = [
        f"{inner.key!r}: {planned.selection.type.name!r}"
        if isinstance(inner, TypeName)
        else f"{inner.key!r}: {leaves.leaf(planned.columns[inner.attribute], inner.type)}"
        for inner in planned.selection.fields
        if isinstance(inner, TypeName | Leaf)
    ]
    return "{" + ", ".join(items) + "}"


def _generate(selection: Selection, layout: Layout | None) -> Builder:
    source, names = source_of(selection, layout)
    exec(compile(source, "<builder>", "exec"), names)
    made: Builder = names["build"]
    return made
