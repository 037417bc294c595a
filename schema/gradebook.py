"""The gradebook: courses, assignments and scores."""

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID, Private

from loaders.assignments import AssignmentFilter as Wanted
from loaders.scores import ScoreFlag, ScoreState
from resolvers import arguments, assignments, attendance, calculation, courses, grades, people, terms
from resolvers.access import Area
from resolvers.context import Batch, Context
from resolvers.paging import Page
from schema import enums as enums
from schema.batching import batched, connected, embedded
from schema.calculation import GradeCalculation
from schema.connections import Connection
from schema.grades import Grade, StandardGrade, TrendPoint
from schema.node import Node
from schema.schools import Term

if TYPE_CHECKING:
    from schema.attendance import Attendance
    from schema.people import Student, Teacher

LazyStudent = Annotated["Student", strawberry.lazy("schema.people")]
LazyTeacher = Annotated["Teacher", strawberry.lazy("schema.people")]
LazyAttendance = Annotated["Attendance", strawberry.lazy("schema.attendance")]
LazyCourse = Annotated["Course", strawberry.lazy("schema.gradebook")]


@strawberry.type(description="What a score is: its state first, then its number.")
class Score:
    state: ScoreState = strawberry.field(description="What is to be said before the number.")
    points: Decimal | None = strawberry.field(description="Points earned; null where nothing is entered or released.")
    percent: Decimal | None = strawberry.field(
        description="Percent by the source, or points of the points possible to two places."
    )
    letter: str | None = strawberry.field(description="What stands in the book where it is no number.")
    flags: list[ScoreFlag] = strawberry.field(description="The teacher's marks; none while the score is hidden.")
    counts_toward_grade: bool = strawberry.field(description="Whether it stands in the grade as it is now.")
    comment: str | None = strawberry.field(description="The teacher's comment.")
    scored_at: datetime.datetime | None = strawberry.field(description="When it was entered, where the source says.")
    releases_at: datetime.datetime | None = strawberry.field(
        description="When a hidden score will be released, where the source says."
    )


@strawberry.type(description="A kind of work in a course, with its weight in the grade.")
class Category:
    id: ID = strawberry.field(description="Opaque and global.")
    name: str = strawberry.field(description="The category's name.")
    weight: Decimal | None = strawberry.field(description="Percent of the grade; null where the course has no weights.")
    drop_lowest: int | None = strawberry.field(description="How many of the lowest scores are left out.")


@strawberry.input(description="Which assignments: every part that is given must hold.")
class AssignmentFilter:
    due_from: datetime.date | None = strawberry.field(default=None, description="Due on this day or later.")
    due_to: datetime.date | None = strawberry.field(default=None, description="Due on this day or earlier.")
    flags: list[ScoreFlag] | None = strawberry.field(default=None, description="With one of these marks.")
    states: list[ScoreState] | None = strawberry.field(default=None, description="In one of these states.")
    course_ids: list[ID] | None = strawberry.field(
        default=None, description="Of one of these courses, 100 at the most."
    )
    student_ids: list[ID] | None = strawberry.field(default=None, description="Of one of these students.")
    term_id: ID | None = strawberry.field(default=None, description="Of this term.")


def wanted_assignments(context: Context, given: AssignmentFilter | None) -> Wanted:
    """A client's filter with its ids read; BadUserInput naming the part that cannot be what it says."""
    if given is None:
        return Wanted()
    return Wanted(
        due_from=given.due_from,
        due_to=given.due_to,
        flags=None if given.flags is None else tuple(given.flags),
        states=None if given.states is None else tuple(given.states),
        courses=None if given.course_ids is None else arguments.course_pairs(context, given.course_ids, "courseIds"),
        students=None
        if given.student_ids is None
        else arguments.student_keys(context, given.student_ids, "studentIds"),
        term=arguments.term_key(context, given.term_id),
    )


FilterArgument = Annotated[
    AssignmentFilter | None, strawberry.argument(description="Which assignments; all where it is not said.")
]


@strawberry.type(description="A piece of work that a student was given, and its score.")
class Assignment(Node):
    student_key: Private[Any]
    course_key: Private[Any]
    category_key: Private[Any]
    sourced_id: str = strawberry.field(description="The assignment's key in the source.")
    title: str = strawberry.field(description="The title.")
    description: str | None = strawberry.field(description="What is to be done, as sanitized HTML.")
    assigned_on: datetime.date | None = strawberry.field(description="The day it was given.")
    due_on: datetime.date | None = strawberry.field(description="The day it is due.")
    due_at: datetime.datetime | None = strawberry.field(description="The instant it is due, where the source says.")
    points_possible: Decimal | None = strawberry.field(description="Points for full credit.")
    extra_credit: bool = strawberry.field(description="Whether its points come on top of the full credit.")
    score: Score = embedded(
        {
            "state": "score_state",
            "points": "score_points",
            "percent": "score_percent",
            "letter": "score_letter",
            "flags": "score_flags",
            "counts_toward_grade": "score_counts",
            "comment": "score_comment",
            "scored_at": "scored_at",
            "releases_at": "releases_at",
        },
        description="What the book says of it today.",
    )(Score)

    @batched("category_key", shared=True)
    def category(keys: Any, batch: Batch) -> Category | None:
        """The kind of work it is."""
        return courses.categories_of_pairs(keys, batch)

    @batched("course_key", shared=True)
    def course(keys: Any, batch: Batch) -> LazyCourse:
        """The course it belongs to."""
        return courses.courses_of_pairs(keys, batch)

    @batched("student_key", shared=True)
    def student(keys: Any, batch: Batch) -> LazyStudent:
        """The student who has it."""
        return people.students_by_key(keys, batch)


@strawberry.type(description="A section as one student has it.")
class Course(Node):
    key: Private[Any]
    book_key: Private[Any]
    student_key: Private[Any]
    section_key: Private[Any]
    term_key: Private[Any]
    sourced_id: str = strawberry.field(description="The section's key in the source.")
    title: str = strawberry.field(description="The course's title.")
    course_number: str | None = strawberry.field(description="The course's number in the catalogue.")
    section: str | None = strawberry.field(description="The section's code.")
    subject: str | None = strawberry.field(description="The subject.")
    room: str | None = strawberry.field(description="The room.")
    period: str | None = strawberry.field(description="The period, as the school names it.")
    enrolled_on: datetime.date | None = strawberry.field(description="The day the student joined.")
    dropped_on: datetime.date | None = strawberry.field(description="The day the student left; null while enrolled.")

    @batched("term_key", shared=True)
    def term(keys: Any, batch: Batch) -> Term | None:
        """The term in which it is taught."""
        return terms.terms_of_keys(keys, batch)

    @batched("section_key", size=2, shared=True)
    def teachers(keys: Any, batch: Batch) -> list[LazyTeacher]:
        """The teachers, the one in charge first."""
        return people.teachers_of_sections(keys, batch)

    @batched("student_key", shared=True)
    def student(keys: Any, batch: Batch) -> LazyStudent:
        """The student who has it."""
        return people.students_by_key(keys, batch)

    @batched("key", area=Area.GRADES, shared=True)
    def grade(keys: Any, batch: Batch) -> Grade | None:
        """The grade a parent looks at first: of the current term, in progress before posted; else the last."""
        return grades.first_grade_of_courses(keys, batch)

    @batched("key", area=Area.GRADES, size=6, shared=True)
    def grades(keys: Any, batch: Batch) -> list[Grade]:
        """All grades, the latest term first."""
        return grades.grades_of_courses(keys, batch)

    @batched("key", area=Area.GRADES, size=6, shared=True)
    def trend(keys: Any, batch: Batch) -> list[TrendPoint]:
        """The grades in which something stands, in the order in which their terms end, a term's parts before it."""
        return grades.trend_of_courses(keys, batch)

    @batched("key", area=Area.GRADES, size=6, shared=True)
    def standard_grades(keys: Any, batch: Batch) -> list[StandardGrade] | None:
        """Levels by standard, the latest term first; null where the source keeps none."""
        return grades.standard_grades_of_courses(keys, batch)

    @batched("book_key", area=Area.GRADES, shared=True)
    def calculation(
        keys: Any,
        batch: Batch,
        term_id: Annotated[
            ID | None, strawberry.argument(description="Of this term; else of the latest begun.")
        ] = None,
    ) -> GradeCalculation | None:
        """What the book gives now by the source's rules: no grade of the school's, and compared with none.

        Null where the source does not say how it makes its grades.
        """
        return calculation.calculations_of_courses(keys, batch, term_id)

    @batched("section_key", size=5, shared=True)
    def categories(keys: Any, batch: Batch) -> list[Category]:
        """The kinds of work and their weights, the heaviest first."""
        return courses.categories_of_sections(keys, batch)

    @connected("book_key", area=Area.GRADES, shared=True)
    def assignments(
        keys: Any, batch: Batch, page: Page, filter: FilterArgument = None
    ) -> Connection[Assignment] | None:
        """The assignments, the latest due first."""
        return assignments.assignments_of_courses(keys, batch, page, wanted_assignments(batch.context, filter))

    @connected("key", area=Area.ATTENDANCE, shared=True)
    def attendance(keys: Any, batch: Batch, page: Page) -> Connection[LazyAttendance] | None:
        """The attendance in this course, the latest first."""
        return attendance.attendance_of_courses(keys, batch, page)
