"""What a school issues on paper, and the transcript: courses taken, credits, grade point averages and rank."""

from enum import Enum

from loaders.contract.people import GradeLevel
from loaders.contract.schools import TermKind
from loaders.contract.writing import Column, Kind, Relation, flag, key, may, must, one_of, reference


class DocumentKind(Enum):
    """What a document is."""

    REPORT_CARD = "REPORT_CARD"
    PROGRESS_REPORT = "PROGRESS_REPORT"
    SCHEDULE = "SCHEDULE"
    TRANSCRIPT = "TRANSCRIPT"
    LETTER = "LETTER"
    FORM = "FORM"
    OTHER = "OTHER"


RELATIONS = (
    Relation(
        "document",
        (
            key("id", "document"),
            key("student_id", "student"),
            one_of("kind", DocumentKind),
            must("title", Kind.TEXT),
            reference("term_id", "term"),
            may("issued_on", Kind.DATE),
            may("version", Kind.INTEGER, "1 where the source counts none; a correction has a higher one"),
            reference("supersedes_id", "document", "which document this one corrects"),
            must("path", Kind.TEXT, "of its PDF, below the folder of HOMEROOM_DOCUMENTS"),
            may("bytes", Kind.INTEGER),
            must("released", Kind.BOOLEAN, "1 where families may see it today"),
        ),
        key=("id",),
        asked_by=("student_id",),
    ),
    Relation(
        "transcript_entry",
        (
            key("id", "transcript_entry"),
            key("student_id", "student"),
            must("school_year", Kind.INTEGER, "the year in which it ends"),
            Column("grade_level", Kind.ENUM, values=GradeLevel),
            may("school_name", Kind.TEXT),
            may("term_name", Kind.TEXT),
            Column("term_kind", Kind.ENUM, values=TermKind, note="credits count by a course's finest terms"),
            may("term_ends_on", Kind.DATE, "by which the terms of a year are ordered"),
            may("course_code", Kind.TEXT),
            must("course_title", Kind.TEXT),
            may("credit_area", Kind.TEXT, "the subject to which its credit counts"),
            may("letter", Kind.TEXT),
            may("percent", Kind.DECIMAL),
            may("credits_attempted", Kind.DECIMAL),
            may("credits_earned", Kind.DECIMAL),
            may("gpa_points", Kind.DECIMAL),
            may("gpa_scale", Kind.DECIMAL, "of what `gpa_points` are"),
            may("weighted_gpa_points", Kind.DECIMAL),
            may("weighted_gpa_scale", Kind.DECIMAL),
            may("weighted_by", Kind.TEXT, "why its points weigh more, as the school says it: Honors, AP"),
            flag("transfer", "1 where it was taken elsewhere"),
            may("repeat_code", Kind.TEXT, "the school's word where a course was taken again"),
            flag("left_out_of_gpa"),
            flag("in_progress", "1 where it is taken now and has no grade yet"),
            must("released", Kind.BOOLEAN, "1 where families may see it today"),
        ),
        key=("id",),
        asked_by=("student_id",),
    ),
    Relation(
        "academic_record",
        (
            key("id", "academic_record"),
            key("student_id", "student"),
            must("as_of_on", Kind.DATE, "of several the last is shown"),
            may("gpa", Kind.DECIMAL, "cumulative, unweighted"),
            may("gpa_scale", Kind.DECIMAL),
            may("weighted_gpa", Kind.DECIMAL, "cumulative, weighted"),
            may("weighted_gpa_scale", Kind.DECIMAL),
            may("class_rank", Kind.INTEGER),
            may("class_size", Kind.INTEGER, "how many are ranked"),
            flag("rank_shown", "1 where the school lets families see the rank"),
            must("released", Kind.BOOLEAN, "1 where families may see it today"),
        ),
        key=("student_id", "id"),
        asked_by=("student_id",),
    ),
    Relation(
        "credit_requirement",
        (
            key("student_id", "student"),
            must("credit_area", Kind.TEXT, "the same word as in transcript_entry"),
            may("sequence", Kind.INTEGER),
            may("credits_required", Kind.DECIMAL),
            may("credits_earned", Kind.DECIMAL, "summed from the transcript where it is null"),
            may("credits_in_progress", Kind.DECIMAL, "likewise"),
        ),
        key=("student_id", "credit_area"),
        asked_by=("student_id",),
    ),
)
