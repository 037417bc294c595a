"""Rules: what a guardian wants to be told, of whom, when and how; sensible ones hold for who has set none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum

from loaders.portal.notification_rules import StoredRule
from resolvers.areas import Area


class NotificationKind(Enum):
    """What can be told."""

    GRADE_POSTED = "GRADE_POSTED"
    GRADE_CROSSED = "GRADE_CROSSED"
    ASSIGNMENT_SCORED = "ASSIGNMENT_SCORED"
    MISSING_WORK = "MISSING_WORK"
    DUE_SOON = "DUE_SOON"
    ATTENDANCE = "ATTENDANCE"
    DOCUMENT = "DOCUMENT"
    MESSAGE = "MESSAGE"
    REGISTRATION = "REGISTRATION"
    SUPPORT = "SUPPORT"


class NotificationMode(Enum):
    """When it is told: once it has settled, in a digest, or never."""

    INSTANT = "INSTANT"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    OFF = "OFF"


class NotificationChannel(Enum):
    """How it is told."""

    PUSH = "PUSH"
    EMAIL = "EMAIL"
    INBOX = "INBOX"


class ThresholdDirection(Enum):
    """Which way a grade crosses a line; to land on it counts as having crossed."""

    BELOW = "BELOW"
    ABOVE = "ABOVE"


#: The kinds that concern one student, and the area of the record in which each is: closed, nothing of it is told.
AREAS: Mapping[NotificationKind, Area] = {
    NotificationKind.GRADE_POSTED: Area.GRADES,
    NotificationKind.GRADE_CROSSED: Area.GRADES,
    NotificationKind.ASSIGNMENT_SCORED: Area.GRADES,
    NotificationKind.MISSING_WORK: Area.GRADES,
    NotificationKind.DUE_SOON: Area.GRADES,
    NotificationKind.ATTENDANCE: Area.ATTENDANCE,
    NotificationKind.DOCUMENT: Area.DOCUMENTS,
}
#: The kinds that are the guardian's own.
OWN_KINDS = tuple(kind for kind in NotificationKind if kind not in AREAS)
#: What waits until school is out: a parent who asks at once reaches a child in class. A mark of absence cannot wait.
HELD_IN_SCHOOL = frozenset(
    {
        NotificationKind.GRADE_POSTED,
        NotificationKind.GRADE_CROSSED,
        NotificationKind.ASSIGNMENT_SCORED,
        NotificationKind.MISSING_WORK,
        NotificationKind.DUE_SOON,
    }
)
#: Of what another telling is a correction of the first.
CORRECTED = frozenset(
    {
        NotificationKind.GRADE_POSTED,
        NotificationKind.ASSIGNMENT_SCORED,
        NotificationKind.ATTENDANCE,
        NotificationKind.DOCUMENT,
    }
)

MOST_DAYS_AHEAD = 14
DAYS_AHEAD = 2

_ALL = frozenset(NotificationChannel)
_QUIET = frozenset({NotificationChannel.EMAIL, NotificationChannel.INBOX})
_UNMAILED = frozenset({NotificationChannel.PUSH, NotificationChannel.INBOX})


@dataclass(frozen=True, slots=True)
class Rule:
    """When and how something is told; one of GRADE_CROSSED without a threshold tells nothing.

    `is_default` says that the guardian has not set it.
    """

    kind: NotificationKind
    mode: NotificationMode
    channels: frozenset[NotificationChannel]
    threshold: Decimal | None = None
    direction: ThresholdDirection | None = None
    days_ahead: int | None = None
    is_default: bool = False

    @property
    def tells(self) -> bool:
        """Whether it can tell anything at all."""
        lineless = self.kind is NotificationKind.GRADE_CROSSED and self.threshold is None
        return self.mode is not NotificationMode.OFF and bool(self.channels) and not lineless


def _default(
    kind: NotificationKind,
    mode: NotificationMode,
    channels: frozenset[NotificationChannel],
    days_ahead: int | None = None,
) -> Rule:
    return Rule(kind, mode, channels, days_ahead=days_ahead, is_default=True)


#: What holds for who has set nothing: what cannot wait at once, everyday news once a day, and nothing by mail of which
#: a mail goes anyway.
DEFAULTS: Mapping[NotificationKind, Rule] = {
    rule.kind: rule
    for rule in (
        _default(NotificationKind.GRADE_POSTED, NotificationMode.INSTANT, _ALL),
        _default(NotificationKind.GRADE_CROSSED, NotificationMode.OFF, _ALL),
        _default(NotificationKind.ASSIGNMENT_SCORED, NotificationMode.DAILY, _QUIET),
        _default(NotificationKind.MISSING_WORK, NotificationMode.DAILY, _QUIET),
        _default(NotificationKind.DUE_SOON, NotificationMode.OFF, _UNMAILED, DAYS_AHEAD),
        _default(NotificationKind.ATTENDANCE, NotificationMode.INSTANT, _ALL),
        _default(NotificationKind.DOCUMENT, NotificationMode.INSTANT, _ALL),
        _default(NotificationKind.MESSAGE, NotificationMode.INSTANT, _ALL),
        _default(NotificationKind.REGISTRATION, NotificationMode.INSTANT, _UNMAILED),
        _default(NotificationKind.SUPPORT, NotificationMode.INSTANT, _UNMAILED),
    )
}


class RuleBook:
    """The rules of one account: of a student its own, else the one for all students, else the default."""

    __slots__ = ("_own",)

    def __init__(self, stored: Iterable[StoredRule] = ()) -> None:
        found = ((rule.student_id, _read(rule)) for rule in stored)
        self._own = {(student, rule.kind): rule for student, rule in found if rule is not None}

    def rule(self, kind: NotificationKind, student_id: str = "") -> Rule:
        """The rule that holds."""
        return self._own.get((student_id, kind)) or self._own.get(("", kind)) or DEFAULTS[kind]


def stored(rule: Rule, student_id: str) -> StoredRule:
    """The rule as it is kept."""
    return StoredRule(
        student_id,
        rule.kind.value,
        rule.mode.value,
        channels_text(rule.channels),
        None if rule.threshold is None else f"{rule.threshold:f}",
        None if rule.direction is None else rule.direction.value,
        rule.days_ahead,
    )


def channels_text(channels: Iterable[NotificationChannel]) -> str:
    """Channels as one text, in the order of the enumeration."""
    kept = set(channels)
    return ",".join(channel.value for channel in NotificationChannel if channel in kept)


def in_order(channels: Iterable[NotificationChannel]) -> Sequence[NotificationChannel]:
    """Channels in the order of the enumeration."""
    kept = set(channels)
    return [channel for channel in NotificationChannel if channel in kept]


def _read(rule: StoredRule) -> Rule | None:
    """The rule as it was kept; None for one that this version does not know."""
    try:
        return Rule(
            NotificationKind(rule.kind),
            NotificationMode(rule.mode),
            frozenset(NotificationChannel(name) for name in rule.channels.split(",") if name),
            None if rule.threshold is None else Decimal(rule.threshold),
            None if rule.direction is None else ThresholdDirection(rule.direction),
            rule.days_ahead,
        )
    except (ValueError, InvalidOperation):
        return None
