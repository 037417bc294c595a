"""The immunizations of the made district: combined doses, an exemption, one due next, and records nobody evaluated."""

import sqlite3
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any

from loaders.contract import EVERY_GROUP, ComplianceStatus, ExemptionKind
from loaders.demo.calendar import SchoolYear
from loaders.demo.people import Case, People, Student
from loaders.demo.store import write

#: Code, product, and the days of age at which it is given.
_SHOTS = (
    ("08", "Hep B, adolescent or pediatric", 1),
    ("110", "DTaP-Hep B-IPV", 61),
    ("48", "Hib (PRP-T)", 61),
    ("133", "Pneumococcal conjugate PCV 13", 61),
    ("146", "DTaP,IPV,Hib,HepB", 122),
    ("110", "DTaP-Hep B-IPV", 183),
    ("94", "MMRV", 380),
    ("83", "Hep A, ped/adol, 2 dose", 400),
    ("20", "DTaP", 460),
    ("130", "DTaP-IPV", 1500),
    ("94", "MMRV", 1510),
)
_OLDER = (("115", "Tdap", 4110), ("165", "HPV9", 4120), ("114", "Meningococcal MCV4P", 4130))
_REQUIRED = ("DTAP", "POLIO", "MMR", "VARICELLA", "HEPB")
_ODD = ("999", "Travel vaccine, not listed", 2600)
_UNEVALUATED, _MISSING, _EXEMPT = 0.1, 0.06, 0.03


def write_immunizations(connection: sqlite3.Connection, people: People, year: SchoolYear, rng: Random) -> None:
    """Write every student's doses, and the verdicts of those whom the nurse has evaluated this year; name the cases."""
    ids, exemption_ids = count(1), count(1)
    doses: list[tuple[Any, ...]] = []
    statuses: list[tuple[Any, ...]] = []
    exemptions: list[tuple[Any, ...]] = []
    cases = {people.cases[name].student_id: name for name in ("parent", "twins", "two_schools", "four_children")}
    for student in people.students:
        case, chance = cases.get(student.id), rng.random()
        given = _given(student, year.today)
        if case == "twins":
            given = [shot for shot in given if shot[0] != "94"]
        if case == "two_schools":
            given.append((*_ODD[:2], student.birth_date + timedelta(days=_ODD[2])))
        doses += [(next(ids), student.id, str(day), code, product, 1) for code, product, day in given]
        if case == "parent":
            # Half a dose: on file, and not counted.
            doses.append((next(ids), student.id, str(given[-1][2] + timedelta(days=30)), "165", "HPV9", 0))
        if case == "four_children" or (case is None and chance < _UNEVALUATED):
            continue
        exempt = case == "twins" or (case is None and chance > 1 - _EXEMPT)
        missing = case is None and _UNEVALUATED <= chance < _UNEVALUATED + _MISSING
        if exempt:
            until = str(date(year.ends_in, 7, 31))
            starts = str(date(year.ends_in - 1, 8, 1))
            exemptions += [
                (next(exemption_ids), student.id, group, ExemptionKind.MEDICAL.value, starts, until)
                for group in ("MMR", "VARICELLA")
            ]
        statuses += _verdicts(student, year, exempt=exempt, missing=missing, due=case == "parent")
    write(connection, "immunization", "id student_id given_on cvx product valid", doses)
    write(connection, "immunization_status", "student_id vaccine_group status evaluated_on next_due_on", statuses)
    write(connection, "immunization_exemption", "id student_id vaccine_group kind starts_on ends_on", exemptions)
    _name(people)


def _given(student: Student, today: date) -> list[tuple[str, str, date]]:
    shots = [(code, product, student.birth_date + timedelta(days=age)) for code, product, age in (*_SHOTS, *_OLDER)]
    return [shot for shot in shots if shot[2] < today]


def _verdicts(student: Student, year: SchoolYear, *, exempt: bool, missing: bool, due: bool) -> Sequence[Any]:
    """A verdict on each required group, and on the whole."""
    evaluated = str(date(year.ends_in - 1, 9, 15))
    rows: list[tuple[Any, ...]] = []
    for group in (*_REQUIRED, EVERY_GROUP):
        status, next_due = ComplianceStatus.COMPLIANT, None
        if exempt and group in ("MMR", "VARICELLA", EVERY_GROUP):
            status = ComplianceStatus.EXEMPT
        elif missing and group in ("POLIO", EVERY_GROUP):
            status = ComplianceStatus.NON_COMPLIANT
        elif due and group in ("HEPB", EVERY_GROUP):
            status = ComplianceStatus.IN_PROGRESS
            next_due = str(year.today + timedelta(days=45)) if group == "HEPB" else None
        rows.append((student.id, group, status.value, evaluated, next_due))
    return rows


def _name(people: People) -> None:
    notes = {
        "next_dose": (
            "parent",
            "Hepatitis B in progress, the next dose in 45 days; half a dose of HPV is not counted.",
        ),
        "exempt_student": ("twins", "Exempt from MMR and varicella on medical grounds until the end of July."),
        "unknown_vaccine": ("two_schools", "One dose has a code that no table lists."),
        "not_evaluated": ("four_children", "Doses on file, and no verdict."),
    }
    for name, (of, note) in notes.items():
        case = people.cases[of]
        people.cases[name] = Case(name, case.guardian_id, case.student_id, note)
