"""How much work of a grade is missing or ungraded: by the source's own count, or else by the book."""

from collections.abc import Callable, Sequence
from datetime import date

from loaders.scores import ScoreFlag, ScoreState
from loaders.statement import Key
from resolvers.arithmetic import Exclusion
from resolvers.books import Books, Mark, Work, item_of, read_books
from resolvers.calculation import Subject, of_longer_term, parts_of
from resolvers.context import Batch

#: A grade to count for: its student, section, day of leaving, term and task, and the source's own count.
Counted = tuple[Key, Key, date | None, Key | None, str, int | None]


async def missing_of_grades(keys: Sequence[Counted], batch: Batch) -> Sequence[int | None]:
    """How much of each grade's work is marked missing; None where neither the source nor a book says."""
    provides = batch.context.source.relations.provides
    if provides("grade", "missing_count"):
        return [key[-1] for key in keys]
    if not provides("score", "missing"):
        return [None for _ in keys]
    return await _by_book(keys, batch, _is_missing)


async def ungraded_of_grades(keys: Sequence[Counted], batch: Batch) -> Sequence[int | None]:
    """How much of each grade's work is due and not scored; None where neither the source nor a book says."""
    if batch.context.source.relations.provides("grade", "ungraded_count"):
        return [key[-1] for key in keys]
    return await _by_book(keys, batch, _is_ungraded)


async def _by_book(keys: Sequence[Counted], batch: Batch, counts: Callable[[Work, Mark], bool]) -> Sequence[int | None]:
    if not batch.context.source.adapter.has("assignment", "score"):
        return [None for _ in keys]
    books = await read_books(batch.context, [key[:2] for key in keys])
    return [_count(books, Subject(*key[:5]), counts) for key in keys]


def _count(books: Books, subject: Subject, counts: Callable[[Work, Mark], bool]) -> int | None:
    """How much visible work of the grade counts so; None where no book makes it."""
    if subject.section not in books.works or parts_of(books, subject) or of_longer_term(books, subject):
        return None
    return sum(
        work.visible and (subject.term is None or work.terms[0] == subject.term) and counts(work, mark)
        for work, mark in books.own_work(subject.student, subject.section, subject.left_on)
    )


def _is_ungraded(work: Work, mark: Mark) -> bool:
    return item_of(work, mark).excluded is Exclusion.UNGRADED


def _is_missing(work: Work, mark: Mark) -> bool:
    """Whether it is marked missing; of hidden scores no mark is read, and what is not due or exempt is not missing."""
    state = mark.state or work.open_state
    return ScoreFlag.MISSING in mark.flags and state not in (ScoreState.EXEMPT, ScoreState.NOT_DUE)
