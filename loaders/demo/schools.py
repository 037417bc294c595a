"""The schools of the made district and their terms."""

import sqlite3
from datetime import date
from itertools import count

from loaders.contract import TermKind
from loaders.demo.calendar import DAY, TIME_ZONE, SchoolYear
from loaders.demo.names import phone
from loaders.demo.people import School, Term
from loaders.demo.store import write

STUDENTS_PER_SCHOOL = 700

_PLACES = (
    "Maple Grove", "Riverside", "Oak Hill", "Lakeview", "Cedar Ridge", "Fairview", "Meadowbrook", "Pine Street",
    "Northgate", "Willow Creek", "Summit", "Harbor", "Orchard", "Stonebridge", "Prairie", "Highland",
)  # fmt: skip


def plan_schools(students: int, year: SchoolYear) -> list[School]:
    """The schools that so many students need, elementary schools first; at least a K-5 and a 6-12 school."""
    term_ids = count(1)
    spans = _spans(max(2, round(students / STUDENTS_PER_SCHOOL)))
    return [_school(n, grades, kind, year, term_ids) for n, (grades, kind) in enumerate(spans)]


def write_schools(connection: sqlite3.Connection, schools: list[School], year: SchoolYear) -> None:
    """Write schools and their terms."""
    write(
        connection,
        "school",
        "id name phone time_zone",
        ((school.id, school.name, phone(school.id), TIME_ZONE.key) for school in schools),
    )
    write(
        connection,
        "term",
        "id school_id name kind starts_on ends_on school_year parent_id",
        (
            (term.id, school.id, term.name, term.kind.value, str(term.starts_on), str(term.ends_on), year.ends_in,
             term.parent_id)
            for school in schools
            for term in (school.year, *school.semesters, *school.quarters)
        ),
    )  # fmt: skip


def _spans(schools: int) -> list[tuple[range, str]]:
    if schools == 2:
        return [(range(6), "Elementary School"), (range(6, 13), "Secondary School")]
    elementary = max(1, round(schools * 6 / 13))
    middle = max(1, round(schools * 3 / 13))
    high = schools - elementary - middle
    return [
        *[(range(6), "Elementary School")] * elementary,
        *[(range(6, 9), "Middle School")] * middle,
        *[(range(9, 13), "High School")] * high,
    ]


def _school(n: int, grades: range, kind: str, year: SchoolYear, term_ids: "count[int]") -> School:
    school_id = n + 1
    place = _PLACES[n % len(_PLACES)]
    again = f" {n // len(_PLACES) + 1}" if n >= len(_PLACES) else ""
    starts = _quarter_starts(year, shift=n % 3)
    ends = [*(start - DAY for start in starts[1:]), year.ends_on]

    def term(name: str, kind: TermKind, first: int, last: int, parent: Term | None) -> Term:
        return Term(next(term_ids), school_id, name, kind, starts[first], ends[last], parent.id if parent else None)

    whole = term(f"{year.ends_in - 1}-{year.ends_in}", TermKind.YEAR, 0, 3, None)
    semesters = tuple(term(f"Semester {n + 1}", TermKind.SEMESTER, 2 * n, 2 * n + 1, whole) for n in range(2))
    quarters = tuple(term(f"Quarter {n + 1}", TermKind.QUARTER, n, n, semesters[n // 2]) for n in range(4))
    return School(school_id, f"{place}{again} {kind}", grades, whole, semesters, quarters)


def _quarter_starts(year: SchoolYear, shift: int) -> list[date]:
    """The first days of the quarters, each right behind a school day, so that every day of the year has its quarter."""
    starts = [year.starts_on]
    for quarter in range(1, 4):
        at = len(year.days) * quarter // 4 + shift
        while year.days[at] - year.days[at - 1] > DAY:
            at += 1
        starts.append(year.days[at])
    return starts
