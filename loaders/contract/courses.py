"""What is taught, by whom, and who sits in it."""

from loaders.contract.writing import Kind, Relation, flag, key, may, must, reference

RELATIONS = (
    Relation(
        "section",
        (
            key("id", "section"),
            reference("school_id", "school"),
            reference("term_id", "term", "the term in which it is taught"),
            must("title", Kind.TEXT),
            may("course_number", Kind.TEXT),
            may("section_code", Kind.TEXT),
            may("subject", Kind.TEXT),
            may("room", Kind.TEXT),
            may("period", Kind.TEXT, "the period's name as families know it"),
        ),
        key=("id",),
        asked_by=("id",),
    ),
    Relation(
        "section_teacher",
        (
            key("section_id", "section"),
            key("staff_id", "staff"),
            flag("is_primary"),
        ),
        key=("section_id", "staff_id"),
        asked_by=("section_id",),
    ),
    Relation(
        "enrollment",
        (
            key("student_id", "student"),
            key("section_id", "section"),
            reference("term_id", "term", "the term for which the student is in the section"),
            may("starts_on", Kind.DATE),
            may("ends_on", Kind.DATE, "the day the student left the section; null while enrolled"),
        ),
        key=("student_id", "section_id"),
        asked_by=("student_id",),
    ),
)
