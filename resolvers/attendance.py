"""Attendance by period and by day: pages of marks, and the days of which a part was missed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from loaders import attendance
from loaders.attendance import AttendanceDayFilter, AttendanceFilter
from loaders.statement import Key, Statement
from resolvers import courses
from resolvers.access import visible
from resolvers.context import Batch
from resolvers.paging import Page, Paged, paged

Pair = tuple[Key, Key]


def attendance_of_students(keys: Sequence[Key], batch: Batch, page: Page, wanted: AttendanceFilter) -> Paged | None:
    """A page of each student's marks."""
    if not _provided(batch):
        return None
    statement = attendance.attendance_of_students(keys, wanted, courses=courses.along(batch))
    return paged(batch.context, statement, page)


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


def days_of_students(keys: Sequence[Key], batch: Batch, page: Page, wanted: AttendanceDayFilter) -> Paged | None:
    """A page of each student's days of which the source says how much was missed."""
    if not batch.context.source.adapter.has("attendance_day"):
        return None
    return paged(batch.context, attendance.days_of_students(keys, wanted), page)


def marks_of_days(keys: Sequence[tuple[Key, date]], batch: Batch) -> Statement | None:
    """The marks of each (student, day) pair, by period."""
    return attendance.attendance_of_days(keys) if _provided(batch) else None


def _provided(batch: Batch) -> bool:
    return batch.context.source.adapter.has("attendance")
