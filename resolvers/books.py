"""Books: all that the grades of some courses are made of, read in one trip and sorted by section and student."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from loaders import book, courses, grading
from loaders.contract import GradeKind
from loaders.scores import ScoreFlag, ScoreState
from loaders.statement import Key, Statement
from resolvers.arithmetic import Category, Exclusion, Item, Rule, Step
from resolvers.context import Context

Pair = tuple[Key, Key]


@dataclass(frozen=True, slots=True)
class Work:
    """An assignment of a section, whether families see it or not."""

    key: Key
    category: Key | None
    terms: tuple[Key | None, ...]
    term_starts_on: date | None
    due_on: date | None
    open_state: ScoreState
    possible: Decimal | None
    extra: bool
    multiplier: Decimal
    visible: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """What one student's score says today; of a hidden one only that it is there."""

    state: ScoreState | None
    points: Decimal | None
    percent: Decimal | None
    flags: frozenset[ScoreFlag]


@dataclass(frozen=True, slots=True)
class PartOf:
    """One part of a composed grade."""

    term: Key
    task: str
    part_term: Key
    part_task: str
    weight: Decimal | None


@dataclass(frozen=True, slots=True)
class Known:
    """A grade of a course as a part of another one; without a percentage where families may not see it."""

    term: Key | None
    task: str
    kind: GradeKind
    percent: Decimal | None
    released: bool


@dataclass
class Books:
    """The books of some courses: what belongs to a section by its key, what is a student's own by both keys."""

    rules: dict[Key, Rule] = field(default_factory=dict)
    steps: dict[Key, list[Step]] = field(default_factory=dict)
    categories: dict[Key, list[Category]] = field(default_factory=dict)
    parts: dict[Key, list[PartOf]] = field(default_factory=dict)
    works: dict[Key, list[Work]] = field(default_factory=dict)
    marks: dict[Pair, Mark] = field(default_factory=dict)
    grades: dict[Pair, list[Known]] = field(default_factory=dict)

    def rule(self, section: Key) -> Rule | None:
        """How the section's grades are made; None where the source does not say."""
        return self.rules.get(section)

    def own_work(self, student: Key, section: Key, left_on: date | None) -> list[tuple[Work, Mark]]:
        """The student's work: of a course that was left, what was due before."""
        nothing = Mark(None, None, None, frozenset())
        return [
            (work, self.marks.get((student, work.key), nothing))
            for work in self.works.get(section, ())
            if left_on is None or work.due_on is None or work.due_on <= left_on
        ]


_RULE = ("section_key", "method", "decimals", "letter_rounding", "letter_decimals")
_STEP = ("section_key", "letter", "cutoff", "points")
_CATEGORY = ("section_key", "key", "name", "weight", "drop_lowest")
_PART = ("section_key", "term_key", "task", "part_term_key", "part_task", "weight")
_WORK = ("section_key", "assignment_key", "category_key", "term_keys", "term_starts_on", "due_on", "open_state",
         "points_possible", "extra", "multiplier", "visible")  # fmt: skip
_FLAGS = tuple(f"is_{flag.value.lower()}" for flag in ScoreFlag)
_MARK = ("scored_student", "scored_assignment", "own_state", "score_points", "source_percent", *_FLAGS)
_KNOWN = ("student_key", "section_key", "term_key", "task", "kind", "percent", "released")


async def read_books(context: Context, pairs: Sequence[Pair]) -> Books:
    """The books of these (student, section) pairs in one trip, by as many statements whatever their number.

    An operation reads the same pairs once, however many fields ask for them.
    """
    place = (Books, frozenset(pairs))
    while True:
        known = context.loads.get(place)
        if isinstance(known, Books):
            return known
        if known is None:
            break
        # graphql-core asks many fields at once: one reads, the others wait, and look again when it is done or gone.
        await asyncio.shield(known)
    reading = context.loads[place] = asyncio.get_running_loop().create_future()
    try:
        books = context.loads[place] = await _read(context, pairs)
        return books
    finally:
        if context.loads.get(place) is reading:
            del context.loads[place]
        reading.set_result(None)


async def _read(context: Context, pairs: Sequence[Pair]) -> Books:
    sections = list(dict.fromkeys([section for _, section in pairs]))
    students = list(dict.fromkeys([student for student, _ in pairs]))
    has = context.source.adapter.has
    asked: dict[str, tuple[Statement, tuple[str, ...]]] = {}
    if has("grading_rule"):
        asked["rule"] = grading.rules_of_sections(sections), _RULE
    if has("grading_scale"):
        asked["step"] = grading.scales_of_sections(sections), _STEP
    if has("category"):
        asked["category"] = courses.categories_of_sections(sections), _CATEGORY
    if has("grade_part", "grade"):
        asked["part"] = grading.parts_of_sections(sections), _PART
        asked["known"] = grading.grades_of_pairs(pairs), _KNOWN
    if has("assignment", "score"):
        asked["work"] = grading.work_of_sections(sections), _WORK
        asked["mark"] = book.scores_in_sections(students, sections), _MARK
    answers = await context.source.fetch(
        [statement for statement, _ in asked.values()], [names for _, names in asked.values()], mark=context.mark
    )
    read = {
        name: rows.layout.several(names, rows.raw)
        for (name, (_, names)), rows in zip(asked.items(), answers, strict=True)
    }
    return _sorted(read)


def _sorted(read: Mapping[str, Sequence[tuple[Any, ...]]]) -> Books:
    books = Books()
    for section, method, decimals, rounding, letter_decimals in read.get("rule", ()):
        books.rules[section] = Rule(method, 2 if decimals is None else decimals, rounding, letter_decimals or 0)
    for section, letter, cutoff, points in read.get("step", ()):
        books.steps.setdefault(section, []).append(Step(letter, cutoff, points))
    for section, key, name, weight, drop_lowest in read.get("category", ()):
        books.categories.setdefault(section, []).append(Category(key, name, weight, drop_lowest or 0))
    for section, *part in read.get("part", ()):
        books.parts.setdefault(section, []).append(PartOf(*part))
    for student, section, *known in read.get("known", ()):
        books.grades.setdefault((student, section), []).append(Known(*known))
    for section, key, category, terms, starts_on, due_on, state, possible, extra, multiplier, visible in read.get(
        "work", ()
    ):
        often = Decimal(1) if multiplier is None else multiplier
        work = Work(key, category, terms, starts_on, due_on, state, possible, bool(extra), often, bool(visible))
        books.works.setdefault(section, []).append(work)
    for student, assignment, state, points, percent, *raised in read.get("mark", ()):
        flags = frozenset(flag for flag, up in zip(ScoreFlag, raised, strict=True) if up)
        books.marks[student, assignment] = Mark(state, points, percent, flags)
    return books


def item_of(work: Work, mark: Mark) -> Item:
    """A visible piece of work as it counts; missing or cheated work counts nothing of its points, whatever is typed."""
    state = mark.state or work.open_state
    missing = not mark.flags.isdisjoint((ScoreFlag.MISSING, ScoreFlag.CHEATED))
    possible = work.possible
    points = mark.points
    if points is None and mark.percent is not None and possible is not None:
        points = mark.percent * possible / 100
    excluded: Exclusion | None = None
    if state is ScoreState.HIDDEN:
        excluded = Exclusion.HIDDEN
    elif state is ScoreState.EXEMPT:
        excluded = Exclusion.EXEMPT
    elif missing and state is not ScoreState.NOT_DUE:
        points = Decimal(0)
    elif state is not ScoreState.SCORED:
        excluded = Exclusion.NOT_DUE if state is ScoreState.NOT_DUE else Exclusion.UNGRADED
    elif points is None:
        excluded = Exclusion.NO_NUMBER
    if excluded is None and possible is None and not work.extra:
        excluded = Exclusion.NO_POINTS_POSSIBLE
    return Item(
        work.key,
        work.category,
        points or Decimal(0),
        possible or Decimal(0),
        work.extra,
        work.multiplier,
        ScoreFlag.DROPPED in mark.flags,
        excluded,
    )
