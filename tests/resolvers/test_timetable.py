"""Timetables out of patterns and calendars: a day is the grid's column of its name, and nothing else."""

from dataclasses import replace
from datetime import date, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.statement import Key
from resolvers.timetable import (
    ADDED_FOR,
    WEEKDAYS,
    Calendar,
    CalendarDay,
    Meeting,
    MeetingStatus,
    Pattern,
    grid,
    status_of,
    timetable_of_day,
    weekday_calendar,
)

START, END = date(2026, 8, 17), date(2026, 10, 16)
SPAN = [START + timedelta(days=n) for n in range((END - START).days + 1)]
PATTERN = Pattern(
    ("pupil", 1), 1, 7, 1, "Art", 1, "Period 1", "Room 1", frozenset(), frozenset(), time(8), time(8, 50),
    START, None, START, END,
)  # fmt: skip


def names(meetings: list[Meeting]) -> list[object]:
    return [meeting.meeting_key for meeting in meetings]


@st.composite
def patterns(draw: st.DrawFn) -> list[Pattern]:
    made = []
    for n in range(draw(st.integers(0, 8))):
        enrolled = draw(st.none() | st.sampled_from(SPAN))
        made.append(
            replace(
                PATTERN,
                course_key=("pupil", n // 2),
                section_key=n // 2,
                school_key=draw(st.sampled_from([7, 8, None])),
                meeting_key=n,
                period_key=draw(st.none() | st.integers(1, 3)),
                weekdays=draw(st.frozensets(st.integers(1, 5), max_size=3)),
                day_names=frozenset(),
                starts_at=draw(st.none() | st.sampled_from([time(8), time(9), time(10)])),
                enrolled_on=enrolled,
                dropped_on=draw(st.none() | st.sampled_from([d for d in SPAN if enrolled is None or d >= enrolled])),
            )
        )
    return [
        replace(p, weekdays=frozenset(), day_names=draw(st.sampled_from([frozenset({"A"}), frozenset({"A", "B"})])))
        if p.school_key == 8 and draw(st.booleans())
        else p
        for p in made
    ]


@st.composite
def calendars(draw: st.DrawFn) -> dict[Key, Calendar]:
    closed = draw(st.sets(st.sampled_from(SPAN), max_size=8))
    rotation: dict[date, CalendarDay] = {}
    opened = 0
    for day in SPAN:
        if day.weekday() > 4 or day in closed:
            rotation[day] = CalendarDay(day, is_school_day=False, note="Snow day")
        else:
            rotation[day] = CalendarDay(day, is_school_day=True, day_name="AB"[opened % 2])
            opened += 1
    weekly = {day: found for day, found in weekday_calendar(SPAN).items() if found.is_school_day and day not in closed}
    return {7: weekly, 8: rotation}


@given(patterns(), calendars(), st.sampled_from(SPAN))
@settings(max_examples=60, deadline=None)
def test_a_day_holds_the_rows_of_its_own_column_of_the_grid_that_hold_then(
    given_patterns: list[Pattern], given_calendars: dict[Key, Calendar], day: date
) -> None:
    columns = {each.day_name: each.meetings for each in grid(END, given_patterns, [7, 8], given_calendars)}
    of_day = timetable_of_day(day, given_patterns, [7, 8], given_calendars)
    expected = set()
    for school, calendar in given_calendars.items():
        found = calendar.get(day)
        if found is None or not found.is_school_day:
            continue
        own = {p.meeting_key: p for p in given_patterns if (p.school_key or 7) == school}
        for column in {found.day_name or "", WEEKDAYS[day.weekday()]}:
            for meeting in columns.get(column, []):
                pattern = own.get(meeting.meeting_key)
                if pattern is not None and pattern.holds_within(day, day):
                    if column in WEEKDAYS and found.day_name and not pattern.weekdays:
                        continue  # a day of the rotation is no weekday to what goes by the rotation
                    expected.add(meeting.meeting_key)
    assert {meeting.meeting_key for meeting in of_day.meetings} == expected
    assert len(of_day.meetings) == len(expected)
    starts = [meeting.starts_at or time.max for meeting in of_day.meetings]
    assert starts == sorted(starts)
    assert of_day.is_school_day or of_day.meetings == []


@given(patterns(), calendars())
@settings(max_examples=25, deadline=None)
def test_no_order_of_what_was_read_changes_what_is_told(
    given_patterns: list[Pattern], given_calendars: dict[Key, Calendar]
) -> None:
    backwards = given_patterns[::-1]
    assert grid(END, given_patterns, [7, 8], given_calendars) == grid(END, backwards, [7, 8], given_calendars)
    for day in SPAN[::9]:
        told = [timetable_of_day(day, each, [7, 8], given_calendars) for each in (given_patterns, backwards)]
        assert told[0] == told[1]


def test_a_course_is_added_for_fourteen_days_if_it_began_after_its_term() -> None:
    joined = START + timedelta(days=10)
    late = replace(PATTERN, enrolled_on=joined)
    assert timedelta(days=14) == ADDED_FOR
    assert status_of(late, joined - timedelta(days=3)) is MeetingStatus.ADDED
    assert status_of(late, joined + timedelta(days=13)) is MeetingStatus.ADDED
    assert status_of(late, joined + timedelta(days=14)) is MeetingStatus.ACTIVE
    assert status_of(PATTERN, START) is MeetingStatus.ACTIVE
    assert status_of(replace(late, term_starts_on=None), joined) is MeetingStatus.ACTIVE
    assert status_of(replace(PATTERN, enrolled_on=None), START) is MeetingStatus.ACTIVE


def test_a_dropped_course_meets_on_its_last_day_and_stands_in_the_grid_with_its_date() -> None:
    left_on = date(2026, 9, 8)
    left = replace(PATTERN, dropped_on=left_on)
    calendar: dict[Key, Calendar] = {7: weekday_calendar(SPAN)}
    assert names(timetable_of_day(left_on, [left], [7], calendar).meetings) == [1]
    assert timetable_of_day(left_on + timedelta(days=1), [left], [7], calendar).meetings == []
    (monday, *_) = grid(left_on + timedelta(days=1), [left], [7], calendar)
    assert [(m.status, m.dropped_on) for m in monday.meetings] == [(MeetingStatus.DROPPED, left_on)]
    assert status_of(left, left_on) is MeetingStatus.ACTIVE


def test_the_grid_has_the_rotation_by_name_and_then_the_weekdays() -> None:
    calendar: dict[Key, Calendar] = {
        8: {day: CalendarDay(day, is_school_day=True, day_name=f"Day {n % 11 + 1}") for n, day in enumerate(SPAN)},
        7: weekday_calendar(SPAN),
    }
    told = grid(END, [PATTERN], [8, 7], calendar)
    assert [day.day_name for day in told] == [f"Day {n}" for n in range(1, 12)] + list(WEEKDAYS[:5])
    assert [len(day.meetings) for day in told] == [0] * 11 + [1] * 5
    assert {day.on_date for day in told} == {None}


def test_on_a_day_of_other_hours_only_their_periods_meet_at_their_times() -> None:
    other = replace(PATTERN, section_key=2, meeting_key=2, period_key=2)
    free = replace(PATTERN, section_key=3, meeting_key=3, period_key=None, starts_at=time(15))
    hours: dict[Key, tuple[time, time]] = {1: (time(10), time(10, 35))}
    calendar: dict[Key, Calendar] = {
        7: {START: CalendarDay(START, is_school_day=True, bell_schedule="Late start", hours=hours)}
    }
    told = timetable_of_day(START, [free, other, PATTERN], [7], calendar)
    assert [(m.meeting_key, m.starts_at, m.ends_at) for m in told.meetings] == [
        (1, time(10), time(10, 35)),
        (3, time(15), time(8, 50)),
    ]
    assert told.bell_schedule == "Late start"


def test_a_snow_day_has_its_reason_and_moves_the_rotation_on() -> None:
    monday, tuesday, wednesday = SPAN[:3]
    calendar: dict[Key, Calendar] = {
        7: {
            monday: CalendarDay(monday, is_school_day=True, day_name="A"),
            tuesday: CalendarDay(tuesday, is_school_day=False, note="Snow day"),
            wednesday: CalendarDay(wednesday, is_school_day=True, day_name="B"),
        }
    }
    on_b = replace(PATTERN, day_names=frozenset({"B"}))
    told = [timetable_of_day(day, [on_b], [7], calendar) for day in (monday, tuesday, wednesday)]
    assert [(day.day_name, day.is_school_day, day.reason, len(day.meetings)) for day in told] == [
        ("A", True, None, 0),
        ("Tuesday", False, "Snow day", 0),
        ("B", True, None, 1),
    ]


def test_a_day_beyond_the_calendar_is_no_school_day_and_says_nothing_more() -> None:
    told = timetable_of_day(SPAN[5], [PATTERN], [7], {7: {}})
    assert (told.day_name, told.is_school_day, told.reason, told.meetings) == ("Saturday", False, None, [])
