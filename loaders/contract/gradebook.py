"""The gradebook: categories, assignments, scores and grades."""

from enum import Enum

from loaders.contract.writing import Kind, Relation, flag, key, may, must, one_of, reference


class GradeKind(Enum):
    """POSTED by the school, or IN_PROGRESS in the teacher's book: side by side, never merged."""

    POSTED = "POSTED"
    IN_PROGRESS = "IN_PROGRESS"


RELATIONS = (
    Relation(
        "category",
        (
            key("id", "category"),
            key("section_id", "section"),
            must("name", Kind.TEXT),
            may("weight", Kind.DECIMAL, "percent of the grade"),
            may("drop_lowest", Kind.INTEGER),
        ),
        key=("id", "section_id"),
        asked_by=("section_id",),
    ),
    Relation(
        "assignment",
        (
            key("id", "assignment"),
            key("section_id", "section"),
            reference("term_id", "term"),
            reference("category_id", "category"),
            must("title", Kind.TEXT),
            may("description", Kind.TEXT, "HTML or plain text; sanitized before it leaves"),
            may("assigned_on", Kind.DATE),
            may("due_on", Kind.DATE),
            may("due_at", Kind.INSTANT),
            may("points_possible", Kind.DECIMAL),
            flag("extra_credit"),
            may("multiplier", Kind.DECIMAL, "how often it counts; null is once"),
            must("visible", Kind.BOOLEAN, "1 where families may see it today"),
        ),
        key=("id", "section_id"),
        asked_by=("section_id",),
    ),
    Relation(
        "score",
        (
            key("student_id", "student"),
            key("assignment_id", "assignment"),
            reference("section_id", "section"),
            may("points", Kind.DECIMAL),
            may("percent", Kind.DECIMAL),
            may("letter", Kind.TEXT, "what stands in the book where it is no number"),
            flag("late"),
            flag("missing"),
            flag("incomplete"),
            flag("exempt"),
            flag("dropped"),
            flag("turned_in"),
            flag("cheated"),
            may("comment", Kind.TEXT),
            may("scored_at", Kind.INSTANT),
            must("released", Kind.BOOLEAN, "1 where families may see the score today"),
            may("releases_at", Kind.INSTANT, "when it will be released, where that is known"),
        ),
        key=("student_id", "assignment_id"),
        asked_by=("student_id",),
    ),
    Relation(
        "grade",
        (
            key("id", "grade"),
            key("student_id", "student"),
            reference("section_id", "section"),
            reference("term_id", "term"),
            one_of("kind", GradeKind),
            must("task", Kind.TEXT, "Quarter Grade, Semester Grade, Progress"),
            may("percent", Kind.DECIMAL),
            may("letter", Kind.TEXT),
            may("points", Kind.DECIMAL),
            may("points_possible", Kind.DECIMAL),
            may("comment", Kind.TEXT),
            may(
                "missing_count",
                Kind.INTEGER,
                "as families may know it; where it is lacking, the scores' flags are counted",
            ),
            may(
                "ungraded_count",
                Kind.INTEGER,
                "due, visible, nothing entered; where it is lacking, the book is counted",
            ),
            may("credits_attempted", Kind.DECIMAL),
            may("credits_earned", Kind.DECIMAL),
            may("updated_at", Kind.INSTANT),
            may("posted_at", Kind.INSTANT),
            must("released", Kind.BOOLEAN, "1 where families may see it today"),
        ),
        key=("id",),
        asked_by=("student_id",),
    ),
)
