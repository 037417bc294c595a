"""The assignments of the made district: categories with weights, and work from the year's start to two weeks ahead."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from random import Random

from loaders.demo.calendar import DAY, SchoolYear, instant
from loaders.demo.courses import Courses, Section
from loaders.demo.grading import weighted
from loaders.demo.store import write


@dataclass(frozen=True)
class Category:
    """One kind of work: its weight in percent, how many of a quarter's lowest are dropped, and its usual points."""

    name: str
    noun: str
    weight: int
    drop_lowest: int
    points: int


CATEGORIES: tuple[Category, ...] = (
    Category("Homework", "Homework", 20, 0, 10),
    Category("Classwork", "Worksheet", 20, 0, 20),
    Category("Quizzes", "Quiz", 25, 1, 25),
    Category("Tests", "Unit Test", 35, 0, 100),
)
# Any five in a row hold two quizzes, so that a quarter's lowest can be dropped.
_CYCLE = (0, 2, 1, 2, 3)

_FEWEST, _MOST, _DAYS_EACH = 7, 20, 4.5
_AHEAD = (1, 4, 7)
_RECENT = 4 * DAY

#: Places in a showcase section, by the order of what is due: the demo parent's awkward scores stand there.
EXEMPT_AT, MISSING_AT, INVISIBLE_AT, EXTRA_CREDIT_AT = 0, 2, 4, 5

_TOPICS = {
    "Mathematics": ("Fractions", "Ratios", "Equations", "Graphs", "Geometry"),
    "Language Arts": ("Short Stories", "Poetry", "Grammar", "Essays", "Vocabulary"),
    "Science": ("Cells", "Forces", "Weather", "Matter", "Ecosystems"),
    "Social Studies": ("Maps", "Government", "Migration", "Trade", "Ancient Worlds"),
}
_OTHER_TOPICS = ("Basics", "Practice", "Project", "Review", "Portfolio")
_DESCRIPTIONS = (
    None,
    None,
    "Bring your notebook.",
    "<p>Answer <strong>all</strong> questions and show your work.</p>",
    '<p>See the <a href="https://example.org/class">class page</a>.</p><ul><li>Read</li><li>Write</li></ul>',
)
_UNSAFE = '<p onclick="steal()">Read <b>chapter 4</b>.</p><script>alert(document.cookie)</script>'


@dataclass(frozen=True, slots=True)
class Work:
    """An assignment; `quarter` is the number of its quarter in its school's year, `due` whether its day has come."""

    id: int
    section: Section
    quarter: int
    category: int
    title: str
    description: str | None
    points: int
    extra_credit: bool
    visible: bool
    due_on: date
    due: bool
    recent: bool
    scored_at: str


def plan_assignments(courses: Courses, year: SchoolYear, rng: Random, showcase: Section) -> dict[int, list[Work]]:
    """The work of each section by its id, in the order in which it is due."""
    ids = count(1)
    return {
        section.id: list(_works(section, year, rng, ids, shown=section is showcase)) for section in courses.sections
    }


def write_assignments(connection: sqlite3.Connection, courses: Courses, works: dict[int, list[Work]]) -> None:
    """Write categories and assignments."""
    write(
        connection,
        "category",
        "id section_id name weight drop_lowest",
        (
            (_category_id(section, n), section.id, category.name,
             category.weight if weighted(section) else None, category.drop_lowest)
            for section in courses.sections
            for n, category in enumerate(CATEGORIES)
        ),
    )  # fmt: skip
    write(
        connection,
        "assignment",
        "id section_id term_id category_id title description assigned_on due_on due_at points_possible "
        "extra_credit visible",
        (_row(work) for section in courses.sections for work in works[section.id]),
    )


def _category_id(section: Section, category: int) -> int:
    return (section.id - 1) * len(CATEGORIES) + category + 1


def _row(work: Work) -> tuple[object, ...]:
    section, quarters = work.section, work.section.school.quarters
    assigned_on = max(section.term.starts_on, work.due_on - timedelta(days=7))
    return (
        work.id,
        section.id,
        quarters[work.quarter].id,
        _category_id(section, work.category),
        work.title,
        work.description,
        str(assigned_on),
        str(work.due_on),
        instant(work.due_on, 23, 59) if work.category < 2 else None,
        work.points,
        work.extra_credit,
        work.visible,
    )


def _works(section: Section, year: SchoolYear, rng: Random, ids: "count[int]", *, shown: bool) -> Iterator[Work]:
    days = [day for day in year.days if section.term.starts_on <= day <= section.term.ends_on]
    past = [day for day in days if day <= year.today]
    done = min(max(round(len(past) / _DAYS_EACH * rng.uniform(0.9, 1.1)), _FEWEST), _MOST) if past else 0
    dues = [past[(2 * n + 1) * len(past) // (2 * done)] for n in range(done)]
    ahead = [day for day in days if year.today < day <= year.today + timedelta(days=14)]
    dues += [ahead[n] for n in _AHEAD if n < len(ahead)]
    extra_at = EXTRA_CREDIT_AT if shown or rng.random() < 0.5 else None
    quarters = section.school.quarters
    for n, due_on in enumerate(dues):
        category = _CYCLE[n % len(_CYCLE)]
        extra = n == extra_at
        hidden = (n == INVISIBLE_AT) if shown else (n >= done and rng.random() < 0.15)
        scored_on = min(due_on + rng.randrange(4) * DAY, year.today)
        yield Work(
            id=next(ids),
            section=section,
            quarter=max(k for k, quarter in enumerate(quarters) if quarter.starts_on <= due_on),
            category=category,
            title=_title(section, category, n, extra=extra),
            description=_UNSAFE if n == 1 and (shown or rng.random() < 0.02) else rng.choice(_DESCRIPTIONS),
            points=5 if extra else CATEGORIES[category].points,
            extra_credit=extra,
            visible=not hidden,
            due_on=due_on,
            due=n < done,
            recent=due_on > year.today - _RECENT,
            scored_at=instant(scored_on, 7 if scored_on == year.today else 16, rng.randrange(60)),
        )


def _title(section: Section, category: int, n: int, *, extra: bool) -> str:
    topics = _TOPICS.get(section.subject, _OTHER_TOPICS)
    topic = topics[n // len(_CYCLE) % len(topics)]
    return f"Extra Credit: {topic}" if extra else f"{CATEGORIES[category].noun} {n + 1}: {topic}"
