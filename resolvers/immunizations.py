"""Immunization records: the source's doses put into vaccine groups, beside the source's own verdicts, never ours."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from loaders import immunizations
from loaders.contract import EVERY_GROUP, ComplianceStatus, ExemptionKind
from loaders.statement import Key, Row
from resolvers.context import Batch
from resolvers.vaccines import FILLS, GROUPS, KNOWN, code_of

_UNNAMED = "Vaccine not named"


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose as one of its group: the how-manieth, its day, product and code, and whether the source counts it."""

    number: int
    date: date | None
    cvx: str | None
    product: str | None
    valid: bool | None


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why a vaccine is not needed, from when and to when."""

    kind: ExemptionKind
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Vaccine:
    """A vaccine group of one student: its doses, and what the source says of it."""

    group: str
    cvx: str | None
    name: str
    doses: list[Dose]
    status: ComplianceStatus
    exemption: Exemption | None
    next_due_on: date | None


@dataclass(frozen=True, slots=True)
class ImmunizationRecord:
    """All vaccines of one student, and what the source says of the whole."""

    status: ComplianceStatus
    as_of: date | None
    exemption: Exemption | None
    vaccines: list[Vaccine]


@dataclass(slots=True)
class _Found:
    doses: list[Row] = field(default_factory=list)
    statuses: list[Row] = field(default_factory=list)
    exemptions: list[Row] = field(default_factory=list)


_PARTS = (
    ("immunization", "doses", immunizations.doses_of_students),
    ("immunization_status", "statuses", immunizations.statuses_of_students),
    ("immunization_exemption", "exemptions", immunizations.exemptions_of_students),
)


async def immunizations_of_students(keys: Sequence[Key], batch: Batch) -> list[ImmunizationRecord]:
    """The immunization record of each student; an empty one where the source has none."""
    context = batch.context
    given = [part for part in _PARTS if context.source.adapter.has(part[0])]
    answers = await context.source.fetch([make(keys) for _, _, make in given], mark=context.mark)
    found: dict[Key, _Found] = defaultdict(_Found)
    for (_, name, _), rows in zip(given, answers, strict=True):
        for key, of_key in rows.by_key().items():
            setattr(found[key], name, of_key)
    return [record_of(found[key].doses, found[key].statuses, found[key].exemptions, context.today) for key in keys]


def record_of(
    doses: Sequence[Row], statuses: Sequence[Row], exemptions: Sequence[Row], today: date
) -> ImmunizationRecord:
    """The record made of a student's rows: (key, day, code, product, valid), (key, group, verdict, day, next day) and
    (key, group, kind, from, to).

    A combined dose stands in each of its groups, one of an unknown code under its own name.
    """
    groups: dict[str, list[Dose]] = {}
    codes: dict[str, str | None] = {}
    for _, given_on, text, product, valid in doses:
        code = code_of(text)
        for group in FILLS.get(code or "", (_own_name(code, product),)):
            of_group = groups.setdefault(group, [])
            codes.setdefault(group, code)
            of_group.append(Dose(len(of_group) + 1, given_on, code, product, valid))
    verdicts: dict[str, Any] = {row[1]: row for row in statuses}
    excused: dict[str, list[Row]] = defaultdict(list)
    for row in exemptions:
        excused[row[1]].append(row)
    named = [*(group.id for group in GROUPS), *sorted({*groups, *verdicts, *excused} - KNOWN.keys() - {EVERY_GROUP})]
    vaccines = []
    for group in named:
        if group in groups or group in verdicts or group in excused:
            known, verdict = KNOWN.get(group), verdicts.get(group)
            vaccines.append(
                Vaccine(
                    group,
                    known.cvx if known else codes.get(group),
                    known.name if known else group,
                    groups.get(group, []),
                    verdict[2] if verdict else ComplianceStatus.NOT_EVALUATED,
                    _exemption(excused[group] or excused[EVERY_GROUP], today),
                    verdict[4] if verdict else None,
                )
            )
    whole = verdicts.get(EVERY_GROUP)
    days = [row[3] for row in statuses if row[3] is not None]
    return ImmunizationRecord(
        whole[2] if whole else ComplianceStatus.NOT_EVALUATED,
        max(days, default=None),
        _exemption(excused[EVERY_GROUP], today),
        vaccines,
    )


def _own_name(code: str | None, product: str | None) -> str:
    """What a dose that fills no known group is listed under."""
    return (product or "").strip() or (f"CVX {code}" if code else _UNNAMED)


def _exemption(rows: Sequence[Row], today: date) -> Exemption | None:
    """The exemption that holds today; where none does, the one that began last."""
    holding = [row for row in rows if (row[3] or today) <= today <= (row[4] or today)]
    chosen = (holding or list(rows))[-1:]
    return Exemption(chosen[0][2], chosen[0][3], chosen[0][4]) if chosen else None
