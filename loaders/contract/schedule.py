"""When and where sections meet: the pattern of each, and the times of the days that keep other hours."""

from loaders.contract.writing import Kind, Relation, key, may, must, reference

RELATIONS = (
    Relation(
        "meeting",
        (
            key("id", "meeting"),
            key("section_id", "section"),
            reference("period_id", "period"),
            may("period", Kind.TEXT, "the period's name as families know it"),
            may("weekdays", Kind.TEXT, "1 for Monday to 7 for Sunday, as in 135; null: whatever the weekday"),
            may("day_names", Kind.TEXT, "days of the rotation with ; between them; null: whatever the day's name"),
            may("starts_at", Kind.TIME, "on a day of usual hours"),
            may("ends_at", Kind.TIME),
            may("room", Kind.TEXT, "null: the section's own"),
        ),
        key=("id",),
        asked_by=("section_id",),
    ),
    Relation(
        "bell_schedule",
        (
            key("id", "bell_schedule"),
            reference("school_id", "school"),
            must("name", Kind.TEXT, "Late start, Early dismissal"),
        ),
        key=("id",),
        asked_by=("id",),
    ),
    Relation(
        "bell_period",
        (
            key("bell_schedule_id", "bell_schedule"),
            key("period_id", "period"),
            must("starts_at", Kind.TIME, "a period that the schedule leaves out does not meet on its days"),
            must("ends_at", Kind.TIME),
        ),
        key=("bell_schedule_id", "period_id"),
        asked_by=("bell_schedule_id",),
    ),
)
