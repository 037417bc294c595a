"""Grades: what the school posted and what stands in the teacher's book."""

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID, Private

from loaders.contract import GradeKind
from resolvers import calculation, courses, people, terms, whatif, work_counts
from resolvers.access import Area
from resolvers.context import Batch
from schema import enums as enums
from schema.batching import batched
from schema.calculation import (
    GradeCalculation,
    GradeTargetInput,
    HypotheticalGrade,
    HypotheticalScore,
    ScoreNeeded,
    supposed_scores,
)
from schema.node import Node
from schema.schools import Term

if TYPE_CHECKING:
    from schema.gradebook import Course
    from schema.people import Student

LazyStudent = Annotated["Student", strawberry.lazy("schema.people")]
LazyCourse = Annotated["Course", strawberry.lazy("schema.gradebook")]


@strawberry.type(
    description="A grade of a course: POSTED by the school, or IN_PROGRESS in the book. The two are never merged."
)
class Grade(Node):
    student_key: Private[Any]
    course_key: Private[Any]
    term_key: Private[Any]
    subject_key: Private[Any]
    kind: GradeKind = strawberry.field(description="Whether it is the school's word or the state of the book.")
    task: str = strawberry.field(description="What is graded: a quarter, a semester, progress.")
    percent: Decimal | None = strawberry.field(description="Percent.")
    letter: str | None = strawberry.field(description="The letter, by the source's own scale.")
    points: Decimal | None = strawberry.field(description="Points earned, where the source counts points.")
    points_possible: Decimal | None = strawberry.field(description="Points possible, where the source counts points.")
    comments: list[str] = strawberry.field(description="The teacher's comments.")
    updated_at: datetime.datetime | None = strawberry.field(description="When the source last changed it.")
    posted_at: datetime.datetime | None = strawberry.field(description="When the school posted it.")
    missing_key: Private[Any]
    ungraded_key: Private[Any]
    credits_attempted: Decimal | None = strawberry.field(
        description="Credits that the grade is for, where it is known."
    )
    credits_earned: Decimal | None = strawberry.field(description="Credits earned by it, where it is known.")

    @batched("missing_key", area=Area.GRADES, shared=True)
    def missing_count(keys: Any, batch: Batch) -> int | None:
        """How many pieces of its work are missing, by the source's count or else by the book; null where neither knows.

        What is hidden is not counted by the book.
        """
        return work_counts.missing_of_grades(keys, batch)

    @batched("ungraded_key", area=Area.GRADES, shared=True)
    def ungraded_count(keys: Any, batch: Batch) -> int | None:
        """How many pieces of its work are due and have no score yet, by the source's count or else by the book.

        These are the ones that `calculation` leaves out as UNGRADED. Null where no book makes the grade.
        """
        return work_counts.ungraded_of_grades(keys, batch)

    @batched("term_key", shared=True)
    def term(keys: Any, batch: Batch) -> Term | None:
        """The term it is for."""
        return terms.terms_of_keys(keys, batch)

    @batched("course_key", shared=True)
    def course(keys: Any, batch: Batch) -> LazyCourse:
        """The course it is for."""
        return courses.courses_of_pairs(keys, batch)

    @batched("student_key", shared=True)
    def student(keys: Any, batch: Batch) -> LazyStudent:
        """The student whose grade it is."""
        return people.students_by_key(keys, batch)

    @batched("subject_key", area=Area.GRADES, shared=True)
    def calculation(keys: Any, batch: Batch) -> GradeCalculation | None:
        """How it comes about, by the book as it is now; null where the source does not say how it makes its grades."""
        return calculation.calculations_of_grades(keys, batch)

    @batched("subject_key", area=Area.GRADES, shared=True)
    def what_if(
        keys: Any,
        batch: Batch,
        scores: Annotated[list[HypotheticalScore], strawberry.argument(description="What is supposed; at most 100.")],
    ) -> HypotheticalGrade | None:
        """The grade that these scores would make of the book; null where `calculation` is. Nothing is stored.

        A score of an assignment that is none of this grade's is BAD_USER_INPUT.
        """
        return whatif.what_if(keys, batch, supposed_scores(scores))

    @batched("subject_key", area=Area.GRADES, shared=True)
    def score_needed(
        keys: Any,
        batch: Batch,
        target: Annotated[GradeTargetInput, strawberry.argument(description="The grade wished for.")],
        assignment_id: Annotated[
            ID | None, strawberry.argument(description="Of this assignment; else of all that is not scored yet.")
        ] = None,
        scores: Annotated[
            list[HypotheticalScore] | None, strawberry.argument(description="What else is supposed; at most 100.")
        ] = None,
    ) -> ScoreNeeded | None:
        """The least score that brings the grade wished for; null where `calculation` is. Nothing is stored."""
        return whatif.score_needed(keys, batch, target.percent, target.letter, assignment_id, supposed_scores(scores))


@strawberry.type(description="A grade as one point of a course's trend: POSTED and IN_PROGRESS are points apart.")
class TrendPoint:
    term_key: Private[Any]
    kind: GradeKind = strawberry.field(description="Whether it is the school's word or the state of the book.")
    task: str = strawberry.field(description="What is graded: a quarter, a semester, progress.")
    percent: Decimal | None = strawberry.field(description="Percent.")
    letter: str | None = strawberry.field(description="The letter, by the source's own scale.")

    @batched("term_key", shared=True)
    def term(keys: Any, batch: Batch) -> Term | None:
        """The term it is for."""
        return terms.terms_of_keys(keys, batch)


@strawberry.type(description="The level that a student has reached in one standard, on the source's own scale.")
class StandardGrade:
    term_key: Private[Any]
    code: str | None = strawberry.field(description="The standard's number in the curriculum.")
    standard: str = strawberry.field(description="What a student is to know or be able to do.")
    subject: str | None = strawberry.field(description="The standard's subject.")
    level: str = strawberry.field(description="The level, as the source writes it.")
    level_name: str | None = strawberry.field(description="What the level means.")
    comment: str | None = strawberry.field(description="The teacher's comment.")
    updated_at: datetime.datetime | None = strawberry.field(description="When the source last changed it.")

    @batched("term_key", shared=True)
    def term(keys: Any, batch: Batch) -> Term | None:
        """The term it is for."""
        return terms.terms_of_keys(keys, batch)
