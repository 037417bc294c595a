"""Students, guardians and staff: who is who."""

from collections.abc import Sequence

from loaders.ids import node_id
from loaders.statement import Derived, Key, Order, Shape, Statement, Template, derived


def full_name(given_name: str, family_name: str) -> str:
    """Given name before family name, as the school's own pages write it."""
    return f"{given_name} {family_name}".strip()


def _sourced(type_name: str) -> dict[str, Derived]:
    return {
        "id": derived(lambda key: node_id(type_name, key), "key"),
        "sourced_id": derived(str, "key"),
        "name": derived(full_name, "given_name", "family_name"),
    }


ELDEST_FIRST = (
    Order("case when student.birth_date is null then 1 else 0 end"),
    Order("student.birth_date"),
    Order("student.id"),
)

STUDENT = Shape(
    {
        "key": "student.id",
        "student_number": "student.student_number",
        "legal_given_name": "student.given_name",
        "preferred_name": "student.preferred_name",
        "family_name": "student.family_name",
        "birth_date": "student.birth_date",
    },
    {
        "given_name": derived(lambda preferred, legal: preferred or legal, "preferred_name", "legal_given_name"),
        **_sourced("Student"),
    },
)

_STUDENT_OF_GUARDIAN = Shape({"guardian_key": "guardian_student.guardian_id", **STUDENT.columns}, STUDENT.derived)

_STUDENT_OF_MESSAGE = Shape(
    {
        "guardian_key": "message_recipient.guardian_id",
        "message_key": "message_recipient.message_id",
        **STUDENT.columns,
    },
    STUDENT.derived,
)

GUARDIAN = Shape(
    {
        "key": "guardian.id",
        "given_name": "guardian.given_name",
        "family_name": "guardian.family_name",
        "email": "guardian.email",
        "phone": "guardian.phone",
        "preferred_language": "guardian.preferred_language",
    },
    _sourced("Parent"),
)

STAFF = Shape(
    {
        "key": "staff.id",
        "given_name": "staff.given_name",
        "family_name": "staff.family_name",
        "email": "staff.email",
    },
    _sourced("Teacher"),
)

_TAUGHT_STAFF = Shape(
    {"section_key": "section_teacher.section_id", **STAFF.columns},
    STAFF.derived,
)


_STUDENTS = Template(
    STUDENT,
    "from {student} as student\nwhere student.id in :student_ids",
    key="key",
    remembered=True,
    entity="student",
    by=lambda keys: {"student_ids": keys},
)

_STUDENTS_OF_GUARDIANS = Template(
    _STUDENT_OF_GUARDIAN,
    "from {guardian_student} as guardian_student\n"
    "join {student} as student on student.id = guardian_student.student_id\n"
    "where guardian_student.guardian_id in :guardian_ids and guardian_student.student_id in :student_ids",
    key="guardian_key",
    order=ELDEST_FIRST,
    remembered=True,
    entity="students of guardian",
)

_STUDENTS_OF_MESSAGES = Template(
    _STUDENT_OF_MESSAGE,
    "from {message_recipient} as message_recipient\n"
    "join {student} as student on student.id = message_recipient.student_id\n"
    "where message_recipient.guardian_id in :guardian_ids and message_recipient.message_id in :message_ids\n"
    "  and message_recipient.student_id in :student_ids",
    key=("guardian_key", "message_key"),
    order=(Order("student.id"),),
)

_GUARDIANS = Template(
    GUARDIAN,
    "from {guardian} as guardian\nwhere guardian.id in :guardian_ids",
    key="key",
    remembered=True,
    entity="guardian",
    by=lambda keys: {"guardian_ids": keys},
)

_GUARDIAN_AT_ROOT = _GUARDIANS.varied(key=())

_TEACHERS_OF_SECTIONS = Template(
    _TAUGHT_STAFF,
    "from {section_teacher} as section_teacher\n"
    "join {staff} as staff on staff.id = section_teacher.staff_id\n"
    "where section_teacher.section_id in :section_ids",
    key="section_key",
    order=(
        Order("coalesce(section_teacher.is_primary, 0)", descending=True),
        Order("staff.id"),
    ),
    shared=lambda keys: {"section_ids": keys},
    entity="teachers of section",
)

_TEACHERS_OF_STUDENTS = Template(
    STAFF,
    "from {staff} as staff\nwhere staff.id in :staff_ids and exists (select 1 from {enrollment} as enrollment\n"
    "  join {section_teacher} as section_teacher on section_teacher.section_id = enrollment.section_id\n"
    "  where enrollment.student_id in :student_ids and section_teacher.staff_id = staff.id)",
    key="key",
)


def students(keys: Sequence[Key]) -> Statement:
    """The students of these keys, one row each."""
    return _STUDENTS.of(keys)


def students_of_guardians(guardians: Sequence[Key], students: Sequence[Key]) -> Statement:
    """Of these students, who are all of the viewer's, those linked to each guardian, eldest first."""
    return _STUDENTS_OF_GUARDIANS.keyed(guardians, guardian_ids=guardians, student_ids=students)


def students_of_messages(messages: Sequence[tuple[Key, Key]], students: Sequence[Key]) -> Statement:
    """Of these students those whom each (guardian, message) pair concerns."""
    return _STUDENTS_OF_MESSAGES(
        guardian_ids=list(dict.fromkeys(guardian for guardian, _ in messages)),
        message_ids=list(dict.fromkeys(message for _, message in messages)),
        student_ids=students,
    )


def guardians(keys: Sequence[Key]) -> Statement:
    """The guardians of these keys, one row each."""
    return _GUARDIANS.of(keys)


def guardian_at_root(key: Key, absent: Exception) -> Statement:
    """The guardian of this key, asked at the root; where there is none, this refusal."""
    return _GUARDIAN_AT_ROOT.of([key], absent)


def teachers_of_sections(sections: Sequence[Key]) -> Statement:
    """The teachers of these sections, the one in charge first."""
    return _TEACHERS_OF_SECTIONS.of(sections)


def teachers_of_students(keys: Sequence[Key], students: Sequence[Key]) -> Statement:
    """Of these teachers, those who teach one of these students, one row each."""
    return _TEACHERS_OF_STUDENTS(staff_ids=keys, student_ids=students)
