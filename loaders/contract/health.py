"""Health: doses of vaccines, what the source makes of them, and exemptions."""

from enum import Enum

from loaders.contract.writing import Kind, Relation, key, may, must, one_of

#: The group of a verdict, or an exemption, that is about the whole record.
EVERY_GROUP = "ALL"


class ComplianceStatus(Enum):
    """What the source says of required vaccines; NOT_EVALUATED where it says nothing."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    IN_PROGRESS = "IN_PROGRESS"
    EXEMPT = "EXEMPT"
    NO_REQUIREMENT = "NO_REQUIREMENT"
    NOT_EVALUATED = "NOT_EVALUATED"


class ExemptionKind(Enum):
    """Why a student need not have a vaccine."""

    MEDICAL = "MEDICAL"
    RELIGIOUS = "RELIGIOUS"
    PERSONAL = "PERSONAL"
    OTHER = "OTHER"


RELATIONS = (
    Relation(
        "immunization",
        (
            key("id", "immunization"),
            key("student_id", "student"),
            may("given_on", Kind.DATE),
            may("cvx", Kind.TEXT, "the product's CVX code; a combined product has one, and fills several groups"),
            may("product", Kind.TEXT, "the product in the source's own words"),
            may("valid", Kind.BOOLEAN, "whether the source counts the dose; null where it does not say"),
        ),
        key=("id",),
        asked_by=("student_id",),
    ),
    Relation(
        "immunization_status",
        (
            key("student_id", "student"),
            must("vaccine_group", Kind.TEXT, "DTAP, POLIO, MMR …, or ALL for the verdict on the whole record"),
            one_of("status", ComplianceStatus),
            may("evaluated_on", Kind.DATE),
            may("next_due_on", Kind.DATE),
        ),
        key=("student_id", "vaccine_group"),
        asked_by=("student_id",),
    ),
    Relation(
        "immunization_exemption",
        (
            key("id", "immunization_exemption"),
            key("student_id", "student"),
            must("vaccine_group", Kind.TEXT, "as in immunization_status; ALL for every vaccine"),
            one_of("kind", ExemptionKind),
            may("starts_on", Kind.DATE),
            may("ends_on", Kind.DATE, "the last day, included"),
        ),
        key=("id",),
        asked_by=("student_id",),
    ),
)
