"""Scores: what the book says of one student's piece of work today."""

from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from loaders.contract import Kind
from loaders.statement import Computed, Derived, Shape, derived


class ScoreState(Enum):
    """What is to be said of a score before its number."""

    NOT_DUE = "NOT_DUE"
    UNGRADED = "UNGRADED"
    SCORED = "SCORED"
    EXEMPT = "EXEMPT"
    HIDDEN = "HIDDEN"


class ScoreFlag(Enum):
    """Marks that a teacher puts on a score."""

    LATE = "LATE"
    MISSING = "MISSING"
    INCOMPLETE = "INCOMPLETE"
    DROPPED = "DROPPED"
    EXEMPT = "EXEMPT"
    TURNED_IN = "TURNED_IN"
    CHEATED = "CHEATED"


_EVERY_FLAG = tuple(ScoreFlag)
_FLAGS = ("late", "missing", "incomplete", "dropped", "exempt", "turned_in", "cheated")
_ENTERED = "(score.points is not null or score.percent is not null or score.letter is not null)"

# An unreleased score says nothing of itself, its flags included: a MISSING that may not be shown yet is a score told.
_OWN_STATE = f"""case
  when score.released = 0 and ({_ENTERED} or {" or ".join(f"score.{flag} = 1" for flag in _FLAGS)}) then 'HIDDEN'
  when score.released = 1 and score.exempt = 1 then 'EXEMPT'
  when score.released = 1 and {_ENTERED} then 'SCORED' end"""
OPEN_STATE = "case when assignment.due_on is null or assignment.due_on >= :today then 'NOT_DUE' else 'UNGRADED' end"
STATE = f"coalesce({_OWN_STATE}, {OPEN_STATE})"


def _shown(column: str, kind: Kind) -> Computed:
    return Computed(f"case when score.released = 1 then score.{column} end", kind)


def _flags(*raised: bool | None) -> list[ScoreFlag]:
    return [flag for flag, up in zip(_EVERY_FLAG, raised, strict=True) if up] if any(raised) else []


def _percent(percent: Decimal | None, points: Decimal | None, possible: Decimal | None) -> Decimal | None:
    """The source's percent; of the points where it has none, to two places, halves upwards."""
    if percent is not None or points is None or not possible:
        return percent
    return (points * 100 / possible).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _counts(state: ScoreState, dropped: bool | None, missing: bool | None) -> bool:
    """Whether the score stands in the grade as it is now: a number or a missing piece, not dropped."""
    return (state is ScoreState.SCORED or (state is ScoreState.UNGRADED and bool(missing))) and not dropped


def _state(own: ScoreState | None, otherwise: ScoreState) -> ScoreState:
    return own or otherwise


#: What is one student's own of it.
SCORE = Shape(
    {
        "scored_student": "score.student_id",
        "scored_assignment": "score.assignment_id",
        "own_state": Computed(_OWN_STATE, Kind.ENUM, ScoreState),
        "score_points": _shown("points", Kind.DECIMAL),
        "source_percent": _shown("percent", Kind.DECIMAL),
        "score_letter": _shown("letter", Kind.TEXT),
        "score_comment": _shown("comment", Kind.TEXT),
        "scored_at": _shown("scored_at", Kind.INSTANT),
        "releases_at": Computed("case when score.released = 0 then score.releases_at end", Kind.INSTANT),
        **{f"is_{flag}": _shown(flag, Kind.BOOLEAN) for flag in _FLAGS},
    }
)

#: What is told of a score, made of its own columns and of the assignment's `open_state` and `points_possible`.
TOLD: dict[str, Derived] = {
    "score_state": derived(_state, "own_state", "open_state", pooled=True),
    "score_percent": derived(_percent, "source_percent", "score_points", "points_possible", pooled=True),
    "score_flags": derived(_flags, *(f"is_{flag}" for flag in _FLAGS), pooled=True),
    "score_counts": derived(_counts, "score_state", "is_dropped", "is_missing", pooled=True),
}
