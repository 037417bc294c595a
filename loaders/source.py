"""The student information system as the resolvers see it: statements in, parsed rows out."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any, Protocol

from loaders.adapter import Adapter
from loaders.dialect import Dialect
from loaders.errors import SourceDown
from loaders.joined import Joined
from loaders.relations import Relations
from loaders.rows import Layout, Rows
from loaders.shared import SharedRows
from loaders.statement import Statement

Bound = tuple[str, Sequence[Any]]

REMEMBERED = 10_000
#: Some 100 MB at the most: a row takes 200 to 500 bytes.
SHARED_ROWS = 200_000


class Reads(Protocol):
    """A database that answers bound SQL on held connections, all statements of a call in one trip."""

    dialect: Dialect

    async def fetch(self, statements: Sequence[Bound], *, heavy: bool = False) -> list[list[Sequence[Any]]]:
        """The rows of each statement, `heavy` ones beside the loop; SourceDown where the database does not answer."""
        ...

    def at_once(self, statements: Sequence[Bound]) -> list[list[Sequence[Any]]] | None:
        """The rows of each statement, where they can be had without a wait; None where `fetch` must be asked."""
        ...

    def hold(self) -> bool:
        """Answer all that is asked until `release` at once, of one state of the database; False where that cannot be.

        What cannot be answered at once raises MustWait meanwhile.
        """
        ...

    def spent(self) -> bool:
        """Whether `hold` answers False only because this turn of the loop has read enough."""
        ...

    def release(self) -> None:
        """End what `hold` began."""
        ...

    async def soon(self) -> None:
        """Return when it may be worth while to `hold`."""
        ...

    def version(self) -> Hashable | None:
        """Something that changes with every commit, read without a wait; None where that is not known."""
        ...


class Source:
    """One student information system: its adapter, its database, and the date it is there.

    Statements that say who is who are remembered, so that a family still sees whose records are closed while the
    database is away; records are never answered from memory.
    """

    def __init__(
        self, relations: Relations, reads: Reads, now: Callable[[], datetime], *, shared_rows: int = SHARED_ROWS
    ) -> None:
        self.relations = relations
        #: The adapter that describes this source.
        self.adapter: Adapter = relations.adapter
        self.shared = SharedRows(shared_rows)
        #: What resolvers note of this source, each under a class of its own.
        self.notes: dict[type, Any] = {}
        #: How many orders of who may see what hold over it, which are kept elsewhere: part of its mark.
        self.orders = 0
        #: How often inboxes were seen to change, which are kept elsewhere: no part of its mark.
        self.inboxes = 0
        self.reads = reads
        self.down_since: datetime | None = None
        self.statements_sent = 0
        self.recalls = 0
        self._now = now
        self._remembered: OrderedDict[Any, tuple[Hashable | None, Rows]] = OrderedDict()
        self._marked: Hashable | None = None
        self._marked_until = 0.0
        self._today = date.min
        self._day_begins = self._day_ends = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The current instant, by the injected clock."""
        return self._now()

    def today(self) -> date:
        """Today's date where the district is."""
        return self._day(self._now())

    def _day(self, now: datetime) -> date:
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
        if version is None and monotonic() < self._marked_until:
            version = self._marked
        # What was answered from memory while the database was away must not pass for an answer of its present state.
        return None if version is None else (self.today(), version, self.recalls, self.orders)

    def marked(self, version: Hashable | None, seconds: float) -> None:
        """Take `version` for what a server vouches for, until it is told again; for no longer than twice `seconds`."""
        self._marked = version
        self._marked_until = monotonic() + 2 * seconds

    async def fetch(
        self,
        statements: Sequence[Statement | Joined],
        wanted: Sequence[Sequence[str] | None] | None = None,
        *,
        heavy: bool = False,
        mark: Hashable | None = None,
    ) -> list[Rows]:
        """The answers to all statements in one trip, in their order; SourceDown where the source is away.

        With the `mark` under which the operation began, rows that many students share, and who is who, come from memory
        where they were read under the same mark.
        """
        memory = self.shared if self.shared.serves(mark) else None
        now = self._now()
        trip = _Trip(self.relations, self._day(now), memory, mark)
        if memory is None and set(map(type, statements)) == {Statement}:
            return await self._plainly(trip, statements, wanted, now, heavy=heavy)  # type: ignore[arg-type]
        answers: list[Any] = []
        for n, statement in enumerate(statements):
            columns = None if wanted is None else wanted[n]
            if statement.__class__ is not Statement or (memory is not None and statement.template.shared is not None):
                answers.append(trip.ask(statement, columns))
            elif memory is not None and statement.template.remembered and self.reads.dialect is Dialect.SQLITE:
                # A server's mark is some seconds old: it may have gone away since, and that must be told.
                answers.append(self._known(trip, statement, columns, now))
            else:
                answers.append(trip.send(statement, columns))
        if trip.bound:
            await self._go(trip, now, heavy=heavy)
        rows = trip.rows
        return [
            rows[answer] if answer.__class__ is int else answer if answer.__class__ is Rows else answer()
            for answer in answers
        ]

    async def _plainly(
        self,
        trip: "_Trip",
        statements: Sequence[Statement],
        wanted: Sequence[Sequence[str] | None] | None,
        now: datetime,
        *,
        heavy: bool,
    ) -> list[Rows]:
        """The answers where all are read: the most usual trip, with the fewest calls."""
        relations, today = self.relations, self.relations.day(trip.today)
        trip.statements += statements
        for n, statement in enumerate(statements):
            rendered = relations.render(statement, None if wanted is None else wanted[n])
            trip.bound.append((rendered.sql, rendered.bind(statement.params, today, statement.limit)))
            trip.layouts.append(rendered.layout)
        if trip.bound:
            await self._go(trip, now, heavy=heavy)
        return trip.rows

    async def _go(self, trip: "_Trip", now: datetime, *, heavy: bool) -> None:
        self.statements_sent += len(trip.bound)
        found: Sequence[Sequence[Any]] | None = None if heavy else self.reads.at_once(trip.bound)
        if found is None:
            found = await self._fetched(trip, heavy=heavy)
        if found is not None:
            self._take(trip, found, now)

    def _known(self, trip: "_Trip", statement: Statement, wanted: Sequence[str] | None, now: datetime) -> Rows | int:
        """The last good answer, where it was read under the operation's mark; else where its answer will stand."""
        bound, layout = trip.bind(statement, wanted)
        kept = self._remembered.get(_place(statement, bound, trip.today))
        if kept is None or kept[0] != trip.mark:
            return trip.add(statement, bound, layout)
        # Another statement of the same SQL may read the same rows by another key.
        return Rows(layout, kept[1].raw, now)

    async def _fetched(self, trip: "_Trip", *, heavy: bool) -> Sequence[Sequence[Any]] | None:
        """What the database answers; None where it is away and every answer was recalled."""
        try:
            return await self.reads.fetch(trip.bound, heavy=heavy)
        except SourceDown:
            self.down_since = self.down_since or self._now().astimezone(UTC)
            sent = zip(trip.statements, trip.bound, trip.layouts, strict=True)
            trip.rows = [self._recall(statement, bound, layout, trip.today) for statement, bound, layout in sent]
            return None

    def _take(self, trip: "_Trip", found: Sequence[Sequence[Any]], as_of: datetime) -> None:
        self.down_since = None
        trip.rows = [Rows(layout, raw, as_of) for layout, raw in zip(trip.layouts, found, strict=True)]
        for n, statement in enumerate(trip.statements):
            if statement.limit is not None and statement.template.short:
                trip.rows[n] = _first(trip.rows[n], statement.limit)
            if statement.template.remembered:
                self._remember(_place(statement, trip.bound[n], trip.today), trip.rows[n], trip.mark)

    def _remember(self, place: Hashable, rows: Rows, mark: Hashable | None) -> None:
        self._remembered[place] = mark, rows
        self._remembered.move_to_end(place)
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _recall(self, statement: Statement, bound: Bound, layout: Layout, today: date) -> Rows:
        """The last good answer of the same day, marked stale; SourceDown where there is none."""
        self.recalls += 1
        kept = self._remembered.get(_place(statement, bound, today)) if statement.template.remembered else None
        if kept is None:
            raise SourceDown("The student information system does not answer.")
        rows = kept[1]
        return Rows(layout, rows.raw, rows.as_of, stale=True)


class _Trip:
    """The statements of one trip to the database, as they are sent, and how the answers are made of what comes back."""

    __slots__ = ("bound", "layouts", "mark", "memory", "relations", "rows", "statements", "today")

    def __init__(self, relations: Relations, today: date, memory: SharedRows | None, mark: Hashable | None) -> None:
        self.relations = relations
        self.today = today
        self.memory = memory
        self.mark = mark
        self.statements: list[Statement] = []
        self.bound: list[Bound] = []
        self.layouts: list[Layout] = []
        self.rows: list[Rows] = []

    def bind(self, statement: Statement, wanted: Sequence[str] | None) -> tuple[Bound, Layout]:
        """A statement as it is sent, and how its rows are read."""
        rendered = self.relations.render(statement, wanted)
        return (rendered.sql, self.relations.values(rendered, statement, self.today)), rendered.layout

    def add(self, statement: Statement, bound: Bound, layout: Layout) -> int:
        """Take a bound statement along; where its answer will stand."""
        self.statements.append(statement)
        self.bound.append(bound)
        self.layouts.append(layout)
        return len(self.bound) - 1

    def send(self, statement: Statement, wanted: Sequence[str] | None) -> int:
        """Take a statement along; where its answer will stand."""
        return self.add(statement, *self.bind(statement, wanted))

    def ask(self, statement: Statement | Joined, wanted: Sequence[str] | None) -> Callable[[], Rows]:
        """Take along what of a statement must be read; what its answer will be, once the trip is done."""
        if isinstance(statement, Joined):
            return self._joined(statement, wanted)
        if self.memory is not None and statement.template.shared is not None:
            return self._shared(self.memory, statement, wanted)
        at = self.send(statement, wanted)
        return lambda: self.rows[at]

    def _joined(self, joined: Joined, wanted: Sequence[str] | None) -> Callable[[], Rows]:
        split = self.relations.split(joined.halves, wanted)
        left = self.ask(joined.left, split.left)
        right = None if split.right is None else self.ask(joined.right, split.right)
        return lambda: joined.rows(split, left(), None if right is None else right())

    def _shared(self, memory: SharedRows, statement: Statement, wanted: Sequence[str] | None) -> Callable[[], Rows]:
        layout = self.relations.render(statement, wanted).layout
        place = memory.place(layout)
        known, missing = memory.find(place, statement.keys)
        read = self.send(statement.template.of(missing), wanted) if missing else None

        def rows() -> Rows:
            groups = known
            as_of = None
            if read is not None:
                found = self.rows[read]
                as_of = found.as_of
                kept = memory.keep(self.mark, place, missing, found)
                groups = {key: known.get(key) or kept.get(key, ()) for key in statement.keys}
            runs = [(key, len(group)) for key, group in groups.items() if group]
            return Rows(layout, [row for group in groups.values() for row in group], as_of, runs=runs)

        return rows


def _first(rows: Rows, limit: int) -> Rows:
    """The first rows of each key."""
    if limit == 1:
        keys = rows.layout.keys(rows.raw)
        first = dict(zip(reversed(keys), reversed(rows.raw), strict=True))
        if len(first) == len(keys):
            return rows
        runs = [(key, 1) for key in dict.fromkeys(keys)]
        return Rows(rows.layout, [first[key] for key, _ in runs], rows.as_of, rows.stale, runs)
    seen: Counter[Any] = Counter()
    kept = []
    for key, raw in zip(rows.layout.keys(rows.raw), rows.raw, strict=True):
        seen[key] += 1
        if seen[key] <= limit:
            kept.append(raw)
    return Rows(rows.layout, kept, rows.as_of, rows.stale)


def _place(statement: Statement, bound: Bound, today: date) -> tuple[Any, ...]:
    sql, values = bound
    return sql, statement.limit, today, *[tuple(value) if value.__class__ is list else value for value in values]
