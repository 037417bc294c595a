"""Attendance added up."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from loaders.contract import AttendanceExcuse, AttendanceStatus, TermKind
from resolvers.attendance import Absence, AttendanceGroup, Summary, summarize
from resolvers.terms import TermDates

ABSENT, TARDY, LEFT = AttendanceStatus.ABSENT, AttendanceStatus.TARDY, AttendanceStatus.EARLY_RELEASE
EXCUSED, UNEXCUSED = AttendanceExcuse.EXCUSED, AttendanceExcuse.UNEXCUSED
EXEMPT, UNKNOWN = AttendanceExcuse.EXEMPT, AttendanceExcuse.UNKNOWN

FALL = TermDates(1, 1, TermKind.SEMESTER, date(2026, 8, 10), date(2026, 12, 18), 2027)
MARKS = [
    Absence(date(2026, 9, 1), (7, 70), ABSENT, EXCUSED),
    Absence(date(2026, 9, 1), (7, 71), ABSENT, EXCUSED),
    Absence(date(2026, 9, 30), (7, 70), TARDY, UNEXCUSED),
    Absence(date(2026, 10, 1), (7, 70), ABSENT, EXEMPT),
    Absence(date(2026, 10, 2), None, LEFT, UNKNOWN),
]
DAYS = [(date(2026, 9, 1), Decimal("0.5")), (date(2026, 10, 5), Decimal(1))]


def test_a_term_counts_periods_and_days_apart_and_no_school_activity() -> None:
    assert summarize(MARKS, DAYS, [FALL], AttendanceGroup.TERM) == [
        Summary("TERM:1", 1, None, 2, Decimal("1.5"), tardies=1, early_releases=1, excused=2, unexcused=1)
    ]


def test_a_term_without_a_mark_is_there_with_zeros() -> None:
    assert summarize([], [], [FALL], AttendanceGroup.TERM) == [Summary("TERM:1", 1, None, 0, Decimal(0), 0, 0, 0, 0)]


def test_months_stand_in_their_order_and_days_count_where_no_period_was_missed() -> None:
    found = summarize([*MARKS, Absence(date(2026, 12, 1), None, TARDY, EXCUSED)], DAYS, [FALL], AttendanceGroup.MONTH)
    assert [(s.key, s.absent_periods, s.absent_days, s.tardies) for s in found] == [
        ("2026-09", 2, Decimal("0.5"), 1),
        ("2026-10", 0, Decimal(1), 0),
        ("2026-12", 0, Decimal(0), 1),
    ]


def test_courses_have_periods_only() -> None:
    found = summarize(MARKS, DAYS, [FALL], AttendanceGroup.COURSE)
    assert [(s.key, s.course_key, s.absent_periods, s.absent_days) for s in found] == [
        ("COURSE:70", (7, 70), 1, None),
        ("COURSE:71", (7, 71), 1, None),
    ]


def test_days_are_unknown_where_the_source_does_not_count_them() -> None:
    assert summarize(MARKS, None, [FALL], AttendanceGroup.TERM)[0].absent_days is None


marks = st.lists(
    st.builds(
        Absence,
        st.dates(date(2026, 8, 10), date(2026, 12, 18)),
        st.none() | st.tuples(st.just(7), st.integers(1, 4)),
        st.sampled_from([ABSENT, TARDY, LEFT]),
        st.sampled_from(AttendanceExcuse),
    )
)


@given(marks)
def test_months_add_up_to_their_term(found: list[Absence]) -> None:
    (term,) = summarize(found, None, [FALL], AttendanceGroup.TERM)
    months = summarize(found, None, [FALL], AttendanceGroup.MONTH)
    for name in ("absent_periods", "tardies", "early_releases", "excused", "unexcused"):
        assert sum(getattr(month, name) for month in months) == getattr(term, name)
