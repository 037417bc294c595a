"""What guardians have set: rules of what they want to be told and how, and the hours at which they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule of one kind, about one student (by the SIS's key as text), or about all or none where that is empty."""

    student_id: str
    kind: str
    mode: str
    channels: str
    threshold: str | None
    direction: str | None
    days_ahead: int | None


@dataclass(frozen=True, slots=True)
class StoredHabits:
    """When and how somebody is told, whatever the rule."""

    quiet_from: str | None
    quiet_until: str | None
    time_zone: str | None
    holds_in_school: bool
    shows_detail: bool
    digest_time: str
    digest_weekday: int


async def rules_of_accounts(store: Reading, accounts: Sequence[int]) -> dict[int, list[StoredRule]]:
    """The rules that each of these accounts has set."""
    names = {f"account_{number}": account for number, account in enumerate(accounts)}
    if not names:
        return {}
    found = await store.rows(
        "select account_id, student_id, kind, mode, channels, threshold, direction, days_ahead from notification_rule "
        f"where account_id in ({', '.join(f':{name}' for name in names)}) order by account_id, student_id, kind",
        names,
    )
    rules: dict[int, list[StoredRule]] = {}
    for row in found:
        rules.setdefault(row["account_id"], []).append(_rule(row))
    return rules


async def put_rule(transaction: Transaction, account_id: int, rule: StoredRule, now: datetime) -> None:
    """Puts a rule in the place of the one before."""
    await transaction.execute(
        "insert into notification_rule (account_id, student_id, kind, mode, channels, threshold, direction, "
        "days_ahead, set_at) values (:account_id, :student_id, :kind, :mode, :channels, :threshold, :direction, "
        ":days_ahead, :now_at) on conflict (account_id, student_id, kind) do update set mode = :mode, "
        "channels = :channels, threshold = :threshold, direction = :direction, days_ahead = :days_ahead, "
        "set_at = :now_at",
        {
            "account_id": account_id,
            "student_id": rule.student_id,
            "kind": rule.kind,
            "mode": rule.mode,
            "channels": rule.channels,
            "threshold": rule.threshold,
            "direction": rule.direction,
            "days_ahead": rule.days_ahead,
            "now_at": now,
        },
    )


async def remove_rules(transaction: Transaction, account_id: int, kind: str, student_id: str | None) -> None:
    """Takes back the rules of a kind about one student, or about everybody where none is named."""
    which = "" if student_id is None else " and student_id = :student_id"
    await transaction.execute(
        f"delete from notification_rule where account_id = :account_id and kind = :kind{which}",
        {"account_id": account_id, "kind": kind, "student_id": student_id},
    )


async def habits_of_accounts(store: Reading, accounts: Sequence[int]) -> Mapping[int, StoredHabits]:
    """What each of these accounts has set; nothing of one that has set nothing."""
    names = {f"account_{number}": account for number, account in enumerate(accounts)}
    if not names:
        return {}
    found = await store.rows(
        "select account_id, quiet_from, quiet_until, time_zone, holds_in_school, shows_detail, digest_time, "
        f"digest_weekday from notification_habit where account_id in ({', '.join(f':{name}' for name in names)}) "
        "order by account_id",
        names,
    )
    return {row["account_id"]: _habits(row) for row in found}


async def put_habits(transaction: Transaction, account_id: int, habits: StoredHabits, now: datetime) -> None:
    """Puts an account's habits in the place of the ones before."""
    await transaction.execute(
        "insert into notification_habit (account_id, quiet_from, quiet_until, time_zone, holds_in_school, "
        "shows_detail, digest_time, digest_weekday, set_at) values (:account_id, :quiet_from, :quiet_until, "
        ":time_zone, :holds_in_school, :shows_detail, :digest_time, :digest_weekday, :now_at) "
        "on conflict (account_id) do update set quiet_from = :quiet_from, quiet_until = :quiet_until, "
        "time_zone = :time_zone, holds_in_school = :holds_in_school, shows_detail = :shows_detail, "
        "digest_time = :digest_time, digest_weekday = :digest_weekday, set_at = :now_at",
        {
            "account_id": account_id,
            "quiet_from": habits.quiet_from,
            "quiet_until": habits.quiet_until,
            "time_zone": habits.time_zone,
            "holds_in_school": int(habits.holds_in_school),
            "shows_detail": int(habits.shows_detail),
            "digest_time": habits.digest_time,
            "digest_weekday": habits.digest_weekday,
            "now_at": now,
        },
    )


def _rule(row: Row) -> StoredRule:
    return StoredRule(
        student_id=row["student_id"],
        kind=row["kind"],
        mode=row["mode"],
        channels=row["channels"],
        threshold=row["threshold"],
        direction=row["direction"],
        days_ahead=row["days_ahead"],
    )


def _habits(row: Row) -> StoredHabits:
    return StoredHabits(
        quiet_from=row["quiet_from"],
        quiet_until=row["quiet_until"],
        time_zone=row["time_zone"],
        holds_in_school=bool(row["holds_in_school"]),
        shows_detail=bool(row["shows_detail"]),
        digest_time=row["digest_time"],
        digest_weekday=row["digest_weekday"],
    )
