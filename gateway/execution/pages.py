"""Connections over rows: nodes and edges of the same rows, cut into the page of each parent."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import accumulate
from typing import Any

from gateway.execution.batches import Page, Rows
from gateway.execution.build import Frame, frame_of
from gateway.execution.leaves import Anomaly, Failed
from gateway.execution.plan import Leaf, PageSelection, Part, Relation, Selection, TypeName

MakeCursor = Callable[[Sequence[Any]], str]


class PageKid:
    """A connection: its rows in a frame for each of its parts that shows them, its cursors and its counts.

    `counts` says how many each key has in all, or why that is not known.
    """

    __slots__ = (
        "counts",
        "cuts",
        "earlier",
        "ends",
        "failed",
        "keys",
        "marks",
        "page",
        "relation",
        "selection",
        "shown",
        "shut",
    )

    def __init__(
        self,
        relation: Relation,
        keys: Sequence[Any],
        rows: Any,
        page: Page | None,
        earlier: bool,
        shut: Collection[Any],
        failed: Mapping[Any, Failed],
        counts: Mapping[Any, int] | Failed,
        cursor: MakeCursor,
    ) -> None:
        if relation.page is None:
            raise TypeError("The field is no connection.")
        self.relation = relation
        #: What is wanted of the connection.
        self.selection: PageSelection = relation.page
        self.keys = keys
        self.page = page
        self.earlier = earlier
        self.shut = shut
        self.failed = failed
        self.counts = counts
        self.shown: dict[int, Frame] = {}
        self.cuts: dict[Any, tuple[int, int, bool]] = {}
        self.marks: list[str] = []
        if rows is not None:
            self._cut(rows, cursor)

    def _cut(self, rows: Any, cursor: MakeCursor) -> None:
        """The rows of each parent's page, and whether more stand behind it."""
        first = self.page.first if self.page else 0
        keys = rows.keys
        places = _places(rows, keys)
        order: list[int] = []
        for key in dict.fromkeys(self.keys):
            found = places.get(key)
            if found is not None:
                start = len(order)
                order += found[:first]
                self.cuts[key] = (start, len(order), len(found) > first)
        selection = self.selection
        # Rows that came in the order of the page are taken as they are.
        whole = order == list(range(len(keys)))
        for part in selection.carriers:
            frame = frame_of(part.detail, rows, keys)
            self.shown[id(part)] = frame if whole else frame.taking(order)
        if selection.cursors and self.page is not None:
            frame = frame_of(selection.row, rows, keys)
            frame = frame if whole else frame.taking(order)
            columns = [frame.values(name) for name in self.page.cursor_columns]
            self.marks = [cursor(values) for values in zip(*columns, strict=True)]

    def frames(self) -> list[Frame]:
        """The frames that go on to the next wave."""
        return list(self.shown.values())

    def column(self) -> list[Any]:
        """The built connection of each parent."""
        if self.failed or isinstance(self.counts, Failed):
            raise Anomaly
        built = {id(part): self.shown[id(part)].build() for part in self.selection.carriers if id(part) in self.shown}
        column = [None if key is None or key in self.shut else self._connection(key, built) for key in self.keys]
        if self.relation.non_null and None in column:
            raise Anomaly
        return column

    def ref(self, n: int) -> Any:
        """One parent's connection: null, a Failed, or the kid itself with the parent's key."""
        key = self.keys[n]
        if key is None or key in self.shut:
            return None
        return self.failed.get(key) or (self, key)

    def _connection(self, key: Any, built: Mapping[int, list[Any]]) -> dict[str, Any]:
        start, end, _ = self.cuts.get(key, (0, 0, False))
        made: dict[str, Any] = {}
        for part in self.selection.parts:
            if part.name == "nodes":
                made[part.key] = built[id(part)][start:end] if end else []
            elif part.name == "edges":
                made[part.key] = [self.edge(part, n, built) for n in range(start, end)]
            else:
                made[part.key] = self.detail(part, key)
        return made

    def edge(self, edges: Part, n: int, built: Mapping[int, list[Any]]) -> dict[str, Any]:
        """The edge of a row."""
        return {
            part.key: built[id(part)][n] if part.name == "node" else self.mark(edges, part, n) for part in edges.detail
        }

    def mark(self, edges: Part, part: Part, n: int) -> str:
        """A row's cursor, or the name of its edge's type."""
        return self.marks[n] if part.name == "cursor" else edge_type(edges)

    def detail(self, part: Part, key: Any) -> Any:
        """What a connection says of itself: its count, where it stands, its type's name."""
        if part.name == "totalCount":
            return self.counts.get(key, 0) if isinstance(self.counts, Mapping) else self.counts
        if part.name == "pageInfo":
            return self._info(part.detail, key)
        return self.selection.type.name

    def _info(self, selection: Selection, key: Any) -> dict[str, Any]:
        start, end, more = self.cuts.get(key, (0, 0, False))
        marked = bool(self.marks) and end > start
        values = {
            "has_next_page": more,
            "has_previous_page": self.earlier,
            "start_cursor": self.marks[start] if marked else None,
            "end_cursor": self.marks[end - 1] if marked else None,
        }
        return {
            field.key: selection.type.name if isinstance(field, TypeName) else values[field.attribute]
            for field in selection.fields
            if isinstance(field, TypeName | Leaf)
        }


def _places(rows: Rows, keys: Sequence[Any]) -> Mapping[Any, Sequence[int]]:
    """Where each key's rows are."""
    if rows.runs is None:
        places: dict[Any, list[int]] = {}
        for n, key in enumerate(keys):
            places.setdefault(key, []).append(n)
        return places
    ends = [0, *accumulate(count for _, count in rows.runs)]
    return {key: range(start, start + count) for (key, count), start in zip(rows.runs, ends, strict=False)}


def edge_type(edges: Part) -> str:
    """The name of the type of a connection's edges."""
    of = edges.type
    while hasattr(of, "of_type"):
        of = of.of_type
    name: str = of.name
    return name
