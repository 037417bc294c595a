"""Which state of a registration may follow which, and who may bring it there: one table, and nothing beside it."""

from collections.abc import Mapping
from enum import Enum

from loaders.portal.registrations import RegistrationState as State


class Mover(Enum):
    """Who brings a registration into a state."""

    FAMILY = "FAMILY"
    OFFICE = "OFFICE"


_FAMILY, _OFFICE = frozenset({Mover.FAMILY}), frozenset({Mover.OFFICE})

MOVES: Mapping[tuple[State, State], frozenset[Mover]] = {
    (State.DRAFT, State.SUBMITTED): _FAMILY,
    (State.DRAFT, State.WITHDRAWN): _FAMILY,
    (State.SUBMITTED, State.IN_REVIEW): _OFFICE,
    (State.SUBMITTED, State.NEEDS_CHANGES): _OFFICE,
    (State.SUBMITTED, State.HOLD): _OFFICE,
    (State.SUBMITTED, State.APPROVED): _OFFICE,
    (State.SUBMITTED, State.DENIED): _OFFICE,
    (State.SUBMITTED, State.WITHDRAWN): _FAMILY,
    (State.IN_REVIEW, State.NEEDS_CHANGES): _OFFICE,
    (State.IN_REVIEW, State.HOLD): _OFFICE,
    (State.IN_REVIEW, State.APPROVED): _OFFICE,
    (State.IN_REVIEW, State.DENIED): _OFFICE,
    (State.IN_REVIEW, State.WITHDRAWN): _FAMILY,
    (State.NEEDS_CHANGES, State.SUBMITTED): _FAMILY,
    (State.NEEDS_CHANGES, State.HOLD): _OFFICE,
    (State.NEEDS_CHANGES, State.DENIED): _OFFICE,
    (State.NEEDS_CHANGES, State.WITHDRAWN): _FAMILY,
    (State.HOLD, State.IN_REVIEW): _OFFICE,
    (State.HOLD, State.NEEDS_CHANGES): _OFFICE,
    (State.HOLD, State.APPROVED): _OFFICE,
    (State.HOLD, State.DENIED): _OFFICE,
    (State.HOLD, State.WITHDRAWN): _FAMILY,
    (State.APPROVED, State.IN_REVIEW): _OFFICE,
    (State.APPROVED, State.NEEDS_CHANGES): _OFFICE,
    (State.APPROVED, State.EXPORTED): _OFFICE,
    (State.APPROVED, State.WITHDRAWN): _FAMILY,
    (State.DENIED, State.IN_REVIEW): _OFFICE,
    (State.EXPORTED, State.NEEDS_CHANGES): _OFFICE,
    (State.EXPORTED, State.IN_REVIEW): _OFFICE,
}

#: Where the family may write.
OPEN = frozenset({State.DRAFT, State.NEEDS_CHANGES})


def may_move(seen: State, to: State, mover: Mover) -> bool:
    """Whether that state may follow this one, brought about by whom."""
    return mover in MOVES.get((seen, to), frozenset())


class NextAction(Enum):
    """What the family is to do next."""

    COMPLETE = "COMPLETE"
    SIGN = "SIGN"
    WAIT = "WAIT"
    NOTHING = "NOTHING"


def next_action(state: State, *, complete: bool) -> NextAction:
    """What is to be done in a state: what is open is completed and then signed."""
    if state in OPEN:
        return NextAction.SIGN if complete else NextAction.COMPLETE
    return NextAction.WAIT if state in _WAITING else NextAction.NOTHING


_WAITING = frozenset({State.SUBMITTED, State.IN_REVIEW, State.HOLD})
