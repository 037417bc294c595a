"""Levels by standard: what a student has reached of what is to be learnt in a course."""

from collections.abc import Sequence

from loaders.statement import Key, Order, Shape, Statement, Template

STANDARD_GRADE = Shape(
    {
        "student_key": "standard_grade.student_id",
        "section_key": "standard_grade.section_id",
        "term_key": "standard_grade.term_id",
        "code": "standard.code",
        "standard": "standard.name",
        "subject": "standard.subject",
        "level": "standard_grade.level",
        "level_name": "standard_grade.level_name",
        "comment": "standard_grade.comment",
        "updated_at": "standard_grade.updated_at",
    }
)

_OF_COURSES = Template(
    STANDARD_GRADE,
    "from {standard_grade} as standard_grade\n"
    "join {standard} as standard on standard.id = standard_grade.standard_id\n"
    "left join {term} as term on term.id = standard_grade.term_id\n"
    "where standard_grade.student_id in :student_ids and standard_grade.section_id in :section_ids\n"
    "  and standard_grade.released = 1",
    key=("student_key", "section_key"),
    order=(
        Order("case when term.id is null then 1 else 0 end"),
        Order("term.starts_on", descending=True),
        Order("standard.code"),
        Order("standard_grade.id"),
    ),
)


def standard_grades_of_courses(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The levels of these (student, section) pairs, the latest term first, by the standards' codes."""
    return _OF_COURSES(
        student_ids=list(dict.fromkeys([student for student, _ in pairs])),
        section_ids=list(dict.fromkeys([section for _, section in pairs])),
    )
