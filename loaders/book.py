"""The gradebook of a course, read in halves: the assignments, which its students share, and the scores."""

from collections.abc import Sequence
from typing import Any

from loaders.assignments import ASSIGNMENT, DUE, GIVEN, LATEST_DUE_FIRST, NEVER, CourseKey, parts_of
from loaders.joined import Halves, Joined
from loaders.rows import Raw, Rows
from loaders.scores import SCORE
from loaders.statement import Key, Order, Statement, Template

_GIVEN_IN_SECTIONS = Template(
    GIVEN,
    "from {assignment} as assignment\nwhere assignment.visible = 1 and assignment.section_id in :section_ids",
    key="section_key",
    order=(Order(DUE, descending=True), Order("assignment.id", descending=True)),
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


def _join(joined: Joined, given: Rows, scores: Rows | None) -> tuple[list[Raw], list[tuple[Any, int]]]:
    """Each course's assignments with the student's scores, the latest due first; a course that was left ends early."""
    of_section = given.groups()
    number = given.layout.plain.index("assignment_key")
    due = given.layout.cell("due_on")
    made: list[Raw] = []
    runs: list[tuple[Any, int]] = []
    none: Raw = ()
    own: dict[Any, dict[Any, Raw]] = {key[0]: {} for key in joined.keys}
    if scores is not None:
        none = (None,) * scores.layout.width
        for (student, assignment), row in zip(scores.keys, scores.raw, strict=True):
            own[student][assignment] = row
    for key in joined.keys:
        student, section, dropped_on = key
        rows: Sequence[Raw] = of_section.get(section, ())
        if dropped_on is not None:
            read, at = due.read or _as_it_is, due.at[0]
            rows = [row for row in rows if (day := read(row[at])) is None or day <= dropped_on]
        if joined.limit is not None:
            rows = rows[: joined.limit]
        if rows:
            runs.append((key, len(rows)))
        if scores is None:
            made += [(student, dropped_on, *row) for row in rows]
        else:
            score = own[student].get
            made += [(student, dropped_on, *row, *score(row[number], none)) for row in rows]
    return made, runs


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


def book_of_courses(keys: Sequence[CourseKey]) -> Joined:
    """The visible assignments of each (student, section, day of leaving) key, the latest due first, read in halves."""
    parts = parts_of(keys)
    return Joined(_BOOK, _GIVEN_IN_SECTIONS.of(parts["section_ids"]), _SCORES_IN_SECTIONS(**parts), keys)


def scores_in_sections(students: Sequence[Key], sections: Sequence[Key]) -> Statement:
    """The scores of these students in the books of these sections, by student and assignment."""
    return _SCORES_IN_SECTIONS(student_ids=students, section_ids=sections)
