"""Grades: what the school has posted, and what stands in the teacher's book."""

from collections.abc import Sequence

from loaders.ids import node_id
from loaders.statement import Key, Order, Shape, Statement, Template, derived, side_by_side

_CURRENT = "case when term.starts_on <= :today and term.ends_on >= :today then 1 else 0 end"

GRADE = Shape(
    {
        "student_key": "grade.student_id",
        "section_key": "grade.section_id",
        "term_key": "grade.term_id",
        "grade_key": "grade.id",
        "kind": "grade.kind",
        "task": "grade.task",
        "percent": "grade.percent",
        "letter": "grade.letter",
        "points": "grade.points",
        "points_possible": "grade.points_possible",
        "comment": "grade.comment",
        "missing_count": "grade.missing_count",
        "ungraded_count": "grade.ungraded_count",
        "credits_attempted": "grade.credits_attempted",
        "credits_earned": "grade.credits_earned",
        "left_on": "enrollment.ends_on",
        "updated_at": "grade.updated_at",
        "posted_at": "grade.posted_at",
    },
    {
        "id": derived(lambda student, grade: node_id("Grade", student, grade), "student_key", "grade_key"),
        "course_key": derived(side_by_side, "student_key", "section_key"),
        "subject_key": derived(
            side_by_side,
            "student_key",
            "section_key",
            "left_on",
            "term_key",
            "task",
            "kind",
            "percent",
            "letter",
        ),
        "missing_key": derived(
            side_by_side, "student_key", "section_key", "left_on", "term_key", "task", "missing_count"
        ),
        "ungraded_key": derived(
            side_by_side, "student_key", "section_key", "left_on", "term_key", "task", "ungraded_count"
        ),
        "comments": derived(lambda comment: [comment] if comment else [], "comment"),
    },
)

# A grade of a course that the student was never in has no course to stand in; it belongs to the transcript.
_GRADES = """from {grade} as grade
join {enrollment} as enrollment on enrollment.student_id = grade.student_id
  and enrollment.section_id = grade.section_id
left join {term} as term on term.id = grade.term_id
where grade.student_id in :student_ids and grade.released = 1"""

_LATEST_FIRST = (
    Order("case when term.id is null then 1 else 0 end"),
    Order("term.starts_on", descending=True),
    Order("term.ends_on"),
    Order("grade.section_id"),
    Order("grade.kind"),
    Order("grade.id"),
)

#: The grade a parent looks at first: of the current term, of its finest part, in progress before posted.
_FIRST = (Order(_CURRENT, descending=True), *_LATEST_FIRST)


_OF_STUDENTS = Template(GRADE, _GRADES, key="student_key", order=_LATEST_FIRST)

_OF_COURSES = Template(
    GRADE,
    f"{_GRADES} and grade.section_id in :section_ids",
    key=("student_key", "section_key"),
    order=_LATEST_FIRST,
)

_FIRST_OF_COURSES = _OF_COURSES.varied(order=_FIRST, short=True)

# What is neither number nor letter yet is no point of a trend.
_TREND_OF_COURSES = Template(
    GRADE,
    f"{_GRADES} and grade.section_id in :section_ids and (grade.percent is not null or grade.letter is not null)",
    key=("student_key", "section_key"),
    order=(
        Order("case when term.id is null then 1 else 0 end"),
        Order("term.ends_on"),
        Order("term.starts_on", descending=True),
        Order("grade.task"),
        Order("grade.kind", descending=True),
        Order("grade.id"),
    ),
)

_BY_KEY = Template(
    GRADE,
    f"{_GRADES} and grade.id in :grade_ids",
    key=("student_key", "grade_key"),
)


def grades_of_students(
    students: Sequence[Key], term: Key | None = None, sections: Sequence[Key] | None = None
) -> Statement:
    """The grades of each student, the latest term first; of one term, of some sections, where they are named."""
    statement = _OF_STUDENTS(student_ids=students)
    if term is not None:
        statement = statement.having("grade.term_id = :term_id", term_id=term)
    if sections is not None:
        statement = statement.having("grade.section_id in :section_ids", section_ids=sections)
    return statement


def grades_of_courses(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The grades of these (student, section) pairs, the latest term first."""
    return _OF_COURSES(**_parts("section_ids", pairs))


def trend_of_courses(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The grades of these (student, section) pairs in which something stands, in the order in which the terms end."""
    return _TREND_OF_COURSES(**_parts("section_ids", pairs))


def first_grade_of_courses(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """Of each (student, section) pair the grade that a parent looks at first."""
    return _FIRST_OF_COURSES(**_parts("section_ids", pairs)).cut(1)


def grades(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The grades of these (student, grade) pairs, one row each."""
    return _BY_KEY(**_parts("grade_ids", pairs))


def _parts(second: str, pairs: Sequence[tuple[Key, Key]]) -> dict[str, Sequence[Key]]:
    return {
        "student_ids": list(dict.fromkeys([student for student, _ in pairs])),
        second: list(dict.fromkeys([part for _, part in pairs])),
    }
