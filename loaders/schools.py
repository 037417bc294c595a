"""Schools, terms, and where a student is enrolled."""

from collections.abc import Sequence

from loaders.contract import Kind
from loaders.ids import node_id
from loaders.statement import Computed, Gives, Key, Order, Shape, Statement, Template, derived

SCHOOL = Shape(
    {
        "key": "school.id",
        "name": "school.name",
        "phone": "school.phone",
        "time_zone": Computed("coalesce(school.time_zone, :time_zone)", Kind.TEXT),
    },
    {
        "id": derived(lambda key: node_id("School", key), "key"),
        "sourced_id": derived(str, "key"),
    },
)

TERM = Shape(
    {
        "key": "term.id",
        "school_key": "term.school_id",
        "parent_key": "term.parent_id",
        "name": "term.name",
        "kind": "term.kind",
        "starts_on": "term.starts_on",
        "ends_on": "term.ends_on",
        "school_year": "term.school_year",
        "is_current": Computed(
            "case when term.starts_on <= :today and term.ends_on >= :today then 1 else 0 end", Kind.BOOLEAN
        ),
    },
    {
        "id": derived(lambda key: node_id("Term", key), "key"),
        "sourced_id": derived(str, "key"),
    },
)

_ATTENDED = """case when (school_enrollment.starts_on is null or school_enrollment.starts_on <= :today)
  and (school_enrollment.ends_on is null or school_enrollment.ends_on >= :today) then 1 else 0 end"""

SCHOOL_ENROLLMENT = Shape(
    {
        "student_key": "school_enrollment.student_id",
        "school_key": "school_enrollment.school_id",
        "key": "school_enrollment.id",
        "grade_level": "school_enrollment.grade_level",
        "school_year": "school_enrollment.school_year",
        "starts_on": "school_enrollment.starts_on",
        "ends_on": "school_enrollment.ends_on",
        "is_primary": Computed("coalesce(school_enrollment.is_primary, 1)", Kind.BOOLEAN),
        "is_current": Computed(_ATTENDED, Kind.BOOLEAN),
    }
)

_SCHOOL_OF_STUDENT = Shape({"student_key": "school_enrollment.student_id", **SCHOOL.columns}, SCHOOL.derived)

_TERM_OF_STUDENT = Shape({"student_key": Computed("attended.student_id", Kind.KEY), **TERM.columns}, TERM.derived)

#: The enrolment a family would name first: attended today, then the latest year, then the primary school.
FIRST_ENROLLMENT = (
    Order(_ATTENDED, descending=True),
    Order("school_enrollment.school_year", descending=True),
    Order("coalesce(school_enrollment.is_primary, 1)", descending=True),
    Order("school_enrollment.id"),
)

_TERM_ORDER = (
    Order("term.starts_on"),
    Order("term.ends_on", descending=True),
    Order("term.id"),
)


_SCHOOL_OF_STUDENTS = Template(
    _SCHOOL_OF_STUDENT,
    "from {school_enrollment} as school_enrollment\n"
    "join {school} as school on school.id = school_enrollment.school_id\n"
    "where school_enrollment.student_id in :student_ids",
    key="student_key",
    order=FIRST_ENROLLMENT,
    remembered=True,
    short=True,
    entity="school of student",
    by=lambda keys: {"student_ids": keys},
)

_ENROLLMENTS = Template(
    SCHOOL_ENROLLMENT,
    "from {school_enrollment} as school_enrollment\nwhere school_enrollment.student_id in :student_ids",
    key="student_key",
    order=FIRST_ENROLLMENT,
    remembered=True,
)

_SCHOOLS = Template(
    SCHOOL,
    "from {school} as school\nwhere school.id in :school_ids",
    key="key",
    remembered=True,
    shared=lambda keys: {"school_ids": keys},
    entity="school",
)

_TERMS = Template(
    TERM,
    "from {term} as term\nwhere term.id in :term_ids",
    key="key",
    shared=lambda keys: {"term_ids": keys},
    entity="term",
)

_TERMS_OF_YEARS = Template(
    TERM,
    "from {term} as term\nwhere term.school_id in :school_ids and term.school_year in :school_years",
    key=("school_key", "school_year"),
    order=_TERM_ORDER,
    shared=lambda keys: {
        "school_ids": list(dict.fromkeys([school for school, _ in keys])),
        "school_years": list(dict.fromkeys([year for _, year in keys])),
    },
    gives=(Gives("term", "key", there="key"),),
)

_TERMS_OF_STUDENTS = Template(
    _TERM_OF_STUDENT,
    "from (select distinct school_enrollment.student_id, school_enrollment.school_id,\n"
    "    school_enrollment.school_year\n"
    "  from {school_enrollment} as school_enrollment\n"
    "  where school_enrollment.student_id in :student_ids) as attended\n"
    "join {term} as term on term.school_id = attended.school_id and term.school_year = attended.school_year",
    key="student_key",
    order=_TERM_ORDER,
    gives=(Gives("term", "key", there="key"),),
)


def school_of_students(students: Sequence[Key]) -> Statement:
    """The school that each student attends today, the primary one of several; the last one where none is attended."""
    return _SCHOOL_OF_STUDENTS.of(students).cut(1)


def enrollments_of_students(students: Sequence[Key]) -> Statement:
    """Where each student is and was enrolled, the one that a family would name first at the head."""
    return _ENROLLMENTS(student_ids=students)


def schools(keys: Sequence[Key]) -> Statement:
    """The schools of these keys, one row each."""
    return _SCHOOLS.of(keys)


def terms(keys: Sequence[Key]) -> Statement:
    """The terms of these keys, one row each."""
    return _TERMS.of(keys)


def terms_of_years(keys: Sequence[tuple[Key, int]]) -> Statement:
    """The terms of these (school, school year) pairs, in their order, a year before its parts."""
    return _TERMS_OF_YEARS.of(keys)


def terms_of_students(students: Sequence[Key]) -> Statement:
    """The terms of each student's schools and years, in their order, a year before its parts."""
    return _TERMS_OF_STUDENTS(student_ids=students)
