"""What a transcript's courses add up to: credits counted once, averages on the source's scale, rank withheld."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from loaders.contract import TermKind
from resolvers.credits import (
    LEAST_CLASS,
    ClassRank,
    CreditArea,
    Entry,
    Gpa,
    GpaBasis,
    GpaKind,
    Record,
    Requirement,
    counted_once,
    credits_by_area,
    gpa_of,
    rank_of,
)

HALF = Decimal("0.5")
ENGLISH = Entry(
    2026, None, "Elm", "Semester 1", TermKind.SEMESTER, "English", "ENG9", "Language Arts", "B", Decimal(85), HALF,
    HALF, Decimal("3.0"), Decimal("4.00"), Decimal("3.5"), Decimal("5.0"), "Honors", False, None, False, False,
)  # fmt: skip
ART = replace(
    ENGLISH, title="Art", code="ART9", credit_area="Arts", letter="A", credit_attempted=Decimal(1),
    credit_earned=Decimal(1), gpa_points=Decimal(4), weighted_gpa_points=Decimal(4),
)  # fmt: skip
NOW = replace(ENGLISH, school_year=2027, credit_earned=None, gpa_points=None, letter=None, in_progress=True)
RECORD = Record(date(2026, 6, 5), Decimal("3.6667"), Decimal("4.000"), None, None, 3, 40, True)


def quarter(name: str, entry: Entry = ENGLISH) -> Entry:
    credit = Decimal("0.25")
    return replace(
        entry, term_kind=TermKind.QUARTER, term_name=name, credit_attempted=credit, credit_earned=credit
    )  # fmt: skip


def test_the_sources_own_average_stands_on_its_own_scale() -> None:
    assert gpa_of(GpaKind.UNWEIGHTED, RECORD, [ENGLISH]) == Gpa(
        GpaKind.UNWEIGHTED, Decimal("3.667"), Decimal(4), GpaBasis.SOURCE, date(2026, 6, 5)
    )


def test_an_average_that_the_source_lacks_is_computed_by_credit() -> None:
    assert gpa_of(GpaKind.WEIGHTED, RECORD, [ENGLISH, ART, NOW]) == Gpa(
        GpaKind.WEIGHTED, Decimal("3.833"), Decimal(5), GpaBasis.COMPUTED, None
    )
    assert gpa_of(GpaKind.UNWEIGHTED, None, [ENGLISH, ART]) == Gpa(
        GpaKind.UNWEIGHTED, Decimal("3.667"), Decimal(4), GpaBasis.COMPUTED, None
    )


def test_a_course_without_points_or_on_another_scale_leaves_no_average_rather_than_a_wrong_one() -> None:
    assert gpa_of(GpaKind.UNWEIGHTED, None, [ENGLISH, replace(ART, gpa_points=None)]) is None
    assert gpa_of(GpaKind.UNWEIGHTED, None, [ENGLISH, replace(ART, gpa_scale=None)]) is None
    assert gpa_of(GpaKind.UNWEIGHTED, None, [ENGLISH, replace(ART, gpa_scale=Decimal(100))]) is None
    assert gpa_of(GpaKind.UNWEIGHTED, None, [NOW]) is None
    assert gpa_of(GpaKind.UNWEIGHTED, None, []) is None


def test_a_course_left_out_of_the_average_or_without_credit_needs_no_points() -> None:
    passed = replace(ART, letter="P", gpa_points=None, gpa_scale=None, left_out_of_gpa=True)
    free = replace(ART, gpa_points=None, gpa_scale=None, credit_attempted=Decimal(0))
    found = gpa_of(GpaKind.UNWEIGHTED, None, [ENGLISH, passed, free])
    assert found is not None
    assert found.value == Decimal("3.000")


def test_a_failed_course_stands_in_the_average_and_brings_no_credit() -> None:
    failed = replace(ENGLISH, letter="F", gpa_points=Decimal(0), credit_earned=Decimal(0))
    found = gpa_of(GpaKind.UNWEIGHTED, None, [ENGLISH, failed])
    assert found is not None
    assert found.value == Decimal("1.500")
    assert credits_by_area([ENGLISH, failed], []) == [CreditArea("Language Arts", None, HALF, Decimal(0))]


def test_quarters_and_their_semester_count_once() -> None:
    entries = [quarter("Quarter 1"), quarter("Quarter 2"), ENGLISH, replace(ART, term_kind=TermKind.YEAR)]
    assert counted_once(entries) == [entries[0], entries[1], entries[3]]
    assert [(area.name, area.earned) for area in credits_by_area(counted_once(entries), [])] == [
        ("Language Arts", HALF),
        ("Arts", Decimal(1)),
    ]


def test_the_same_course_in_another_year_counts_by_itself() -> None:
    again = replace(ENGLISH, school_year=2027)
    assert counted_once([quarter("Quarter 1"), again, NOW]) == [quarter("Quarter 1"), again, NOW]


def test_credit_areas_stand_in_the_schools_order_then_as_courses_name_them() -> None:
    asked = [
        Requirement("Science", Decimal(3), None, None),
        Requirement("Language Arts", Decimal(4), None, None),
        Requirement("Health", HALF, HALF, Decimal(1)),
    ]
    nameless = replace(ART, credit_area=None)
    assert credits_by_area([ENGLISH, ART, NOW, nameless], asked) == [
        CreditArea("Science", Decimal(3), Decimal(0), Decimal(0)),
        CreditArea("Language Arts", Decimal(4), HALF, HALF),
        CreditArea("Health", HALF, HALF, Decimal(1)),
        CreditArea("Arts", None, Decimal(1), Decimal(0)),
        CreditArea(None, None, Decimal(1), Decimal(0)),
    ]


def test_a_rank_is_there_only_where_the_school_shows_it_and_the_class_is_not_tiny() -> None:
    assert rank_of(RECORD) == ClassRank(3, 40, date(2026, 6, 5))
    assert rank_of(replace(RECORD, class_size=LEAST_CLASS)) is not None
    for withheld in (
        None,
        replace(RECORD, rank_shown=False),
        replace(RECORD, class_size=LEAST_CLASS - 1),
        replace(RECORD, class_size=None),
        replace(RECORD, class_rank=None),
    ):
        assert rank_of(withheld) is None


points = st.decimals(min_value=0, max_value=5, places=2)
entries = st.lists(
    st.builds(
        lambda its, credit: replace(ENGLISH, gpa_points=its, gpa_scale=Decimal(5), credit_attempted=credit),
        points,
        st.decimals(min_value="0.25", max_value=2, places=2),
    ),
    min_size=1,
)


@given(entries)
def test_an_average_lies_between_the_lowest_and_the_highest_points_in_any_order(found: list[Entry]) -> None:
    made = gpa_of(GpaKind.UNWEIGHTED, None, found)
    assert made is not None
    values = [each.gpa_points or Decimal(0) for each in found]
    assert min(values) - Decimal("0.001") <= made.value <= max(values) + Decimal("0.001")
    assert gpa_of(GpaKind.UNWEIGHTED, None, list(reversed(found))) == made
