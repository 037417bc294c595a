"""Folding: what of all that has happened is told, once it has settled, and what comes to nothing.

Nothing is read here. A thing that changes and changes back is no news, one that changes twice is one piece of news, and
one that was told and changes again is a correction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum

from loaders.contract import GradeKind
from loaders.portal.notices import WaitingNotice
from loaders.scores import ScoreState
from resolvers.notifications.moments import LONGEST_WINDOWS, Habits, settled_at, wanted_at
from resolvers.notifications.rules import CORRECTED, NotificationKind, NotificationMode, Rule, ThresholdDirection
from resolvers.notifications.standing import Standing

#: The kinds in which a value is corrected soon after it was entered.
SETTLING = frozenset(
    {
        NotificationKind.GRADE_POSTED,
        NotificationKind.GRADE_CROSSED,
        NotificationKind.ASSIGNMENT_SCORED,
        NotificationKind.ATTENDANCE,
    }
)


class Verdict(Enum):
    """What becomes of a notice: it is told as news, as a correction, as taken back, or passed over."""

    NEWS = "NEWS"
    CORRECTION = "CORRECTION"
    TAKEN_BACK = "TAKEN_BACK"
    PASSED = "PASSED"


@dataclass(frozen=True, slots=True)
class Ripe:
    """Which notices of a group are told now; `again_at` is when to look at the others, if there are any."""

    now: tuple[WaitingNotice, ...]
    again_at: datetime | None


def window_of(kind: NotificationKind, window: timedelta) -> timedelta:
    """For how long a thing of the kind must rest before it is told."""
    return window if kind in SETTLING else timedelta(0)


def ripe(
    group: Sequence[WaitingNotice], rule: Rule, habits: Habits, zone: tzinfo, now: datetime, window: timedelta
) -> Ripe:
    """What of a group, the notices of one kind about one student, is told now.

    At once is: together, once everything in the group has settled, or six windows after its first change at the latest.
    A digest has what had settled by its hour.
    """
    window = window_of(rule.kind, window)
    settled = {notice.id: settled_at(notice.first_at, notice.last_at, window) for notice in group}
    if rule.mode is not NotificationMode.INSTANT:
        wanted = {key: wanted_at(at, rule.mode, habits, zone) for key, at in settled.items()}
        return _parted(group, wanted, now)
    latest = min(max(settled.values()), min(notice.first_at for notice in group) + LONGEST_WINDOWS * window)
    if latest > now:
        return Ripe((), latest)
    return _parted(group, settled, now)


def crosses(before: Decimal | None, after: Decimal | None, threshold: Decimal, direction: ThresholdDirection) -> bool:
    """Whether a percent has come to stand on or beyond the line that it stood before; nothing crosses from nowhere."""
    if before is None or after is None:
        return False
    if direction is ThresholdDirection.BELOW:
        return before > threshold >= after
    return before < threshold <= after


def is_undone(notice: WaitingNotice) -> bool:
    """Whether the thing is again as it was before all that waits to be told of it."""
    kind, before, after = NotificationKind(notice.kind), notice.version_before, notice.version
    if kind is NotificationKind.ASSIGNMENT_SCORED:
        return score_part(before) == score_part(after)
    return kind in SETTLING and before == after


def score_part(version: str) -> str:
    """Of an assignment's version the part that stands for its score."""
    return version.partition("-")[2]


def verdict(
    notice: WaitingNotice, rule: Rule, standing: Standing | None, previous: Decimal | None, tag: str
) -> Verdict:
    """What becomes of a settled notice by what stands there now; `previous` is a grade's percent before.

    `tag` is that of what stands there: what was told or passed over as it stands is not told again.
    """
    told = notice.told_at is not None and rule.kind in CORRECTED
    if tag == notice.seen_tag:
        return Verdict.PASSED
    if standing is None or not _there(rule, standing, previous, told=told):
        return Verdict.TAKEN_BACK if told else Verdict.PASSED
    changed = rule.kind is NotificationKind.ATTENDANCE and bool(notice.version_before)
    corrects = told or standing.corrects or changed
    return Verdict.CORRECTION if corrects else Verdict.NEWS


def _there(rule: Rule, standing: Standing, previous: Decimal | None, *, told: bool) -> bool:
    """Whether there stands what the rule tells of."""
    match rule.kind:
        case NotificationKind.GRADE_POSTED:
            return standing.grade_kind is GradeKind.POSTED
        case NotificationKind.GRADE_CROSSED:
            if rule.threshold is None or rule.direction is None:
                return False
            return crosses(previous, standing.percent, rule.threshold, rule.direction)
        case NotificationKind.ASSIGNMENT_SCORED:
            # A zero for work that is missing is told as missing work, and not as a score.
            return standing.score_state is ScoreState.SCORED and (told or not standing.missing)
        case NotificationKind.MISSING_WORK:
            return standing.missing
        case NotificationKind.DUE_SOON:
            return standing.open_work
        case _:
            return True


def _parted(group: Sequence[WaitingNotice], at: dict[int, datetime], now: datetime) -> Ripe:
    later = [at[notice.id] for notice in group if at[notice.id] > now]
    return Ripe(tuple(notice for notice in group if at[notice.id] <= now), min(later, default=None))
