"""Schools, their terms and their calendars."""

from enum import Enum

from loaders.contract.writing import Kind, Relation, key, may, must, one_of, reference


class TermKind(Enum):
    """OneRoster's session types, and the progress period that RosarioSIS and Ed-Fi have below the quarter."""

    YEAR = "YEAR"
    SEMESTER = "SEMESTER"
    TRIMESTER = "TRIMESTER"
    QUARTER = "QUARTER"
    TERM = "TERM"
    PROGRESS = "PROGRESS"


RELATIONS = (
    Relation(
        "school",
        (
            key("id", "school"),
            must("name", Kind.TEXT),
            may("phone", Kind.TEXT),
            may("time_zone", Kind.TEXT, "IANA name"),
        ),
        key=("id",),
        asked_by=("id",),
    ),
    Relation(
        "term",
        (
            key("id", "term"),
            key("school_id", "school"),
            must("name", Kind.TEXT),
            one_of("kind", TermKind),
            must("starts_on", Kind.DATE),
            must("ends_on", Kind.DATE, "the last day, included"),
            must("school_year", Kind.INTEGER, "the year in which it ends"),
            reference("parent_id", "term"),
        ),
        key=("id",),
        asked_by=("id", "school_id"),
    ),
    Relation(
        "calendar_day",
        (
            key("school_id", "school"),
            must("on_date", Kind.DATE, "a day that is not in it is no school day, as far as the calendar reaches"),
            must("is_school_day", Kind.BOOLEAN),
            may("note", Kind.TEXT, "why there is no school"),
            may(
                "day_name", Kind.TEXT, "the day of the rotation, as the school calls it; null where it goes by weekdays"
            ),
            reference("bell_schedule_id", "bell_schedule", "the times of this day; null for the usual ones"),
        ),
        key=("school_id", "on_date"),
        asked_by=("school_id",),
    ),
)
