"""Which terms a family looks at today."""

from datetime import date

import pytest

from loaders.contract import TermKind
from resolvers.terms import TermDates, shown_terms


def _term(key: int, kind: TermKind, start: str, end: str, year: int = 2027, school: int = 1) -> TermDates:
    return TermDates(key, school, kind, date.fromisoformat(start), date.fromisoformat(end), year)


TERMS = [
    _term(1, TermKind.YEAR, "2026-08-10", "2027-05-28"),
    _term(2, TermKind.SEMESTER, "2026-08-10", "2026-12-18"),
    _term(3, TermKind.SEMESTER, "2027-01-11", "2027-05-28"),
    _term(4, TermKind.QUARTER, "2026-08-10", "2026-10-09"),
    _term(5, TermKind.QUARTER, "2026-10-12", "2026-12-18"),
    _term(6, TermKind.QUARTER, "2027-01-11", "2027-03-12"),
    _term(7, TermKind.QUARTER, "2027-03-15", "2027-05-28"),
    _term(8, TermKind.YEAR, "2025-08-11", "2026-05-29", 2026),
]


@pytest.mark.parametrize(
    ("today", "shown"),
    [
        ("2026-11-23", [1, 2, 5]),
        ("2026-10-09", [1, 2, 4]),
        ("2026-10-10", [1, 2, 4]),
        ("2026-12-25", [1, 2, 5]),
        ("2027-01-11", [1, 3, 6]),
        ("2027-07-01", [1, 3, 7]),
        ("2026-08-09", [8]),
        ("2024-01-01", [8]),
        ("2031-01-01", [1, 3, 7]),
    ],
)
def test_the_terms_of_today_are_shown_or_else_the_last_that_began(today: str, shown: list[int]) -> None:
    assert [term.key for term in shown_terms(TERMS, date.fromisoformat(today))] == shown


def test_each_school_keeps_its_own_calendar() -> None:
    other = [_term(21, TermKind.YEAR, "2026-09-01", "2027-06-10", school=2)]
    found = shown_terms([*TERMS, *other], date(2026, 8, 20))
    assert [term.key for term in found] == [1, 2, 4, 21]


def test_without_terms_none_are_shown() -> None:
    assert shown_terms([], date(2026, 11, 23)) == []
