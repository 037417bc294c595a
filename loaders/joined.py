"""Rows put together here and not in the database: what many students share, and what is one student's own.

A section's assignments are the same for everybody in it, the scores are not. Joined by the database they are read anew
for each student, and some engines make a joined relation whole before they look at its keys. Read apart, each statement
goes by its own index, and what is shared can be remembered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loaders.rows import Layout, Raw, Rows
from loaders.statement import Order, Shape, Statement


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """What a join is made of, whatever its keys.

    A raw row of `shape` is the cells of `own`, which are parts of the level's key, then those of the shared half
    (columns of `left`), then those of the student's (columns of `right`). `left_needs` and `right_needs` are the
    columns that joining itself takes. It gives the rows key by key, and how many each key has.
    """

    shape: Shape
    key: tuple[str, ...]
    order: tuple[Order, ...]
    own: tuple[str, ...]
    left: Shape
    left_needs: tuple[str, ...]
    right: Shape
    right_needs: tuple[str, ...]
    join: Callable[["Joined", Rows, Rows | None], tuple[list[Raw], list[tuple[Any, int]]]]

    def split(self, wanted: Sequence[str] | None) -> "Split":
        """The wanted columns (None: all), parted between the halves."""
        names = self.shape.names if wanted is None else tuple(dict.fromkeys((*wanted, *self.key)))
        plain = self.shape.needed(names)
        right = [name for name in plain if name in self.right.columns]
        return Split(
            tuple(name for name in self.shape.names if name in names),
            tuple(dict.fromkeys([*(name for name in plain if name in self.left.columns), *self.left_needs])),
            tuple(dict.fromkeys([*right, *self.right_needs])) if right else None,
        )


@dataclass(slots=True)
class Split:
    """The columns that an operation wants of a join: of the whole, and of each half; the right one may be unwanted."""

    columns: tuple[str, ...]
    left: tuple[str, ...]
    right: tuple[str, ...] | None
    layout: Layout | None = None


class Joined:
    """A statement in two halves, `left` shared and `right` the students' own, for the keys of a level."""

    __slots__ = ("absent", "halves", "keys", "left", "limit", "right")

    def __init__(
        self, halves: Halves, left: Statement, right: Statement, keys: Sequence[Any], limit: int | None = None
    ) -> None:
        self.halves = halves
        self.left = left
        self.right = right
        self.keys = keys
        self.limit = limit
        self.absent: Exception | None = None

    @property
    def shape(self) -> Shape:
        """The columns it can answer with."""
        return self.halves.shape

    @property
    def order(self) -> tuple[Order, ...]:
        """The order of each key's rows."""
        return self.halves.order

    def cut(self, limit: int) -> "Joined":
        """The first rows of each key."""
        return Joined(self.halves, self.left, self.right, self.keys, limit)

    def rows(self, split: Split, left: Rows, right: Rows | None) -> Rows:
        """The rows of both halves put together."""
        if split.layout is None:
            cells = (*self.halves.own, *left.layout.plain, *(right.layout.plain if right is not None else ()))
            split.layout = left.layout.of(self.halves.shape, cells, split.columns, self.halves.key)
        raw, runs = self.halves.join(self, left, right)
        return Rows(split.layout, raw, left.as_of, left.stale, runs)
