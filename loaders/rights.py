"""Which students a guardian may see today: the one statement that every path to a student goes through."""

from collections.abc import Sequence

from loaders.contract import Area, Kind
from loaders.people import ELDEST_FIRST, GUARDIAN, STUDENT
from loaders.schools import FIRST_ENROLLMENT, SCHOOL
from loaders.statement import Computed, Gives, Key, Shape, Statement, Template

RIGHT = Shape(
    {
        "guardian_key": "guardian_student.guardian_id",
        "student_key": "guardian_student.student_id",
        "kind": "guardian_student.relationship",
        "legal_guardian": "guardian_student.legal_guardian",
        "lives_with": "guardian_student.lives_with",
        "contact_priority": "guardian_student.contact_priority",
        "starts_on": "guardian_student.starts_on",
        "ends_on": "guardian_student.ends_on",
    }
)

_BITS = {area.value: 1 << n for n, area in enumerate(Area)}
#: What a word that names no area withholds: all of them.
UNKNOWN_AREA = 1 << len(_BITS)

_WITHHELD = f"""coalesce((select sum(distinct case withheld_area.area
{" ".join(f"when '{area}' then {bit}" for area, bit in _BITS.items())} else {UNKNOWN_AREA} end)
  from {{withheld_area}} as withheld_area
  where withheld_area.guardian_id in :guardian_ids and withheld_area.guardian_id = guardian_student.guardian_id
    and withheld_area.student_id = guardian_student.student_id
    and (withheld_area.starts_on is null or withheld_area.starts_on <= :today)
    and (withheld_area.ends_on is null or withheld_area.ends_on >= :today)), 0)"""

#: A right and one enrolment of its student, with what else decides which areas the right opens, and with who and
#: where they are: hardly an operation does without.
ENROLLED_RIGHT = Shape(
    {
        **RIGHT.columns,
        "school_key": "school_enrollment.school_id",
        "school_year": "school_enrollment.school_year",
        "grade_level": "school_enrollment.grade_level",
        "adult_right": "guardian_student.adult_right",
        "birth_date": "student.birth_date",
        "time_zone": "school.time_zone",
        **{f"of_guardian_{name}": source for name, source in GUARDIAN.columns.items()},
        **{f"of_student_{name}": source for name, source in STUDENT.columns.items()},
        "of_school_student_key": "school_enrollment.student_id",
        **{f"of_school_{name}": source for name, source in SCHOOL.columns.items()},
    }
)

SCOPE_GIVES = (
    Gives("guardian", "guardian_key", there="of_guardian_key"),
    Gives("students of guardian", "guardian_key", there="of_student_key", each="student_key"),
    Gives("student", "student_key", there="of_student_key"),
    Gives("school of student", "student_key", there="of_school_key"),
    Gives("school", "school_key", there="of_school_key"),
)

#: The same where the source withholds areas: which of them, a bit each.
NARROWED_RIGHT = Shape({**ENROLLED_RIGHT.columns, "withheld": Computed(_WITHHELD, Kind.INTEGER)})

HOLDS = """guardian_student.portal_access = 1
  and (guardian_student.starts_on is null or guardian_student.starts_on <= :today)
  and (guardian_student.ends_on is null or guardian_student.ends_on >= :today)"""

# A student without any enrolment has no school to belong to, so there is nothing that could be shown.
_RIGHTS = f"""from {{guardian_student}} as guardian_student
where {HOLDS}
  and exists (select 1 from {{school_enrollment}} as school_enrollment
    where school_enrollment.student_id = guardian_student.student_id)"""


_OF_GUARDIANS = Template(
    RIGHT, f"{_RIGHTS} and guardian_student.guardian_id in :guardian_ids", key="guardian_key", remembered=True
)

_SCOPE = Template(
    ENROLLED_RIGHT,
    "from {guardian_student} as guardian_student\n"
    "join {student} as student on student.id = guardian_student.student_id\n"
    "join {school_enrollment} as school_enrollment on school_enrollment.student_id = guardian_student.student_id\n"
    "left join {guardian} as guardian on guardian.id = guardian_student.guardian_id\n"
    "left join {school} as school on school.id = school_enrollment.school_id\n"
    f"where {HOLDS} and guardian_student.guardian_id in :guardian_ids",
    key="guardian_key",
    order=(*ELDEST_FIRST, *FIRST_ENROLLMENT),
    remembered=True,
    gives=SCOPE_GIVES,
)

_NARROWED = _SCOPE.varied(shape=NARROWED_RIGHT)

_TO_STUDENTS = Template(RIGHT, f"{_RIGHTS} and guardian_student.student_id in :student_ids", key="student_key")


def withheld_bit(area: str) -> int:
    """The bit of `withheld` that says so of an area."""
    return _BITS[area]


def scope_of_guardian(guardian: Key, *, withheld: bool) -> Statement:
    """A guardian's rights that hold today with the enrolments of their students, the one to name first at the head.

    With the areas `withheld` from the guardian, where the source can say so.
    """
    return scopes_of_guardians((guardian,), withheld=withheld)


def scopes_of_guardians(guardians: Sequence[Key], *, withheld: bool) -> Statement:
    """What `scope_of_guardian` tells, of each of these guardians."""
    return (_NARROWED if withheld else _SCOPE)(guardian_ids=guardians)


def rights_of_guardians(guardians: Sequence[Key]) -> Statement:
    """The rights that hold today, a row per guardian and student."""
    return _OF_GUARDIANS(guardian_ids=guardians)


def rights_to_students(students: Sequence[Key]) -> Statement:
    """The rights that hold today to these students, by student: who is to be told of a change."""
    return _TO_STUDENTS(student_ids=students)
