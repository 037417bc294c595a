"""The student information system as the resolvers see it: statements in, parsed rows out."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from loaders.adapter import Adapter
from loaders.dialect import Dialect
from loaders.errors import SourceDown
from loaders.relations import Relations
from loaders.rows import Rows
from loaders.statement import Statement

Bound = tuple[str, Sequence[Any]]

REMEMBERED = 10_000


class Reads(Protocol):
    """A database that answers bound SQL on held connections, all statements of a call in one trip."""

    dialect: Dialect

    async def fetch(self, statements: Sequence[Bound], *, heavy: bool = False) -> list[list[Sequence[Any]]]:
        """The rows of each statement, `heavy` ones beside the loop; SourceDown where the database does not answer."""
        ...

    def version(self) -> Hashable | None:
        """Something that changes with every commit, read without a wait; None where that is not known."""
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
        self._today = date.min
        self._day_begins = self._day_ends = datetime.min.replace(tzinfo=UTC)

    @property
    def adapter(self) -> Adapter:
        """The adapter that describes this source."""
        return self.relations.adapter

    def now(self) -> datetime:
        """The current instant, by the injected clock."""
        return self._now()

    def today(self) -> date:
        """Today's date where the district is."""
        now = self._now()
        if not self._day_begins <= now < self._day_ends:
            zone = self.adapter.time_zone
            self._today = now.astimezone(zone).date()
            self._day_begins = datetime.combine(self._today, time(), zone).astimezone(UTC)
            self._day_ends = datetime.combine(self._today + timedelta(days=1), time(), zone).astimezone(UTC)
        return self._today

    def mark(self) -> Hashable | None:
        """Something that equals an earlier one only if no statement would answer differently, today's date included.

        None where nothing vouches for that: an answer made then must not be given again.
        """
        if self.down_since is not None:
            return None
        version = self.reads.version()
        return None if version is None else (self.today(), version)

    async def fetch(
        self,
        statements: Sequence[Statement],
        wanted: Sequence[Sequence[str] | None] | None = None,
        *,
        heavy: bool = False,
    ) -> list[Rows]:
        """The answers to all statements in one trip, in their order; SourceDown where the source is away."""
        today = self.today()
        render, values = self.relations.render, self.relations.values
        rendered = (
            [render(statement) for statement in statements]
            if wanted is None
            else [render(statement, names) for statement, names in zip(statements, wanted, strict=True)]
        )
        bound = [(r.sql, values(r, s, today)) for r, s in zip(rendered, statements, strict=True)]
        self.statements_sent += len(bound)
        try:
            found = await self.reads.fetch(bound, heavy=heavy)
        except SourceDown:
            self.down_since = self.down_since or self._now().astimezone(UTC)
            return [self._recall(s, b, today) for s, b in zip(statements, bound, strict=True)]
        self.down_since = None
        as_of = self._now()
        answers = [Rows(r.layout, raw, as_of) for r, raw in zip(rendered, found, strict=True)]
        for n, statement in enumerate(statements):
            if statement.template.remembered:
                self._remember(bound[n], today, answers[n])
        return answers

    def _remember(self, bound: Bound, today: date, rows: Rows) -> None:
        place = _place(bound, today)
        self._remembered[place] = rows
        self._remembered.move_to_end(place)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _recall(self, statement: Statement, bound: Bound, today: date) -> Rows:
        """The last good answer of the same day, marked stale; SourceDown where there is none."""
        rows = self._remembered.get(_place(bound, today)) if statement.template.remembered else None
        if rows is None:
            raise SourceDown("The student information system does not answer.")
        return Rows(rows.layout, rows.raw, rows.as_of, stale=True)


def _place(bound: Bound, today: date) -> tuple[Any, ...]:
    sql, values = bound
    return sql, today, *(tuple(value) if value.__class__ is list else value for value in values)
