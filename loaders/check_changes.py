"""The proof of how a source says which students have changed: by its adapter's changes.sql, by triggers, or not."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from loaders.contract import Kind
from loaders.errors import RelationIncomplete
from loaders.feed import Feed, changed_since, find_feed, last_mark
from loaders.plans import Scan, scans_of
from loaders.relations import Relations
from loaders.source import Reads, Source
from loaders.statement import Computed, Shape, Statement


@dataclass(frozen=True, slots=True)
class ChangesProof:
    """What was found: by what the source says who has changed, why that does not run, the tables that it reads in full.

    `triggers` says that there are none yet and that the adapter could have them.
    """

    name: str | None
    broken: str | None = None
    last: str | None = None
    scans: tuple[Scan, ...] = ()
    triggers: bool = False

    @property
    def verdict(self) -> str:
        """What an operator is told of it, with the remedy."""
        if self.broken is not None:
            return f"DOES NOT RUN: {self.broken}"
        remedy = "make the triggers that `homeroom triggers` prints" if self.triggers else None
        if self.name is None:
            return f"not told; each student is compared in turn{f', or {remedy}' if remedy else ''}"
        if not self.scans:
            return f"told by {self.name}, the last at {self.last}"
        scans = ", ".join(f"{scan.table} ({scan.rows})" for scan in self.scans)
        return (
            f"told by {self.name}, the last at {self.last}; SCANS {scans} at each look: make an index that begins with "
            f"the mark{f', or {remedy}' if remedy else ''}"
        )


async def prove_changes(relations: Relations, reads: Reads, today: date) -> ChangesProof:
    """The proof of what tells of changes, the adapter's own statement even where triggers are preferred to it."""
    adapter = relations.adapter
    instant = datetime.combine(today, time(12), UTC)
    source = Source(relations, reads, lambda: instant)
    feed = await find_feed(source)
    untold = bool(adapter.triggers) and (feed is None or not feed.swept)
    if feed is None:
        return ChangesProof(None, triggers=untold)
    try:
        if feed.swept and adapter.changes is not None:
            await changed_since(source, Feed("changes.sql", adapter.changes), None, 1)
        last = await last_mark(source, feed)
        await changed_since(source, feed, last, 1)
        return ChangesProof(feed.name, None, str(last or "no mark"), await _scans(source, feed), untold)
    except RelationIncomplete as error:
        return ChangesProof(feed.name, broken=f"changes.sql of adapter {adapter.name}: {error}")


async def _scans(source: Source, feed: Feed) -> tuple[Scan, ...]:
    """The tables that are read in full for what has changed in the last minutes."""
    if feed.swept:
        return ()
    mark = Kind.INSTANT if feed.changes.timed else Kind.INTEGER
    shape = Shape({"student_key": Computed("named.student_id", Kind.KEY), "mark": Computed("named.mark", mark)})
    since = datetime.now(UTC) - timedelta(minutes=5) if feed.changes.timed else 2**31 - 1
    statement = Statement(shape, f"from ({feed.changes.select}) as named", {"since": since}, key="student_key")
    return await scans_of(source.relations, source.reads, statement, source.today(), {})
