"""Grades."""

from collections.abc import Sequence

from loaders import grades, standards
from loaders.statement import Key, Statement
from resolvers.access import visible
from resolvers.arguments import course_pair, term_key
from resolvers.context import Batch

Pair = tuple[Key, Key]


def grades_of_students(
    keys: Sequence[Key], batch: Batch, term_id: str | None = None, course_id: str | None = None
) -> Statement | None:
    """The grades of each student, of one term or one course where they are named."""
    if not _provided(batch):
        return None
    term = term_key(batch.context, term_id)
    if course_id is None:
        return grades.grades_of_students(keys, term)
    student, section = course_pair(batch.context, course_id, "courseId")
    of_course = [key for key in keys if key == student]
    return grades.grades_of_students(of_course, term, [section]) if of_course else None


def grades_of_courses(keys: Sequence[Pair], batch: Batch) -> Statement | None:
    """The grades of these courses."""
    return grades.grades_of_courses(keys) if _provided(batch) else None


def trend_of_courses(keys: Sequence[Pair], batch: Batch) -> Statement | None:
    """The grades of these courses as they went."""
    return grades.trend_of_courses(keys) if _provided(batch) else None


def standard_grades_of_courses(keys: Sequence[Pair], batch: Batch) -> Statement | Sequence[None]:
    """The levels by standard of these courses; None for each where the source keeps none."""
    if not batch.context.source.adapter.has("standard", "standard_grade"):
        return [None for _ in keys]
    return standards.standard_grades_of_courses(keys)


def first_grade_of_courses(keys: Sequence[Pair], batch: Batch) -> Statement | None:
    """The grade of each course that a parent looks at first."""
    return grades.first_grade_of_courses(keys) if _provided(batch) else None


async def grades_by_id(keys: Sequence[Pair], batch: Batch) -> Statement | None:
    """Of these (student, grade) pairs those of the viewer's students."""
    allowed = await visible(batch.context, [student for student, _ in keys])
    own = [pair for pair in keys if pair[0] in allowed]
    return grades.grades(own) if own and _provided(batch) else None


def _provided(batch: Batch) -> bool:
    return batch.context.source.adapter.has("grade")
