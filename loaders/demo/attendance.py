"""The attendance of the made district: by period from grade 6, by the whole day below."""

import sqlite3
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from loaders.contract import AttendanceExcuse, AttendanceStatus
from loaders.demo.calendar import SchoolYear, instant
from loaders.demo.courses import Courses, Seat
from loaders.demo.people import Student
from loaders.demo.store import write

_EVENT = (
    "student_id on_date period_id period section_id status excuse code label minutes_missed comment recorded_by "
    "confirmed updated_at"
)
_STATUS = {
    "A": (AttendanceStatus.ABSENT, AttendanceExcuse.UNKNOWN, "Absent"),
    "AE": (AttendanceStatus.ABSENT, AttendanceExcuse.EXCUSED, "Absent, excused"),
    "AU": (AttendanceStatus.ABSENT, AttendanceExcuse.UNEXCUSED, "Absent, unexcused"),
    "AX": (AttendanceStatus.ABSENT, AttendanceExcuse.EXEMPT, "School activity"),
    "T": (AttendanceStatus.TARDY, AttendanceExcuse.UNEXCUSED, "Tardy"),
    "TE": (AttendanceStatus.TARDY, AttendanceExcuse.EXCUSED, "Tardy, excused"),
    "ER": (AttendanceStatus.EARLY_RELEASE, AttendanceExcuse.EXCUSED, "Early release"),
    "P": (AttendanceStatus.PRESENT, AttendanceExcuse.UNKNOWN, "Present"),
}
_MINUTES = {"A": 50, "AE": 50, "AU": 50, "AX": 50, "T": 10, "TE": 25, "ER": 30, "P": 0}
_DAY_MINUTES = 390
_ABSENT_CODES, _ABSENT_SHARES = ("AE", "AU", "AX"), (70, 22, 8)
_ACTIVITY = "AX"
_ABSENT_TODAY = 0.03
_STUDENTS_AT_ONCE = 1000


def write_attendance(
    connection: sqlite3.Connection,
    students: list[Student],
    courses: Courses,
    year: SchoolYear,
    rng: Random,
    showcase: Student,
) -> None:
    """Write about twelve events a student, and the part of the day missed for each day with an absence.

    The showcase's last school day is not confirmed by the office yet; the one before was corrected by it.
    """
    past = year.until_today()
    for start in range(0, len(students), _STUDENTS_AT_ONCE):
        events: list[tuple[Any, ...]] = []
        days: list[tuple[int, str, float, int]] = []
        for student in students[start : start + _STUDENTS_AT_ONCE]:
            seats = [seat for seat in courses.seats[student.id] if seat.section.school is student.school]
            for day, code in sorted(_marks(student, past, rng)):
                events.extend(_day(student, seats, day, code, rng))
                if code in _ABSENT_CODES:
                    part = 0 if code == _ACTIVITY else 1
                    days.append((student.id, str(day), part, 0 if part else _DAY_MINUTES))
                elif code == "ER" and student.school.elementary:
                    days.append((student.id, str(day), 0.5, _DAY_MINUTES // 2))
            if student is showcase:
                events.extend(_awkward(student, seats, past))
            elif rng.random() < _ABSENT_TODAY:
                events.extend(_unconfirmed(student, seats, past[-1]))
                days.append((student.id, str(past[-1]), 1, 0))
        write(connection, "attendance", _EVENT, events)
        write(connection, "attendance_day", "student_id on_date absent_part minutes_present", days)


def _marks(student: Student, past: tuple[date, ...], rng: Random) -> list[tuple[date, str]]:
    """The days of a student's events and what they are; never the last two school days, which are kept free."""
    codes = rng.choices(_ABSENT_CODES, _ABSENT_SHARES, k=rng.randrange(3) if not student.school.elementary else 3)
    codes += rng.choices(("T", "TE", "ER"), k=rng.randrange(1, 5))
    codes += ["P"] * (rng.randrange(1, 5) if not student.school.elementary else 6)
    free = past[:-2]
    codes = codes[: len(free)]
    return list(zip(rng.sample(free, len(codes)), codes, strict=True))


def _day(student: Student, seats: list[Seat], day: date, code: str, rng: Random) -> Iterator[tuple[Any, ...]]:
    if student.school.elementary:
        minutes = _DAY_MINUTES if code in _ABSENT_CODES else _MINUTES[code]
        yield _event(student, None, day, code, minutes, by=_by(code))
        return
    there = _sitting(seats, day)
    if not there:
        return
    if code in _ABSENT_CODES:
        chosen = there
    elif code == "ER":
        chosen = there[-1:]
    else:
        chosen = [rng.choice(there)]
    for seat in chosen:
        yield _event(student, seat, day, code, _MINUTES[code], by=_by(code))


def _by(code: str) -> str:
    """Who wrote a mark last: the office acts on all but those who were there."""
    return "TEACHER" if code == "P" else "OFFICE"


def _sitting(seats: list[Seat], day: date) -> list[Seat]:
    """The seats of that day by period, one each: a course that was left again gives way."""
    found: dict[int, Seat] = {}
    for seat in seats:
        term = seat.section.term
        if term.starts_on <= day <= term.ends_on and seat.ends_on is None:
            found[seat.section.period] = seat
    return [found[period] for period in sorted(found)]


def _unconfirmed(student: Student, seats: list[Seat], day: date) -> Iterator[tuple[Any, ...]]:
    if student.school.elementary:
        yield _event(student, None, day, "A", _DAY_MINUTES, by="TEACHER")
        return
    for seat in _sitting(seats, day):
        yield _event(student, seat, day, "A", _MINUTES["A"], by="TEACHER")


def _awkward(student: Student, seats: list[Seat], past: tuple[date, ...]) -> Iterator[tuple[Any, ...]]:
    """One period corrected by the office on the day before, and one of the last day that the teacher just marked."""
    last, before = past[-1], past[-2:][0]
    first, second, *_ = _sitting(seats, last)
    yield _event(student, first, last, "A", _MINUTES["A"], by="TEACHER")
    yield _event(
        student, second, before, "TE", 15, by="OFFICE", at=instant(before, 15, 20),
        comment="Marked absent in class; came at 9:10 from the dentist, note handed in.",
    )  # fmt: skip


def _event(
    student: Student,
    seat: Seat | None,
    day: date,
    code: str,
    minutes: int,
    *,
    by: str,
    at: str | None = None,
    comment: str | None = None,
) -> tuple[Any, ...]:
    status, excuse, label = _STATUS[code]
    return (
        student.id,
        str(day),
        seat.section.period if seat else 0,
        f"Period {seat.section.period}" if seat else None,
        seat.section.id if seat else None,
        status.value,
        excuse.value,
        code,
        label,
        minutes,
        comment,
        by,
        by == "OFFICE",
        at or instant(day, 8, 20),
    )
