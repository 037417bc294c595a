"""Orders about access, written: given, taken back, and looked up for staff; each is counted in its own transaction."""

from collections.abc import Mapping
from datetime import date, datetime

from loaders.portal.access_rules import (
    BLOCKS,
    ELIGIBILITIES,
    SWITCHES,
    Block,
    BlockReason,
    Eligibility,
    EligibilityKind,
    Switch,
    SwitchReason,
    block_of,
    count_order,
    eligibility_of,
    switch_of,
)
from loaders.portal.transaction import Reading, Transaction


async def add_block(
    transaction: Transaction,
    guardian_id: str,
    student_id: str,
    days: tuple[date, date | None],
    reason: BlockReason,
    by: tuple[int, datetime],
) -> Block:
    """Keeps a guardian from a student on these days; `by` is which account orders it, and when."""
    values = {
        "guardian_id": guardian_id,
        "student_id": student_id,
        "starts_on": days[0],
        "ends_on": days[1],
        "reason": reason.value,
        "ordered_by": by[0],
        "ordered_at": by[1],
    }
    made = await _add(transaction, "access_block", values)
    return Block(made, guardian_id, student_id, *days, reason, by[1])


async def add_switch(
    transaction: Transaction,
    school_id: str | None,
    area: str,
    instants: tuple[datetime, datetime | None],
    reason: SwitchReason,
    by: tuple[int, datetime],
) -> Switch:
    """Closes an area at a school, or at all (None), between these instants."""
    values = {
        "school_id": school_id,
        "area": area,
        "closes_at": instants[0],
        "reopens_at": instants[1],
        "reason": reason.value,
        "ordered_by": by[0],
        "ordered_at": by[1],
    }
    made = await _add(transaction, "area_switch", values)
    return Switch(made, school_id, area, reason, *instants, by[1])


async def add_eligibility(
    transaction: Transaction,
    student_id: str,
    guardian_id: str | None,
    days: tuple[date, date | None],
    kind: EligibilityKind,
    by: tuple[int, datetime],
) -> Eligibility:
    """Notes what is on file of a student of age, towards a guardian or all (None), for these days."""
    values = {
        "student_id": student_id,
        "guardian_id": guardian_id,
        "starts_on": days[0],
        "ends_on": days[1],
        "kind": kind.value,
        "ordered_by": by[0],
        "ordered_at": by[1],
    }
    made = await _add(transaction, "eligibility", values)
    return Eligibility(made, student_id, guardian_id, kind, *days, by[1])


async def lift(transaction: Transaction, table: str, order_id: int, by: tuple[int, datetime]) -> bool:
    """Takes an order of that table back; False where there is none that holds."""
    changed = await transaction.execute(
        f"update {table} set lifted_by = :by, lifted_at = :now_at where id = :id and lifted_at is null",
        {"id": order_id, "by": by[0], "now_at": by[1]},
    )
    await count_order(transaction)
    return changed == 1


async def blocks_of(store: Reading, student_id: str) -> list[Block]:
    """The blocks about a student that were not lifted, over or not, the first first."""
    found = await store.rows(
        f"{BLOCKS} where student_id = :student_id and lifted_at is null order by id", {"student_id": student_id}
    )
    return [block_of(row) for row in found]


async def eligibilities_of(store: Reading, student_id: str) -> list[Eligibility]:
    """What is on file of a student and was not withdrawn, over or not, the first first."""
    found = await store.rows(
        f"{ELIGIBILITIES} where student_id = :student_id and lifted_at is null order by id", {"student_id": student_id}
    )
    return [eligibility_of(row) for row in found]


async def standing_switches(store: Reading, now: datetime) -> list[Switch]:
    """The switches that are not lifted and not over, the first first."""
    found = await store.rows(
        f"{SWITCHES} where lifted_at is null and (reopens_at is null or reopens_at > :now_at) order by id",
        {"now_at": now},
    )
    return [switch_of(row) for row in found]


async def _add(transaction: Transaction, table: str, values: Mapping[str, object]) -> int:
    await count_order(transaction)
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    return await transaction.insert(f"insert into {table} ({names}) values ({places}) returning id", values)
