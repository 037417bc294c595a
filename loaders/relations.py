"""Statements over relations, made into one engine's SQL."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import partial
from typing import Any

import orjson

from loaders.adapter import Adapter
from loaders.contract import RELATIONS, Column
from loaders.dialect import Dialect, bind, bind_set, member_of, null_of, placeholder
from loaders.errors import RelationIncomplete
from loaders.joined import Halves, Split
from loaders.rows import Layout
from loaders.statement import Statement, Template, Value

_TOKEN = re.compile(
    r"'(?:[^']|'')*'"  # a quoted text stands as it is
    r"|::"
    r"|(?P<verb>\bin\s+)?:(?P<param>[a-z_][a-z0-9_]*)"
    r"|\{(?P<relation>[a-z_]+)\}"
    r"|%",
    re.IGNORECASE,
)


#: How many rendered statements are kept: each template once for each set of columns that operations ask for.
RENDERED = 4096


class Cut(IntEnum):
    """How a statement keeps to the first rows of each key."""

    NOT = 0
    LIMIT = 1
    WINDOW = 2


Bind = Callable[[Mapping[str, Value], Any, int | None], list[Any]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One engine's SQL, how its parameters are bound, and how its rows are read."""

    sql: str
    bind: Bind
    layout: Layout


class Relations:
    """An adapter on one engine: turns statements into that engine's SQL.

    `columns` says which columns each relation really answers with, as found on the live database; the optional
    ones it lacks read as null.
    """

    def __init__(
        self,
        adapter: Adapter,
        dialect: Dialect,
        columns: Mapping[str, frozenset[str]] | None = None,
        *,
        zoned: bool = False,
    ) -> None:
        self.adapter = adapter
        self.dialect = dialect
        self.zoned = zoned
        self._columns = columns
        self._selects = {name: self._completed(name) for name in adapter.selects}
        self._rendered: dict[tuple[Any, ...], Rendered] = {}
        self._today = date.min
        self._bound_today: Any = None
        self._splits: dict[tuple[Any, ...], Split] = {}

    def provides(self, relation: str, column: str) -> bool:
        """Whether the source has this column of a relation, be it null in every row."""
        if relation not in self._selects:
            return False
        return self._columns is None or column in self._columns[relation]

    def render(self, statement: Statement, wanted: Sequence[str] | None = None) -> Rendered:
        """The SQL of a statement that answers with the wanted columns (None: all) and those of its key."""
        template = statement.template
        if statement.limit is None or template.short:
            cut = Cut.NOT
        elif template.lone is not None and len(statement.params[template.lone]) == 1:  # type: ignore[arg-type]
            cut = Cut.LIMIT
        else:
            cut = Cut.WINDOW
        at = (template, cut, wanted if wanted is None or wanted.__class__ is tuple else tuple(wanted))
        found = self._rendered.get(at)
        if found is None:
            if len(self._rendered) >= RENDERED:
                self._rendered.clear()
            found = self._rendered[at] = self._render(template, cut, wanted)
        return found

    def split(self, halves: Halves, wanted: Sequence[str] | None) -> Split:
        """The wanted columns of a join (None: all), parted between its halves."""
        at = (halves, None if wanted is None else tuple(wanted))
        found = self._splits.get(at)
        if found is None:
            if len(self._splits) >= RENDERED:
                self._splits.clear()
            found = self._splits[at] = halves.split(wanted)
        return found

    def values(self, rendered: Rendered, statement: Statement, today: date) -> list[Any]:
        """The statement's parameters as this engine takes them, in the order of its placeholders.

        `:today` and `:time_zone`, the source's, are there for every statement and every adapter's SELECT.
        """
        return rendered.bind(statement.params, self.day(today), statement.limit)

    def day(self, today: date) -> Any:
        """The day as this engine takes it."""
        if today is not self._today:
            self._today, self._bound_today = today, self._bound(today)
        return self._bound_today

    def _bound(self, value: Any) -> Any:
        return bind(self.dialect, value, self.adapter.time_zone, zoned=self.zoned)

    def _binder(self, params: Sequence[tuple[str, bool]]) -> Bind:
        """A function generated for these parameters and whether each is a set; names stand in it by their repr only."""
        ours = {"today": "today", "limit": "limit", "time_zone": repr(str(self.adapter.time_zone))}
        for name, a_set in params:
            # What an engine takes as it is needs no call.
            plain = f"(v if (v := p[{name!r}]).__class__ is int or v.__class__ is str else bound(v))"
            ours.setdefault(name, self._set(name) if a_set else plain)
        items = [ours[name] for name, _ in params]
        names: dict[str, Any] = {
            "bind_set": partial(bind_set, self.dialect),
            "bound": self._bound,
            "dumps": orjson.dumps,
        }
        exec(compile(f"def bind(p, today, limit):\n return [{', '.join(items)}]", "<bind>", "exec"), names)
        made: Bind = names["bind"]
        return made

    def _set(self, name: str) -> str:
        """Python source of a set as this engine takes it; a list on SQLite needs no call of `bind_set`."""
        general = f"bind_set(p[{name!r}])"
        if self.dialect is not Dialect.SQLITE:
            return general
        return f"(dumps(v).decode() if (v := p[{name!r}]).__class__ is list else {general})"

    def relation(self, name: str) -> str:
        """The relation as a derived table in parentheses."""
        try:
            return f"({self._selects[name]})"
        except KeyError:
            raise RelationIncomplete(f"Adapter {self.adapter.name} does not provide {name}.") from None

    def alone(self, name: str) -> tuple[str, tuple[str, ...]]:
        """A relation's own SELECT in this engine's SQL, and the names of its parameters."""
        return self.placed(self.relation(name)[1:-1])

    def placed(self, text: str) -> tuple[str, tuple[str, ...]]:
        """A text in this engine's SQL, and the names of its parameters, as often as each is bound."""
        sql, params = self._placed(text)
        return sql, tuple(param for param, _ in params)

    def _completed(self, name: str) -> str:
        """The adapter's SELECT, with nulls for the optional columns that it lacks."""
        select = self.adapter.selects[name]
        if self._columns is None:
            return select
        relation = RELATIONS[name]
        present = self._columns[name]
        if all(column.name in present for column in relation.columns):
            return select
        items = [
            f"given.{column.name}"
            if column.name in present
            else f"{null_of(self.dialect, column.kind, self._key_type(column))} as {column.name}"
            for column in relation.columns
        ]
        return f"select {', '.join(items)} from ({select}) as given"

    def _key_type(self, column: Column) -> str | None:
        return self.adapter.key_type(column.of) if column.of else None

    def _render(self, template: Template, cut: Cut, wanted: Sequence[str] | None) -> Rendered:
        shape = template.shape
        keys = (template.key,) if isinstance(template.key, str) else template.key
        names = shape.names if wanted is None else tuple(dict.fromkeys((*wanted, *keys)))
        plain = shape.needed(names)
        # The underscore keeps names out of the engines' reserved words; `key` is one of MySQL's.
        items = ", ".join(f"{shape.sql(name)} as {name}_" for name in plain)
        order = ", ".join(f"{term.sql}{' desc' if term.descending else ''}" for term in template.order)
        distinct = "distinct " if template.distinct else ""
        if cut is not Cut.WINDOW:
            text = f"select {distinct}{items} {template.body}" + (f"\norder by {order}" if order else "")
            if cut is Cut.LIMIT:
                text += "\nlimit :limit"
        else:
            by = ", ".join(shape.sql(key) for key in keys)
            text = (
                f"select {', '.join(f'cut.{name}_' for name in plain)} from (select {items}, "
                f"row_number() over (partition by {by} order by {order}) as nth {template.body}) as cut "
                "where cut.nth <= :limit order by cut.nth"
            )
        sql, params = self._placed(text)
        columns = tuple(name for name in shape.names if name in names)
        return Rendered(
            sql, self._binder(params), Layout(shape, plain, columns, keys, self.dialect, self.adapter.time_zone)
        )

    def _placed(self, text: str) -> tuple[str, list[tuple[str, bool]]]:
        """The text with relations in place and placeholders of this engine; the parameters, and which are sets."""
        params: list[tuple[str, bool]] = []
        positions: dict[str, int] = {}

        def place(found: re.Match[str]) -> str:
            if relation := found["relation"]:
                return _TOKEN.sub(place, self.relation(relation))
            name = found["param"]
            if name is None:
                escaped = self.dialect is Dialect.MYSQL
                return found.group().replace("%", "%%") if escaped else found.group()
            if self.dialect is Dialect.POSTGRESQL and name in positions:
                position = positions[name]
            else:
                params.append((name, found["verb"] is not None))
                position = positions[name] = len(params)
            if found["verb"]:
                return member_of(self.dialect, position)
            return placeholder(self.dialect, position)

        sql = _TOKEN.sub(place, text)
        return sql, params
