"""Orders by which guardians say what they want to be told, when and how, and what they have read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loaders.ids import read_node_id
from loaders.portal import notification_rules as rows
from loaders.portal.notices import look_again
from loaders.portal.notifications import mark_read
from loaders.portal.transaction import Transaction
from loaders.statement import Key
from resolvers.access import visible
from resolvers.arguments import student_keys
from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.notifications.moments import Habits, kept_habits
from resolvers.notifications.reading import GuardianRule, own_habits, rule_of
from resolvers.notifications.rules import (
    AREAS,
    DEFAULTS,
    MOST_DAYS_AHEAD,
    NotificationChannel,
    NotificationKind,
    NotificationMode,
    Rule,
    ThresholdDirection,
    stored,
)
from resolvers.portal.problems import Problem, ProblemCode, Refused
from resolvers.portal.service import Portal, undisturbed

MOST_MARKED = 100
MOST_THRESHOLD = Decimal(1000)

_INPUT = "input"
_NOT_OWN = Problem(
    ProblemCode.STUDENT_NOT_TAKEN, "This kind concerns no single student: leave `studentId` out.", (_INPUT, "studentId")
)
_NO_STUDENT = Problem(ProblemCode.STUDENT_NOT_FOUND, "No student of yours has this id.", (_INPUT, "studentId"))
_NO_CHANNEL = Problem(ProblemCode.CHANNELS_MISSING, "Name a channel, or set the mode to OFF.", (_INPUT, "channels"))
_NO_LINE = Problem(
    ProblemCode.THRESHOLD_INVALID,
    f"GRADE_CROSSED takes a threshold from 0 to {MOST_THRESHOLD} and a direction; no other kind takes them.",
    (_INPUT, "threshold"),
)
_NO_DAYS = Problem(
    ProblemCode.DAYS_AHEAD_INVALID,
    f"DUE_SOON takes 0 to {MOST_DAYS_AHEAD} days ahead; no other kind takes them.",
    (_INPUT, "daysAhead"),
)
_HALF_QUIET = Problem(
    ProblemCode.QUIET_HOURS_INVALID,
    "Quiet hours have a beginning and an end that differ, or neither.",
    (_INPUT, "quietUntil"),
)
_NO_ZONE = Problem(ProblemCode.TIME_ZONE_UNKNOWN, "That is no IANA time zone.", (_INPUT, "timeZone"))
_NO_DAY = Problem(
    ProblemCode.WEEKDAY_INVALID, "Weekdays count from 1, Monday, to 7, Sunday.", (_INPUT, "digestWeekday")
)


@dataclass(frozen=True, slots=True)
class SetRule:
    """A rule as it was ordered; what is None is as it is by default. Without a mode the rule is taken back."""

    kind: NotificationKind
    student_id: str | None
    mode: NotificationMode | None
    channels: Sequence[NotificationChannel] | None
    threshold: Decimal | None
    direction: ThresholdDirection | None
    days_ahead: int | None


@dataclass(frozen=True, slots=True)
class SetHabits:
    """All habits as they were ordered."""

    quiet_from: time | None
    quiet_until: time | None
    time_zone: str | None
    holds_in_school: bool
    shows_detail: bool
    digest_time: time
    digest_weekday: int


@dataclass(frozen=True, slots=True)
class Marked:
    """How many of the viewer's notifications were marked."""

    marked: int


async def set_rule(context: Context, order: SetRule) -> GuardianRule | Refused:
    """Sets a rule of the viewer's about one student, or about all, in whose place it takes those about single ones.

    A rule without a mode is taken back: the one for all students holds again, else the default. What waits to be told
    is weighed by the new rule.
    """
    context.guardian()
    problems: list[Problem] = []
    student = await _student(context, order, problems)
    rule = _rule(order, problems)
    if problems:
        return Refused(tuple(problems))
    return await undisturbed(_do_set_rule(context, student, order.kind, rule))


async def set_habits(context: Context, order: SetHabits) -> Habits | Refused:
    """Sets when and how the viewer is told, whatever the rule."""
    context.guardian()
    problems = []
    quiet = None
    if order.quiet_from is not None and order.quiet_until is not None and order.quiet_from != order.quiet_until:
        quiet = order.quiet_from, order.quiet_until
    elif order.quiet_from is not None or order.quiet_until is not None:
        problems.append(_HALF_QUIET)
    if order.time_zone is not None and not _is_zone(order.time_zone):
        problems.append(_NO_ZONE)
    if not 1 <= order.digest_weekday <= 7:
        problems.append(_NO_DAY)
    if problems:
        return Refused(tuple(problems))
    habits = Habits(
        quiet, order.time_zone, order.holds_in_school, order.shows_detail, order.digest_time, order.digest_weekday
    )
    return await undisturbed(_do_set_habits(context, habits))


async def mark_notifications_read(context: Context, ids: Sequence[str], *, read: bool) -> Marked:
    """Notes of the viewer's notifications that they were read, or that they were not; other ids are passed over.

    BadUserInput for more than a hundred.
    """
    context.guardian()
    if len(ids) > MOST_MARKED:
        raise BadUserInput(f"`ids` holds {len(ids)} ids: mark {MOST_MARKED} at the most.")
    numbers = [number for number in (_number(text) for text in ids) if number is not None]
    return await undisturbed(_do_mark(context, list(dict.fromkeys(numbers)), read=read))


async def _do_set_rule(
    context: Context, student: Key | None, kind: NotificationKind, rule: Rule | None
) -> GuardianRule:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    student_id = "" if student is None else str(student)
    async with portal.writer.transaction() as transaction:
        await rows.remove_rules(transaction, account_id, kind.value, student_id or None)
        if rule is not None:
            await rows.put_rule(transaction, account_id, stored(rule, student_id), portal.instant())
        await _weigh_anew(context, transaction, account_id)
    return await rule_of(context, kind, student)


async def _do_set_habits(context: Context, habits: Habits) -> Habits:
    portal: Portal = context.portal
    account_id = context.signed_in().account_id
    async with portal.writer.transaction() as transaction:
        await rows.put_habits(transaction, account_id, kept_habits(habits), portal.instant())
        await _weigh_anew(context, transaction, account_id)
    return await own_habits(context)


async def _weigh_anew(context: Context, transaction: Transaction, account_id: int) -> None:
    await look_again(transaction, account_id, context.now)


async def _do_mark(context: Context, numbers: Sequence[int], *, read: bool) -> Marked:
    portal: Portal = context.portal
    async with portal.writer.transaction() as transaction:
        read_at = portal.instant() if read else None
        return Marked(await mark_read(transaction, context.signed_in().account_id, numbers, read_at))


async def _student(context: Context, order: SetRule, problems: list[Problem]) -> Key | None:
    if order.student_id is None:
        return None
    if order.kind not in AREAS:
        problems.append(_NOT_OWN)
        return None
    try:
        (student,) = student_keys(context, [order.student_id], "studentId")
    except BadUserInput:
        problems.append(_NO_STUDENT)
        return None
    if not await visible(context, [student]):
        problems.append(_NO_STUDENT)
    return student


def _rule(order: SetRule, problems: list[Problem]) -> Rule | None:
    """The rule that is ordered; None where one is taken back."""
    if order.mode is None:
        return None
    usual = DEFAULTS[order.kind]
    channels = usual.channels if order.channels is None else frozenset(order.channels)
    if order.mode is not NotificationMode.OFF and not channels:
        problems.append(_NO_CHANNEL)
    if not _is_line(order):
        problems.append(_NO_LINE)
    days = order.days_ahead
    if days is None:
        days = usual.days_ahead
    elif order.kind is not NotificationKind.DUE_SOON or not 0 <= days <= MOST_DAYS_AHEAD:
        problems.append(_NO_DAYS)
    return Rule(order.kind, order.mode, channels, order.threshold, order.direction, days)


def _is_line(order: SetRule) -> bool:
    """Whether the rule has the line that its kind needs, and no other; to turn it off takes none."""
    line = (order.threshold, order.direction)
    if line == (None, None):
        return order.kind is not NotificationKind.GRADE_CROSSED or order.mode is NotificationMode.OFF
    if order.kind is not NotificationKind.GRADE_CROSSED or order.threshold is None or order.direction is None:
        return False
    return 0 <= order.threshold <= MOST_THRESHOLD


def _is_zone(name: str) -> bool:
    try:
        return len(name) <= 64 and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _number(text: str) -> int | None:
    found = read_node_id(text)
    number = found[1][0] if found is not None and found[0] == "Notification" and len(found[1]) == 1 else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else None
