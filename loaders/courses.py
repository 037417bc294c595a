"""Courses: a section as one student has it, and the categories its work is sorted into."""

from collections.abc import Sequence

from loaders.ids import node_id
from loaders.statement import Gives, Key, Order, Shape, Statement, Template, derived, side_by_side

COURSE = Shape(
    {
        "student_key": "enrollment.student_id",
        "section_key": "enrollment.section_id",
        "section_term_key": "section.term_id",
        "enrollment_term_key": "enrollment.term_id",
        "title": "section.title",
        "course_number": "section.course_number",
        "section": "section.section_code",
        "subject": "section.subject",
        "room": "section.room",
        "period": "section.period",
        "enrolled_on": "enrollment.starts_on",
        "dropped_on": "enrollment.ends_on",
    },
    {
        "key": derived(side_by_side, "student_key", "section_key"),
        "book_key": derived(side_by_side, "student_key", "section_key", "dropped_on"),
        "id": derived(lambda student, section: node_id("Course", student, section), "student_key", "section_key"),
        "sourced_id": derived(str, "section_key"),
        "term_key": derived(lambda own, section: own or section, "enrollment_term_key", "section_term_key"),
    },
)

#: A course within the rows of something of it, which must join enrollment and section.
COURSE_ALONG = {**{f"course_{name}": source for name, source in COURSE.columns.items()}, "course_there": "section.id"}
GIVES_COURSE = Gives("course", "course_key", there="course_there", along=tuple(COURSE_ALONG))

CATEGORY = Shape(
    {
        "key": "category.id",
        "section_key": "category.section_id",
        "name": "category.name",
        "weight": "category.weight",
        "drop_lowest": "category.drop_lowest",
    },
    {
        "id": derived(lambda key, section: node_id("Category", key, section), "key", "section_key"),
    },
)

_COURSES = """from {enrollment} as enrollment
join {section} as section on section.id = enrollment.section_id
where enrollment.student_id in :student_ids"""

# Shorter names first, so that period 10 stands behind period 9; courses without a period come last.
_ORDER = (
    Order("case when section.period is null then 1 else 0 end"),
    Order("length(section.period)"),
    Order("section.period"),
    Order("section.title"),
    Order("section.id"),
)


_COURSES_OF_STUDENTS = Template(
    COURSE, _COURSES, key="student_key", order=_ORDER, gives=(Gives("course", "key", there="section_key"),)
)

# A section without a term is taught all the time.
_IN_TERMS = (
    "(coalesce(enrollment.term_id, section.term_id) is null "
    "or enrollment.term_id in :term_ids or (enrollment.term_id is null and section.term_id in :section_term_ids))"
)

_COURSES_BY_KEY = Template(
    COURSE,
    f"{_COURSES} and enrollment.section_id in :section_ids",
    key=("student_key", "section_key"),
    entity="course",
    by=lambda keys: {
        "student_ids": list(dict.fromkeys([student for student, _ in keys])),
        "section_ids": list(dict.fromkeys([section for _, section in keys])),
    },
)

_CATEGORIES_OF_SECTIONS = Template(
    CATEGORY,
    "from {category} as category\nwhere category.section_id in :section_ids",
    key="section_key",
    order=(
        Order("coalesce(category.weight, 0)", descending=True),
        Order("category.name"),
        Order("category.id"),
    ),
    shared=lambda keys: {"section_ids": keys},
)

_CATEGORIES_BY_KEY = Template(
    CATEGORY,
    "from {category} as category\nwhere category.section_id in :section_ids and category.id in :category_ids",
    key=("section_key", "key"),
    shared=lambda keys: {
        "section_ids": list(dict.fromkeys([section for section, _ in keys])),
        "category_ids": list(dict.fromkeys([category for _, category in keys])),
    },
)


def courses_of_students(students: Sequence[Key], terms: Sequence[Key] | None = None) -> Statement:
    """The courses of each student, by period; in these terms only, where terms are given."""
    statement = _COURSES_OF_STUDENTS(student_ids=students)
    return statement if terms is None else statement.having(_IN_TERMS, term_ids=terms, section_term_ids=terms)


def courses(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The courses of these (student, section) pairs, one row each."""
    return _COURSES_BY_KEY.of(pairs)


def categories_of_sections(sections: Sequence[Key]) -> Statement:
    """The categories of each section, the heaviest first."""
    return _CATEGORIES_OF_SECTIONS.of(sections)


def categories(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The categories of these (section, category) pairs, one row each."""
    return _CATEGORIES_BY_KEY.of(pairs)
