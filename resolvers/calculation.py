"""How a grade was calculated, worked out anew by the source's own rules, and whether the source came to the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from loaders.contract import CalculationMethod, GradeKind, Rounding
from loaders.scores import ScoreState
from loaders.statement import Key
from resolvers.arguments import term_key
from resolvers.arithmetic import Exclusion, Item, Line, Part, Rule, Step, Worked, letter_of, of_book, of_parts, rounded
from resolvers.books import Books, PartOf, item_of, read_books
from resolvers.context import Batch

#: To how many places weights, percentages and contributions of lines are told.
PLACES = 4


class Agreement(Enum):
    """Whether the calculation comes to what the source says."""

    MATCHES_SOURCE = "MATCHES_SOURCE"
    DIFFERS = "DIFFERS"
    NOT_AVAILABLE = "NOT_AVAILABLE"


class Subject(NamedTuple):
    """The grade that is worked out: whose, of which course and term, and what the source says it is."""

    student: Key
    section: Key
    left_on: date | None
    term: Key | None
    task: str | None = None
    kind: GradeKind | None = None
    percent: Decimal | None = None
    letter: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A calculation before it is told: exact, with the rule and the scale that belong to it."""

    method: CalculationMethod
    rule: Rule
    steps: Sequence[Step]
    worked: Worked
    unseen: bool


@dataclass(frozen=True, slots=True)
class Excluded:
    """A piece of work that stays out, and why."""

    assignment_key: tuple[Key, Key, Key]
    reason: Exclusion


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A line as it is told, to four places."""

    name: str
    category_key: tuple[Key, Key] | None
    term_key: Key | None
    weight: Decimal | None
    effective_weight: Decimal
    earned: Decimal | None
    possible: Decimal | None
    percent: Decimal | None
    contribution: Decimal
    excluded_because: Exclusion | None
    excluded: list[Excluded]


@dataclass(frozen=True, slots=True)
class ToldRounding:
    """How the percentage is rounded, and how it is before it is held against the scale."""

    decimals: int
    before_cutoff: Rounding | None
    before_cutoff_decimals: int | None


@dataclass(frozen=True, slots=True)
class Calculation:
    """A calculation as it is told."""

    method: CalculationMethod
    lines: list[ToldLine]
    percent: Decimal | None
    letter: str | None
    rounding: ToldRounding
    scale: Sequence[Step]
    agreement: Agreement
    difference: Decimal | None


@dataclass(frozen=True)
class Changes:
    """What is supposed of a book: other items in place of some, and some that are added."""

    items: Mapping[Key, Item] = field(default_factory=dict)
    added: Sequence[Item] = ()


NO_CHANGES = Changes()


async def calculations_of_grades(keys: Sequence[Subject], batch: Batch) -> Sequence[Calculation | None]:
    """The calculation of each grade; None where the source does not say how it makes them."""
    subjects = [Subject(*key) for key in keys]
    if not batch.context.source.adapter.has("grading_rule"):
        return [None for _ in keys]
    books = await read_books(batch.context, [subject[:2] for subject in subjects])
    return [told(subject, found(books, subject)) for subject in subjects]


async def calculations_of_courses(
    keys: Sequence[tuple[Key, Key, date | None]], batch: Batch, term_id: str | None = None
) -> Sequence[Calculation | None]:
    """What the book of each course gives now: of the term named, or of the latest that has begun."""
    term = term_key(batch.context, term_id)
    if not batch.context.source.adapter.has("grading_rule"):
        return [None for _ in keys]
    books = await read_books(batch.context, [key[:2] for key in keys])
    subjects = [
        Subject(*key, term if term is not None else latest_term(books, key[1], batch.context.today)) for key in keys
    ]
    return [told(subject, found(books, subject)) for subject in subjects]


def latest_term(books: Books, section: Key, today: date) -> Key | None:
    """The term of the section's work that began last; None where its work is of no term."""
    begun = [
        (work.term_starts_on, str(work.terms[0]), work.terms[0])
        for work in books.works.get(section, ())
        if work.term_starts_on is not None and work.term_starts_on <= today
    ]
    return max(begun, key=lambda each: each[:2])[2] if begun else None


def found(books: Books, subject: Subject, changes: Changes = NO_CHANGES) -> Found | None:
    """The calculation of a grade, with what is supposed of its book; None where the source has no rule for it."""
    rule = books.rule(subject.section)
    if rule is None:
        return None
    steps = books.steps.get(subject.section, [])
    parts = parts_of(books, subject)
    if parts:
        made, unseen = [], False
        for part in parts:
            made.append(_part(books, subject, part.part_term, part.part_task, part.weight, changes))
            unseen = unseen or made[-1].excluded is Exclusion.HIDDEN
        return Found(CalculationMethod.COMPOSITE, rule, steps, of_parts(made), unseen)
    if of_longer_term(books, subject):
        return Found(CalculationMethod.MANUAL, rule, steps, Worked((), None), unseen=False)
    items, unseen = items_of(books, subject, changes)
    supposed = bool(changes.items or changes.added)
    worked = of_book(rule, books.categories.get(subject.section, []), items, drop_anew=supposed)
    return Found(rule.method, rule, steps, worked, unseen)


def parts_of(books: Books, subject: Subject) -> list[PartOf]:
    """What the grade is composed of; nothing where a book makes it."""
    return [
        part
        for part in books.parts.get(subject.section, ())
        if part.term == subject.term and (subject.task is None or part.task == subject.task)
    ]


def of_longer_term(books: Books, subject: Subject) -> bool:
    """Whether the grade's term holds those of the section's work: then no book makes it, and no parts are named."""
    terms = [work.terms for work in books.works.get(subject.section, ())]
    if subject.term is None or any(own == subject.term for own, *_ in terms):
        return False
    return any(subject.term in above for _, *above in terms)


def items_of(books: Books, subject: Subject, changes: Changes = NO_CHANGES) -> tuple[list[Item], bool]:
    """The visible work of a grade as it counts, and whether anything is entered that families may not see."""
    items, unseen = [], False
    for work, mark in books.own_work(subject.student, subject.section, subject.left_on):
        if subject.term is not None and work.terms[0] != subject.term:
            continue
        unseen = unseen or mark.state is ScoreState.HIDDEN or (not work.visible and mark.state is not None)
        if work.visible:
            items.append(changes.items.get(work.key) or item_of(work, mark))
    return [*items, *changes.added], unseen


def _part(books: Books, subject: Subject, term: Key, task: str, weight: Decimal | None, changes: Changes) -> Part:
    """One part of a composed grade: the school's word before the book's; worked out anew where its book is changed."""
    of_part = subject._replace(term=term, task=task, kind=None)
    if changes.items and any(item.key in changes.items for item in items_of(books, of_part)[0]):
        anew = found(books, of_part, changes)
        if anew is not None and anew.worked.total is not None:
            return Part((term, task), task, weight, rounded(anew.worked.total, anew.rule.decimals))
    of_course = books.grades.get((subject.student, subject.section), ())
    known = [grade for grade in of_course if grade.term == term and grade.task == task]
    known.sort(key=lambda grade: grade.kind is not GradeKind.POSTED)
    if not known:
        return Part((term, task), task, weight, None, Exclusion.UNGRADED)
    if not known[0].released:
        return Part((term, task), task, weight, None, Exclusion.HIDDEN)
    return Part((term, task), task, weight, known[0].percent)


def told(subject: Subject, made: Found | None) -> Calculation | None:
    """A calculation as families are told it."""
    if made is None:
        return None
    rule, total = made.rule, made.worked.total
    percent = None if total is None else rounded(total, rule.decimals)
    letter = None if total is None else letter_of(total, rule, made.steps)
    agreement, difference = agrees(subject, made, percent, letter)
    return Calculation(
        method=made.method,
        lines=[_line(subject, made, line) for line in made.worked.lines],
        percent=percent,
        letter=letter,
        rounding=ToldRounding(
            rule.decimals, rule.letter_rounding, None if rule.letter_rounding is None else rule.letter_decimals
        ),
        scale=made.steps,
        agreement=agreement,
        difference=difference,
    )


def agrees(
    subject: Subject, made: Found, percent: Decimal | None, letter: str | None
) -> tuple[Agreement, Decimal | None]:
    """Whether the source says the same, to the places that it keeps, and by how much not.

    Where it may have counted what families cannot see yet, nothing is compared: the difference would tell the score.
    """
    if made.unseen or percent is None or (subject.percent is None and subject.letter is None):
        return Agreement.NOT_AVAILABLE, None
    same_letter = letter is None or subject.letter is None or letter == subject.letter
    if subject.percent is None:
        return (Agreement.MATCHES_SOURCE if same_letter and letter else Agreement.DIFFERS), None
    difference = percent - rounded(Fraction(subject.percent), made.rule.decimals)
    return (Agreement.DIFFERS if difference or not same_letter else Agreement.MATCHES_SOURCE), difference


def _line(subject: Subject, made: Found, line: Line) -> ToldLine:
    composed = made.method is CalculationMethod.COMPOSITE
    return ToldLine(
        name=line.name,
        category_key=None if composed or line.key is None else (subject.section, line.key),
        term_key=line.key[0] if composed and isinstance(line.key, tuple) else None,
        weight=line.weight,
        effective_weight=rounded(line.effective, PLACES),
        earned=None if line.earned is None else rounded(line.earned, PLACES),
        possible=None if line.possible is None else rounded(line.possible, PLACES),
        percent=None if line.percent is None else rounded(line.percent, PLACES),
        contribution=rounded(line.contribution, PLACES),
        excluded_because=line.excluded,
        excluded=[
            Excluded((subject.student, subject.section, key), why)
            for key, why in line.left_out
            if not isinstance(key, str) or not key.startswith(ADDED)
        ],
    )


#: What the keys of supposed work begin with, which is none of the source's.
ADDED = "\x00supposed "
