"""What if: a grade worked out with scores that are only supposed, and the score that a wish needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from loaders.statement import Key
from resolvers.arguments import assignment_keys, category_pair
from resolvers.arithmetic import Exclusion, Item, letter_of, rounded
from resolvers.books import Books, read_books
from resolvers.calculation import ADDED, Calculation, Changes, Found, Subject, found, items_of, parts_of, told
from resolvers.context import Batch, Context
from resolvers.errors import BadUserInput

MOST_SCORES = 100
MOST_POINTS = 100_000
#: Wishes are searched for up to ten times the points that are possible, and to the hundredth.
MOST_TIMES = 10
STEPS = 100


@dataclass(frozen=True, slots=True)
class Supposed:
    """A client's supposed score: of an assignment, or of work that is not in the book yet."""

    assignment_id: str | None
    category_id: str | None
    points: Decimal | None
    points_possible: Decimal | None
    exempt: bool


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A supposed score with its ids read; `place` is where it stands among the client's."""

    place: int
    assignment: tuple[Key, Key, Key] | None
    category: tuple[Key, Key] | None
    points: Decimal
    possible: Decimal | None
    exempt: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """The percentage, or the letter, that is wished for, and the one assignment that is to bring it."""

    percent: Decimal | None
    letter: str | None
    assignment: tuple[Key, Key, Key] | None


@dataclass(frozen=True, slots=True)
class Hypothetical:
    """The grade that would be, and by how much it would be another than the book gives now."""

    percent: Decimal | None
    letter: str | None
    change: Decimal | None
    calculation: Calculation


@dataclass(frozen=True, slots=True)
class Needed:
    """What a wish needs of one assignment, or of all that is still open: points of the possible ones, and percent."""

    reachable: bool
    points: Decimal | None
    points_possible: Decimal
    percent: Decimal | None
    assignments: int


def hypotheses(context: Context, scores: Sequence[Supposed]) -> list[Hypothesis]:
    """The supposed scores with their ids read; BadUserInput naming the one that cannot be what it says."""
    if len(scores) > MOST_SCORES:
        raise BadUserInput(f"`scores` holds {len(scores)} scores: suppose {MOST_SCORES} at the most.")
    made = [_hypothesis(context, n, score) for n, score in enumerate(scores)]
    named = [each.assignment for each in made if each.assignment is not None]
    if len(set(named)) < len(named):
        raise BadUserInput("`scores` names an assignment twice: suppose one score for each.")
    return made


def _hypothesis(context: Context, n: int, score: Supposed) -> Hypothesis:
    place = f"scores[{n}]"
    for name, value in (("points", score.points), ("pointsPossible", score.points_possible)):
        if value is not None and not 0 <= value <= MOST_POINTS:
            raise BadUserInput(f"`{place}.{name}` must be from 0 to {MOST_POINTS:,}.")
    if score.points is None and not score.exempt:
        raise BadUserInput(f"`{place}` has neither `points` nor `exempt`: say what is supposed.")
    assignment = category = None
    if score.assignment_id is not None:
        if score.category_id is not None:
            raise BadUserInput(f"`{place}` has an `assignmentId` and a `categoryId`: give one of the two.")
        assignment = assignment_keys(context, score.assignment_id, f"{place}.assignmentId")
    else:
        if score.points_possible is None:
            raise BadUserInput(f"`{place}` adds work: say its `pointsPossible`.")
        if score.category_id is not None:
            category = category_pair(context, score.category_id, f"{place}.categoryId")
    return Hypothesis(n, assignment, category, score.points or Decimal(0), score.points_possible, score.exempt)


async def what_if(
    keys: Sequence[Subject], batch: Batch, scores: Sequence[Supposed]
) -> Sequence[Hypothetical | BadUserInput | None]:
    """The grade that each would be with these scores; BadUserInput for one to whose book a score does not belong."""
    supposed = hypotheses(batch.context, scores)
    books, subjects = await _books(keys, batch)
    return [None if books is None else _answered(_hypothetical, books, subject, supposed) for subject in subjects]


async def score_needed(
    keys: Sequence[Subject],
    batch: Batch,
    percent: Decimal | None,
    letter: str | None,
    assignment_id: str | None,
    scores: Sequence[Supposed],
) -> Sequence[Needed | BadUserInput | None]:
    """What is needed of an assignment, or of all that is open, for a percentage or a letter in each grade."""
    if (percent is None) is (letter is None):
        raise BadUserInput("`target` has to have one of `percent` and `letter`.")
    if percent is not None and not 0 <= percent <= MOST_POINTS:
        raise BadUserInput(f"`target.percent` must be from 0 to {MOST_POINTS:,}.")
    supposed = hypotheses(batch.context, scores)
    named = None if assignment_id is None else assignment_keys(batch.context, assignment_id, "assignmentId")
    books, subjects = await _books(keys, batch)
    wish = Wish(percent, letter, named)
    return [None if books is None else _answered(_needed, books, subject, supposed, wish) for subject in subjects]


async def _books(keys: Sequence[Subject], batch: Batch) -> tuple[Books | None, list[Subject]]:
    subjects = [Subject(*key) for key in keys]
    if not batch.context.source.adapter.has("grading_rule"):
        return None, subjects
    return await read_books(batch.context, [subject[:2] for subject in subjects]), subjects


def _answered(answer: Callable[..., Any], *given: Any) -> Any:
    """The answer, or its refusal as a value: a refusal for one grade leaves the others of the level."""
    try:
        return answer(*given)
    except BadUserInput as refused:
        return refused


def _hypothetical(books: Books, subject: Subject, supposed: Sequence[Hypothesis]) -> Hypothetical | None:
    now = found(books, subject)
    if now is None:
        return None
    would = found(books, subject, _changes(books, subject, supposed))
    calculation = told(subject._replace(percent=None, letter=None), would)
    if would is None or calculation is None:
        return None
    change = None
    if now.worked.total is not None and would.worked.total is not None:
        change = rounded(would.worked.total, now.rule.decimals) - rounded(now.worked.total, now.rule.decimals)
    return Hypothetical(calculation.percent, calculation.letter, change, calculation)


def _changes(books: Books, subject: Subject, supposed: Sequence[Hypothesis]) -> Changes:
    """The supposed scores as items of this grade's book; BadUserInput for one that is none of its work."""
    work = _work(books, subject)
    categories = {category.key for category in books.categories.get(subject.section, ())}
    changed: dict[Key, Item] = {}
    added: list[Item] = []
    for each in supposed:
        excluded = Exclusion.EXEMPT if each.exempt else None
        if each.assignment is not None:
            student, section, key = each.assignment
            if (student, section) != (subject.student, subject.section) or key not in work:
                raise BadUserInput(f"`scores[{each.place}].assignmentId` is no assignment of this grade.")
            old = work[key]
            possible = old.possible if each.possible is None else each.possible
            changed[key] = Item(key, old.category, each.points, possible, old.extra, old.multiplier, excluded=excluded)
            continue
        if parts_of(books, subject):
            raise BadUserInput(f"`scores[{each.place}]` adds work to a grade that is composed of others.")
        category = None
        if each.category is not None:
            category, section = each.category
            if section != subject.section or category not in categories:
                raise BadUserInput(f"`scores[{each.place}].categoryId` is no category of this grade's course.")
        added.append(Item(f"{ADDED}{each.place}", category, each.points, each.possible or Decimal(0),
                          extra=not each.possible, excluded=excluded))  # fmt: skip
    return Changes(changed, added)


def _work(books: Books, subject: Subject) -> Mapping[Key, Item]:
    """The visible work of a grade, and of a composed one that of its parts."""
    terms: list[Key | None] = [part.part_term for part in parts_of(books, subject)] or [subject.term]
    return {item.key: item for term in terms for item in items_of(books, subject._replace(term=term))[0]}


def _needed(books: Books, subject: Subject, supposed: Sequence[Hypothesis], wish: Wish) -> Needed | None:
    now = found(books, subject)
    if now is None:
        return None
    changes, work, reached = _changes(books, subject, supposed), _work(books, subject), _reached(now, wish)
    if wish.assignment is None:
        asked = [item for key, item in work.items() if key not in changes.items and _is_open(item)]
    else:
        student, section, key = wish.assignment
        if (student, section) != (subject.student, subject.section) or key not in work:
            raise BadUserInput("`assignmentId` is no assignment of this grade.")
        asked = [work[key]]
    possible = sum((item.possible for item in asked), Decimal(0))
    # One assignment is searched by hundredths of a point, several alike by hundredths of a percent.
    full = int(possible * STEPS) if wish.assignment is not None else 100 * STEPS

    def reaches(steps: int) -> bool:
        items = {
            item.key: Item(
                item.key, item.category, item.possible * steps / full, item.possible, item.extra, item.multiplier
            )
            for item in asked
        }
        would = found(books, subject, Changes({**changes.items, **items}, changes.added))
        return would is not None and would.worked.total is not None and reached(would.worked.total)

    least = _least(reaches, full * MOST_TIMES) if possible and full else None
    if least is None:
        return Needed(False, None, possible, None, len(asked))
    share = Fraction(least, full)
    return Needed(least <= full, rounded(Fraction(possible) * share, 2), possible, rounded(share * 100, 2), len(asked))


def _is_open(item: Item) -> bool:
    return item.excluded in (Exclusion.UNGRADED, Exclusion.NOT_DUE) and item.possible > 0 and not item.extra


def _reached(now: Found, wish: Wish) -> Callable[[Fraction], bool]:
    """Whether a total fulfils the wish: a percentage as it is told, or a letter or a better one."""
    percent = wish.percent
    if percent is not None:
        return lambda total: rounded(total, now.rule.decimals) >= percent
    letters = [step.letter for step in now.steps if step.cutoff is not None]
    if wish.letter not in letters:
        raise BadUserInput(f"`target.letter` is none of this course's scale, which has {', '.join(letters) or 'none'}.")
    good = letters.index(wish.letter)

    def reaches(total: Fraction) -> bool:
        given = letter_of(total, now.rule, now.steps)
        return given is not None and letters.index(given) <= good

    return reaches


def _least(reaches: Callable[[int], bool], most: int) -> int | None:
    """The least number that reaches the wish, where a greater one does too; None where the greatest does not."""
    if not reaches(most):
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if reaches(middle):
            high = middle
        else:
            low = middle + 1
    return low
