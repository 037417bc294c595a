"""Attendance by period, and its summaries by term, course and month."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from loaders import attendance
from loaders.attendance import AttendanceFilter
from loaders.contract import AttendanceExcuse, AttendanceStatus
from loaders.rows import Rows
from loaders.statement import Key, Statement
from resolvers.access import visible
from resolvers.context import Batch
from resolvers.paging import Page, Paged, paged
from resolvers.terms import TermDates, shown_terms_of_students

Pair = tuple[Key, Key]


class AttendanceGroup(Enum):
    """By what a summary adds up."""

    TERM = "TERM"
    COURSE = "COURSE"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True)
class Absence:
    """A mark other than PRESENT, as much of it as a summary needs."""

    on_date: date
    course_key: Pair | None
    status: AttendanceStatus
    excuse: AttendanceExcuse


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one group: class periods and, where the source counts them, days; the two are not the same."""

    key: str
    term_key: Key | None
    course_key: Pair | None
    absent_periods: int
    absent_days: Decimal | None
    tardies: int
    early_releases: int
    excused: int
    unexcused: int
    days_enrolled: int | None = None


def attendance_of_students(keys: Sequence[Key], batch: Batch, page: Page, wanted: AttendanceFilter) -> Paged | None:
    """A page of each student's marks."""
    if not _provided(batch):
        return None
    return paged(batch.context, attendance.attendance_of_students(keys, wanted), page)


def attendance_of_courses(keys: Sequence[Pair], batch: Batch, page: Page) -> Paged | None:
    """A page of each course's marks."""
    if not _provided(batch):
        return None
    return paged(batch.context, attendance.attendance_of_courses(keys), page)


async def attendance_by_id(keys: Sequence[tuple[Any, ...]], batch: Batch) -> Statement | None:
    """Of these (student, date, period) keys those of the viewer's students."""
    allowed = await visible(batch.context, [student for student, _, _ in keys])
    own = [key for key in keys if key[0] in allowed]
    return attendance.attendance(own) if own and _provided(batch) else None


async def summaries_of_students(
    keys: Sequence[Key], batch: Batch, group_by: AttendanceGroup
) -> Sequence[list[Summary] | None]:
    """The summaries of the school year that a family looks at today, a list per student."""
    if not _provided(batch):
        return [None for _ in keys]
    shown = await shown_terms_of_students(batch.context, keys)
    terms = [term for of_student in shown.values() for term in of_student]
    if not terms:
        return [[] for _ in keys]
    first, last = min(term.starts_on for term in terms), max(term.ends_on for term in terms)
    statements = [attendance.exceptions_of_students(keys, first, last)]
    if batch.context.source.adapter.has("attendance_day"):
        statements.append(attendance.days_missed_of_students(keys, first, last))
    marks, *days = await batch.context.source.fetch(statements)
    exceptions, missed = _exceptions(marks), _days(days[0]) if days else None
    return [
        summarize(
            exceptions.get(key, []), None if missed is None else missed.get(key, []), shown.get(key, []), group_by
        )
        for key in keys
    ]


def summarize(
    exceptions: Sequence[Absence],
    days: Sequence[tuple[date, Decimal]] | None,
    terms: Sequence[TermDates],
    group_by: AttendanceGroup,
) -> list[Summary]:
    """The summaries of one student, in the order of their terms, courses or months.

    A term without any mark is there with zeros; a month or course without one is not.
    """
    if group_by is AttendanceGroup.TERM:
        return [
            _add_up(
                f"TERM:{term.key}",
                [mark for mark in exceptions if term.starts_on <= mark.on_date <= term.ends_on],
                None if days is None else [part for day, part in days if term.starts_on <= day <= term.ends_on],
                term_key=term.key,
            )
            for term in terms
        ]
    if group_by is AttendanceGroup.COURSE:
        courses = _grouped(exceptions, lambda mark: mark.course_key)
        return [
            _add_up(f"COURSE:{course[1]}", courses[course], None, course_key=course)
            for course in sorted((c for c in courses if c is not None), key=lambda c: str(c[1]))
        ]
    months = _grouped(exceptions, lambda mark: f"{mark.on_date:%Y-%m}")
    parts: dict[str, list[Decimal]] = defaultdict(list)
    for day, part in days or []:
        parts[f"{day:%Y-%m}"].append(part)
    return [
        _add_up(month, months.get(month, []), None if days is None else parts.get(month, []))
        for month in sorted({*months, *parts})
    ]


def _add_up(
    key: str,
    marks: Sequence[Absence],
    parts: Sequence[Decimal] | None,
    term_key: Key | None = None,
    course_key: Pair | None = None,
) -> Summary:
    # A school activity is not counted as missed.
    missed = [mark for mark in marks if mark.excuse is not AttendanceExcuse.EXEMPT]
    statuses = [mark.status for mark in missed]
    excuses = [mark.excuse for mark in missed]
    return Summary(
        key=key,
        term_key=term_key,
        course_key=course_key,
        absent_periods=statuses.count(AttendanceStatus.ABSENT),
        absent_days=None if parts is None else sum(parts, Decimal(0)),
        tardies=statuses.count(AttendanceStatus.TARDY),
        early_releases=statuses.count(AttendanceStatus.EARLY_RELEASE),
        excused=excuses.count(AttendanceExcuse.EXCUSED),
        unexcused=excuses.count(AttendanceExcuse.UNEXCUSED),
    )


def _grouped(marks: Iterable[Absence], by: Callable[[Absence], Any]) -> dict[Any, list[Absence]]:
    groups: dict[Any, list[Absence]] = defaultdict(list)
    for mark in marks:
        groups[by(mark)].append(mark)
    return groups


def _exceptions(rows: Rows) -> dict[Key, list[Absence]]:
    at = [rows.columns.index(name) for name in ("on_date", "course_key", "status", "excuse")]
    return {key: [Absence(*(row[n] for n in at)) for row in found] for key, found in rows.by_key().items()}


def _days(rows: Rows) -> dict[Key, list[tuple[date, Decimal]]]:
    day, part = rows.columns.index("on_date"), rows.columns.index("absent_part")
    return {key: [(row[day], row[part]) for row in found] for key, found in rows.by_key().items()}


def _provided(batch: Batch) -> bool:
    return batch.context.source.adapter.has("attendance")
