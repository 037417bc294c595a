"""How grades are made: the rule of each section, its scale, and the parts of composed grades; and standards."""

from enum import Enum

from loaders.contract.writing import Column, Kind, Relation, key, may, must, one_of, reference


class CalculationMethod(Enum):
    """How a source makes a grade of the scores in a section's book, or of other grades, or not by numbers at all."""

    WEIGHTED_CATEGORIES = "WEIGHTED_CATEGORIES"
    TOTAL_POINTS = "TOTAL_POINTS"
    PERCENT_AVERAGE = "PERCENT_AVERAGE"
    COMPOSITE = "COMPOSITE"
    STANDARDS = "STANDARDS"
    MANUAL = "MANUAL"


class Rounding(Enum):
    """How a percentage is rounded: halves upwards, always upwards, or always downwards."""

    HALF_UP = "HALF_UP"
    UP = "UP"
    DOWN = "DOWN"


RELATIONS = (
    Relation(
        "grading_rule",
        (
            key("section_id", "section"),
            one_of("method", CalculationMethod, "of what the book gives; a grade with parts is composed of them"),
            may("decimals", Kind.INTEGER, "places to which the source keeps a percentage, halves upwards; null is 2"),
            Column(
                "letter_rounding",
                Kind.ENUM,
                values=Rounding,
                note="how a percentage is rounded before it is held against the scale; null is not at all",
            ),
            may("letter_decimals", Kind.INTEGER, "to how many places it is rounded then; null is 0"),
        ),
        key=("section_id",),
        asked_by=("section_id",),
    ),
    Relation(
        "grading_scale",
        (
            key("section_id", "section"),
            key("id", "scale_step"),
            must("letter", Kind.TEXT),
            may("cutoff", Kind.DECIMAL, "the least percentage of the letter; null where none earns it by numbers"),
            may("points", Kind.DECIMAL, "grade points"),
            may("position", Kind.INTEGER, "the source's order among equal cut-offs"),
        ),
        key=("section_id", "id"),
        asked_by=("section_id",),
    ),
    Relation(
        "grade_part",
        (
            key("section_id", "section"),
            key("term_id", "term"),
            must("task", Kind.TEXT, "the task of the composed grade"),
            key("part_term_id", "term"),
            must("part_task", Kind.TEXT, "the task of the grade that is a part of it"),
            may("weight", Kind.DECIMAL, "parts of equal weight have the same, or none"),
        ),
        key=("section_id", "term_id", "task", "part_term_id", "part_task"),
        asked_by=("section_id",),
    ),
    Relation(
        "standard",
        (
            key("id", "standard"),
            may("code", Kind.TEXT, "as the curriculum numbers it"),
            must("name", Kind.TEXT, "what a student is to know or be able to do"),
            may("subject", Kind.TEXT),
        ),
        key=("id",),
        asked_by=("id",),
    ),
    Relation(
        "standard_grade",
        (
            key("id", "standard_grade"),
            key("student_id", "student"),
            key("standard_id", "standard"),
            reference("section_id", "section"),
            reference("term_id", "term"),
            must("level", Kind.TEXT, "as the source writes it, on its own scale"),
            may("level_name", Kind.TEXT, "what the level means"),
            may("comment", Kind.TEXT),
            may("updated_at", Kind.INSTANT),
            must("released", Kind.BOOLEAN, "1 where families may see it today"),
        ),
        key=("id",),
        asked_by=("student_id",),
    ),
)
