"""Immunizations: doses, verdicts and exemptions of students, as the source has them."""

from collections.abc import Sequence

from loaders.statement import Key, Order, Shape, Statement, Template

_DOSE = Shape(
    {
        "student_key": "immunization.student_id",
        "given_on": "immunization.given_on",
        "cvx": "immunization.cvx",
        "product": "immunization.product",
        "valid": "immunization.valid",
    }
)

_STATUS = Shape(
    {
        "student_key": "immunization_status.student_id",
        "vaccine_group": "immunization_status.vaccine_group",
        "status": "immunization_status.status",
        "evaluated_on": "immunization_status.evaluated_on",
        "next_due_on": "immunization_status.next_due_on",
    }
)

_EXEMPTION = Shape(
    {
        "student_key": "immunization_exemption.student_id",
        "vaccine_group": "immunization_exemption.vaccine_group",
        "kind": "immunization_exemption.kind",
        "starts_on": "immunization_exemption.starts_on",
        "ends_on": "immunization_exemption.ends_on",
    }
)

_DOSES = Template(
    _DOSE,
    "from {immunization} as immunization\nwhere immunization.student_id in :student_ids",
    key="student_key",
    order=(
        Order("case when immunization.given_on is null then 1 else 0 end"),
        Order("immunization.given_on"),
        Order("immunization.id"),
    ),
)

_STATUSES = Template(
    _STATUS,
    "from {immunization_status} as immunization_status\nwhere immunization_status.student_id in :student_ids",
    key="student_key",
    order=(Order("immunization_status.vaccine_group"),),
)

_EXEMPTIONS = Template(
    _EXEMPTION,
    "from {immunization_exemption} as immunization_exemption\nwhere immunization_exemption.student_id in :student_ids",
    key="student_key",
    order=(
        Order("case when immunization_exemption.starts_on is null then 0 else 1 end"),
        Order("immunization_exemption.starts_on"),
        Order("immunization_exemption.id"),
    ),
)


def doses_of_students(students: Sequence[Key]) -> Statement:
    """The doses that each student was given, the earliest first, those without a date last."""
    return _DOSES(student_ids=students)


def statuses_of_students(students: Sequence[Key]) -> Statement:
    """What the source says of each student's vaccines, a row per group, by group."""
    return _STATUSES(student_ids=students)


def exemptions_of_students(students: Sequence[Key]) -> Statement:
    """The exemptions of each student, the earliest first."""
    return _EXEMPTIONS(student_ids=students)
