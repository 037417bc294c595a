"""How a grade was calculated."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID, Private

from loaders.contract import CalculationMethod, Rounding
from resolvers import assignments, courses, terms
from resolvers.arithmetic import Exclusion
from resolvers.calculation import Agreement
from resolvers.context import Batch
from resolvers.whatif import Supposed
from schema import enums as enums
from schema.batching import batched
from schema.levels import SIZE
from schema.schools import Term

if TYPE_CHECKING:
    from schema.gradebook import Assignment, Category

LazyAssignment = Annotated["Assignment", strawberry.lazy("schema.gradebook")]
LazyCategory = Annotated["Category", strawberry.lazy("schema.gradebook")]


@strawberry.type(description="A letter of the source's scale.")
class ScaleStep:
    letter: str = strawberry.field(description="The letter, or what the source writes in its place.")
    cutoff: Decimal | None = strawberry.field(
        description="The least percentage that earns it; null where no percentage does."
    )
    points: Decimal | None = strawberry.field(description="Grade points, where the source has them.")


@strawberry.type(description="How a calculated percentage is rounded.")
class GradeRounding:
    decimals: int = strawberry.field(description="Places to which the percentage is told, halves upwards.")
    before_cutoff: Rounding | None = strawberry.field(
        description="How it is rounded before it is held against the scale; null where it is not rounded before."
    )
    before_cutoff_decimals: int | None = strawberry.field(description="To how many places it is rounded then.")


@strawberry.type(description="A piece of work that does not stand in a grade.")
class ExcludedWork:
    assignment_key: Private[Any]
    reason: Exclusion = strawberry.field(description="Why it does not.")

    @batched("assignment_key", shared=True)
    def assignment(keys: Any, batch: Batch) -> LazyAssignment | None:
        """The piece of work; null where it has gone from the book since."""
        return assignments.assignments_of_keys(keys, batch)


@strawberry.type(
    description="What one category of work, or one part of a composed grade, gives to the grade. Numbers are exact to "
    "four places; the contributions of all lines add up to the grade."
)
class CalculationLine:
    category_key: Private[Any]
    term_key: Private[Any]
    name: str = strawberry.field(
        description="The category's name, or the part's task; empty for work that is of no category."
    )
    weight: Decimal | None = strawberry.field(description="The weight as the source has it; null where it has none.")
    effective_weight: Decimal = strawberry.field(
        description="The percent of the grade that it makes up, after what is empty has dropped out."
    )
    earned: Decimal | None = strawberry.field(description="Points earned by what counts; null for a part.")
    possible: Decimal | None = strawberry.field(description="Points possible of what counts; null for a part.")
    percent: Decimal | None = strawberry.field(description="Its own percentage; null where nothing counts.")
    contribution: Decimal = strawberry.field(description="Percentage points that it gives to the grade.")
    excluded_because: Exclusion | None = strawberry.field(
        description="Why the whole line does not count; null where it does."
    )
    excluded: list[ExcludedWork] = strawberry.field(
        description="The work that does not count, and why.", metadata={SIZE: 3}
    )

    @batched("category_key", shared=True)
    def category(keys: Any, batch: Batch) -> LazyCategory | None:
        """The category; null for a part, and for work that is of no category."""
        return courses.categories_of_pairs(keys, batch)

    @batched("term_key", shared=True)
    def term(keys: Any, batch: Batch) -> Term | None:
        """The term of a part; null for a category."""
        return terms.terms_of_keys(keys, batch)


@strawberry.type(
    description="A grade worked out anew from the book by the source's own rules, for explanation: the source's word "
    "is the grade. Scores that are hidden or not released do not stand in it."
)
class GradeCalculation:
    method: CalculationMethod = strawberry.field(description="How the source makes the grade.")
    lines: list[CalculationLine] = strawberry.field(
        description="The categories, the heaviest first, or the parts by their terms; none where no numbers are used.",
        metadata={SIZE: 4},
    )
    percent: Decimal | None = strawberry.field(
        description="What it comes to, rounded as `rounding` says; null where nothing counts yet."
    )
    letter: str | None = strawberry.field(description="The letter of it, by the source's scale.")
    rounding: GradeRounding = strawberry.field(description="How it is rounded.")
    scale: list[ScaleStep] = strawberry.field(
        description="The letters and their cut-offs, the highest first.", metadata={SIZE: 13}
    )
    agreement: Agreement = strawberry.field(description="Whether the source says the same.")
    difference: Decimal | None = strawberry.field(
        description="This percentage less the source's; null where they are not compared."
    )


@strawberry.input(
    description="A score that is only supposed: of an assignment, or of work that is not in the book yet, which has "
    "its own points possible and, where categories have weights, its category."
)
class HypotheticalScore:
    assignment_id: ID | None = strawberry.field(default=None, description="An assignment of the grade's own book.")
    category_id: ID | None = strawberry.field(default=None, description="The category of work that is added.")
    points: Decimal | None = strawberry.field(
        default=None, description="The points that are supposed; left out where the work is to be exempt."
    )
    points_possible: Decimal | None = strawberry.field(
        default=None,
        description="Points for full credit: the assignment's own where it is not said; 0 is extra credit.",
    )
    exempt: bool = strawberry.field(default=False, description="Whether the student is supposed to be excused from it.")


def supposed_scores(given: Sequence[HypotheticalScore] | None) -> list[Supposed]:
    """A client's supposed scores, not read yet."""
    return [
        Supposed(each.assignment_id, each.category_id, each.points, each.points_possible, each.exempt)
        for each in given or ()
    ]


@strawberry.type(description="The grade that would be with the supposed scores. Nothing of it is stored.")
class HypotheticalGrade:
    percent: Decimal | None = strawberry.field(description="What it would come to.")
    letter: str | None = strawberry.field(description="The letter it would have.")
    change: Decimal | None = strawberry.field(
        description="Percentage points more, or less, than `calculation` comes to now; null where one of them is not."
    )
    calculation: GradeCalculation = strawberry.field(
        description="How it would come about; compared with no grade of the source."
    )


@strawberry.input(description="A grade that is wished for: a percentage or a letter, one of the two.")
class GradeTargetInput:
    percent: Decimal | None = strawberry.field(default=None, description="At least this percentage.")
    letter: str | None = strawberry.field(
        default=None, description="This letter of the course's scale, or a better one."
    )


@strawberry.type(description="What a wished-for grade needs of one assignment, or alike of all that is still open.")
class ScoreNeeded:
    reachable: bool = strawberry.field(description="Whether full credit, or less, is enough.")
    points: Decimal | None = strawberry.field(
        description="The points needed together, to the hundredth; null where ten times the full credit is too little, "
        "or nothing is open."
    )
    points_possible: Decimal = strawberry.field(description="The points possible together.")
    percent: Decimal | None = strawberry.field(description="The same as a percentage of the points possible.")
    assignments: int = strawberry.field(description="Of how many assignments it is needed.")
