"""Which students a guardian may see today: the one statement that every path to a student goes through."""

from collections.abc import Sequence

from loaders.statement import Key, Shape, Statement, Template

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

# A student without any enrolment has no school to belong to, so there is nothing that could be shown.
_RIGHTS = """from {guardian_student} as guardian_student
where guardian_student.portal_access = 1
  and (guardian_student.starts_on is null or guardian_student.starts_on <= :today)
  and (guardian_student.ends_on is null or guardian_student.ends_on >= :today)
  and exists (select 1 from {school_enrollment} as school_enrollment
    where school_enrollment.student_id = guardian_student.student_id)"""


_OF_GUARDIANS = Template(
    RIGHT, f"{_RIGHTS} and guardian_student.guardian_id in :guardian_ids", key="guardian_key", remembered=True
)

_TO_STUDENTS = Template(RIGHT, f"{_RIGHTS} and guardian_student.student_id in :student_ids", key="student_key")


def rights_of_guardians(guardians: Sequence[Key]) -> Statement:
    """The rights that hold today, a row per guardian and student."""
    return _OF_GUARDIANS(guardian_ids=guardians)


def rights_to_students(students: Sequence[Key]) -> Statement:
    """The rights that hold today to these students, by student: who is to be told of a change."""
    return _TO_STUDENTS(student_ids=students)
