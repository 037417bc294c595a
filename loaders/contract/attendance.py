"""Attendance: marks by period, and the part of a day missed."""

from enum import Enum

from loaders.contract.writing import Kind, Relation, flag, key, may, must, one_of, reference


class AttendanceStatus(Enum):
    """The first axis of an attendance event: where the student was."""

    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    TARDY = "TARDY"
    EARLY_RELEASE = "EARLY_RELEASE"


class AttendanceExcuse(Enum):
    """The second axis: whether the school excuses it; UNKNOWN until the office has acted."""

    EXCUSED = "EXCUSED"
    UNEXCUSED = "UNEXCUSED"
    EXEMPT = "EXEMPT"
    UNKNOWN = "UNKNOWN"


RELATIONS = (
    Relation(
        "attendance",
        (
            key("student_id", "student"),
            must("on_date", Kind.DATE),
            key("period_id", "period"),
            may("period", Kind.TEXT, "the period's name; null for a mark of the whole day"),
            reference("section_id", "section"),
            one_of("status", AttendanceStatus),
            one_of("excuse", AttendanceExcuse),
            may("code", Kind.TEXT, "the source's own code"),
            may("label", Kind.TEXT, "the source's own words for the code"),
            may("minutes_missed", Kind.INTEGER),
            may("comment", Kind.TEXT),
            may("recorded_by", Kind.TEXT, "TEACHER or OFFICE, or the name the source shows to families"),
            flag("confirmed", "1 once the office has acted"),
            may("updated_at", Kind.INSTANT),
        ),
        key=("student_id", "on_date", "period_id"),
        asked_by=("student_id",),
    ),
    Relation(
        "attendance_day",
        (
            key("student_id", "student"),
            must("on_date", Kind.DATE),
            must(
                "absent_part", Kind.DECIMAL, "the part of the day missed: 0, 0.5 or 1; a school activity is not missed"
            ),
            may("minutes_present", Kind.INTEGER),
        ),
        key=("student_id", "on_date"),
        asked_by=("student_id",),
    ),
)
