"""Assignments and their scores: what a student was given to do, and what the book says of it today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any

import nh3

from loaders.contract import Kind
from loaders.ids import node_id
from loaders.joined import Halves, Joined
from loaders.rows import Raw, Rows
from loaders.statement import Computed, Key, Order, Shape, Statement, Template, derived

#: A course as its student has it: student, section, and the day on which the student left it, if any.
CourseKey = tuple[Key, Key, date | None]


class ScoreState(Enum):
    """What is to be said of a score before its number."""

    NOT_DUE = "NOT_DUE"
    UNGRADED = "UNGRADED"
    SCORED = "SCORED"
    EXEMPT = "EXEMPT"
    HIDDEN = "HIDDEN"


class ScoreFlag(Enum):
    """Marks that a teacher puts on a score."""

    LATE = "LATE"
    MISSING = "MISSING"
    INCOMPLETE = "INCOMPLETE"
    DROPPED = "DROPPED"
    EXEMPT = "EXEMPT"
    TURNED_IN = "TURNED_IN"
    CHEATED = "CHEATED"


@dataclass(frozen=True, slots=True)
class AssignmentFilter:
    """Which assignments: every part that is given must hold; an empty list lets nothing through."""

    due_from: date | None = None
    due_to: date | None = None
    flags: tuple[ScoreFlag, ...] | None = None
    states: tuple[ScoreState, ...] | None = None
    courses: tuple[tuple[Key, Key], ...] | None = None
    students: tuple[Key, ...] | None = None
    term: Key | None = None


EVERY = AssignmentFilter()

_EVERY_FLAG = tuple(ScoreFlag)
_FLAGS = ("late", "missing", "incomplete", "dropped", "exempt", "turned_in", "cheated")
_ENTERED = "(score.points is not null or score.percent is not null or score.letter is not null)"

# An unreleased score says nothing of itself, its flags included: a MISSING that may not be shown yet is a score told.
_OWN_STATE = f"""case
  when score.released = 0 and ({_ENTERED} or {" or ".join(f"score.{flag} = 1" for flag in _FLAGS)}) then 'HIDDEN'
  when score.released = 1 and score.exempt = 1 then 'EXEMPT'
  when score.released = 1 and {_ENTERED} then 'SCORED' end"""
_OPEN_STATE = "case when assignment.due_on is null or assignment.due_on >= :today then 'NOT_DUE' else 'UNGRADED' end"
_STATE = f"coalesce({_OWN_STATE}, {_OPEN_STATE})"

#: Assignments without a due date stand behind all others.
_DUE = "coalesce(assignment.due_on, :never)"
NEVER = date(1, 1, 1)


def _shown(column: str, kind: Kind) -> Computed:
    return Computed(f"case when score.released = 1 then score.{column} end", kind)


def _sanitized(html: str | None) -> str | None:
    """The description as HTML without script, style, event handler, form or foreign frame."""
    return nh3.clean(html) if html and ("<" in html or "&" in html or ">" in html) else html


def _flags(*raised: bool | None) -> list[ScoreFlag]:
    return [flag for flag, up in zip(_EVERY_FLAG, raised, strict=True) if up] if any(raised) else []


def _percent(percent: Decimal | None, points: Decimal | None, possible: Decimal | None) -> Decimal | None:
    """The source's percent; of the points where it has none, to two places, halves upwards."""
    if percent is not None or points is None or not possible:
        return percent
    return (points * 100 / possible).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _counts(state: ScoreState, dropped: bool | None, missing: bool | None) -> bool:
    """Whether the score stands in the grade as it is now: a number or a missing piece, not dropped."""
    return (state is ScoreState.SCORED or (state is ScoreState.UNGRADED and bool(missing))) and not dropped


def _state(own: ScoreState | None, otherwise: ScoreState) -> ScoreState:
    return own or otherwise


#: What everybody in a section shares of an assignment.
GIVEN = Shape(
    {
        "section_key": "assignment.section_id",
        "assignment_key": "assignment.id",
        "category": "assignment.category_id",
        "title": "assignment.title",
        "raw_description": "assignment.description",
        "assigned_on": "assignment.assigned_on",
        "due_on": "assignment.due_on",
        "due_at": "assignment.due_at",
        "points_possible": "assignment.points_possible",
        "extra": "assignment.extra_credit",
        "due_or_never": Computed(_DUE, Kind.DATE),
        "open_state": Computed(_OPEN_STATE, Kind.ENUM, ScoreState),
    }
)

#: What is one student's own of it.
SCORE = Shape(
    {
        "scored_student": "score.student_id",
        "scored_assignment": "score.assignment_id",
        "own_state": Computed(_OWN_STATE, Kind.ENUM, ScoreState),
        "score_points": _shown("points", Kind.DECIMAL),
        "source_percent": _shown("percent", Kind.DECIMAL),
        "score_letter": _shown("letter", Kind.TEXT),
        "score_comment": _shown("comment", Kind.TEXT),
        "scored_at": _shown("scored_at", Kind.INSTANT),
        "releases_at": Computed("case when score.released = 0 then score.releases_at end", Kind.INSTANT),
        **{f"is_{flag}": _shown(flag, Kind.BOOLEAN) for flag in _FLAGS},
    }
)

ASSIGNMENT = Shape(
    {
        "student_key": "enrollment.student_id",
        "dropped_on": "enrollment.ends_on",
        **GIVEN.columns,
        **{
            name: source
            for name, source in SCORE.columns.items()
            if not name.startswith("scored_") or name == "scored_at"
        },
    },
    {
        "key": derived(
            lambda student, section, key: (student, section, key), "student_key", "section_key", "assignment_key"
        ),
        "id": derived(
            lambda student, section, key: node_id("Assignment", student, section, key),
            "student_key",
            "section_key",
            "assignment_key",
        ),
        "sourced_id": derived(str, "assignment_key"),
        "description": derived(_sanitized, "raw_description"),
        "extra_credit": derived(bool, "extra", pooled=True),
        "course_key": derived(lambda student, section: (student, section), "student_key", "section_key"),
        "category_key": derived(
            lambda section, category: None if category is None else (section, category), "section_key", "category"
        ),
        "score_state": derived(_state, "own_state", "open_state", pooled=True),
        "score_percent": derived(_percent, "source_percent", "score_points", "points_possible", pooled=True),
        "score_flags": derived(_flags, *(f"is_{flag}" for flag in _FLAGS), pooled=True),
        "score_counts": derived(_counts, "score_state", "is_dropped", "is_missing", pooled=True),
    },
)

_ASSIGNMENT_OF_GUARDIAN = Shape(
    {"guardian_key": "guardian_student.guardian_id", **ASSIGNMENT.columns}, ASSIGNMENT.derived
)

# The work of a course that was left counts for what was due before.
_SCORES = """
left join {score} as score on score.student_id = enrollment.student_id and score.assignment_id = assignment.id"""
_ASSIGNMENTS = f"""from {{enrollment}} as enrollment
join {{assignment}} as assignment on assignment.section_id = enrollment.section_id{_SCORES}
where enrollment.student_id in :student_ids and assignment.visible = 1
  and (enrollment.ends_on is null or assignment.due_on is null or assignment.due_on <= enrollment.ends_on)"""

LATEST_DUE_FIRST = (
    Order(_DUE, "due_or_never", descending=True),
    Order("assignment.id", "assignment_key", descending=True),
    Order("assignment.section_id", "section_key", descending=True),
    Order("enrollment.student_id", "student_key", descending=True),
)


def _filtered(statement: Statement, wanted: AssignmentFilter) -> Statement:
    if wanted.due_from is not None:
        statement = statement.having("assignment.due_on >= :due_from", due_from=wanted.due_from)
    if wanted.due_to is not None:
        statement = statement.having("assignment.due_on <= :due_to", due_to=wanted.due_to)
    if wanted.term is not None:
        statement = statement.having("assignment.term_id = :term_id", term_id=wanted.term)
    if wanted.states is not None:
        statement = statement.having(f"{_STATE} in :states", states=[state.value for state in wanted.states])
    if wanted.flags is not None:
        raised = " or ".join(f"score.{flag.value.lower()} = 1" for flag in wanted.flags) or "1 = 0"
        statement = statement.having(f"score.released = 1 and ({raised})")
    if wanted.students is not None:
        statement = statement.having("enrollment.student_id in :only_students", only_students=wanted.students)
    if wanted.courses is not None:
        pairs = " or ".join(
            f"(enrollment.student_id = :course_{n}_student and enrollment.section_id = :course_{n}_section)"
            for n in range(len(wanted.courses))
        )
        keys: dict[str, Any] = {}
        for n, (student, section) in enumerate(wanted.courses):
            keys |= {f"course_{n}_student": student, f"course_{n}_section": section}
        statement = statement.having(f"({pairs or '1 = 0'})", **keys)
    return statement


_OF_STUDENTS = Template(ASSIGNMENT, _ASSIGNMENTS, key="student_key", order=LATEST_DUE_FIRST, lone="student_ids")

_OF_GUARDIANS = Template(
    _ASSIGNMENT_OF_GUARDIAN,
    _ASSIGNMENTS.replace(
        "\nwhere",
        "\njoin {guardian_student} as guardian_student\n"
        "  on guardian_student.student_id = enrollment.student_id\nwhere",
        1,
    )
    + " and guardian_student.guardian_id in :guardian_ids",
    key="guardian_key",
    order=LATEST_DUE_FIRST,
)

_OF_COURSES = Template(
    ASSIGNMENT,
    f"{_ASSIGNMENTS} and enrollment.section_id in :section_ids",
    key=("student_key", "section_key", "dropped_on"),
    order=LATEST_DUE_FIRST,
)

# Counted without scores, where no filter asks for them.
_NUMBER_OF_COURSES = Template(
    ASSIGNMENT,
    _OF_COURSES.body.replace(_SCORES, ""),
    key=_OF_COURSES.key,
    order=LATEST_DUE_FIRST,
)

_GIVEN_IN_SECTIONS = Template(
    GIVEN,
    "from {assignment} as assignment\nwhere assignment.visible = 1 and assignment.section_id in :section_ids",
    key="section_key",
    order=(Order(_DUE, descending=True), Order("assignment.id", descending=True)),
    shared=lambda keys: {"section_ids": keys, "never": NEVER},
)

# A score may stand in another section's book, where a student moved.
_SCORES_IN_SECTIONS = Template(
    SCORE,
    "from {score} as score\nwhere score.student_id in :student_ids and (score.section_id in :section_ids\n"
    "  or exists (select 1 from {assignment} as assignment where assignment.id = score.assignment_id\n"
    "    and assignment.section_id in :section_ids))",
    key=("scored_student", "scored_assignment"),
)


def _join(joined: Joined, given: Rows, scores: Rows | None) -> list[Raw]:
    """Each course's assignments with the student's scores, the latest due first; a course that was left ends early."""
    of_section: dict[Any, list[Raw]] = {}
    for section, row in zip(given.layout.values("section_key", given.raw), given.raw, strict=True):
        of_section.setdefault(section, []).append(row)
    number = given.layout.plain.index("assignment_key")
    due = given.layout.cell("due_on")
    made: list[Raw] = []
    none: Raw = ()
    own: dict[Any, Raw] = {}
    if scores is not None:
        none = (None,) * scores.layout.width
        own = dict(zip(scores.layout.keys(scores.raw), scores.raw, strict=True))
    for key in joined.keys:
        student, section, dropped_on = key
        rows = of_section.get(section, [])
        if dropped_on is not None:
            read, at = due.read or _as_it_is, due.at[0]
            rows = [row for row in rows if (day := read(row[at])) is None or day <= dropped_on]
        if joined.limit is not None:
            rows = rows[: joined.limit]
        if scores is None:
            made += [(student, dropped_on, *row) for row in rows]
        else:
            made += [(student, dropped_on, *row, *own.get((student, row[number]), none)) for row in rows]
    return made


def _as_it_is(value: Any) -> Any:
    return value


_BOOK = Halves(
    shape=ASSIGNMENT,
    key=("student_key", "section_key", "dropped_on"),
    order=LATEST_DUE_FIRST,
    own=("student_key", "dropped_on"),
    left=GIVEN,
    left_needs=("section_key", "assignment_key", "due_on"),
    right=SCORE,
    right_needs=("scored_student", "scored_assignment"),
    join=_join,
)

_BY_KEY = Template(
    ASSIGNMENT,
    f"{_ASSIGNMENTS} and enrollment.section_id in :section_ids and assignment.id in :assignment_ids",
    key=("student_key", "section_key", "assignment_key"),
)


def assignments_of_students(students: Sequence[Key], wanted: AssignmentFilter) -> Statement:
    """The visible assignments of each student, by student, the latest due first."""
    return _filtered(_OF_STUDENTS(student_ids=students, never=NEVER), wanted)


def assignments_of_guardians(guardians: Sequence[Key], students: Sequence[Key], wanted: AssignmentFilter) -> Statement:
    """The visible assignments of those of these students who are linked to each guardian, the latest due first."""
    return _filtered(_OF_GUARDIANS(guardian_ids=guardians, student_ids=students, never=NEVER), wanted)


def assignments_of_courses(keys: Sequence[CourseKey], wanted: AssignmentFilter) -> Statement:
    """The visible assignments of each (student, section, day of leaving) key, the latest due first."""
    return _filtered(_OF_COURSES(**_parts(keys), never=NEVER), wanted)


def number_of_courses(keys: Sequence[CourseKey]) -> Statement:
    """The same without their scores, to be counted."""
    return _NUMBER_OF_COURSES(**_parts(keys), never=NEVER)


def book_of_courses(keys: Sequence[CourseKey]) -> Joined:
    """The visible assignments of each (student, section, day of leaving) key, the latest due first, read in halves."""
    parts = _parts(keys)
    return Joined(_BOOK, _GIVEN_IN_SECTIONS.of(parts["section_ids"]), _SCORES_IN_SECTIONS(**parts), keys)


def _parts(keys: Sequence[CourseKey]) -> dict[str, Sequence[Key]]:
    return {
        "student_ids": list(dict.fromkeys([key[0] for key in keys])),
        "section_ids": list(dict.fromkeys([key[1] for key in keys])),
    }


def assignments(keys: Sequence[tuple[Key, Key, Key]]) -> Statement:
    """The assignments of these (student, section, assignment) keys, one row each."""
    return _BY_KEY(
        student_ids=list(dict.fromkeys([student for student, _, _ in keys])),
        section_ids=list(dict.fromkeys([section for _, section, _ in keys])),
        assignment_ids=list(dict.fromkeys([key for _, _, key in keys])),
        never=NEVER,
    )
