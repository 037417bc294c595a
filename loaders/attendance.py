"""Attendance by period and by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from loaders.contract import AttendanceExcuse, AttendanceStatus
from loaders.courses import COURSE_ALONG, GIVES_COURSE
from loaders.ids import node_id
from loaders.statement import Key, Order, Shape, Statement, Template, derived, side_by_side, side_by_side_if_last


@dataclass(frozen=True, slots=True)
class AttendanceFilter:
    """Which marks: every part that is given must hold; an empty list lets nothing through."""

    from_on: date | None = None
    to_on: date | None = None
    statuses: tuple[AttendanceStatus, ...] | None = None
    excuses: tuple[AttendanceExcuse, ...] | None = None
    course: tuple[Key, Key] | None = None
    term: Key | None = None


@dataclass(frozen=True, slots=True)
class AttendanceDayFilter:
    """Which days: every part that is given must hold."""

    from_on: date | None = None
    to_on: date | None = None
    missed: bool | None = None


ATTENDANCE = Shape(
    {
        "student_key": "attendance.student_id",
        "on_date": "attendance.on_date",
        "period_key": "attendance.period_id",
        "period": "attendance.period",
        "section_key": "attendance.section_id",
        "enrolled_section_key": "enrollment.section_id",
        "status": "attendance.status",
        "excuse": "attendance.excuse",
        "source_code": "attendance.code",
        "source_label": "attendance.label",
        "minutes_missed": "attendance.minutes_missed",
        "comment": "attendance.comment",
        "recorded_by": "attendance.recorded_by",
        "confirmed": "attendance.confirmed",
        "updated_at": "attendance.updated_at",
    },
    {
        "key": derived(side_by_side, "student_key", "on_date", "period_key"),
        "id": derived(lambda *parts: node_id("Attendance", *parts), "student_key", "on_date", "period_key"),
        "course_key": derived(
            side_by_side_if_last,
            "student_key",
            "enrolled_section_key",
        ),
    },
)

DAY = Shape(
    {
        "student_key": "attendance_day.student_id",
        "on_date": "attendance_day.on_date",
        "absent_part": "attendance_day.absent_part",
        "minutes_present": "attendance_day.minutes_present",
    },
    {"key": derived(side_by_side, "student_key", "on_date")},
)

_ATTENDANCE = """from {attendance} as attendance
left join {enrollment} as enrollment on enrollment.student_id = attendance.student_id
  and enrollment.section_id = attendance.section_id
where attendance.student_id in :student_ids"""

LATEST_FIRST = (
    Order("attendance.on_date", "on_date", descending=True),
    Order("attendance.period_id", "period_key", descending=True),
    Order("attendance.student_id", "student_key", descending=True),
)


def _filtered(statement: Statement, wanted: AttendanceFilter) -> Statement:
    if wanted.from_on is not None:
        statement = statement.having("attendance.on_date >= :from_on", from_on=wanted.from_on)
    if wanted.to_on is not None:
        statement = statement.having("attendance.on_date <= :to_on", to_on=wanted.to_on)
    if wanted.statuses is not None:
        statement = statement.having("attendance.status in :statuses", statuses=[s.value for s in wanted.statuses])
    if wanted.excuses is not None:
        statement = statement.having("attendance.excuse in :excuses", excuses=[e.value for e in wanted.excuses])
    if wanted.course is not None:
        student, section = wanted.course
        statement = statement.having(
            "attendance.student_id = :course_student and attendance.section_id = :course_section",
            course_student=student,
            course_section=section,
        )
    if wanted.term is not None:
        statement = statement.having(
            "exists (select 1 from {term} as term where term.id = :term_id\n"
            "    and attendance.on_date between term.starts_on and term.ends_on)",
            term_id=wanted.term,
        )
    return statement


_OF_STUDENTS = Template(ATTENDANCE, _ATTENDANCE, key="student_key", order=LATEST_FIRST, lone="student_ids")

# With the course of each mark, for who will ask for it.
_OF_STUDENTS_AND_COURSE = Template(
    Shape({**ATTENDANCE.columns, **COURSE_ALONG}, ATTENDANCE.derived),
    _ATTENDANCE.replace("\nwhere", "\nleft join {section} as section on section.id = enrollment.section_id\nwhere", 1),
    key="student_key",
    order=LATEST_FIRST,
    lone="student_ids",
    gives=(GIVES_COURSE,),
)

_OF_COURSES = Template(
    ATTENDANCE,
    f"{_ATTENDANCE} and enrollment.section_id in :section_ids",
    key=("student_key", "enrolled_section_key"),
    order=LATEST_FIRST,
)

_BY_KEY = Template(
    ATTENDANCE,
    f"{_ATTENDANCE} and attendance.period_id in :period_ids and attendance.on_date between :first_on and :last_on",
    key=("student_key", "on_date", "period_key"),
)

_OF_DAYS = Template(
    ATTENDANCE,
    f"{_ATTENDANCE} and attendance.on_date in :on_dates",
    key=("student_key", "on_date"),
    order=(Order("attendance.period_id"), Order("attendance.student_id"), Order("attendance.on_date")),
)

_DAYS_OF_STUDENTS = Template(
    DAY,
    "from {attendance_day} as attendance_day\nwhere attendance_day.student_id in :student_ids",
    key="student_key",
    order=(
        Order("attendance_day.on_date", "on_date", descending=True),
        Order("attendance_day.student_id", "student_key", descending=True),
    ),
    lone="student_ids",
)


def attendance_of_students(students: Sequence[Key], wanted: AttendanceFilter, *, courses: bool = False) -> Statement:
    """The marks of each student, the latest first; with their `courses` if so wanted."""
    return _filtered((_OF_STUDENTS_AND_COURSE if courses else _OF_STUDENTS)(student_ids=students), wanted)


def attendance_of_courses(pairs: Sequence[tuple[Key, Key]]) -> Statement:
    """The marks of each (student, section) pair, the latest first."""
    return _OF_COURSES(
        student_ids=list(dict.fromkeys([student for student, _ in pairs])),
        section_ids=list(dict.fromkeys([section for _, section in pairs])),
    )


def attendance(keys: Sequence[tuple[Any, ...]]) -> Statement:
    """The marks of these (student, date, period) keys, one row each."""
    days = sorted(day for _, day, _ in keys)
    return _BY_KEY(
        student_ids=list(dict.fromkeys([student for student, _, _ in keys])),
        period_ids=list(dict.fromkeys([period for _, _, period in keys])),
        first_on=days[0],
        last_on=days[-1],
    )


def attendance_of_days(keys: Sequence[tuple[Key, date]]) -> Statement:
    """The marks of these (student, date) keys, by period."""
    return _OF_DAYS(
        student_ids=list(dict.fromkeys([student for student, _ in keys])),
        on_dates=list(dict.fromkeys([day for _, day in keys])),
    )


def days_of_students(students: Sequence[Key], wanted: AttendanceDayFilter) -> Statement:
    """The days of each student of which the source says how much was missed, the latest first."""
    statement = _DAYS_OF_STUDENTS(student_ids=students)
    if wanted.from_on is not None:
        statement = statement.having("attendance_day.on_date >= :from_on", from_on=wanted.from_on)
    if wanted.to_on is not None:
        statement = statement.having("attendance_day.on_date <= :to_on", to_on=wanted.to_on)
    if wanted.missed is not None:
        statement = statement.having(f"attendance_day.absent_part {'>' if wanted.missed else '='} 0")
    return statement
