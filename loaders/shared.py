"""What many students share, kept for as long as the source has not changed: rows by key, bounded, least used out first.

Only statements whose rows depend on nothing but their key and the day are kept: a section's assignments, categories and
teachers, terms, schools. Never a row of one student, and never anything that depends on who asks.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from loaders.rows import Raw, Rows

Group = tuple[Raw, ...]

#: How many statements have a place before all of them are forgotten.
STATEMENTS = 8192


class SharedRows:
    """Raw rows by statement and key, all read under one mark of the source; another mark empties it.

    It holds at most `most` rows, and at most as many keys; with 0 it holds nothing.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.found = 0
        self.missed = 0
        self._mark: Hashable = None
        self._groups: OrderedDict[tuple[int, Any], Group] = OrderedDict()
        self._rows = 0
        self._statements: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return self._rows

    def serves(self, mark: Hashable | None) -> bool:
        """Whether it can be asked under this mark; it lets go of everything that was read under another."""
        if mark is None or not self.most:
            return False
        if mark != self._mark:
            self._groups.clear()
            self._rows = 0
            self._mark = mark
        return True

    def place(self, statement: Hashable) -> int:
        """A number that stands for a statement with its columns."""
        if len(self._statements) >= STATEMENTS:
            self._statements.clear()
            self._groups.clear()
            self._rows = 0
        return self._statements.setdefault(statement, len(self._statements))

    def find(self, place: int, keys: Sequence[Any]) -> tuple[dict[Any, Group], list[Any]]:
        """The rows of those keys that are known, and the keys that are not."""
        groups = self._groups
        known: dict[Any, Group] = {}
        missing: list[Any] = []
        for key in keys:
            at = (place, key)
            group = groups.get(at)
            if group is None:
                missing.append(key)
            else:
                groups.move_to_end(at)
                known[key] = group
        self.found += len(known)
        self.missed += len(missing)
        return known, missing

    def keep(self, mark: Hashable, place: int, keys: Iterable[Any], rows: Rows) -> dict[Any, Group]:
        """Keep what was just read for these keys, those without rows included; what each of them has."""
        lists: dict[Any, list[Raw]] = {key: [] for key in keys}
        for key, row in zip(rows.layout.keys(rows.raw), rows.raw, strict=True):
            if key in lists:
                lists[key].append(row)
        made = {key: tuple(group) for key, group in lists.items()}
        # What was read while another mark came up may be older than that mark.
        if mark == self._mark:
            for key, group in made.items():
                self._drop((place, key))
                self._groups[place, key] = group
                self._rows += len(group) + 1
            while self._rows > self.most:
                self._drop(next(iter(self._groups)))
        return made

    def _drop(self, at: tuple[int, Any]) -> None:
        group = self._groups.pop(at, None)
        if group is not None:
            self._rows -= len(group) + 1
