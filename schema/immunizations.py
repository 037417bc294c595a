"""Immunizations."""

import datetime

import strawberry

from loaders.contract import ComplianceStatus, ExemptionKind
from schema.enums import described

described(
    ComplianceStatus,
    "ComplianceStatus",
    "What the school's system says of required vaccines; never worked out here. Read a value you do not know as "
    "NOT_EVALUATED.",
    {
        ComplianceStatus.COMPLIANT: "All that is required is on file.",
        ComplianceStatus.NON_COMPLIANT: "Something that is required is not on file.",
        ComplianceStatus.IN_PROGRESS: "Something is missing, and its next dose is arranged.",
        ComplianceStatus.EXEMPT: "The student is exempt.",
        ComplianceStatus.NO_REQUIREMENT: "Nothing is required.",
        ComplianceStatus.NOT_EVALUATED: "The school's system says nothing of it.",
    },
)
described(
    ExemptionKind,
    "ExemptionKind",
    "Why a student need not have a vaccine. Read a value you do not know as OTHER.",
    {
        ExemptionKind.MEDICAL: "On medical grounds.",
        ExemptionKind.RELIGIOUS: "On religious grounds.",
        ExemptionKind.PERSONAL: "On personal or philosophical grounds.",
        ExemptionKind.OTHER: "On other grounds, or the school's system does not say.",
    },
)


@strawberry.type(description="A dose of a vaccine. One of a combined vaccine stands in each group that it fills.")
class Dose:
    number: int = strawberry.field(
        description="Its place among the doses given in this group, by date; not how many of them count."
    )
    date: datetime.date | None = strawberry.field(description="The day on which it was given; null if not known.")
    cvx: str | None = strawberry.field(description="The CVX code of the product; null if not known.")
    product: str | None = strawberry.field(description="The product in the words of the school's system.")
    valid: bool | None = strawberry.field(
        description="Whether the school's system counts it; null where it does not say."
    )


@strawberry.type(description="An exemption from a vaccine, or from all.")
class Exemption:
    kind: ExemptionKind = strawberry.field(description="On what grounds.")
    starts_on: datetime.date | None = strawberry.field(name="from", description="The first day; null if not known.")
    ends_on: datetime.date | None = strawberry.field(name="to", description="The last day; null where none is set.")


@strawberry.type(description="A vaccine group: what one vaccine protects against, whichever product it came in.")
class Vaccine:
    group: str = strawberry.field(
        description="DTAP, TDAP, TD, POLIO, MMR, VARICELLA, HEPB, HEPA, HIB, PCV, ROTAVIRUS, MENACWY, MENB, HPV, "
        "INFLUENZA or COVID19; otherwise what the school's system calls it."
    )
    cvx: str | None = strawberry.field(
        description="The CVX code of the group; of a product that fills no known group, its own."
    )
    name: str = strawberry.field(description="The group's name, for people.")
    doses: list[Dose] = strawberry.field(description="The doses given, the earliest first; one without a date is last.")
    status: ComplianceStatus = strawberry.field(description="What the school's system says of this group.")
    exemption: Exemption | None = strawberry.field(
        description="The exemption that holds today, of this group or of all; else the last there was."
    )
    next_due_on: datetime.date | None = strawberry.field(
        description="When the next dose is due, where the school's system says so."
    )


@strawberry.type(description="A student's immunizations, as the school's system has them.")
class ImmunizationRecord:
    status: ComplianceStatus = strawberry.field(description="What the school's system says of the whole record.")
    as_of: datetime.date | None = strawberry.field(description="The day of its latest verdict; null where it has none.")
    exemption: Exemption | None = strawberry.field(description="The exemption from every vaccine, if there is one.")
    vaccines: list[Vaccine] = strawberry.field(
        description="The groups of which anything is on file: known ones in their usual order, then others by name."
    )
