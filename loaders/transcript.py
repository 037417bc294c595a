"""The transcript as the source keeps it: courses taken, the last cumulative averages, and what graduation asks."""

from collections.abc import Sequence

from loaders.contract import Kind
from loaders.statement import Computed, Key, Order, Shape, Statement, Template

ENTRY = Shape(
    {
        "student_key": "transcript_entry.student_id",
        "school_year": "transcript_entry.school_year",
        "grade_level": "transcript_entry.grade_level",
        "school_name": "transcript_entry.school_name",
        "term_name": "transcript_entry.term_name",
        "term_kind": "transcript_entry.term_kind",
        "title": "transcript_entry.course_title",
        "code": "transcript_entry.course_code",
        "credit_area": "transcript_entry.credit_area",
        "letter": "transcript_entry.letter",
        "percent": "transcript_entry.percent",
        "credit_attempted": "transcript_entry.credits_attempted",
        "credit_earned": "transcript_entry.credits_earned",
        "gpa_points": "transcript_entry.gpa_points",
        "gpa_scale": "transcript_entry.gpa_scale",
        "weighted_gpa_points": "transcript_entry.weighted_gpa_points",
        "weighted_gpa_scale": "transcript_entry.weighted_gpa_scale",
        "weighted_by": "transcript_entry.weighted_by",
        "transfer": Computed("coalesce(transcript_entry.transfer, 0)", Kind.BOOLEAN),
        "repeat_code": "transcript_entry.repeat_code",
        "left_out_of_gpa": Computed("coalesce(transcript_entry.left_out_of_gpa, 0)", Kind.BOOLEAN),
        "in_progress": Computed("coalesce(transcript_entry.in_progress, 0)", Kind.BOOLEAN),
    }
)

RECORD = Shape(
    {
        "student_key": "academic_record.student_id",
        "as_of": "academic_record.as_of_on",
        "gpa": "academic_record.gpa",
        "gpa_scale": "academic_record.gpa_scale",
        "weighted_gpa": "academic_record.weighted_gpa",
        "weighted_gpa_scale": "academic_record.weighted_gpa_scale",
        "class_rank": "academic_record.class_rank",
        "class_size": "academic_record.class_size",
        "rank_shown": Computed("coalesce(academic_record.rank_shown, 0)", Kind.BOOLEAN),
    }
)

REQUIREMENT = Shape(
    {
        "student_key": "credit_requirement.student_id",
        "area": "credit_requirement.credit_area",
        "required": "credit_requirement.credits_required",
        "earned": "credit_requirement.credits_earned",
        "in_progress": "credit_requirement.credits_in_progress",
    }
)

_ENTRIES = Template(
    ENTRY,
    "from {transcript_entry} as transcript_entry\n"
    "where transcript_entry.student_id in :student_ids and transcript_entry.released = 1",
    key="student_key",
    order=(
        Order("transcript_entry.school_year"),
        Order("case when transcript_entry.term_ends_on is null then 0 else 1 end"),
        Order("transcript_entry.term_ends_on"),
        Order("transcript_entry.term_name"),
        Order("transcript_entry.course_title"),
        Order("transcript_entry.id"),
    ),
)

_LAST_RECORDS = Template(
    RECORD,
    "from {academic_record} as academic_record\n"
    "where academic_record.student_id in :student_ids and academic_record.released = 1",
    key="student_key",
    order=(Order("academic_record.as_of_on", descending=True), Order("academic_record.id", descending=True)),
    short=True,
)

_REQUIREMENTS = Template(
    REQUIREMENT,
    "from {credit_requirement} as credit_requirement\nwhere credit_requirement.student_id in :student_ids",
    key="student_key",
    order=(
        Order("case when credit_requirement.sequence is null then 1 else 0 end"),
        Order("credit_requirement.sequence"),
        Order("credit_requirement.credit_area"),
    ),
)


def entries_of_students(students: Sequence[Key]) -> Statement:
    """Every course on each student's transcript, the first school year first, in the order of its terms."""
    return _ENTRIES(student_ids=students)


def record_of_students(students: Sequence[Key]) -> Statement:
    """The last academic record of each student: averages and rank."""
    return _LAST_RECORDS(student_ids=students).cut(1)


def requirements_of_students(students: Sequence[Key]) -> Statement:
    """What graduation asks of each student, area by area in the school's order."""
    return _REQUIREMENTS(student_ids=students)
