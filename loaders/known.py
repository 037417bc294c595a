"""What one operation has read already: rows of students, courses, schools and terms that need not be asked for again.

Several fields of a document lead to the same student or course, and most of them come after a statement that has read
it for another field. A row is taken only where every wanted column of it was read.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from operator import itemgetter

from loaders.relations import Relations
from loaders.rows import Layout, Raw, Rows
from loaders.statement import Gives, Statement

Told = tuple[Rows, list[Raw]]


class Known:
    """The rows of one operation by entity and key; never shared between operations."""

    __slots__ = ("_found", "_new")

    def __init__(self) -> None:
        self._new: dict[str, list[tuple[Gives | Statement, Rows]]] = {}
        self._found: dict[str, dict[Hashable, list[Told]]] = {}

    def keep(self, statement: Statement, rows: Rows) -> None:
        """Take note of what a statement was answered, and of what its rows tell besides."""
        template = statement.template
        if template.entity is not None and statement.keys and template.key != ():
            self._new.setdefault(template.entity, []).append((statement, rows))
        if template.gives:
            self.add(template.gives, rows)

    def add(self, gives: Sequence[Gives], rows: Rows) -> None:
        """Take note of what some rows tell besides."""
        if rows.raw:
            columns, plain = rows.columns, rows.layout.plain
            for given in gives:
                if given.key in columns and given.there in plain:
                    self._new.setdefault(given.entity, []).append((given, rows))

    def answer(self, relations: Relations, statement: Statement, wanted: Sequence[str] | None) -> Rows | None:
        """The rows of all keys of the statement; None where those of one, or a wanted column, were not read."""
        entity = statement.template.entity
        if entity is None or not statement.keys:
            return None
        if entity in self._new:
            self._sort(entity)
        found = self._found.get(entity)
        if not found:
            return None
        layout = relations.render(statement, wanted).layout
        raw: list[Raw] = []
        of: Rows | None = None
        for key in statement.keys:
            for of, told in found.get(key, ()):
                pick = _picker(of.layout, layout)
                if pick is not None:
                    raw += map(pick, told)
                    break
            else:
                return None
        return None if of is None else Rows(layout, raw, of.as_of, of.stale)

    def _sort(self, entity: str) -> None:
        """Sort what was read of an entity since by its keys."""
        of_entity = self._found.setdefault(entity, {})
        for by, rows in self._new.pop(entity):
            if by.__class__ is Statement:
                groups = rows.groups()
                for key in by.keys:
                    of_entity.setdefault(key, []).append((rows, list(groups.get(key, ()))))
            elif isinstance(by, Gives):
                for key, of_key in _given(by, rows).items():
                    of_entity.setdefault(key, []).append((rows, list(of_key.values())))


def _given(given: Gives, rows: Rows) -> dict[Hashable, dict[Hashable, Raw]]:
    """The rows that tell an entity, by its key, and by what there may be several of."""
    layout, raw = rows.layout, rows.raw
    there = layout.plain.index(given.there)
    keys = layout.values(given.key, raw)
    each = keys if given.each is None else layout.values(given.each, raw)
    told: dict[Hashable, dict[Hashable, Raw]] = {}
    for key, one, row in zip(keys, each, raw, strict=True):
        if row[there] is not None:
            told.setdefault(key, {}).setdefault(one, row)
    return told


@lru_cache(maxsize=1024)
def _picker(given: Layout, wanted: Layout) -> Callable[[Raw], Raw] | None:
    """What makes a row of one layout of a row of the other; None where a cell of it does not stand there."""
    sources = {given.source(name): n for n, name in enumerate(given.plain)}
    places = [sources.get(wanted.source(name)) for name in wanted.plain]
    found = [place for place in places if place is not None]
    if len(found) < len(places):
        return None
    if len(found) == 1:
        place = found[0]
        return lambda row: (row[place],)
    return itemgetter(*found) if found else lambda row: ()
