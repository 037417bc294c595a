"""Assignments: of a student, of a course, and of all of a parent's children."""

from collections.abc import Sequence

from loaders import assignments, book
from loaders.assignments import EVERY, AssignmentFilter, CourseKey
from loaders.errors import SourceDown
from loaders.statement import Key, Statement
from resolvers import courses
from resolvers.access import Area, closed, scope_of, visible
from resolvers.context import Batch
from resolvers.paging import Page, Paged, paged


def assignments_of_students(keys: Sequence[Key], batch: Batch, page: Page, wanted: AssignmentFilter) -> Paged | None:
    """A page of each student's assignments."""
    if not _provided(batch):
        return None
    return paged(batch.context, assignments.assignments_of_students(keys, wanted, courses=courses.along(batch)), page)


def assignments_of_courses(
    keys: Sequence[CourseKey], batch: Batch, page: Page, wanted: AssignmentFilter
) -> Paged | None:
    """A page of each course's assignments."""
    if not _provided(batch):
        return None
    if wanted == EVERY and page.after is None:
        return Paged(book.book_of_courses(keys), page.first, assignments.number_of_courses(keys))
    return paged(batch.context, assignments.assignments_of_courses(keys, wanted), page)


async def assignments_of_parents(
    keys: Sequence[Key], batch: Batch, page: Page, wanted: AssignmentFilter
) -> Paged | None:
    """A page of the assignments of all children whose grades the parent may see; SourceDown while none can be read."""
    scope = await scope_of(batch.context)
    if scope.stale:
        raise SourceDown("The student information system does not answer.")
    shut = await closed(batch.context, Area.GRADES, scope.students)
    students = [student for student in scope.students if student not in shut]
    if not students or not _provided(batch):
        return None
    statement = assignments.assignments_of_guardians(keys, students, wanted, courses=courses.along(batch))
    return paged(batch.context, statement, page)


def assignments_of_keys(keys: Sequence[tuple[Key, Key, Key]], batch: Batch) -> Statement | None:
    """The assignments of these (student, section, assignment) keys; they came from the viewer's own students."""
    return assignments.assignments(keys) if _provided(batch) else None


async def assignments_by_id(keys: Sequence[tuple[Key, Key, Key]], batch: Batch) -> Statement | None:
    """Of these (student, section, assignment) keys those of the viewer's students."""
    allowed = await visible(batch.context, [student for student, _, _ in keys])
    own = [key for key in keys if key[0] in allowed]
    return assignments.assignments(own) if own and _provided(batch) else None


def _provided(batch: Batch) -> bool:
    return batch.context.source.adapter.has("assignment", "score", "enrollment")
