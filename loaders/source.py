"""The student information system as the resolvers see it: statements in, parsed rows out."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

from loaders.adapter import Adapter
from loaders.dialect import Dialect
from loaders.errors import SourceDown
from loaders.relations import Relations
from loaders.statement import Rows, Statement

Bound = tuple[str, Sequence[Any]]

REMEMBERED = 10_000


class Reads(Protocol):
    """A database that answers bound SQL on held connections, all statements of a call in one trip."""

    dialect: Dialect

    async def fetch(self, statements: Sequence[Bound], *, heavy: bool = False) -> list[list[Sequence[Any]]]:
        """The rows of each statement, `heavy` ones beside the loop; SourceDown where the database does not answer."""
        ...


class Source:
    """One student information system: its adapter, its database, and the date it is there.

    Statements that say who is who are remembered, so that a family still sees whose records are closed while the
    database is away; records are never answered from memory.
    """

    def __init__(self, relations: Relations, reads: Reads, now: Callable[[], datetime]) -> None:
        self.relations = relations
        self.reads = reads
        self.down_since: datetime | None = None
        self.statements_sent = 0
        self._now = now
        self._remembered: OrderedDict[Any, Rows] = OrderedDict()

    @property
    def adapter(self) -> Adapter:
        """The adapter that describes this source."""
        return self.relations.adapter

    def now(self) -> datetime:
        """The current instant, by the injected clock."""
        return self._now()

    def today(self) -> date:
        """Today's date where the district is."""
        return self._now().astimezone(self.adapter.time_zone).date()

    async def fetch(
        self,
        statements: Sequence[Statement],
        wanted: Sequence[Sequence[str] | None] | None = None,
        *,
        heavy: bool = False,
    ) -> list[Rows]:
        """The answers to all statements in one trip, in their order; SourceDown where the source is away."""
        today = self.today()
        columns = wanted or [None] * len(statements)
        rendered = [self.relations.render(s, w) for s, w in zip(statements, columns, strict=True)]
        bound = [(r.sql, self.relations.values(r, s, today)) for r, s in zip(rendered, statements, strict=True)]
        self.statements_sent += len(bound)
        try:
            found = await self.reads.fetch(bound, heavy=heavy)
        except SourceDown:
            self.down_since = self.down_since or self._now().astimezone(UTC)
            return [self._recall(s, w, today) for s, w in zip(statements, columns, strict=True)]
        self.down_since = None
        as_of = self._now().astimezone(UTC)
        answers = [
            Rows(r.columns, r.parse(raw), r.key, s.give, as_of)
            for r, s, raw in zip(rendered, statements, found, strict=True)
        ]
        for statement, names, rows in zip(statements, columns, answers, strict=True):
            if statement.remembered:
                self._remember(statement, names, today, rows)
        return answers

    def _remember(self, statement: Statement, wanted: Sequence[str] | None, today: date, rows: Rows) -> None:
        place = _place(statement, wanted, today)
        self._remembered[place] = rows
        self._remembered.move_to_end(place)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _recall(self, statement: Statement, wanted: Sequence[str] | None, today: date) -> Rows:
        """The last good answer of the same day, marked stale; SourceDown where there is none."""
        rows = self._remembered.get(_place(statement, wanted, today)) if statement.remembered else None
        if rows is None:
            raise SourceDown("The student information system does not answer.")
        return Rows(rows.columns, rows.rows, rows.key, rows.give, rows.as_of, stale=True)


def _place(statement: Statement, wanted: Sequence[str] | None, today: date) -> tuple[Any, ...]:
    params = tuple(
        (name, tuple(value) if isinstance(value, list | tuple | set | frozenset) else value)
        for name, value in sorted(statement.params.items())
    )
    return statement.body, statement.shape, params, None if wanted is None else tuple(wanted), today
