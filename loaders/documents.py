"""What a school has issued on paper, and the terms whose grades it has posted."""

from collections.abc import Sequence

from loaders.contract import Kind
from loaders.schools import TERM
from loaders.statement import Computed, Key, Order, Shape, Statement, Template

DOCUMENT = Shape(
    {
        "student_key": "document.student_id",
        "key": "document.id",
        "kind": "document.kind",
        "title": "document.title",
        "term_key": "document.term_id",
        "issued_on": "document.issued_on",
        "version": Computed("coalesce(document.version, 1)", Kind.INTEGER),
        "supersedes_key": "document.supersedes_id",
        "path": "document.path",
        "bytes": "document.bytes",
    }
)

POSTED_TERM = Shape(
    {
        "student_key": "grade.student_id",
        "key": TERM.columns["key"],
        "name": TERM.columns["name"],
        "starts_on": TERM.columns["starts_on"],
        "ends_on": TERM.columns["ends_on"],
    }
)

_DOCUMENTS = Template(
    DOCUMENT,
    "from {document} as document\nwhere document.student_id in :student_ids and document.released = 1",
    key="student_key",
    order=(
        Order("case when document.issued_on is null then 1 else 0 end"),
        Order("document.issued_on", descending=True),
        Order("document.id", descending=True),
    ),
)

# The grades of a course that the student was never in belong to the transcript, and to no report card.
_POSTED_TERMS = Template(
    POSTED_TERM,
    "from {grade} as grade\n"
    "join {enrollment} as enrollment on enrollment.student_id = grade.student_id\n"
    "  and enrollment.section_id = grade.section_id\n"
    "join {term} as term on term.id = grade.term_id\n"
    "where grade.student_id in :student_ids and grade.released = 1 and grade.kind = 'POSTED'",
    key="student_key",
    order=(Order("term.ends_on", descending=True), Order("term.starts_on"), Order("term.id")),
    distinct=True,
)


def documents_of_students(students: Sequence[Key]) -> Statement:
    """What was issued about each student and families may see, the latest first."""
    return _DOCUMENTS(student_ids=students)


def posted_terms_of_students(students: Sequence[Key]) -> Statement:
    """The terms for which each student has a posted grade, the one that ended last first."""
    return _POSTED_TERMS(student_ids=students)
