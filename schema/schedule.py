"""Schedules: the days of a term's grid, or a date, and what meets on them."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Private

from resolvers import courses, people, schedule
from resolvers.context import Batch
from resolvers.timetable import MeetingStatus
from schema import enums as enums
from schema.batching import batched
from schema.gradebook import Course
from schema.levels import SIZE

if TYPE_CHECKING:
    from schema.people import Teacher

LazyTeacher = Annotated["Teacher", strawberry.lazy("schema.people")]


@strawberry.type(description="When and where a course meets.")
class Meeting:
    course_key: Private[Any]
    section_key: Private[Any]
    period: str | None = strawberry.field(description="The period, as the school names it.")
    starts_at: datetime.time | None = strawberry.field(description="When it begins, where the source says.")
    ends_at: datetime.time | None = strawberry.field(description="When it ends, where the source says.")
    room: str | None = strawberry.field(description="The room.")
    status: MeetingStatus = strawberry.field(description="How the course stands: on the date; in a grid, today.")
    added_on: datetime.date | None = strawberry.field(
        description="The day the student joined, where that was after the first day of the course's term."
    )
    dropped_on: datetime.date | None = strawberry.field(description="The student's last day in it, where it has one.")

    @batched("course_key", shared=True)
    def course(keys: Any, batch: Batch) -> Course:
        """The course that meets."""
        return courses.courses_of_pairs(keys, batch)

    @batched("section_key", size=2, shared=True)
    def teachers(keys: Any, batch: Batch) -> list[LazyTeacher]:
        """The teachers, the one in charge first."""
        return people.teachers_of_sections(keys, batch)


@strawberry.type(description="A date, or a day of a term's grid.")
class ScheduleDay:
    on_date: datetime.date | None = strawberry.field(name="date", description="The date; null in a grid.")
    day_name: str | None = strawberry.field(
        description="The day of the rotation, as the school calls it; else the weekday, in English."
    )
    is_school_day: bool = strawberry.field(description="Whether there is school, by the school's calendar.")
    reason: str | None = strawberry.field(description="Why there is no school, where the calendar says.")
    bell_schedule: str | None = strawberry.field(
        description="What the school calls the hours of the date, as Late start; null on one of usual hours."
    )
    meetings: list[Meeting] = strawberry.field(
        description="What meets, by its start; nothing where there is no school.", metadata={SIZE: 8}
    )


@strawberry.type(description="What is to be shown above a schedule.")
class ScheduleNotice:
    code: str = strawberry.field(
        description="`K5_SCHEDULE_NOT_ACCURATE`: in kindergarten to grade five it is not an accurate reflection of a "
        "student's day, and subject courses exist for grading."
    )
    text: str = strawberry.field(description="The same for people, in the viewer's preferred language if it is ours.")


@strawberry.type(description="A student's schedule.")
class Schedule:
    student_key: Private[Any]

    @batched("student_key")
    def notice(keys: Any, batch: Batch) -> ScheduleNotice | None:
        """What is to be shown above it."""
        return schedule.notices(keys, batch)

    days: list[ScheduleDay] = strawberry.field(
        description="The one date, or the days of the grid: those of the rotation by name, then weekdays.",
        metadata={SIZE: 6},
    )
