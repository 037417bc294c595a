"""A mark of the source that says whether anything in it can differ."""

from typing import Protocol, runtime_checkable

from loaders.dialect import Dialect
from loaders.errors import RelationIncomplete
from loaders.source import Source

# Two equal snapshots see the same transactions, whenever those got their numbers and their commit records. A standby
# leaves numbers out of its snapshots, but publishes how far it has replayed only after that can be seen.
_POSTGRESQL_MARK = "select cast(txid_current_snapshot() as text), cast(pg_last_wal_replay_lsn() as text)"


@runtime_checkable
class Versioned(Protocol):
    """A database that can tell whether anybody has written to it."""

    async def data_version(self) -> int | None:
        """A number that changes with every commit; None where the engine has none."""
        ...


async def read_mark(source: Source) -> object | None:
    """Something that equals an earlier one only if no statement would answer differently; None where nothing does.

    It must be read before what it vouches for. MariaDB and MySQL have none that could be trusted: the time of a
    table's last update is in whole seconds, and their counters move before the commit.
    """
    today = source.today()
    match source.relations.dialect:
        case Dialect.SQLITE:
            version = await source.reads.data_version() if isinstance(source.reads, Versioned) else None
            return None if version is None else (today, version)
        case Dialect.POSTGRESQL:
            try:
                ((row,),) = await source.reads.fetch([(_POSTGRESQL_MARK, ())])
            except RelationIncomplete:
                return None
            return (today, *row)
        case Dialect.MYSQL:
            return None
