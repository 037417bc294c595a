"""How grades are made: the rules, scales and parts of sections, and the work and scores that a calculation needs.

Unlike a family's book, what is read here holds the work that families may not see: a calculation must know that it
is there to say that it cannot vouch for the source's number. Its points are never read.
"""

from collections.abc import Sequence

from loaders.contract import Kind
from loaders.scores import OPEN_STATE, ScoreState
from loaders.statement import Computed, Key, Order, Shape, Statement, Template, derived, side_by_side

RULE = Shape(
    {
        "section_key": "grading_rule.section_id",
        "method": "grading_rule.method",
        "decimals": "grading_rule.decimals",
        "letter_rounding": "grading_rule.letter_rounding",
        "letter_decimals": "grading_rule.letter_decimals",
    }
)

STEP = Shape(
    {
        "section_key": "grading_scale.section_id",
        "letter": "grading_scale.letter",
        "cutoff": "grading_scale.cutoff",
        "points": "grading_scale.points",
    }
)

PART = Shape(
    {
        "section_key": "grade_part.section_id",
        "term_key": "grade_part.term_id",
        "task": "grade_part.task",
        "part_term_key": "grade_part.part_term_id",
        "part_task": "grade_part.part_task",
        "weight": "grade_part.weight",
    }
)

#: Work comes with its own term, and with those above it.
WORK = Shape(
    {
        "section_key": "assignment.section_id",
        "assignment_key": "assignment.id",
        "category_key": "assignment.category_id",
        "own_term_key": "assignment.term_id",
        "upper_term_key": "term.parent_id",
        "highest_term_key": Computed("above.parent_id", Kind.KEY),
        "term_starts_on": "term.starts_on",
        "due_on": "assignment.due_on",
        "open_state": Computed(OPEN_STATE, Kind.ENUM, ScoreState),
        "points_possible": "assignment.points_possible",
        "extra": "assignment.extra_credit",
        "multiplier": "assignment.multiplier",
        "visible": "assignment.visible",
    },
    {"term_keys": derived(side_by_side, "own_term_key", "upper_term_key", "highest_term_key")},
)

#: A grade as a part of another: its percentage only where families may see it.
KNOWN_GRADE = Shape(
    {
        "student_key": "grade.student_id",
        "section_key": "grade.section_id",
        "term_key": "grade.term_id",
        "task": "grade.task",
        "kind": "grade.kind",
        "percent": Computed("case when grade.released = 1 then grade.percent end", Kind.DECIMAL),
        "released": "grade.released",
    }
)

_RULES = Template(
    RULE,
    "from {grading_rule} as grading_rule\nwhere grading_rule.section_id in :section_ids",
    key="section_key",
    shared=lambda keys: {"section_ids": keys},
)

_SCALES = Template(
    STEP,
    "from {grading_scale} as grading_scale\nwhere grading_scale.section_id in :section_ids",
    key="section_key",
    order=(
        Order("case when grading_scale.cutoff is null then 1 else 0 end"),
        Order("grading_scale.cutoff", descending=True),
        Order("grading_scale.position"),
        Order("grading_scale.id"),
    ),
    shared=lambda keys: {"section_ids": keys},
)

_PARTS = Template(
    PART,
    "from {grade_part} as grade_part\n"
    "left join {term} as term on term.id = grade_part.part_term_id\n"
    "where grade_part.section_id in :section_ids",
    key="section_key",
    order=(
        Order("term.starts_on"),
        Order("grade_part.part_term_id"),
        Order("grade_part.part_task"),
        Order("grade_part.term_id"),
        Order("grade_part.task"),
    ),
    shared=lambda keys: {"section_ids": keys},
)

_WORK = Template(
    WORK,
    "from {assignment} as assignment\n"
    "left join {term} as term on term.id = assignment.term_id\n"
    "left join {term} as above on above.id = term.parent_id\n"
    "where assignment.section_id in :section_ids",
    key="section_key",
    order=(Order("assignment.due_on"), Order("assignment.id")),
    shared=lambda keys: {"section_ids": keys},
)

_GRADES = Template(
    KNOWN_GRADE,
    "from {grade} as grade\nwhere grade.student_id in :student_ids and grade.section_id in :section_ids",
    key=("student_key", "section_key"),
    order=(Order("grade.kind"), Order("grade.id")),
)


def rules_of_sections(sections: Sequence[Key]) -> Statement:
    """How the grades of these sections are made, a row each."""
    return _RULES.of(sections)


def scales_of_sections(sections: Sequence[Key]) -> Statement:
    """The letters of these sections, the highest cut-off first, and last those that no number earns."""
    return _SCALES.of(sections)


def parts_of_sections(sections: Sequence[Key]) -> Statement:
    """What the composed grades of these sections are made of, in the order of the parts' terms."""
    return _PARTS.of(sections)


def work_of_sections(sections: Sequence[Key]) -> Statement:
    """All assignments of these sections, seen by families or not, in the order in which they are due."""
    return _WORK.of(sections)


def grades_of_pairs(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The grades of these (student, section) pairs, those that are not released without their percentage."""
    return _GRADES(
        student_ids=list(dict.fromkeys([student for student, _ in pairs])),
        section_ids=list(dict.fromkeys([section for _, section in pairs])),
    )
