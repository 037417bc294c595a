"""What attendance is added up from: marks, parts of days missed, and the days of school while enrolled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from loaders.contract import AttendanceExcuse, AttendanceStatus, Kind
from loaders.statement import Computed, Key, Shape, Statement, Template

#: What a row of a tally is; any other is a day of school.
MARK, DAY = "MARK", "DAY"

TALLY = Shape(
    {
        "student_key": Computed("tallied.student_id", Kind.KEY),
        "what": Computed("tallied.what", Kind.TEXT),
        "on_date": Computed("tallied.on_date", Kind.DATE),
        "section_key": Computed("tallied.section_id", Kind.KEY),
        "school_key": Computed("tallied.school_id", Kind.KEY),
        "status": Computed("tallied.status", Kind.ENUM, AttendanceStatus),
        "excuse": Computed("tallied.excuse", Kind.ENUM, AttendanceExcuse),
        "absent_part": Computed("tallied.absent_part", Kind.DECIMAL),
        "school_year": Computed("tallied.school_year", Kind.INTEGER),
    }
)

# The marks come first: it is by them that an engine tells the types of the columns that the others leave null.
_MARKS = """select attendance.student_id, 'MARK' as what, attendance.on_date, attendance.section_id,
    section.school_id, attendance.status, attendance.excuse, null as absent_part, 0 as school_year
  from {attendance} as attendance
  left join {section} as section on section.id = attendance.section_id
  where attendance.student_id in :student_ids and attendance.status <> 'PRESENT'
    and attendance.on_date between :from_on and :until_on"""

_DAYS = """select attendance_day.student_id, 'DAY' as what, attendance_day.on_date, null as section_id,
    null as school_id, null as status, null as excuse, attendance_day.absent_part, 0 as school_year
  from {attendance_day} as attendance_day
  where attendance_day.student_id in :student_ids and attendance_day.absent_part > 0
    and attendance_day.on_date between :from_on and :until_on"""

_SCHOOL_DAYS = """select school_enrollment.student_id, 'SCHOOL_DAY' as what, calendar_day.on_date,
    null as section_id, school_enrollment.school_id, null as status, null as excuse, null as absent_part,
    school_enrollment.school_year
  from {school_enrollment} as school_enrollment
  join {calendar_day} as calendar_day on calendar_day.school_id = school_enrollment.school_id
  where school_enrollment.student_id in :student_ids and school_enrollment.school_year in :school_years
    and calendar_day.is_school_day = 1 and calendar_day.on_date between :from_on and :until_on
    and (school_enrollment.starts_on is null or school_enrollment.starts_on <= calendar_day.on_date)
    and (school_enrollment.ends_on is null or school_enrollment.ends_on >= calendar_day.on_date)"""


def _tally(*parts: str) -> Template:
    united = "\n  union all\n  ".join(parts)
    return Template(TALLY, f"from (\n  {united}) as tallied", key="student_key")


#: By whether the source counts days missed, and whether it has a calendar.
_TALLIES = {
    (True, True): _tally(_MARKS, _DAYS, _SCHOOL_DAYS),
    (True, False): _tally(_MARKS, _DAYS),
    (False, True): _tally(_MARKS, _SCHOOL_DAYS),
    (False, False): _tally(_MARKS),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The days to tally, both included, and the school years they belong to."""

    from_on: date
    until_on: date
    school_years: tuple[int, ...]


def tally_of_students(students: Sequence[Key], span: Span, *, days: bool, calendar: bool) -> Statement:
    """Each student's marks other than PRESENT; with them days missed, and school days, where the source has these."""
    return _TALLIES[days, calendar](
        student_ids=students, from_on=span.from_on, until_on=span.until_on, school_years=span.school_years
    )
