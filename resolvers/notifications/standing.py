"""What stands there now of the things that are to be told, read anew: the log and the notices hold no content."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import orjson

from loaders import assignments, attendance, courses, documents, grades
from loaders.adapter import Adapter
from loaders.contract import AttendanceExcuse, AttendanceStatus, GradeKind
from loaders.ids import node_id
from loaders.scores import ScoreFlag, ScoreState
from loaders.source import Source
from loaders.statement import Key
from resolvers.documents import ISSUED
from resolvers.notifications.rules import NotificationKind

_DONE = frozenset({ScoreFlag.TURNED_IN, ScoreFlag.EXEMPT, ScoreFlag.MISSING})

#: The entities whose keys name a thing of each kind within its owner, as the change log names it.
PARTS: Mapping[NotificationKind, tuple[str, ...]] = {
    NotificationKind.GRADE_POSTED: ("grade",),
    NotificationKind.GRADE_CROSSED: ("grade",),
    NotificationKind.ASSIGNMENT_SCORED: ("section", "assignment"),
    NotificationKind.MISSING_WORK: ("section", "assignment"),
    NotificationKind.DUE_SOON: ("section", "assignment"),
    NotificationKind.ATTENDANCE: ("date", "period"),
    NotificationKind.DOCUMENT: ("document",),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing of a kind's, by its student's key and its own."""

    kind: NotificationKind
    student: Key
    keys: tuple[Key | date, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands there of one thing: its id for clients, and what can be told of it.

    `facts` are what makes it other than it was. `corrects` says that it takes an earlier one's place.
    """

    id: str | None
    facts: tuple[str, ...]
    title: str | None = None
    course: str | None = None
    day: date | None = None
    percent: Decimal | None = None
    points: Decimal | None = None
    points_possible: Decimal | None = None
    letter: str | None = None
    grade_kind: GradeKind | None = None
    score_state: ScoreState | None = None
    missing: bool = False
    open_work: bool = False
    status: AttendanceStatus | None = None
    excuse: AttendanceExcuse | None = None
    period: str | None = None
    corrects: bool = False


def entity(*keys: object) -> str:
    """A thing's name within its owner, as the change log writes it."""
    return orjson.dumps([str(key) for key in keys]).decode()


def thing_of(adapter: Adapter, kind: NotificationKind, student_id: str, name: str) -> Thing | None:
    """The thing of that name; None for one that cannot be of this source."""
    try:
        texts = orjson.loads(name)
        student = adapter.parse_key("student", student_id)
        keys = [_key(adapter, part, text) for part, text in zip(PARTS[kind], texts, strict=True)]
    except (ValueError, TypeError):
        return None
    known = [key for key in keys if key is not None]
    return None if student is None or len(known) != len(keys) else Thing(kind, student, tuple(known))


async def read_standings(source: Source, things: Iterable[Thing]) -> dict[Thing, Standing]:
    """What stands there of each of these things, read now; nothing of one that is gone, or not for families to see."""
    of: dict[str, list[Thing]] = {}
    for thing in things:
        of.setdefault(PARTS[thing.kind][-1], []).append(thing)
    found: dict[Thing, Standing] = {}
    for entity_name, read in _READERS.items():
        if asked := of.get(entity_name):
            by_keys = await read(source, list({(thing.student, *thing.keys) for thing in asked}))
            found |= {thing: by_keys[key] for thing in asked if (key := (thing.student, *thing.keys)) in by_keys}
    return found


Keys = tuple[Key | date, ...]


async def _grades(source: Source, keys: Sequence[Keys]) -> dict[Keys, Standing]:
    names = ("student_key", "grade_key", "section_key", "kind", "percent", "letter", "points", "points_possible", "id")
    pairs = [(_a_key(key[0]), _a_key(key[1])) for key in keys]
    (rows,) = await source.fetch([grades.grades(pairs)], [list(names)])
    found = rows.layout.several(names, rows.raw)
    titles = await _titles(source, [(row[0], row[2]) for row in found])
    return {
        (row[0], row[1]): Standing(
            id=row[8],
            facts=_texts(row[3].value, *row[4:8]),
            course=titles.get((row[0], row[2])),
            grade_kind=row[3],
            percent=row[4],
            letter=row[5],
            points=row[6],
            points_possible=row[7],
        )
        for row in found
    }


async def _assignments(source: Source, keys: Sequence[Keys]) -> dict[Keys, Standing]:
    names = (
        *("student_key", "section_key", "assignment_key", "id", "title", "due_on", "points_possible", "score_state"),
        *("score_points", "score_percent", "score_letter", "score_flags"),
    )
    triples = [(_a_key(key[0]), _a_key(key[1]), _a_key(key[2])) for key in keys]
    (rows,) = await source.fetch([assignments.assignments(triples)], [list(names)])
    found = rows.layout.several(names, rows.raw)
    titles = await _titles(source, [(row[0], row[1]) for row in found])
    today = source.today()
    return {
        row[:3]: Standing(
            id=row[3],
            facts=_texts(row[7].value, *row[8:11], *sorted(flag.value for flag in row[11])),
            title=row[4],
            course=titles.get((row[0], row[1])),
            day=row[5],
            points_possible=row[6],
            score_state=row[7],
            points=row[8],
            percent=row[9],
            letter=row[10],
            missing=ScoreFlag.MISSING in row[11],
            open_work=row[7] is ScoreState.NOT_DUE
            and row[5] is not None
            and row[5] >= today
            and not _DONE.intersection(row[11]),
        )
        for row in found
    }


async def _attendance(source: Source, keys: Sequence[Keys]) -> dict[Keys, Standing]:
    names = ("student_key", "on_date", "period_key", "id", "period", "status", "excuse", "minutes_missed")
    (rows,) = await source.fetch([attendance.attendance(keys)], [list(names)])
    return {
        row[:3]: Standing(
            id=row[3],
            facts=_texts(row[5].value, row[6].value, row[7]),
            day=row[1],
            period=row[4],
            status=row[5],
            excuse=row[6],
        )
        for row in rows.layout.several(names, rows.raw)
        # A mark of presence is no news, but that one of absence has become one is: it is gone.
        if row[5] is not AttendanceStatus.PRESENT
    }


async def _documents(source: Source, keys: Sequence[Keys]) -> dict[Keys, Standing]:
    names = ("student_key", "key", "title", "issued_on", "version", "supersedes_key")
    students = list(dict.fromkeys(_a_key(key[0]) for key in keys))
    (rows,) = await source.fetch([documents.documents_of_students(students)], [list(names)])
    return {
        row[:2]: Standing(
            id=node_id("Document", row[0], f"{ISSUED}{row[1]}"),
            facts=_texts(row[4]),
            title=row[2],
            day=row[3],
            corrects=row[5] is not None or row[4] > 1,
        )
        for row in rows.layout.several(names, rows.raw)
    }


_READERS = {"grade": _grades, "assignment": _assignments, "period": _attendance, "document": _documents}


async def _titles(source: Source, pairs: Sequence[tuple[Key, Key]]) -> dict[tuple[Key, Key], str]:
    """What the courses of these (student, section) pairs are called."""
    if not pairs:
        return {}
    names = ("student_key", "section_key", "title")
    (rows,) = await source.fetch([courses.courses(list(dict.fromkeys(pairs)))], [list(names)])
    return {row[:2]: row[2] for row in rows.layout.several(names, rows.raw)}


def _texts(*values: object) -> tuple[str, ...]:
    """Values as texts, the same for the same: 70.0 is 70."""
    return tuple(f"{value.normalize():f}" if isinstance(value, Decimal) else str(value) for value in values)


def _key(adapter: Adapter, part: str, text: str) -> Key | date | None:
    return date.fromisoformat(text) if part == "date" else adapter.parse_key(part, text)


def _a_key(part: Key | date) -> Key:
    if isinstance(part, date):
        raise TypeError("A date is no key.")
    return part
