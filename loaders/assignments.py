"""Assignments: what a student was given to do, with the score that stands in the book today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import nh3

from loaders.contract import Kind
from loaders.courses import COURSE_ALONG, GIVES_COURSE
from loaders.ids import node_id
from loaders.scores import OPEN_STATE, SCORE, STATE, TOLD, ScoreFlag, ScoreState
from loaders.statement import (
    Computed,
    Key,
    Order,
    Shape,
    Statement,
    Template,
    derived,
    side_by_side,
    side_by_side_if_last,
)

#: A course as its student has it: student, section, and the day on which the student left it, if any.
CourseKey = tuple[Key, Key, date | None]


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

#: Assignments without a due date stand behind all others.
DUE = "coalesce(assignment.due_on, :never)"
NEVER = date(1, 1, 1)


def _sanitized(html: str | None) -> str | None:
    """The description as HTML without script, style, event handler, form or foreign frame."""
    return nh3.clean(html) if html and ("<" in html or "&" in html or ">" in html) else html


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
        "due_or_never": Computed(DUE, Kind.DATE),
        "open_state": Computed(OPEN_STATE, Kind.ENUM, ScoreState),
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
        "key": derived(side_by_side, "student_key", "section_key", "assignment_key"),
        "id": derived(
            lambda student, section, key: node_id("Assignment", student, section, key),
            "student_key",
            "section_key",
            "assignment_key",
        ),
        "sourced_id": derived(str, "assignment_key"),
        "description": derived(_sanitized, "raw_description"),
        "extra_credit": derived(bool, "extra", pooled=True),
        "course_key": derived(side_by_side, "student_key", "section_key"),
        "category_key": derived(side_by_side_if_last, "section_key", "category"),
        **TOLD,
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
    Order(DUE, "due_or_never", descending=True),
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
        statement = statement.having(f"{STATE} in :states", states=[state.value for state in wanted.states])
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

# With the course of each, for who will ask for it.
_AND_COURSE = "\nleft join {section} as section on section.id = enrollment.section_id\nwhere"
_OF_STUDENTS_AND_COURSE = Template(
    Shape({**ASSIGNMENT.columns, **COURSE_ALONG}, ASSIGNMENT.derived),
    _OF_STUDENTS.body.replace("\nwhere", _AND_COURSE, 1),
    key="student_key",
    order=LATEST_DUE_FIRST,
    lone="student_ids",
    gives=(GIVES_COURSE,),
)

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
    lone="guardian_ids",
)

_OF_GUARDIANS_AND_COURSE = Template(
    Shape({**_ASSIGNMENT_OF_GUARDIAN.columns, **COURSE_ALONG}, ASSIGNMENT.derived),
    _OF_GUARDIANS.body.replace("\nwhere", _AND_COURSE, 1),
    key="guardian_key",
    order=LATEST_DUE_FIRST,
    lone="guardian_ids",
    gives=(GIVES_COURSE,),
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

_BY_KEY = Template(
    ASSIGNMENT,
    f"{_ASSIGNMENTS} and enrollment.section_id in :section_ids and assignment.id in :assignment_ids",
    key=("student_key", "section_key", "assignment_key"),
)


def assignments_of_students(students: Sequence[Key], wanted: AssignmentFilter, *, courses: bool = False) -> Statement:
    """The visible assignments of each student, by student, the latest due first; with their `courses` if so wanted."""
    template = _OF_STUDENTS_AND_COURSE if courses else _OF_STUDENTS
    return _filtered(template(student_ids=students, never=NEVER), wanted)


def assignments_of_guardians(
    guardians: Sequence[Key], students: Sequence[Key], wanted: AssignmentFilter, *, courses: bool = False
) -> Statement:
    """The visible assignments of those of these students who are linked to each guardian, the latest due first."""
    template = _OF_GUARDIANS_AND_COURSE if courses else _OF_GUARDIANS
    return _filtered(template(guardian_ids=guardians, student_ids=students, never=NEVER), wanted)


def assignments_of_courses(keys: Sequence[CourseKey], wanted: AssignmentFilter) -> Statement:
    """The visible assignments of each (student, section, day of leaving) key, the latest due first."""
    return _filtered(_OF_COURSES(**parts_of(keys), never=NEVER), wanted)


def number_of_courses(keys: Sequence[CourseKey]) -> Statement:
    """The same without their scores, to be counted."""
    return _NUMBER_OF_COURSES(**parts_of(keys), never=NEVER)


def parts_of(keys: Sequence[CourseKey]) -> dict[str, Sequence[Key]]:
    """The students and the sections of these keys, each once."""
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
