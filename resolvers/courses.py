"""Courses and their categories."""

from collections.abc import Sequence

from loaders import courses
from loaders.statement import Key, Statement
from resolvers.access import visible
from resolvers.arguments import term_key
from resolvers.context import Batch
from resolvers.terms import shown_terms_of_students

Pair = tuple[Key, Key]


async def courses_of_students(keys: Sequence[Key], batch: Batch, term_id: str | None = None) -> Statement:
    """The courses of each student: in the named term, or in the terms that a family looks at today."""
    named = term_key(batch.context, term_id)
    if named is not None:
        return courses.courses_of_students(keys, [named])
    shown = await shown_terms_of_students(batch.context, keys)
    return courses.courses_of_students(keys, list(dict.fromkeys(t.key for terms in shown.values() for t in terms)))


def along(batch: Batch) -> bool:
    """Whether the rows of a level should bring their courses along: somebody will ask for them."""
    return batch.wants("course_key") and batch.context.source.adapter.has("section")


def courses_of_pairs(keys: Sequence[Pair], batch: Batch) -> Statement:
    """The courses of these (student, section) pairs; they came from the viewer's own students."""
    return courses.courses(keys)


async def courses_by_id(keys: Sequence[Pair], batch: Batch) -> Statement | None:
    """Of these courses those of the viewer's students."""
    allowed = await visible(batch.context, [student for student, _ in keys])
    own = [pair for pair in keys if pair[0] in allowed]
    return courses.courses(own) if own else None


def categories_of_sections(keys: Sequence[Key], batch: Batch) -> Statement | None:
    """The categories of these sections; none where the source has none."""
    return courses.categories_of_sections(keys) if batch.context.source.adapter.has("category") else None


def categories_of_pairs(keys: Sequence[Pair], batch: Batch) -> Statement | None:
    """The categories of these (section, category) pairs."""
    return courses.categories(keys) if batch.context.source.adapter.has("category") else None
