"""The school's orders about access as the portal store keeps them: all that hold or will hold, and their version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from loaders.portal.transaction import Reading, Row, Transaction


class BlockReason(Enum):
    """Why a guardian is kept from a student; for staff alone."""

    COURT_ORDER = "COURT_ORDER"
    PROTECTION_ORDER = "PROTECTION_ORDER"
    SAFETY = "SAFETY"
    OTHER = "OTHER"


class SwitchReason(Enum):
    """Why a school closes an area for a time."""

    SCHOOL_SETTING = "SCHOOL_SETTING"
    GRADING_WINDOW = "GRADING_WINDOW"
    SUMMER = "SUMMER"


class EligibilityKind(Enum):
    """What a school has on file of a student who is of age, or soon will be."""

    CONSENT = "CONSENT"
    DEPENDENT = "DEPENDENT"
    REFUSAL = "REFUSAL"


@dataclass(frozen=True, slots=True)
class Block:
    """A guardian is kept from a student from a day to another, both included."""

    id: int
    guardian_id: str
    student_id: str
    starts_on: date
    ends_on: date | None
    reason: BlockReason
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class Switch:
    """An area is closed from an instant until another; at one school, or at all (None)."""

    id: int
    school_id: str | None
    area: str
    reason: SwitchReason
    closes_at: datetime
    reopens_at: datetime | None
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What is on file of a student's coming of age, towards one guardian or all (None), both days included."""

    id: int
    student_id: str
    guardian_id: str | None
    kind: EligibilityKind
    starts_on: date
    ends_on: date | None
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class Orders:
    """All orders that are not taken back and not over, under the version at which they were read."""

    version: int
    blocks: Sequence[Block] = ()
    switches: Sequence[Switch] = ()
    eligibilities: Sequence[Eligibility] = ()


BLOCKS = "select id, guardian_id, student_id, starts_on, ends_on, reason, ordered_at from access_block"
SWITCHES = "select id, school_id, area, reason, closes_at, reopens_at, ordered_at from area_switch"
ELIGIBILITIES = "select id, student_id, guardian_id, kind, starts_on, ends_on, ordered_at from eligibility"
_LIVE = "where lifted_at is null and (ends_on is null or ends_on >= :since_on) order by id"


async def version_of(store: Reading) -> int:
    """How many orders about access there have been: another number means that what was read is out of date."""
    (row,) = await store.rows("select coalesce(max(orders), 0) as orders from access_version", {})
    return int(row["orders"])


async def read_orders(store: Reading, now: datetime, since: date) -> Orders:
    """The orders whose end is not before `now`, or the day `since`.

    The version is read first: an order that comes in between makes it out of date, and all is read again.
    """
    version = await version_of(store)
    days = {"since_on": since}
    live = "where lifted_at is null and (reopens_at is null or reopens_at > :now_at) order by id"
    return Orders(
        version,
        [block_of(row) for row in await store.rows(f"{BLOCKS} {_LIVE}", days)],
        [switch_of(row) for row in await store.rows(f"{SWITCHES} {live}", {"now_at": now})],
        [eligibility_of(row) for row in await store.rows(f"{ELIGIBILITIES} {_LIVE}", days)],
    )


async def count_order(transaction: Transaction) -> None:
    """Counts an order, in its own transaction."""
    await transaction.execute(
        "insert into access_version (id, orders) values (1, 1) "
        "on conflict (id) do update set orders = access_version.orders + 1",
        {},
    )


def block_of(row: Row) -> Block:
    """The block that a row tells of."""
    return Block(
        row["id"],
        row["guardian_id"],
        row["student_id"],
        _day(row["starts_on"]),
        None if row["ends_on"] is None else _day(row["ends_on"]),
        BlockReason(row["reason"]),
        row["ordered_at"],
    )


def switch_of(row: Row) -> Switch:
    """The switch that a row tells of."""
    return Switch(
        row["id"],
        row["school_id"],
        row["area"],
        SwitchReason(row["reason"]),
        row["closes_at"],
        row["reopens_at"],
        row["ordered_at"],
    )


def eligibility_of(row: Row) -> Eligibility:
    """What is on file, as a row tells it."""
    return Eligibility(
        row["id"],
        row["student_id"],
        row["guardian_id"],
        EligibilityKind(row["kind"]),
        _day(row["starts_on"]),
        None if row["ends_on"] is None else _day(row["ends_on"]),
        row["ordered_at"],
    )


def _day(value: Any) -> date:
    """A day as either engine gives it."""
    return value if isinstance(value, date) else date.fromisoformat(value)
