"""That what is watched of a source is what its families are shown."""

from decimal import Decimal
from typing import Any

from loaders.contract import GradeKind
from loaders.grades import grades_of_students
from loaders.source import Source
from loaders.watched import GRADES, read_things, read_watched


async def students_of(source: Source) -> list[Any]:
    (rows,) = await source.reads.fetch([(source.relations.alone("student")[0], ())])
    names = await source.reads.columns(source.relations.alone("student")[0])  # type: ignore[attr-defined]
    return [row[names.index("id")] for row in rows]


async def assert_says_the_same(source: Source) -> int:
    """Every grade that families can read, and no other, is watched with its values; how many there are."""
    students = await students_of(source)
    texts = await read_watched(source, GRADES, students)
    assert set(texts) == set(students)
    (rows,) = await source.fetch([grades_of_students(students)])
    names = ("student_key", "grade_key", "percent", "points", "points_possible", "kind", "letter")
    at = [rows.columns.index(name) for name in names]
    shown = {}
    for row in rows.rows:
        student, grade, *values = (row[n] for n in at)
        if any(values[n] is not None for n in (0, 1, 4)):
            shown[student, str(grade)] = tuple(as_text(value) for value in values)
    watched = {
        (student, grade): seen.values
        for student, text in texts.items()
        for (grade,), seen in read_things(source.adapter, GRADES, text).items()
    }
    assert watched == shown
    return len(shown)


def as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value.value if isinstance(value, GradeKind) else value)
