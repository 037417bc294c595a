"""What one operation has read already: rows of students, courses, schools and terms that need not be asked for again.

Several fields of a document lead to the same student or course, and most of them come after a statement that has read
it for another field. A row is taken only where every wanted column of it was read.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import lru_cache

from loaders.relations import Relations
from loaders.rows import Layout, Raw, Rows
from loaders.statement import Gives, Statement

Places = tuple[int, ...]
Told = tuple[Rows, list[Raw]]


class Known:
    """The rows of one operation by entity and key; never shared between operations."""

    __slots__ = ("_asked", "_found", "_new")

    def __init__(self) -> None:
        self._new: list[tuple[Gives, Rows]] = []
        self._asked: list[tuple[Statement, Rows]] = []
        self._found: dict[str, dict[Hashable, list[Told]]] = defaultdict(dict)

    def keep(self, statement: Statement, rows: Rows) -> None:
        """Take note of what a statement was answered, and of what its rows tell besides."""
        if statement.template.entity is not None and statement.keys:
            self._asked.append((statement, rows))
        self.add(statement.template.gives, rows)

    def add(self, gives: Sequence[Gives], rows: Rows) -> None:
        """Take note of what some rows tell besides."""
        if gives and rows.raw:
            columns, plain = rows.columns, rows.layout.plain
            self._new += [(given, rows) for given in gives if given.key in columns and given.there in plain]

    def answer(self, relations: Relations, statement: Statement, wanted: Sequence[str] | None) -> Rows | None:
        """The rows of all keys of the statement; None where those of one, or a wanted column, were not read."""
        entity = statement.template.entity
        if entity is None or not statement.keys:
            return None
        if self._new or self._asked:
            self._sort()
        found = self._found.get(entity)
        if not found:
            return None
        layout = relations.render(statement, wanted).layout
        raw: list[Raw] = []
        of: Rows | None = None
        for key in statement.keys:
            for of, told in found.get(key, ()):
                places = _places(of.layout, layout)
                if places is not None:
                    raw += [tuple([row[place] for place in places]) for row in told]
                    break
            else:
                return None
        return None if of is None else Rows(layout, raw, of.as_of, of.stale)

    def _sort(self) -> None:
        """Sort what was read since by its keys."""
        for given, rows in self._new:
            layout, raw = rows.layout, rows.raw
            there = layout.plain.index(given.there)
            keys = layout.values(given.key, raw)
            each = keys if given.each is None else layout.values(given.each, raw)
            told: dict[Hashable, dict[Hashable, Raw]] = {}
            for key, one, row in zip(keys, each, raw, strict=True):
                if row[there] is not None:
                    told.setdefault(key, {}).setdefault(one, row)
            of_entity = self._found[given.entity]
            for key, of_key in told.items():
                of_entity.setdefault(key, []).append((rows, list(of_key.values())))
        self._new.clear()
        for statement, rows in self._asked:
            entity = statement.template.entity
            if entity is None or statement.template.key == ():
                continue
            of_entity = self._found[entity]
            groups = rows.groups()
            for key in statement.keys:
                of_entity.setdefault(key, []).append((rows, list(groups.get(key, ()))))
        self._asked.clear()


@lru_cache(maxsize=1024)
def _places(given: Layout, wanted: Layout) -> Places | None:
    """Where the cells of one layout stand in the rows of another; None where one of them does not."""
    sources = {given.source(name): n for n, name in enumerate(given.plain)}
    places = [sources.get(wanted.source(name)) for name in wanted.plain]
    return None if None in places else tuple(place for place in places if place is not None)
