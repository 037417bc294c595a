"""Grade arithmetic: plain functions over frozen records; exact, since decimals are read as fractions.

Missing work counts nothing of its points; what is exempt, dropped or not known stays out of both sums. Points beyond
what is possible lift a grade past 100. The weight of a category without work is spread over the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import ceil, floor
from typing import Any

from loaders.contract import CalculationMethod, Rounding

HUNDRED = Fraction(100)

#: The methods that make a grade of what stands in a book.
OF_BOOKS = frozenset(
    {CalculationMethod.WEIGHTED_CATEGORIES, CalculationMethod.TOTAL_POINTS, CalculationMethod.PERCENT_AVERAGE}
)


class Exclusion(Enum):
    """Why a piece of work, a category or a part does not stand in a grade."""

    EXEMPT = "EXEMPT"
    DROPPED = "DROPPED"
    UNGRADED = "UNGRADED"
    NOT_DUE = "NOT_DUE"
    HIDDEN = "HIDDEN"
    NO_NUMBER = "NO_NUMBER"
    NO_POINTS_POSSIBLE = "NO_POINTS_POSSIBLE"
    NO_CATEGORY = "NO_CATEGORY"
    NO_WEIGHT = "NO_WEIGHT"
    EMPTY = "EMPTY"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a section's grades are made, and how they are rounded."""

    method: CalculationMethod
    decimals: int = 2
    letter_rounding: Rounding | None = None
    letter_decimals: int = 0


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of work: its weight, null where there are none, and how many of its lowest scores are dropped."""

    key: Any
    name: str
    weight: Decimal | None = None
    drop_lowest: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of work as it counts: its points of the possible ones, or why it stays out; `dropped` by the source."""

    key: Any
    category: Any
    points: Decimal
    possible: Decimal
    extra: bool = False
    multiplier: Decimal = Decimal(1)
    dropped: bool = False
    excluded: Exclusion | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A grade that another is composed of; without a percentage it stays out, for the reason given."""

    key: Any
    name: str
    weight: Decimal | None
    percent: Decimal | None
    excluded: Exclusion | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What one category, or one part, gives to the grade; the contributions of all lines add up to it."""

    key: Any
    name: str
    weight: Decimal | None
    effective: Fraction
    earned: Fraction | None
    possible: Fraction | None
    percent: Fraction | None
    contribution: Fraction
    excluded: Exclusion | None = None
    left_out: tuple[tuple[Any, Exclusion], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A letter and the least percentage that earns it."""

    letter: str
    cutoff: Decimal | None
    points: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Worked:
    """A grade worked out: its lines, and its percentage before any rounding; None where nothing counts."""

    lines: tuple[Line, ...]
    total: Fraction | None


def of_book(rule: Rule, categories: Sequence[Category], items: Sequence[Item], *, drop_anew: bool = False) -> Worked:
    """The grade that a book gives; `drop_anew` looks again for the lowest scores, where they have changed."""
    if rule.method not in OF_BOOKS:
        return Worked((), None)
    known = {category.key for category in categories}
    places = [*categories]
    if any(item.category not in known for item in items):
        places.append(Category(None, "", None))
    lines = []
    for category in places:
        own = [item for item in items if (item.category if item.category in known else None) == category.key]
        lines.append(_line(rule.method, category, _dropped(rule.method, category, own, anew=drop_anew)))
    return _weighed(lines, by_points=rule.method is CalculationMethod.TOTAL_POINTS)


def of_parts(parts: Sequence[Part]) -> Worked:
    """The grade composed of others: the mean of those that are there by their weights, alike where none has one."""
    alike = all(part.weight is None for part in parts)
    lines = []
    for part in parts:
        weight = Fraction(1) if alike else Fraction(part.weight or 0)
        percent = None if part.percent is None else Fraction(part.percent)
        excluded = part.excluded or (Exclusion.EMPTY if percent is None else None)
        if excluded is None and not weight:
            excluded = Exclusion.NO_WEIGHT
        line = Line(part.key, part.name, part.weight, weight, None, None, percent, Fraction(0), excluded)
        lines.append(line)
    return _weighed(lines)


def letter_of(total: Fraction, rule: Rule, steps: Sequence[Step]) -> str | None:
    """The first letter whose cut-off the grade reaches; not rounded before, unless the rule says so."""
    value = total if rule.letter_rounding is None else rounded(total, rule.letter_decimals, rule.letter_rounding)
    for step in steps:
        if step.cutoff is not None and value >= step.cutoff:
            return step.letter
    return None


def rounded(value: Fraction, places: int, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """The value to so many decimal places."""
    scaled = value * 10**places
    if rounding is Rounding.UP:
        whole = ceil(scaled)
    elif rounding is Rounding.DOWN:
        whole = floor(scaled)
    else:
        whole = floor(abs(scaled) + Fraction(1, 2)) * (-1 if scaled < 0 else 1)
    return Decimal(whole).scaleb(-places)


def _dropped(method: CalculationMethod, category: Category, items: Sequence[Item], *, anew: bool) -> list[Item]:
    """The items, those that are dropped excluded: by the source's word, or else the lowest, one at the least staying.

    Of the lowest that one goes without which the category stands best, so that no better score lowers it.
    """
    flagged = [item for item in items if item.dropped and item.excluded is None]
    found = list(items)
    if category.drop_lowest <= 0 or (flagged and not anew):
        return [_left_out(item, Exclusion.DROPPED) if item in flagged else item for item in found]
    for _ in range(category.drop_lowest):
        candidates = [item for item in found if item.excluded is None and not item.extra and item.possible > 0]
        if len(candidates) < 2:
            break
        counted = [item for item in found if item.excluded is None]
        lowest = min(candidates, key=lambda item: _rank(method, item, counted))
        found = [_left_out(item, Exclusion.DROPPED) if item is lowest else item for item in found]
    return found


def _rank(method: CalculationMethod, item: Item, among: Sequence[Item]) -> tuple[Fraction, bool, Fraction, str]:
    share = Fraction(item.points) / Fraction(item.possible)
    rest = [other for other in among if other is not item]
    if method is CalculationMethod.PERCENT_AVERAGE:
        without = -share
    else:
        possible = sum((_possible(other) for other in rest), Fraction(0))
        without = sum((_earned(other) for other in rest), Fraction(0)) / possible if possible else Fraction(0)
    return -without, not item.dropped, share, str(item.key)


def _left_out(item: Item, why: Exclusion) -> Item:
    return replace(item, excluded=why)


def _earned(item: Item) -> Fraction:
    return Fraction(item.points) * Fraction(item.multiplier)


def _possible(item: Item) -> Fraction:
    return Fraction(0) if item.extra else Fraction(item.possible) * Fraction(item.multiplier)


def _line(method: CalculationMethod, category: Category, items: Sequence[Item]) -> Line:
    """A category's line, with the weight by which it counts among the others, and not yet their share of all."""
    if method is CalculationMethod.PERCENT_AVERAGE:
        items = [
            _left_out(i, Exclusion.NO_POINTS_POSSIBLE) if not i.excluded and not _possible(i) else i for i in items
        ]
    if method is CalculationMethod.WEIGHTED_CATEGORIES and category.key is None:
        items = [item if item.excluded else _left_out(item, Exclusion.NO_CATEGORY) for item in items]
    counted = [item for item in items if item.excluded is None]
    earned = sum((_earned(item) for item in counted), Fraction(0))
    possible = sum((_possible(item) for item in counted), Fraction(0))
    percent = earned / possible * HUNDRED if possible else None
    excluded = None
    own = Fraction(1) if category.weight is None else Fraction(category.weight)
    if method is CalculationMethod.WEIGHTED_CATEGORIES:
        effective = Fraction(category.weight or 0)
    elif method is CalculationMethod.TOTAL_POINTS:
        effective = possible
    else:
        shares = [(Fraction(item.multiplier), Fraction(item.points) / Fraction(item.possible)) for item in counted]
        weight = sum((each for each, _ in shares), Fraction(0))
        percent = sum((each * share for each, share in shares), Fraction(0)) / weight * HUNDRED if weight else None
        effective = own * weight
        earned = sum((Fraction(item.points) for item in counted), Fraction(0))
        possible = sum((Fraction(item.possible) for item in counted), Fraction(0))
    if not counted or (percent is None and method is not CalculationMethod.TOTAL_POINTS):
        excluded = Exclusion.EMPTY
    elif not effective and method is not CalculationMethod.TOTAL_POINTS:
        excluded = Exclusion.NO_WEIGHT
    left_out = tuple((item.key, item.excluded) for item in items if item.excluded is not None)
    return Line(
        category.key, category.name, category.weight, effective, earned, possible, percent, Fraction(0), excluded,
        left_out,
    )  # fmt: skip


def _weighed(lines: Sequence[Line], *, by_points: bool = False) -> Worked:
    """The lines with their shares of the whole, in percent, and what each gives."""
    whole = sum((line.effective for line in lines if line.excluded is None), Fraction(0))
    made = []
    for line in lines:
        if line.excluded is not None or not whole:
            made.append(replace(line, effective=Fraction(0)))
            continue
        share = line.effective / whole
        given = (line.earned or Fraction(0)) / whole * HUNDRED if by_points else share * (line.percent or Fraction(0))
        made.append(replace(line, effective=share * HUNDRED, contribution=given))
    return Worked(tuple(made), sum((line.contribution for line in made), Fraction(0)) if whole else None)
