"""To whom a message goes: the guardians with a right to a student of a district, school, course, or to one student."""

from collections.abc import Mapping

from loaders.contract import Kind, MessageScope
from loaders.rights import HOLDS
from loaders.statement import Computed, Key, Order, Shape, Statement, Template

# By students first: a course is a handful of a district's rights.
_AT_SCHOOL = (
    "guardian_student.student_id in (select school_enrollment.student_id\n"
    "  from {school_enrollment} as school_enrollment where school_enrollment.school_id = :target\n"
    "    and (school_enrollment.starts_on is null or school_enrollment.starts_on <= :today)\n"
    "    and (school_enrollment.ends_on is null or school_enrollment.ends_on >= :today))"
)
_IN_SECTION = (
    "guardian_student.student_id in (select enrollment.student_id\n"
    "  from {enrollment} as enrollment where enrollment.section_id = :target\n"
    "    and (enrollment.starts_on is null or enrollment.starts_on <= :today)\n"
    "    and (enrollment.ends_on is null or enrollment.ends_on >= :today))"
)

#: Which rights make an addressee, by the scope of the message.
_WHICH: Mapping[MessageScope, str] = {
    MessageScope.DISTRICT: "guardian_student.guardian_id is not null",
    MessageScope.SCHOOL: _AT_SCHOOL,
    MessageScope.COURSE: _IN_SECTION,
    MessageScope.STUDENT: "guardian_student.student_id = :target",
    MessageScope.PERSONAL: "guardian_student.guardian_id = :target",
}

_RIGHTS = Template(
    Shape(
        {
            "group": Computed("1", Kind.INTEGER),
            "guardian_key": "guardian_student.guardian_id",
            "student_key": "guardian_student.student_id",
        }
    ),
    f"from {{guardian_student}} as guardian_student\nwhere {HOLDS}",
    key="group",
    order=(Order("guardian_student.guardian_id"), Order("guardian_student.student_id")),
)

_TOTAL = Template(
    Shape(
        {
            "group": Computed("1", Kind.INTEGER),
            "total": Computed("count(distinct guardian_student.guardian_id)", Kind.INTEGER),
        }
    ),
    f"from {{guardian_student}} as guardian_student\nwhere {HOLDS}",
    key="group",
)

_TAUGHT = Template(
    Shape({"section_key": "section_teacher.section_id", "staff_key": "section_teacher.staff_id"}),
    "from {section_teacher} as section_teacher\nwhere section_teacher.section_id in :section_ids",
    key="section_key",
)

_STAFF = Template(Shape({"key": "staff.id"}), "from {staff} as staff\nwhere staff.id in :staff_ids", key="key")

_SCHOOLS = Template(
    Shape({"student_key": "guardian_student.student_id", "school_key": "school_enrollment.school_id"}),
    "from {guardian_student} as guardian_student\n"
    "join {school_enrollment} as school_enrollment on school_enrollment.student_id = guardian_student.student_id\n"
    f"where {HOLDS}\n"
    "  and (school_enrollment.starts_on is null or school_enrollment.starts_on <= :today)\n"
    "  and (school_enrollment.ends_on is null or school_enrollment.ends_on >= :today)",
    key="student_key",
    distinct=True,
)

_TEACHERS_OF_STUDENT = Template(
    Shape({"student_key": "enrollment.student_id", "staff_key": "section_teacher.staff_id"}),
    "from {enrollment} as enrollment\n"
    "join {section_teacher} as section_teacher on section_teacher.section_id = enrollment.section_id\n"
    "where enrollment.student_id in :student_ids\n"
    "  and (enrollment.starts_on is null or enrollment.starts_on <= :today)\n"
    "  and (enrollment.ends_on is null or enrollment.ends_on >= :today)",
    key="student_key",
    distinct=True,
)


def rights_to_write_to(scope: MessageScope, target: Key | None, after: Key | None, limit: int) -> Statement:
    """The rights that hold today by which guardians are addressed, by guardian, behind one of them."""
    statement = _addressed(_RIGHTS, scope, target)
    if after is not None:
        statement = statement.having("guardian_student.guardian_id > :after", after=after)
    return statement.cut(limit)


def addressees(scope: MessageScope, target: Key | None) -> Statement:
    """One row: how many guardians are addressed."""
    return _addressed(_TOTAL, scope, target)


def teachers_of_section(section: Key) -> Statement:
    """The teachers of a section."""
    return _TAUGHT(section_ids=[section])


def teachers_of_student(student: Key) -> Statement:
    """Who teaches a student today."""
    return _TEACHERS_OF_STUDENT(student_ids=[student])


def staff_member(key: Key) -> Statement:
    """The member of staff of a key, if there is one."""
    return _STAFF(staff_ids=[key])


def schools_of_addressed(scope: MessageScope, target: Key | None) -> Statement:
    """The schools that each student attends today by whom guardians are addressed."""
    return _addressed(_SCHOOLS, scope, target)


def _addressed(template: Template, scope: MessageScope, target: Key | None) -> Statement:
    given = {} if target is None else {"target": target}
    return template().having(_WHICH[scope], **given)
