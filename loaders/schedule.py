"""When the sections of students meet, and what kind of day each day is at a school."""

from collections.abc import Sequence
from datetime import date

from loaders.contract import Kind
from loaders.statement import Computed, Key, Order, Shape, Statement, Template, derived, side_by_side

#: A section's meeting as one student has it: its pattern, and from when to when the student is there.
MEETING = Shape(
    {
        "student_key": "enrollment.student_id",
        "section_key": "enrollment.section_id",
        "school_key": "section.school_id",
        "meeting_key": "meeting.id",
        "title": "section.title",
        "period_key": "meeting.period_id",
        "period": Computed("coalesce(meeting.period, section.period)", Kind.TEXT),
        "room": Computed("coalesce(meeting.room, section.room)", Kind.TEXT),
        "weekdays": "meeting.weekdays",
        "day_names": "meeting.day_names",
        "starts_at": "meeting.starts_at",
        "ends_at": "meeting.ends_at",
        "enrolled_on": "enrollment.starts_on",
        "dropped_on": "enrollment.ends_on",
        "term_starts_on": "term.starts_on",
        "term_ends_on": "term.ends_on",
    },
    {
        "course_key": derived(side_by_side, "student_key", "section_key"),
    },
)

_SCHOOL: dict[str, str | Computed] = {
    "school_key": "school.id",
    "time_zone": Computed("coalesce(school.time_zone, :time_zone)", Kind.TEXT),
}

_DAY: dict[str, str | Computed] = {
    **_SCHOOL,
    "on_date": "calendar_day.on_date",
    "is_school_day": "calendar_day.is_school_day",
    "note": "calendar_day.note",
    "day_name": "calendar_day.day_name",
}

#: A school's time zone; a day of its calendar; and, where the day keeps other hours, one period of these.
SCHOOL_ONLY = Shape(_SCHOOL)
DAY = Shape(_DAY)
BELL_DAY = Shape(
    {
        **_DAY,
        "bell_schedule": "bell_schedule.name",
        "period_key": "bell_period.period_id",
        "starts_at": "bell_period.starts_at",
        "ends_at": "bell_period.ends_at",
    }
)

# A section without a term is taught all the time.
_MEETINGS_OF_STUDENTS = Template(
    MEETING,
    """from {enrollment} as enrollment
join {section} as section on section.id = enrollment.section_id
join {meeting} as meeting on meeting.section_id = section.id
left join {term} as term on term.id = coalesce(enrollment.term_id, section.term_id)
where enrollment.student_id in :student_ids
  and (term.id is null or (term.starts_on <= :until_on and term.ends_on >= :from_on))""",
    key="student_key",
    order=(Order("meeting.id"),),
)

_WHERE = "\nwhere school.id in :school_ids"
_CALENDAR = """from {school} as school
left join {calendar_day} as calendar_day on calendar_day.school_id = school.id
  and calendar_day.on_date >= :from_on and calendar_day.on_date <= :until_on"""
_BELLS = """
left join {bell_schedule} as bell_schedule on bell_schedule.id = calendar_day.bell_schedule_id
left join {bell_period} as bell_period on bell_period.bell_schedule_id = bell_schedule.id"""

_ZONES = Template(SCHOOL_ONLY, f"from {{school}} as school{_WHERE}", key="school_key")

_DAYS = Template(
    DAY,
    f"{_CALENDAR}{_WHERE}",
    key="school_key",
    order=(Order("calendar_day.on_date"),),
)

_BELL_DAYS = Template(
    BELL_DAY,
    f"{_CALENDAR}{_BELLS}{_WHERE}",
    key="school_key",
    order=(Order("calendar_day.on_date"), Order("bell_period.period_id")),
)


def meetings_of_students(students: Sequence[Key], first: date, last: date) -> Statement:
    """The meetings of the sections that each student is or was in, of terms that touch these days."""
    return _MEETINGS_OF_STUDENTS(student_ids=students, from_on=first, until_on=last)


def days_of_schools(schools: Sequence[Key], first: date, last: date) -> Statement:
    """The days of each school's calendar from the first to the last, in their order, with the periods of other hours.

    A school has at least one row, which tells its time zone.
    """
    return _BELL_DAYS(school_ids=schools, from_on=first, until_on=last)


def plain_days_of_schools(schools: Sequence[Key], first: date, last: date) -> Statement:
    """The same of a source that knows no days of other hours."""
    return _DAYS(school_ids=schools, from_on=first, until_on=last)


def zones_of_schools(schools: Sequence[Key]) -> Statement:
    """The time zone of each school, for a source that has no calendar."""
    return _ZONES(school_ids=schools)
