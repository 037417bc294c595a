"""Which students have changed, by the source's own word: its adapter's changes.sql, or the table that triggers fill.

Marks are given before their transactions commit, so that one with an earlier mark can come after one with a later: who
reads goes back by an overlap, and takes what was read already for known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from loaders.adapter import Changes
from loaders.dialect import Dialect, bind, placeholder
from loaders.errors import RelationIncomplete
from loaders.relations import Relations
from loaders.source import Reads, Source
from loaders.statement import Key

#: What triggers fill, where a district has made them: `homeroom triggers` prints how.
TABLE = "homeroom_change"

#: A mark as the database gives it: a number, a time without a zone, or on SQLite a time as text.
Mark = int | datetime | str


@dataclass(frozen=True, slots=True)
class Feed:
    """One way in which a source says what changed, by its name; what is old in a `swept` one goes."""

    name: str
    changes: Changes
    swept: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """That something changed of a student, and the mark of that."""

    student: Key
    mark: Mark


async def find_feed(source: Source) -> Feed | None:
    """The table of triggers where the source has one that can be read, else its adapter's changes; None for neither."""
    if source.adapter.triggers and await has_triggers(source.reads):
        # On PostgreSQL its marks are times.
        timed = source.relations.dialect is Dialect.POSTGRESQL
        return Feed(
            "triggers", Changes(f"select student_id, mark from {TABLE} where mark >= :since", timed), swept=True
        )
    return None if source.adapter.changes is None else Feed("changes.sql", source.adapter.changes)


async def has_triggers(reads: Reads) -> bool:
    """Whether the table that triggers fill is there and may be read."""
    try:
        await reads.fetch([(f"select mark, student_id from {TABLE} where 1 = 0", ())])
    except RelationIncomplete:
        return False
    return True


async def last_mark(source: Source, feed: Feed, upto: Mark | None = None) -> Mark | None:
    """The last mark that the source has, or has up to one; None where there is none. It may read whole tables."""
    return await _outermost(source, feed, "max", upto)


async def first_mark(source: Source, feed: Feed) -> Mark | None:
    """The first mark that the source still has; None where it has none."""
    return await _outermost(source, feed, "min")


async def changed_since(source: Source, feed: Feed, since: Mark | None, most: int) -> list[Named]:
    """Who changed, from a mark on, in the order of the marks: so many, and one more where there are more.

    RelationIncomplete where the statement does not run or does not answer as it should.
    """
    sql, params = source.relations.placed(
        f"select distinct student_id, mark from ({feed.changes.select}) as named order by mark, student_id "
        f"limit {most + 1}"
    )
    bound = _values(source.relations, feed, params, since, source.today())
    (rows,) = await source.reads.fetch([(sql, bound)], heavy=True)
    named = []
    for student, mark in rows:
        key = None if student is None else source.adapter.parse_key("student", str(student))
        if key is not None and mark is not None:
            named.append(Named(key, _mark(feed, mark)))
    return named


def local(source: Source, instant: datetime) -> Mark:
    """An instant as the mark that a clock of the source would give it."""
    mark: Mark = _bound(source.relations, instant)
    return mark


def written(mark: Mark) -> str:
    """A mark as text, to be kept."""
    return mark.isoformat() if isinstance(mark, datetime) else str(mark)


def read(source: Source, feed: Feed, text: str) -> Mark | None:
    """A mark that was kept; None for what is none of this feed."""
    try:
        if not feed.changes.timed:
            return int(text)
        return text if source.relations.dialect is Dialect.SQLITE else datetime.fromisoformat(text)
    except ValueError:
        return None


async def _outermost(source: Source, feed: Feed, aggregate: str, upto: Mark | None = None) -> Mark | None:
    sql, params = source.relations.placed(f"select {aggregate}(mark) from ({feed.changes.select}) as named")
    bound = _values(source.relations, feed, params, None, source.today())
    if upto is not None:
        place = placeholder(source.relations.dialect, len(set(params)) + 1)
        sql, bound = f"{sql} where mark <= {place}", [*bound, upto]
    ((row,),) = await source.reads.fetch([(sql, bound)], heavy=True)
    return None if row[0] is None else _mark(feed, row[0])


def _values(relations: Relations, feed: Feed, params: Sequence[str], since: Mark | None, today: date) -> list[object]:
    unknown = sorted(set(params) - {"since", "today"})
    if unknown:
        raise RelationIncomplete(f"changes.sql asks for :{', :'.join(unknown)}; only :since and :today are bound.")
    if since is None:
        since = _bound(relations, datetime(1970, 1, 2, tzinfo=UTC)) if feed.changes.timed else -1
    day = bind(relations.dialect, today, relations.adapter.time_zone, zoned=relations.zoned)
    return [since if param == "since" else day for param in params]


def _bound(relations: Relations, instant: datetime) -> Mark:
    mark: Mark = bind(relations.dialect, instant, relations.adapter.time_zone, zoned=relations.zoned)
    return mark


def _mark(feed: Feed, value: object) -> Mark:
    """RelationIncomplete for what is no mark of this feed."""
    timed = isinstance(value, datetime | str)
    if isinstance(value, bool) or timed != feed.changes.timed or not isinstance(value, datetime | str | int):
        kind = "time" if feed.changes.timed else "number"
        raise RelationIncomplete(f"changes.sql answers with a mark that is no {kind}: correct `[changes]`.")
    return value
