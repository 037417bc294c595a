"""Grade arithmetic: its laws on drawn books, and worked examples, those of RosarioSIS among them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.contract import CalculationMethod, Rounding
from resolvers.arithmetic import Category, Exclusion, Item, Part, Rule, Step, letter_of, of_book, of_parts, rounded

WEIGHTED = Rule(CalculationMethod.WEIGHTED_CATEGORIES)
POINTS = Rule(CalculationMethod.TOTAL_POINTS)
AVERAGE = Rule(CalculationMethod.PERCENT_AVERAGE)
RULES = st.sampled_from([WEIGHTED, POINTS, AVERAGE])
KEYS = ("a", "b", "c")

DRAWN = settings(max_examples=30, deadline=None, derandomize=True, database=None)

halves = st.integers(0, 200).map(lambda n: Decimal(n) / 2)


@st.composite
def categories(draw: st.DrawFn) -> list[Category]:
    weights = draw(st.lists(st.integers(0, 100), min_size=3, max_size=3))
    drops = draw(st.lists(st.integers(0, 1), min_size=3, max_size=3))
    return [Category(k, k, Decimal(w), d) for k, w, d in zip(KEYS, weights, drops, strict=True)]


@st.composite
def books(draw: st.DrawFn) -> list[Item]:
    """Up to ten pieces of work with points of what is possible, some excluded, some extra."""
    made = []
    for n in range(draw(st.integers(0, 10))):
        possible = Decimal(draw(st.integers(1, 100)))
        points = min(draw(halves), possible)
        extra = draw(st.booleans()) and draw(st.booleans())
        why = draw(st.sampled_from([None, None, None, Exclusion.EXEMPT, Exclusion.UNGRADED]))
        made.append(Item(n, draw(st.sampled_from(KEYS)), points, possible, extra, excluded=why))
    return made


def total(rule: Rule, kinds: Sequence[Category], items: Sequence[Item]) -> Fraction | None:
    return of_book(rule, kinds, items).total


@DRAWN
@given(RULES, categories(), books(), st.randoms())
def test_the_order_of_work_and_categories_does_not_matter(rule, kinds, items, random) -> None:  # type: ignore[no-untyped-def]
    shuffled, turned = random.sample(items, len(items)), random.sample(kinds, len(kinds))
    assert total(rule, kinds, items) == total(rule, turned, shuffled)


@DRAWN
@given(RULES, categories(), books())
def test_the_contributions_add_up_to_the_grade(rule: Rule, kinds: list[Category], items: list[Item]) -> None:
    worked = of_book(rule, kinds, items)
    if worked.total is not None:
        assert sum(line.contribution for line in worked.lines) == worked.total
        counted = [line for line in worked.lines if line.excluded is None]
        assert sum(line.effective for line in counted) == 100
    assert all(not line.contribution and not line.effective for line in worked.lines if line.excluded is not None)


@DRAWN
@given(RULES, categories(), books())
def test_exempt_work_changes_nothing(rule: Rule, kinds: list[Category], items: list[Item]) -> None:
    excused = Item(99, "a", Decimal(3), Decimal(7), excluded=Exclusion.EXEMPT)
    assert total(rule, kinds, [*items, excused]) == total(rule, kinds, items)


@DRAWN
@given(RULES, categories(), books())
def test_a_category_of_exempt_work_is_as_no_category(rule: Rule, kinds: list[Category], items: list[Item]) -> None:
    excused = [replace(item, excluded=Exclusion.EXEMPT) if item.category == "b" else item for item in items]
    without = [item for item in items if item.category != "b"]
    assert total(rule, kinds, excused) == total(rule, [k for k in kinds if k.key != "b"], without)


@DRAWN
@given(categories(), books(), st.sampled_from(["0.01", "0.3", "7"]))
def test_weights_need_not_add_to_a_hundred(kinds: list[Category], items: list[Item], factor: str) -> None:
    scale = Decimal(factor)
    scaled = [replace(kind, weight=(kind.weight or Decimal(0)) * scale) for kind in kinds]
    assert total(WEIGHTED, scaled, items) == total(WEIGHTED, kinds, items)


@DRAWN
@given(RULES, categories(), books())
def test_without_extra_credit_a_grade_is_between_nothing_and_all(
    rule: Rule, kinds: list[Category], items: list[Item]
) -> None:
    found = total(rule, kinds, [replace(item, extra=False) for item in items])
    assert found is None or 0 <= found <= 100


@DRAWN
@given(st.sampled_from([WEIGHTED, AVERAGE]), categories(), books(), st.integers(0, 9), halves)
def test_a_better_score_never_lowers_a_grade(
    rule: Rule, kinds: list[Category], items: list[Item], n: int, more: Decimal
) -> None:
    better = [replace(item, points=item.points + more) if item.key == n else item for item in items]
    before, after = total(rule, kinds, items), total(rule, kinds, better)
    assert (before is None) == (after is None)
    assert before is None or after is None or after >= before


@DRAWN
@given(RULES, categories(), books())
def test_dropping_the_lowest_never_lowers_a_category(rule: Rule, kinds: list[Category], items: list[Item]) -> None:
    kept = [replace(kind, drop_lowest=0) for kind in kinds]
    dropped, whole = of_book(rule, kinds, items), of_book(rule, kept, items)
    for line, before in zip(dropped.lines, whole.lines, strict=True):
        assert line.percent is None or before.percent is None or line.percent >= before.percent


@DRAWN
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10000)), max_size=5))
def test_a_composed_grade_lies_among_its_parts(parts: list[tuple[int, int]]) -> None:
    made = [Part(n, "Q", Decimal(w), Decimal(p) / 100) for n, (w, p) in enumerate(parts)]
    found = of_parts(made).total
    counted = [Fraction(part.percent or 0) for part in made if part.weight]
    assert (found is None) is (not counted)
    assert found is None or min(counted) <= found <= max(counted)


def item(key: str, category: str, points: str, possible: str, **more: object) -> Item:
    return Item(key, category, Decimal(points), Decimal(possible), **more)  # type: ignore[arg-type]


def test_eight_of_ten_and_a_hundred_of_a_hundred_are_ninety_on_average_and_ninety_eight_by_points() -> None:
    work = [item("1", "a", "8", "10"), item("2", "a", "100", "100")]
    kinds = [Category("a", "All")]
    assert total(AVERAGE, kinds, work) == 90
    assert rounded(total(POINTS, kinds, work) or Fraction(0), 2) == Decimal("98.18")


def test_rosariosis_spreads_the_weight_of_a_category_without_points() -> None:
    """Homework 20 %, classwork 40 %, quizzes 40 % without any quiz: (20 x 0.9 + 40 x 0.6) / 60."""
    kinds = [Category("h", "Homework", Decimal(20)), Category("c", "Classwork", Decimal(40)),
             Category("q", "Quiz", Decimal(40))]  # fmt: skip
    worked = of_book(WEIGHTED, kinds, [item("1", "h", "9", "10"), item("2", "c", "12", "20")])
    assert worked.total == 70
    assert [(line.name, line.excluded, rounded(line.effective, 2)) for line in worked.lines] == [
        ("Homework", None, Decimal("33.33")),
        ("Classwork", None, Decimal("66.67")),
        ("Quiz", Exclusion.EMPTY, Decimal("0.00")),
    ]


def test_rosariosis_skips_a_weighted_category_of_extra_credit_alone_and_counts_it_by_points() -> None:
    kinds = [Category("h", "Homework", Decimal(50)), Category("x", "Extra", Decimal(50))]
    work = [item("1", "h", "18", "20"), item("2", "x", "3", "0", extra=True)]
    assert total(WEIGHTED, kinds, work) == 90
    assert total(POINTS, kinds, work) == 105


def test_extra_credit_lifts_a_category_past_a_hundred() -> None:
    kinds = [Category("h", "Homework", Decimal(100))]
    work = [item("1", "h", "20", "20"), item("2", "h", "2", "5", extra=True)]
    assert total(WEIGHTED, kinds, work) == 110


def test_rosariosis_weighs_assignments_by_their_own_weights() -> None:
    kinds = [Category("h", "Homework"), Category("q", "Quiz")]
    work = [item("1", "h", "5", "10", multiplier=Decimal(1)), item("2", "q", "10", "10", multiplier=Decimal(3))]
    assert total(AVERAGE, kinds, work) == Fraction(175, 2)


def test_one_lowest_is_dropped_and_the_last_never() -> None:
    kinds = [Category("q", "Quiz", Decimal(100), drop_lowest=2)]
    worked = of_book(WEIGHTED, kinds, [item("1", "q", "4", "10"), item("2", "q", "9", "10"), item("3", "q", "6", "10")])
    assert worked.total == 90
    assert worked.lines[0].left_out == (("1", Exclusion.DROPPED), ("3", Exclusion.DROPPED))


def test_what_the_source_dropped_stays_dropped_until_a_score_is_supposed() -> None:
    kinds = [Category("q", "Quiz", Decimal(100), drop_lowest=1)]
    work = [item("1", "q", "7", "10", dropped=True), item("2", "q", "5", "10")]
    assert of_book(WEIGHTED, kinds, work).total == 50
    assert of_book(WEIGHTED, kinds, work, drop_anew=True).total == 70


def test_work_of_no_category_counts_by_points_and_not_by_weight() -> None:
    kinds = [Category("h", "Homework", Decimal(100))]
    work = [item("1", "h", "5", "10"), Item("2", None, Decimal(10), Decimal(10))]
    assert total(POINTS, kinds, work) == 75
    worked = of_book(WEIGHTED, kinds, work)
    assert worked.total == 50
    assert worked.lines[1].left_out == (("2", Exclusion.NO_CATEGORY),)


def test_a_part_without_a_grade_leaves_its_weight_to_the_others() -> None:
    parts = [
        Part("q1", "Quarter Grade", Decimal(40), Decimal("80.0")),
        Part("q2", "Quarter Grade", Decimal(40), None, Exclusion.UNGRADED),
        Part("e", "Exam", Decimal(20), Decimal("95.0")),
    ]
    worked = of_parts(parts)
    assert worked.total == 85
    assert [line.excluded for line in worked.lines] == [None, Exclusion.UNGRADED, None]


#: RosarioSIS's own scale, in part.
SCALE = [Step(letter, Decimal(least)) for letter, least in (("A+", 97), ("A", 93), ("A-", 90), ("B+", 87), ("F", 0))]


@pytest.mark.parametrize(
    ("percent", "rule", "letter"),
    [
        ("90", POINTS, "A-"),
        ("89.999", POINTS, "B+"),
        ("89.999", replace(POINTS, letter_rounding=Rounding.HALF_UP, letter_decimals=2), "A-"),
        ("89.994", replace(POINTS, letter_rounding=Rounding.HALF_UP, letter_decimals=2), "B+"),
        ("89.5", replace(POINTS, letter_rounding=Rounding.HALF_UP), "A-"),
        ("89.1", replace(POINTS, letter_rounding=Rounding.UP), "A-"),
        ("97.9", replace(POINTS, letter_rounding=Rounding.DOWN), "A+"),
        ("92.9", replace(POINTS, letter_rounding=Rounding.DOWN), "A-"),
        ("104", POINTS, "A+"),
        ("0", POINTS, "F"),
    ],
)
def test_the_first_cutoff_that_is_reached_gives_the_letter(percent: str, rule: Rule, letter: str) -> None:
    assert letter_of(Fraction(Decimal(percent)), rule, SCALE) == letter


def test_a_percentage_below_every_cutoff_has_no_letter() -> None:
    assert letter_of(Fraction(50), POINTS, [Step("P", Decimal(60)), Step("Inc", None)]) is None


@pytest.mark.parametrize(
    ("value", "rounding", "to"),
    [("0.125", Rounding.HALF_UP, "0.13"), ("0.121", Rounding.UP, "0.13"), ("0.129", Rounding.DOWN, "0.12"),
     ("-0.125", Rounding.HALF_UP, "-0.13")],
)  # fmt: skip
def test_halves_go_upwards_and_nothing_is_a_float(value: str, rounding: Rounding, to: str) -> None:
    assert rounded(Fraction(Decimal(value)), 2, rounding) == Decimal(to)
