"""Students, parents and teachers."""

from collections.abc import Sequence

from loaders import people
from loaders.contract import GradeLevel
from loaders.statement import Key, Statement
from resolvers.access import AreaStatus, Right, areas_of_students, scope_of, visible
from resolvers.arguments import read_id, student_parts
from resolvers.context import Batch
from resolvers.errors import Forbidden


def viewer(keys: Sequence[tuple[()]], batch: Batch) -> Statement:
    """The parent who asks; Unauthenticated without a session, Forbidden for staff."""
    gone = Forbidden("The school's records hold nobody under this account any more. Ask the school for a new key.")
    return people.guardian_at_root(batch.context.account_of_guardian(), gone)


def viewer_if_parent(keys: Sequence[tuple[()]], batch: Batch) -> Statement | None:
    """The parent who asks; None for staff."""
    viewer = batch.context.viewer
    return people.guardians([viewer.guardian_key]).for_root() if viewer and viewer.guardian_key is not None else None


def username_of_parents(keys: Sequence[Key], batch: Batch) -> list[str]:
    """The user name with which the viewer logs in."""
    account = batch.context.viewer
    return [account.username if account else "" for _ in keys]


async def students_of_parents(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """The students whose portal right holds today, eldest first."""
    scope = await scope_of(batch.context)
    mine = [right.guardian_key for right in scope.rights.values()]
    guardians = [key for key in keys if key in mine]
    return people.students_of_guardians(guardians, scope.students) if guardians else None


async def students_by_key(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """Of these students those in the viewer's scope."""
    allowed = await visible(batch.context, keys)
    return people.students(allowed) if allowed else None


async def student_by_id(keys: Sequence[tuple[()]], batch: Batch, id: str) -> Statement | None:
    """The student of an id, None where it is not there or not the viewer's: the same answer for both."""
    batch.context.signed_in()
    batch.context.gate()
    found = read_id(batch.context, id)
    if found is None or found[0] != "Student":
        return None
    allowed = await visible(batch.context, student_parts(found[1]))
    return people.students(allowed).for_root() if allowed else None


async def relationships(keys: Sequence[Key], batch: Batch) -> list[Right | None]:
    """The viewer's own relationship to each student."""
    scope = await scope_of(batch.context)
    return [scope.rights.get(key) for key in keys]


async def areas(keys: Sequence[Key], batch: Batch) -> list[list[AreaStatus]]:
    """The state of every area of each student's record."""
    return await areas_of_students(batch.context, keys)


async def grade_levels(keys: Sequence[Key], batch: Batch) -> list[GradeLevel]:
    """The grade level of each student's first enrolment; OTHER where the source has none."""
    scope = await scope_of(batch.context)
    return [level or GradeLevel.OTHER for level in scope.grade_levels(keys)]


def teachers_of_sections(keys: Sequence[Key], batch: Batch) -> Statement:
    """The teachers of these sections."""
    return people.teachers_of_sections(keys)


async def teachers_by_id(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """Of these teachers those who teach one of the viewer's students."""
    scope = await scope_of(batch.context)
    return people.teachers_of_students(keys, scope.students) if scope.students else None


async def parents_by_id(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """Of these guardians the viewer alone: no family member is shown to another here."""
    own = batch.context.viewer.guardian_key if batch.context.viewer else None
    allowed = [key for key in keys if key == own]
    return people.guardians(allowed) if allowed else None
