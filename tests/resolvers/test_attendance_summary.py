"""Attendance added up: by hand, by laws over any marks, and for every family of the made district."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from loaders.contract import AttendanceExcuse, AttendanceStatus, TermKind
from loaders.statement import Key
from resolvers.attendance_summary import Absence, AttendanceGroup, Summary, Taken, Tally, summarize
from resolvers.terms import TermDates
from tests.world import TODAY, World, open_world

ABSENT, TARDY, LEFT = AttendanceStatus.ABSENT, AttendanceStatus.TARDY, AttendanceStatus.EARLY_RELEASE
EXCUSED, UNEXCUSED = AttendanceExcuse.EXCUSED, AttendanceExcuse.UNEXCUSED
EXEMPT, UNKNOWN = AttendanceExcuse.EXEMPT, AttendanceExcuse.UNKNOWN
TERM, COURSE, MONTH = AttendanceGroup.TERM, AttendanceGroup.COURSE, AttendanceGroup.MONTH
HERE, THERE = 1, 2

YEAR = TermDates(1, HERE, TermKind.YEAR, date(2026, 8, 10), date(2026, 12, 18), 2027)
FIRST = TermDates(2, HERE, TermKind.QUARTER, date(2026, 8, 10), date(2026, 9, 30), 2027)
SECOND = TermDates(3, HERE, TermKind.QUARTER, date(2026, 10, 1), date(2026, 12, 18), 2027)
AWAY = TermDates(4, THERE, TermKind.YEAR, date(2026, 8, 10), date(2026, 12, 18), 2027)
MARKS = (
    Absence(date(2026, 9, 1), 70, HERE, ABSENT, EXCUSED),
    Absence(date(2026, 9, 1), 71, HERE, ABSENT, EXCUSED),
    Absence(date(2026, 9, 30), 70, HERE, TARDY, UNEXCUSED),
    Absence(date(2026, 10, 1), 70, HERE, ABSENT, EXEMPT),
    Absence(date(2026, 10, 2), None, None, LEFT, UNKNOWN),
)
DAYS = {date(2026, 9, 1): Decimal("0.5"), date(2026, 10, 5): Decimal(1)}
SCHOOL_DAYS: dict[Key, frozenset[date]] = {HERE: frozenset(date(2026, 8, 31) + timedelta(days=n) for n in range(5))}
ALGEBRA, ART = Taken((7, 70), 2, date(2026, 9, 1), date(2026, 9, 3)), Taken((7, 71), 1, None, None)


def test_a_term_counts_periods_and_days_apart_and_no_school_activity() -> None:
    assert summarize(Tally(MARKS, DAYS, SCHOOL_DAYS), [YEAR], TERM) == [
        Summary("TERM:1", 1, None, 2, Decimal("1.5"), 1, 1, excused=2, unexcused=1, days_enrolled=5)
    ]


def test_a_term_without_a_mark_is_there_with_zeros() -> None:
    assert summarize(Tally(days={}), [YEAR], TERM) == [Summary("TERM:1", 1, None, 0, Decimal(0), 0, 0, 0, 0)]


def test_months_stand_in_their_order_and_days_count_where_no_period_was_missed() -> None:
    tally = Tally((*MARKS, Absence(date(2026, 12, 1), None, None, TARDY, EXCUSED)), DAYS, SCHOOL_DAYS)
    found = summarize(tally, [YEAR], MONTH)
    assert [(s.key, s.absent_periods, s.absent_days, s.tardies, s.days_enrolled) for s in found] == [
        ("2026-08", 0, Decimal(0), 0, 1),
        ("2026-09", 2, Decimal("0.5"), 1, 4),
        ("2026-10", 0, Decimal(1), 0, 0),
        ("2026-12", 0, Decimal(0), 1, 0),
    ]


def test_every_course_counts_its_classes_its_days_and_the_days_in_it() -> None:
    found = summarize(Tally(MARKS, None, SCHOOL_DAYS), [YEAR, FIRST], COURSE, [ALGEBRA, ART])
    assert [(s.key, s.course_key, s.absent_periods, s.absent_days, s.tardies, s.days_enrolled) for s in found] == [
        ("COURSE:70", (7, 70), 1, Decimal(1), 1, 3),
        ("COURSE:71", (7, 71), 1, Decimal(1), 0, 5),
    ]


def test_days_are_unknown_where_the_source_does_not_count_them() -> None:
    (term,) = summarize(Tally(MARKS), [YEAR], TERM)
    assert (term.absent_days, term.days_enrolled) == (None, None)


def test_a_day_spent_on_school_activities_alone_is_not_missed() -> None:
    day, other = date(2026, 9, 1), date(2026, 9, 2)
    marks = (
        Absence(day, 70, HERE, ABSENT, EXEMPT),
        Absence(day, 71, HERE, ABSENT, EXEMPT),
        Absence(other, 70, HERE, ABSENT, EXEMPT),
        Absence(other, 71, HERE, ABSENT, UNEXCUSED),
    )
    (term,) = summarize(Tally(marks, {day: Decimal(1), other: Decimal(1)}), [YEAR], TERM)
    assert (term.absent_periods, term.absent_days) == (1, Decimal(1))


def test_a_mark_in_one_of_two_schools_stands_in_the_terms_of_that_school() -> None:
    marks = (
        Absence(date(2026, 9, 1), 70, HERE, ABSENT, EXCUSED),
        Absence(date(2026, 9, 1), 80, THERE, TARDY, EXCUSED),
        Absence(date(2026, 9, 2), None, None, ABSENT, UNKNOWN),
        Absence(date(2026, 9, 3), 90, 3, ABSENT, UNKNOWN),
    )
    found = summarize(Tally(marks), [YEAR, AWAY], TERM)
    assert [(s.key, s.absent_periods, s.tardies) for s in found] == [("TERM:1", 3, 0), ("TERM:4", 2, 1)]


dates = st.dates(YEAR.starts_on, YEAR.ends_on)
marks = st.lists(
    st.builds(
        Absence,
        dates,
        st.sampled_from([None, 70, 71]),
        st.sampled_from([None, HERE]),
        st.sampled_from([ABSENT, TARDY, LEFT]),
        st.sampled_from(AttendanceExcuse),
    )
)
tallies = st.builds(
    Tally,
    marks,
    st.dictionaries(dates, st.sampled_from([Decimal("0.5"), Decimal(1)])),
    st.frozensets(dates, min_size=1).map(lambda days: {HERE: days}),
)
COUNTS = ("absent_periods", "absent_days", "tardies", "early_releases", "excused", "unexcused", "days_enrolled")


def counts(summaries: Sequence[Summary]) -> dict[str, Any]:
    return {name: sum(getattr(summary, name) for summary in summaries) for name in COUNTS}


@given(tallies)
def test_months_quarters_and_the_year_add_up_to_the_same(tally: Tally) -> None:
    year = counts(summarize(tally, [YEAR], TERM))
    assert counts(summarize(tally, [FIRST, SECOND], TERM)) == year
    assert counts(summarize(tally, [YEAR], MONTH)) == year


@given(tallies)
def test_more_days_are_never_missed_than_the_source_says_nor_fewer_without_an_activity(tally: Tally) -> None:
    assert tally.days is not None
    (year,) = summarize(tally, [YEAR], TERM)
    said = sum(tally.days.values(), Decimal(0))
    assert year.absent_days is not None
    assert year.absent_days <= said
    if all(mark.excuse is not EXEMPT for mark in tally.marks):
        assert year.absent_days == said


@given(tallies)
def test_school_activities_change_nothing_but_the_day_they_fill(tally: Tally) -> None:
    counted = [mark for mark in tally.marks if mark.excuse is not EXEMPT]
    with_them, without = (counts(summarize(Tally(found, {}, tally.school_days), [YEAR], TERM))
                          for found in (tally.marks, counted))  # fmt: skip
    assert with_them == without


@given(tallies)
def test_a_course_is_missed_on_no_more_days_than_classes(tally: Tally) -> None:
    for course in summarize(tally, [YEAR, FIRST], COURSE, [ALGEBRA, ART]):
        assert course.absent_days is not None
        assert course.absent_days <= course.absent_periods
        assert (course.absent_days == 0) == (course.absent_periods == 0)


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: Any) -> AsyncIterator[World]:
    """A district of sixty students."""
    made = await open_world(Path(tmp_path_factory.mktemp("summary")) / "district.db", 60)
    yield made
    await made.recorded.reads.close()


SUMMARIES = """{ me { students { sourcedId
  term: attendanceSummary { term { sourcedId kind startsOn endsOn } ...counts }
  month: attendanceSummary(groupBy: MONTH) { ...counts }
  course: attendanceSummary(groupBy: COURSE) { course { sourcedId droppedOn } ...counts }
} } }
fragment counts on AttendanceSummary {
  key absentPeriods absentDays tardies earlyReleases excused unexcused daysEnrolled
}"""

ENROLLED = """select count(distinct d.on_date) from school_enrollment e join calendar_day d on d.school_id = e.school_id
where e.student_id = ? and e.school_year = 2027 and d.is_school_day = 1 and d.on_date between ? and min(?, ?)
  and d.on_date >= coalesce(e.starts_on, '') and d.on_date <= coalesce(e.ends_on, '9999')"""


async def test_every_family_is_told_what_the_source_counts(world: World) -> None:
    seen = 0
    for (guardian,) in world.rows("select distinct guardian_id from guardian_student order by 1")[::5]:
        for student in (await world.data(SUMMARIES, guardian=guardian))["me"]["students"]:
            key = int(student["sourcedId"])
            schools = world.rows(
                "select count(distinct school_id) from school_enrollment where student_id = ? and school_year = 2027",
                key,
            )[0][0]
            for summary in student["term"]:
                term = summary["term"]
                days = [term["startsOn"], term["endsOn"], TODAY.isoformat()]
                if schools == 1:
                    assert [(summary["daysEnrolled"] or 0,)] == world.rows(ENROLLED, key, *days)
                    assert [(summary["absentPeriods"],)] == world.rows(
                        "select count(*) from attendance where student_id = ? and status = 'ABSENT'"
                        " and excuse <> 'EXEMPT' and on_date between ? and min(?, ?)", key, *days
                    )  # fmt: skip
                assert [(float(summary["absentDays"]),)] == world.rows(
                    "select coalesce(sum(absent_part), 0.0) from attendance_day where student_id = ?"
                    " and on_date between ? and min(?, ?)", key, *days
                )  # fmt: skip
            years = [s for s in student["term"] if s["term"]["kind"] == "YEAR"]
            if schools == 1 and years:
                (year,) = years
                for name in ("absentPeriods", "tardies", "earlyReleases", "excused", "unexcused", "daysEnrolled"):
                    assert sum(month[name] for month in student["month"]) == year[name]
                    quarters = [s for s in student["term"] if s["term"]["kind"] == "QUARTER"]
                    assert sum(quarter[name] for quarter in quarters) == year[name]
            assert all(course["daysEnrolled"] is not None for course in student["course"])
            seen += 1
    assert seen >= 15


async def test_nothing_after_today_is_counted(world: World) -> None:
    student, guardian = world.student("parent"), world.guardian("parent")
    before = await world.data(SUMMARIES, guardian=guardian)
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    columns = "student_id, on_date, period_id, section_id, status, excuse"
    world.change(f"insert into attendance ({columns}) values (?, ?, 1, null, 'ABSENT', 'UNEXCUSED')", student, tomorrow)
    world.change("insert into attendance_day (student_id, on_date, absent_part) values (?, ?, 1)", student, tomorrow)
    try:
        assert await world.data(SUMMARIES, guardian=guardian) == before
    finally:
        for table in ("attendance", "attendance_day"):
            world.change(f"delete from {table} where student_id = ? and on_date = ?", student, tomorrow)


async def test_a_day_shows_its_marks_and_what_of_it_was_missed(world: World) -> None:
    document = """{ me { students { sourcedId
      attendanceDays(first: 100, filter: {missed: true}) {
        totalCount nodes { date absentPart minutesPresent marks { id date period status } }
      }
    } } }"""
    shown = 0
    for student in (await world.data(document, guardian=world.guardian("large_family")))["me"]["students"]:
        key, days = int(student["sourcedId"]), student["attendanceDays"]
        rows = world.rows(
            "select on_date, absent_part, minutes_present from attendance_day where student_id = ? and absent_part > 0"
            " order by on_date desc", key
        )  # fmt: skip
        assert [(d["date"], float(d["absentPart"]), d["minutesPresent"]) for d in days["nodes"]] == rows
        assert days["totalCount"] == len(rows)
        for day in days["nodes"]:
            marks = world.rows(
                "select period, status from attendance where student_id = ? and on_date = ? order by period_id",
                key, day["date"],
            )  # fmt: skip
            assert [(mark["period"], mark["status"]) for mark in day["marks"]] == marks
            assert {mark["date"] for mark in day["marks"]} == {day["date"]}
            shown += len(marks)
    assert shown > 10
