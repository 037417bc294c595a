"""Answers: raw rows as an engine gave them, and the layout by which they are read.

Whoever needs values reads them by the layout: whole rows, one column, or, as the executor's generated code does, each
cell where it is used.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache, partial
from itertools import accumulate
from operator import itemgetter
from typing import Any

from loaders.dialect import Dialect
from loaders.errors import ValueInvalid
from loaders.parsing import Parse, few, parser
from loaders.statement import Computed, Row, Shape, side_by_side, side_by_side_if_last

Raw = Sequence[Any]
Reader = Callable[[Sequence[Raw]], list[Any]]


@dataclass(frozen=True, slots=True)
class Cell:
    """How one column is read: the raw cells it takes, and what makes its value of them (None: the one cell is it).

    Of a `pooled` column equal cells give equal values, and there are few of them. Where it has a `form`, that is the
    same as Python source, with a place for each cell and one for the name of `inner`, which it may call: generated code
    then calls less.
    """

    at: tuple[int, ...]
    read: Callable[..., Any] | None
    pooled: bool
    form: str | None = None
    inner: Callable[..., Any] | None = None


class Layout:
    """How the raw rows of one rendered statement are read.

    `columns` are the names that can be asked for, `key` those whose values say for which key a row is; `plain` names
    the cells of a raw row, `width` of them.
    """

    __slots__ = (
        "_bare",
        "_cells",
        "_columns",
        "_dialect",
        "_keys",
        "_readers",
        "_shape",
        "_zone",
        "columns",
        "key",
        "plain",
        "width",
    )

    def __init__(
        self,
        shape: Shape,
        plain: tuple[str, ...],
        columns: tuple[str, ...],
        key: tuple[str, ...],
        dialect: Dialect,
        zone: tzinfo,
    ) -> None:
        self.columns = columns
        self.key = key
        self.plain = plain
        self.width = len(plain)
        self._shape = shape
        self._dialect = dialect
        self._zone = zone
        self._bare: dict[str, Callable[[Raw], Any]] = {}
        self._cells: dict[str, Cell] = {}
        self._columns: dict[str, Reader] = {}
        self._readers: dict[tuple[str, ...], Reader] = {}
        self._keys: Callable[[Sequence[Raw]], Iterable[Any]] | None = None

    def of(self, shape: Shape, plain: tuple[str, ...], columns: tuple[str, ...], key: tuple[str, ...]) -> "Layout":
        """The layout of rows of other columns from the same source."""
        return Layout(shape, plain, columns, key, self._dialect, self._zone)

    def source(self, name: str) -> str | Computed:
        """What a plain column reads: the contract's column, or the SQL it is computed by."""
        return self._shape.columns[name]

    def cell(self, name: str) -> Cell:
        """How a column is read."""
        found = self._cells.get(name)
        if found is None:
            found = self._cells[name] = self._cell(name)
        return found

    def parse(self, rows: Sequence[Raw]) -> list[Row]:
        """The values of every column, a tuple a row; ValueInvalid naming the column whose value is none."""
        return self.several(self.columns, rows)

    def values(self, name: str, rows: Sequence[Raw]) -> list[Any]:
        """One column's value of every row."""
        bare = self._bare.get(name)
        if bare is not None:
            return list(map(bare, rows))
        reader = self._columns.get(name)
        if reader is None:
            bare = self._bare_of((name,))
            if bare is not None:
                self._bare[name] = bare
                return list(map(bare, rows))
            reader = self._columns[name] = self._reader((name,), alone=True)
        try:
            return reader(rows)
        except ValueInvalid:
            self.blame(rows)
            raise

    def several(self, names: tuple[str, ...], rows: Sequence[Raw]) -> list[Row]:
        """Some columns' values, a tuple a row."""
        reader = self._readers.get(names)
        if reader is None:
            reader = self._readers[names] = self._reader(names)
        try:
            return reader(rows)
        except ValueInvalid:
            self.blame(rows)
            raise

    def keys(self, rows: Sequence[Raw]) -> list[Any]:
        """For which key each row is: one value, or a tuple where the key has several columns."""
        reader = self._keys
        if reader is None:
            bare = self._bare_of(self.key)
            reader = self._keys = partial(map, bare) if bare else self._reader(self.key, alone=len(self.key) == 1)
        try:
            return list(reader(rows))
        except ValueInvalid:
            self.blame(rows)
            raise

    def _bare_of(self, names: tuple[str, ...]) -> Callable[[Raw], Any] | None:
        """What takes these columns out of a row where they are cells as they are, one or side by side; else None."""
        cells = [self.cell(name) for name in names]
        places = [place for cell in cells for place in cell.at]
        if not places or any(cell.read is not None for cell in cells):
            return None
        return itemgetter(*places)

    def _cell(self, name: str) -> Cell:
        if name in self._shape.columns:
            declared = self._shape.declared(name)
            read = parser(declared, self._dialect, self._zone)
            # Null stays null, whoever reads it.
            form = None if read is None else "(None if {0} is None else {inner}({0}))"
            return Cell((self.plain.index(name),), read, declared.kind in few(self._dialect), form, read)
        recipe = self._shape.derived[name]
        inputs = [self.cell(given) for given in recipe.inputs]
        at = tuple(dict.fromkeys(place for cell in inputs for place in cell.at))
        shares = tuple(tuple(at.index(place) for place in cell.at) for cell in inputs)
        pooled = recipe.pooled and all(cell.pooled or cell.read is None for cell in inputs)
        form, inner = _form(recipe.make, inputs, shares)
        return Cell(at, _composed(recipe.make, tuple(cell.read for cell in inputs), shares), pooled, form, inner)

    def _reader(self, names: tuple[str, ...], *, alone: bool = False) -> Reader:
        """One generated comprehension, of tuples or of values `alone`; in its source are no names but of a number."""
        reads: dict[str, Any] = {}
        cells = [self.cell(name) for name in names]
        used = {place for cell in cells for place in cell.at}
        # Of a wide row a few cells are picked; else it is taken apart whole.
        apart = 2 * len(used) >= self.width
        items = []
        for n, cell in enumerate(cells):
            given = [f"r{place}" if apart else f"r[{place}]" for place in cell.at]
            reads[f"F{n}"] = called(cell)
            items.append(expression(cell, given, f"F{n}"))
        row = items[0] if alone else "".join(f"{item}, " for item in items)
        raw = "(" + "".join(f"r{n}, " for n in range(self.width)) + ")" if apart else "r"
        source = f"def read(rows):\n return [({row}) for {raw} in rows]"
        exec(compile(source, "<rows>", "exec"), reads)
        made: Reader = reads["read"]
        return made

    def blame(self, rows: Sequence[Raw]) -> None:
        """Raise the first value's own refusal, with the column that holds it; return where every value is one."""
        parses = {n: parser(self._shape.declared(name), self._dialect, self._zone) for n, name in enumerate(self.plain)}
        for row in rows:
            for n, value in enumerate(row):
                parse = parses[n]
                if parse is None:
                    continue
                try:
                    parse(value)
                except ValueInvalid as error:
                    raise ValueInvalid(f"{self._shape.sql(self.plain[n])}: {error}") from None


class Rows:
    """The answer to a statement: its raw rows, how they are read, and how fresh they are."""

    __slots__ = ("_rows", "as_of", "layout", "raw", "runs", "stale")

    def __init__(
        self,
        layout: Layout,
        raw: Sequence[Raw],
        as_of: datetime | None = None,
        stale: bool = False,
        runs: Sequence[tuple[Any, int]] | None = None,
    ) -> None:
        self.layout = layout
        self.raw = raw
        self.as_of = as_of
        self.stale = stale
        self.runs = runs
        self._rows: list[Row] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.layout.columns

    @property
    def rows(self) -> list[Row]:
        """The values, a tuple a row, read once."""
        if self._rows is None:
            self._rows = self.layout.parse(self.raw)
        return self._rows

    @property
    def keys(self) -> list[Any]:
        """For which key each row is; known without reading the rows where they came in `runs`, a key and its count."""
        if self.runs is None:
            return self.layout.keys(self.raw)
        return [key for key, count in self.runs for _ in range(count)]

    @property
    def key(self) -> tuple[int, ...]:
        """Where the key stands among the columns."""
        return tuple(self.columns.index(name) for name in self.layout.key)

    def groups(self) -> dict[Any, Sequence[Raw]]:
        """The raw rows of each key, in the statement's order."""
        if self.runs is not None:
            ends = [0, *accumulate(count for _, count in self.runs)]
            return {key: self.raw[ends[n] : ends[n + 1]] for n, (key, _) in enumerate(self.runs)}
        found: dict[Any, list[Raw]] = {}
        for key, row in zip(self.keys, self.raw, strict=True):
            found.setdefault(key, []).append(row)
        return dict(found)

    def by_key(self) -> dict[Any, list[Row]]:
        """The rows of each key, in the statement's order; a key of several columns is a tuple."""
        found: dict[Any, list[Row]] = {}
        for key, row in zip(self.keys, self.rows, strict=True):
            found.setdefault(key, []).append(row)
        return found


def expression(cell: Cell, given: Sequence[str], name: str) -> str:
    """Python source of a cell's value, made of the sources of its raw cells; `called(cell)` must stand under `name`."""
    if cell.form is not None:
        return cell.form.format(*given, inner=name)
    return ", ".join(given) if cell.read is None else f"{name}({', '.join(given)})"


def called(cell: Cell) -> Callable[..., Any] | None:
    """What a cell's expression calls."""
    return cell.read if cell.form is None else cell.inner


def _form(
    make: Callable[..., Any], inputs: Sequence[Cell], shares: Sequence[Sequence[int]]
) -> tuple[str | None, Callable[..., Any] | None]:
    """The form of a column that is nothing but its inputs side by side, of which one kind at the most is parsed."""
    called_by = {cell.inner for cell in inputs if cell.read is not None}
    if make not in (side_by_side, side_by_side_if_last) or len(called_by) > 1:
        return None, None
    if any(cell.read is not None and cell.form is None for cell in inputs):
        return None, None
    parts = [
        (cell.form or "{0}").format(*(f"{{{place}}}" for place in share), inner="{inner}")
        for cell, share in zip(inputs, shares, strict=True)
    ]
    whole = f"({', '.join(parts)},)"
    form = whole if make is side_by_side else f"(None if {parts[-1]} is None else {whole})"
    return form, next(iter(called_by), None)


@lru_cache(maxsize=1024)
def _composed(make: Callable[..., Any], reads: tuple[Parse | None, ...], shares: tuple[tuple[int, ...], ...]) -> Parse:
    """`make` of inputs that are read from raw cells, each from its share of them; one function for equal parts."""
    if all(read is None for read in reads) and shares == tuple((n,) for n in range(len(shares))):
        return make
    names: dict[str, Any] = {"make": make}
    items = []
    for n, (read, share) in enumerate(zip(reads, shares, strict=True)):
        names[f"F{n}"] = read
        given = ", ".join(f"a{place}" for place in share)
        items.append(given if read is None else f"F{n}({given})")
    width = max((place for share in shares for place in share), default=-1) + 1
    source = f"def read({', '.join(f'a{n}' for n in range(width))}):\n return make({', '.join(items)})"
    exec(compile(source, "<cell>", "exec"), names)
    read_cells: Parse = names["read"]
    return read_cells
