"""What the watcher compares: each student's grades as one text, and a mark that says whether anything can differ.

The text is made in the database: at 12 grades a student it is a fifth of the time of the rows in this process, and a
tenth of their memory. It is only ever compared with its own kind, so how an engine writes a number does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Protocol, runtime_checkable

from loaders.adapter import Adapter
from loaders.contract import GradeKind, Kind
from loaders.dialect import Dialect, gathered, whole_groups
from loaders.errors import RelationIncomplete
from loaders.source import Source
from loaders.statement import Computed, Key, Shape, Statement

BETWEEN, END = "\x1f", "\x1e"

# The letter is last, because it is the only one that could hold anything.
_COMPARED = ("grade.id", "grade.percent", "grade.points", "grade.points_possible", "grade.kind", "grade.letter")

# The grades that loaders.grades shows, less those in which nothing stands yet.
_WATCHED = """from {grade} as grade
join {enrollment} as enrollment on enrollment.student_id = grade.student_id
  and enrollment.section_id = grade.section_id
where grade.student_id in :student_ids and grade.released = 1
  and (grade.percent is not null or grade.letter is not null or grade.points is not null)
group by grade.student_id"""

# Two equal snapshots see the same transactions, whenever those got their numbers and their commit records. A standby
# leaves numbers out of its snapshots, but publishes how far it has replayed only after that can be seen.
_POSTGRESQL_MARK = "select cast(txid_current_snapshot() as text), cast(pg_last_wal_replay_lsn() as text)"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a family would call the grade: when one of these differs, the grade has changed."""

    percent: Decimal | None
    letter: str | None
    points: Decimal | None
    points_possible: Decimal | None
    kind: GradeKind


@runtime_checkable
class Versioned(Protocol):
    """A database that can tell whether anybody has written to it."""

    async def data_version(self) -> int | None:
        """A number that changes with every commit; None where the engine has none."""
        ...


@lru_cache
def _shape(dialect: Dialect) -> Shape:
    return Shape(
        {
            "student_key": Computed(f"{whole_groups(dialect)}grade.student_id", Kind.KEY),
            "grades": Computed("count(*)", Kind.INTEGER),
            "text": Computed(gathered(dialect, _COMPARED, BETWEEN, END), Kind.TEXT),
        }
    )


def watched_grades(dialect: Dialect, students: Sequence[Key]) -> Statement:
    """The grades of each student that families can see today as one text; a student without any has no row."""
    return Statement(_shape(dialect), _WATCHED, {"student_ids": students}, key="student_key")


async def read_watched(source: Source, students: Sequence[Key]) -> dict[Key, str]:
    """The text of each of these students, empty where there is no grade; refuses as the source does."""
    texts: dict[Key, str] = dict.fromkeys(students, "")
    if not source.adapter.has("grade", "enrollment"):
        return texts
    (rows,) = await source.fetch([watched_grades(source.relations.dialect, students)], heavy=True)
    for student, grades, text in rows.rows:
        if text.count(END) < grades:
            raise RelationIncomplete("The grades of a student are cut short: raise the server's group_concat_max_len.")
        texts[student] = text
    return texts


def read_standings(adapter: Adapter, text: str) -> Mapping[Key, Standing]:
    """The grades of a text by their keys; what cannot be read as a grade is left out."""
    found: dict[Key, Standing] = {}
    for record in text.split(END):
        parts = record.split(BETWEEN, len(_COMPARED) - 1)
        if len(parts) != len(_COMPARED):
            continue
        grade, percent, points, possible, kind, letter = parts
        key = adapter.parse_key("grade", grade)
        try:
            standing = Standing(_number(percent), letter or None, _number(points), _number(possible), GradeKind(kind))
        except (InvalidOperation, ValueError):
            continue
        if key is not None:
            found[key] = standing
    return found


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


def _number(text: str) -> Decimal | None:
    number = Decimal(text) if text else None
    if number is not None and not number.is_finite():
        raise ValueError("Not a number.")
    return number
