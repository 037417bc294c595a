"""Calls of batch resolvers: what a wave asks of one resolver, and what that came to for every place that asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.execution.batches import Asked, BatchSpec
from gateway.execution.build import Frame, frame_of
from gateway.execution.kids import RowsKid, spots_of
from gateway.execution.leaves import Failed
from gateway.execution.pages import MakeCursor, PageKid
from gateway.execution.plan import Relation

_NONE: dict[Any, Failed] = {}
_OPEN: frozenset[Any] = frozenset()


class KeyUnasked(Exception):
    """Rows came back for a key that nobody asked for: a str for an int, or somebody else's record."""

    code = "KEY_UNASKED"


class Use:
    """One place of a wave where a batch field is asked: its frame, and its keys."""

    __slots__ = ("frame", "keys", "relation")

    def __init__(self, frame: Frame, relation: Relation, keys: Sequence[Any]) -> None:
        self.frame = frame
        self.relation = relation
        self.keys = keys


class Call:
    """One call of a batch resolver for a wave, whatever places ask it.

    It is made of two halves: `ask`, before anything is read, says which statements to run; `answered` takes what they
    came to. Nothing is raised that belongs to one place: it stands there as Failed.

    What it came to is rows with the key of each, values by key, nothing, or a failure, for the `keys` that were not
    read before; where there were none, it has not `asked`.
    """

    __slots__ = (
        "args",
        "asked",
        "columns",
        "count_at",
        "counts",
        "crossed",
        "failure",
        "keys",
        "row_keys",
        "rows",
        "rows_at",
        "shut",
        "spec",
        "uses",
        "values",
    )

    def __init__(self, spec: BatchSpec, args: Mapping[str, Any], use: Use) -> None:
        self.spec = spec
        self.args = args
        self.uses = [use]
        self.rows_at: int | None = None
        self.count_at: int | None = None
        self.counts: Mapping[Any, int] | Exception | None = None
        self.keys: Sequence[Any] = ()
        self.columns: Sequence[str] | None = None
        self.asked: Asked | None = None
        self.shut: frozenset[Any] = _OPEN
        self.rows: Any = None
        self.row_keys: list[Any] = []
        self.values: dict[Any, Any] | None = None
        self.failure: Exception | None = None
        self.crossed = False

    def serves(self, wanted: Sequence[str] | None) -> bool:
        """Whether its rows have the columns that another place wants."""
        return self.columns is None or (wanted is not None and set(wanted) <= set(self.columns))

    def whole(self) -> bool:
        """Whether nothing was withheld and nothing failed."""
        return self.failure is None and not self.shut

    def wanted(self) -> Sequence[str] | None:
        """The columns that any of the places needs; None where one needs whole objects."""
        if any(use.relation.whole for use in self.uses):
            return None
        return list(dict.fromkeys(name for use in self.uses for name in use.relation.wanted or ()))

    def within(self) -> bool:
        """Whether what it comes to may get into values that are told again, in this wave or in a later one."""
        return any(use.relation.within or use.relation.again for use in self.uses)

    async def ask(self, context: Any, known: Sequence["Call"], statements: list[Any], wanted: list[Any]) -> None:
        """Ask for the keys that were not read before; its statements join those of the wave."""
        uses = self.uses
        lone = len(uses) == 1
        columns: Sequence[str] | None
        if lone:
            relation = uses[0].relation
            found = dict.fromkeys(uses[0].keys)
            columns = None if relation.whole else relation.wanted
        else:
            found = dict.fromkeys([key for use in uses for key in use.keys])
            columns = self.wanted()
        found.pop(None, None)
        for read in known:
            if read.serves(columns):
                for key in read.keys:
                    found.pop(key, None)
        if not found:
            return
        self.keys = keys = list(found)
        self.columns = columns
        try:
            self.asked = asked = await self.spec.ask(context, keys, columns, self.args)
        except Exception as failure:
            self.failure = failure
            return
        self.shut = asked.shut
        if asked.values is not None:
            try:
                self.values = dict(zip(asked.keys, asked.values, strict=True))
            except Exception as failure:
                self.failure = failure
            return
        if asked.rows is not None:
            self._take(asked.rows)
            if any(use.relation.page is not None and use.relation.page.counted for use in uses):
                try:
                    self.counts = await asked.counted()
                except Exception as failure:
                    self.counts = failure
            return
        if lone and uses[0].relation.page is None:
            if asked.statement is not None:
                self.rows_at = len(statements)
                statements.append(asked.statement)
                wanted.append(columns)
            return
        pages = [use.relation.page for use in uses if use.relation.page is not None]
        listed, marked, counted = not pages, False, False
        for page in pages:
            listed = listed or page.rows or not page.counted
            marked = marked or page.cursors
            counted = counted or page.counted
        if asked.statement is not None and listed:
            self.rows_at = len(statements)
            statements.append(asked.statement)
            if columns is not None and asked.page is not None and marked:
                columns = [*columns, *asked.page.cursor_columns]
            wanted.append(columns)
        if asked.page is not None and counted:
            self.count_at = len(statements)
            statements.append(asked.count)
            wanted.append(None)

    def answered(self, results: Sequence[Any]) -> Any:
        """Take the wave's results: rows, or the exception that stands for them; what its count came to."""
        if self.rows_at is None and self.count_at is None:
            return self.counts
        rows = results[self.rows_at] if self.rows_at is not None else None
        counts = results[self.count_at] if self.count_at is not None else None
        if counts is None and not isinstance(rows, Exception):
            self._take(rows)
            return None
        if isinstance(rows, Exception) or isinstance(counts, Exception):
            for failure in (rows, counts):
                if isinstance(failure, Exception) and self.spec.withheld(failure):
                    self.shut = frozenset(self.keys)
                    return None
        if isinstance(rows, Exception):
            self.failure = rows
        elif self.rows_at is None and isinstance(counts, Exception):
            self.failure = counts  # nothing else was read of the connection
        elif rows is not None:
            self._take(rows)
        return counts

    def _take(self, rows: Any) -> None:
        self.rows = rows
        asked: Any = self.asked
        try:
            self.row_keys = rows.keys
            keys = frozenset(asked.keys)
            if not keys.issuperset(self.row_keys if rows.runs is None else [key for key, _ in rows.runs]):
                self._check(keys)
        except Exception as failure:  # a key that cannot be read
            self.failure = failure

    def _check(self, keys: frozenset[Any]) -> None:
        """Refuse rows whose key nobody asked for.

        A key of several columns is asked for column by column, so its rows may pair them otherwise; these are dropped.
        """
        self.crossed = isinstance(self.row_keys[0], tuple)
        if not self.crossed or any(
            not frozenset(known).issuperset(found)
            for known, found in zip(zip(*keys, strict=True), zip(*self.row_keys, strict=True), strict=True)
        ):
            field = self.uses[0].relation
            raise KeyUnasked(f"The rows of {field.parent}.{field.name} have a key that was not asked for.")

    def page(self, use: Use, counts: Any, cursor: MakeCursor) -> PageKid:
        """The connection of one place."""
        if not self.keys:
            return PageKid(use.relation, use.keys, None, None, False, (), _NONE, {}, cursor)
        asked = self.asked
        totals: Mapping[Any, int] | Failed = {}
        if isinstance(counts, Exception):
            totals = Failed(counts)
        elif isinstance(counts, Mapping):
            totals = counts
        elif counts is not None:
            totals = _totals(use.relation, counts)
        failed = _NONE if self.failure is None else dict.fromkeys(self.keys, Failed(self.failure))
        rows = None if failed else self.rows
        page, earlier = (None, False) if asked is None else (asked.page, asked.earlier)
        return PageKid(use.relation, use.keys, rows, page, earlier, self.shut, failed, totals, cursor)

    def answer(self, use: Use, reads: Sequence["Call"]) -> RowsKid | None:
        """One place answered by rows alone, all of one read; None where it takes values, or several reads."""
        relation = use.relation
        if len(reads) != 1 or relation.leaf or len(relation.children) != 1:
            return None
        read = reads[0]
        if read.values is not None:
            return None
        if read.failure is not None or read.rows is None:
            failed = _NONE if read.failure is None else dict.fromkeys(read.keys, Failed(read.failure))
            return RowsKid(relation, use.keys, Frame(relation.child, []), read.shut, failed)
        if read is self and len(self.uses) == 1 and not self.crossed:
            frame = Frame(relation.child, self.rows.raw, self.rows.layout, self.row_keys)
        else:
            frame = frame_of(relation.child, read.rows, read.row_keys, frozenset(use.keys))
        statement = None if read.asked is None else read.asked.statement
        absent = _NONE if statement is None or statement.absent is None else _absent(read, relation)
        return RowsKid(relation, use.keys, frame, read.shut, absent)


def _totals(relation: Relation, counts: Any) -> Mapping[Any, int]:
    if relation.page is None:
        raise TypeError("The field is no connection.")
    keys = counts.keys
    return dict(zip(keys, frame_of(relation.page.row, counts, keys).values("total"), strict=True))


def valued(use: Use, reads: Sequence[Call]) -> list[Any]:
    """The value of each key of one place, of whatever kind: values, spots of rows, nulls and Failed."""
    relation = use.relation
    found: dict[Any, Any] = {}
    for read in reads:
        if read.values is not None:
            found.update(read.values)
            continue
        shut = read.shut
        missing: Any = [] if relation.many else None
        if read.failure is not None:
            missing = Failed(read.failure)
        found.update({key: None if key in shut else missing for key in read.keys})
        if read.failure is None and read.rows is not None:
            spots = spots_of(frame_of(relation.child, read.rows, read.row_keys, frozenset(use.keys)))
            found.update({key: at if relation.many else at[0] for key, at in spots.items()})
            found.update(_absent(read, relation))
    return [None if key is None else found.get(key) for key in use.keys]


def _absent(read: Call, relation: Relation) -> Mapping[Any, Failed]:
    """The keys without a row, where their statement has a refusal for them."""
    asked: Any = read.asked
    refusal = asked.statement.absent if asked is not None and asked.statement is not None else None
    if refusal is None or relation.many:
        return _NONE
    there = frozenset(read.row_keys) | read.shut
    return {key: Failed(refusal) for key in read.keys if key not in there}
