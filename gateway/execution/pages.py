"""Connections over rows: nodes and edges of the same rows, cut into the page of each parent."""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.execution.batches import Page
from gateway.execution.build import Frame, row_keys
from gateway.execution.leaves import Anomaly
from gateway.execution.plan import Leaf, PageSelection, Relation, Selection, TypeName


class PageKid:
    """A connection: its rows in the frames of its nodes and of its edges' nodes, its cursors and its counts."""

    __slots__ = (
        "columns",
        "counts",
        "cursor",
        "earlier",
        "edge_nodes",
        "key",
        "keys",
        "nodes",
        "page",
        "relation",
        "rows",
        "shut",
    )

    def __init__(
        self,
        relation: Relation,
        keys: Sequence[Any],
        rows: list[Any],
        columns: tuple[str, ...],
        key: tuple[int, ...],
        page: Page | None,
        cursor: Callable[[Sequence[Any]], str],
        shut: frozenset[Any],
        earlier: bool,
    ) -> None:
        self.relation = relation
        self.keys = keys
        self.key = key
        self.page = page
        self.cursor = cursor
        self.shut = shut
        self.earlier = earlier
        self.counts: dict[Any, int] = {}
        self.columns = columns
        self.rows = self._cut(rows)
        selection = self.selection
        self.nodes = Frame(selection.nodes, self._flat(), columns) if selection.nodes else None
        self.edge_nodes = Frame(selection.edge_nodes, self._flat(), columns) if selection.edge_nodes else None

    @property
    def selection(self) -> PageSelection:
        """What is wanted of the connection."""
        if self.relation.page is None:
            raise TypeError("The field is no connection.")
        return self.relation.page

    def frames(self) -> list[Frame]:
        """The frames that go on to the next wave."""
        return [frame for frame in (self.nodes, self.edge_nodes) if frame is not None]

    def _cut(self, rows: list[Any]) -> dict[Any, tuple[list[Any], bool]]:
        """The rows of each parent's page, and whether more stand behind it."""
        groups: dict[Any, list[Any]] = {}
        for row_key, row in zip(row_keys(rows, self.key), rows, strict=True):
            groups.setdefault(row_key, []).append(row)
        first = self.page.first if self.page else 0
        return {key: (found[:first], len(found) > first) for key, found in groups.items()}

    def _flat(self) -> list[Any]:
        return [row for found, _ in self.rows.values() for row in found]

    def column(self) -> list[Any]:
        """The built connection of each parent."""
        nodes = self._shares(self.nodes)
        edge_nodes = self._shares(self.edge_nodes)
        built = [None if key in self.shut else self._connection(key, nodes, edge_nodes) for key in self.keys]
        if self.relation.non_null and None in built:
            raise Anomaly
        return built

    def _shares(self, frame: Frame | None) -> dict[Any, list[Any]]:
        """The built nodes of each parent, out of the frame that holds them all."""
        if frame is None:
            return {}
        built = frame.build()
        shares: dict[Any, list[Any]] = {}
        at = 0
        for key, (rows, _) in self.rows.items():
            shares[key] = built[at : at + len(rows)]
            at += len(rows)
        return shares

    def _connection(self, key: Any, nodes: dict[Any, list[Any]], edge_nodes: dict[Any, list[Any]]) -> dict[str, Any]:
        rows, more = self.rows.get(key, ((), False))
        cursors = self._cursors(rows) if self.selection.cursors else []
        made: dict[str, Any] = {}
        for response_key, part, detail in self.selection.parts:
            if part == "nodes":
                made[response_key] = nodes.get(key, [])
            elif part == "edges":
                made[response_key] = self._edges(detail, len(rows), cursors, edge_nodes.get(key, []))
            elif part == "pageInfo":
                made[response_key] = self._info(detail, more, cursors)
            elif part == "totalCount":
                made[response_key] = self.counts.get(key, 0)
            else:
                made[response_key] = detail
        return made

    def _cursors(self, rows: Sequence[Any]) -> list[str]:
        if self.page is None:
            return []
        at = [self.columns.index(name) for name in self.page.cursor_columns]
        return [self.cursor([row[n] for n in at]) for row in rows]

    def _edges(self, parts: list[tuple[str, str]], count: int, cursors: list[str], nodes: list[Any]) -> list[Any]:
        return [
            {
                key: nodes[n] if part == "node" else cursors[n] if part == "cursor" else self._edge_type()
                for key, part in parts
            }
            for n in range(count)
        ]

    def _edge_type(self) -> str:
        return self.relation.definition.type.name.removesuffix("Connection") + "Edge"  # type: ignore[union-attr]

    def _info(self, selection: Selection, more: bool, cursors: list[str]) -> dict[str, Any]:
        values = {
            "has_next_page": more,
            "has_previous_page": self.earlier,
            "start_cursor": cursors[0] if cursors else None,
            "end_cursor": cursors[-1] if cursors else None,
        }
        return {
            field.key: selection.type.name if isinstance(field, TypeName) else values[field.attribute]
            for field in selection.fields
            if isinstance(field, TypeName | Leaf)
        }
