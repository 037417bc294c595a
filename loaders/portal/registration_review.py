"""Registrations as the office works on them: the queue, who has which, what was noted for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from loaders.portal.registrations import COLUMNS, Registration, RegistrationState, read_registration
from loaders.portal.staff_schools import Schools
from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which registrations are asked for: each that is said narrows; `schools` are those of whoever asks."""

    schools: Schools
    states: Sequence[RegistrationState]
    school_id: str | None = None
    school_year: int | None = None
    assignee_id: int | None = None
    unassigned: bool = False
    overdue_on: date | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A registration with whose it is at the office, and the day by which it is to be looked at."""

    registration: Registration
    review_by_on: date | None
    assignee_id: int | None
    assignee: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many registrations of a school are in a state, and how many of those are overdue."""

    school_id: str
    state: RegistrationState
    registrations: int
    overdue: int


@dataclass(frozen=True, slots=True)
class NewNote:
    """What the family is asked to change: in which section, of whose household ('' the student's), and which field."""

    section: str
    guardian_id: str
    entry: int | None
    field: str | None
    text_sealed: str


@dataclass(frozen=True, slots=True)
class Note(NewNote):
    """A note with the step that it belongs to."""

    step_id: int


@dataclass(frozen=True, slots=True)
class Remark:
    """What staff noted for themselves."""

    written_at: datetime
    by: str
    text_sealed: str


#: Where a registration stands in the queue: the day by which it is to be looked at, then its number.
Place = tuple[date, int]

# What was submitted before there was such a day comes last.
_BY = "coalesce(registration.review_by_on, :never)"
#: What waits for the office: only that can be overdue.
_WAITING = "('SUBMITTED', 'IN_REVIEW', 'HOLD')"
_LATE = f"state in {_WAITING} and review_by_on < :today"


async def case_of_id(store: Reading, registration_id: int) -> Case | None:
    """The case of a registration's id, whatever its state."""
    found = await store.rows(f"{_SELECT} where registration.id = :id", {"id": registration_id})
    return _case(found[0]) if found else None


async def queued(store: Reading, wanted: QueueFilter, after: Place | None, limit: int) -> list[tuple[Place, Case]]:
    """The submitted registrations behind a place, by the day by which they are to be looked at, then by number."""
    where, params = _where(wanted)
    behind = f"and ({_BY}, registration.id) > (:after_on, :after_id)" if after else ""
    on, number = after or (date.min, 0)
    found = await store.rows(
        f"{_SELECT} where {where} {behind} order by {_BY}, registration.id limit :n",
        {**params, "never": date.max, "after_on": on, "after_id": number, "n": limit},
    )
    cases = [_case(row) for row in found]
    return [((case.review_by_on or date.max, case.registration.id), case) for case in cases]


async def count_queued(store: Reading, wanted: QueueFilter) -> int:
    """How many registrations are asked for."""
    where, params = _where(wanted)
    (row,) = await store.rows(f"select count(*) as n from registration where {where}", params)
    return int(row["n"])


async def counts(store: Reading, wanted: QueueFilter, today: date) -> list[Count]:
    """How many there are of each school and state."""
    where, params = _where(wanted)
    found = await store.rows(
        f"select school_id, state, count(*) as n, sum(case when {_LATE} then 1 else 0 end) as late "
        f"from registration where {where} group by school_id, state order by school_id, state",
        {**params, "today": today},
    )
    return [Count(row["school_id"], RegistrationState(row["state"]), int(row["n"]), int(row["late"])) for row in found]


async def assign(transaction: Transaction, registration: Registration, account_id: int | None, now: datetime) -> bool:
    """Gives a registration to a member of staff, or to nobody; False where somebody has moved it since it was read."""
    changed = await transaction.execute(
        "update registration set assignee_id = :account_id, version = version + 1, changed_at = :now_at "
        "where id = :id and version = :version",
        {"id": registration.id, "version": registration.version, "account_id": account_id, "now_at": now},
    )
    return changed == 1


async def take(transaction: Transaction, registration_id: int, account_id: int) -> None:
    """Gives a registration that is nobody's to a member of staff."""
    await transaction.execute(
        "update registration set assignee_id = :account_id where id = :id and assignee_id is null",
        {"id": registration_id, "account_id": account_id},
    )


async def set_review_by(transaction: Transaction, registration_id: int, on: date) -> None:
    """Notes by which day it is to be looked at."""
    await transaction.execute(
        "update registration set review_by_on = :review_by_on where id = :id",
        {"id": registration_id, "review_by_on": on},
    )


async def add_note(transaction: Transaction, registration_id: int, step_id: int, new: NewNote) -> None:
    """Writes down what the family is asked to change."""
    await transaction.execute(
        "insert into registration_note (registration_id, step_id, section, guardian_id, entry, field, text_sealed) "
        "values (:registration_id, :step_id, :section, :guardian_id, :entry, :field, :text_sealed)",
        {
            "registration_id": registration_id,
            "step_id": step_id,
            "section": new.section,
            "guardian_id": new.guardian_id,
            "entry": new.entry,
            "field": new.field,
            "text_sealed": new.text_sealed,
        },
    )


async def notes_of(store: Reading, registration_id: int) -> list[Note]:
    """What the family was ever asked to change, in the order in which that was written."""
    found = await store.rows(
        "select section, guardian_id, entry, field, text_sealed, step_id from registration_note "
        "where registration_id = :id order by id",
        {"id": registration_id},
    )
    return [Note(**row) for row in found]


async def add_remark(
    transaction: Transaction, registration_id: int, account_id: int, text_sealed: str, now: datetime
) -> None:
    """Writes down what a member of staff notes for the office."""
    await transaction.execute(
        "insert into registration_remark (registration_id, written_at, account_id, text_sealed) "
        "values (:registration_id, :now_at, :account_id, :text_sealed)",
        {"registration_id": registration_id, "account_id": account_id, "text_sealed": text_sealed, "now_at": now},
    )


async def remarks_of(store: Reading, registration_id: int) -> list[Remark]:
    """What staff noted for themselves, in the order in which that was written."""
    found = await store.rows(
        "select remark.written_at, remark.text_sealed, coalesce(account.name, account.username) as by_name "
        "from registration_remark as remark join account on account.id = remark.account_id "
        "where remark.registration_id = :id order by remark.id",
        {"id": registration_id},
    )
    return [Remark(row["written_at"], row["by_name"], row["text_sealed"]) for row in found]


_SELECT = f"""select {", ".join(f"registration.{name}" for name in COLUMNS)}, registration.review_by_on,
    registration.assignee_id, coalesce(account.name, account.username) as assignee
from registration left join account on account.id = registration.assignee_id"""


def _where(wanted: QueueFilter) -> tuple[str, dict[str, object]]:
    """What was never submitted is the family's alone, whatever is asked for."""
    parts = [
        "submitted_at is not null",
        f"state in ({', '.join(repr(state.value) for state in wanted.states) or 'null'})",
    ]
    params: dict[str, object] = {}
    if not wanted.schools.every:
        names = {f"school{n}": key for n, key in enumerate(sorted(wanted.schools.keys))}
        parts.append(f"school_id in ({', '.join(f':{name}' for name in names) or 'null'})")
        params |= names
    for name, value in (
        ("school_id", wanted.school_id), ("school_year", wanted.school_year), ("assignee_id", wanted.assignee_id),
    ):  # fmt: skip
        if value is not None:
            parts.append(f"registration.{name} = :{name}")
            params[name] = value
    if wanted.unassigned:
        parts.append("assignee_id is null")
    if wanted.overdue_on is not None:
        parts.append(_LATE)
        params["today"] = wanted.overdue_on
    return " and ".join(parts), params


def _case(row: Row) -> Case:
    on = row["review_by_on"]
    return Case(
        read_registration({name: row[name] for name in COLUMNS}),
        on if on is None or isinstance(on, date) else date.fromisoformat(on),
        row["assignee_id"],
        row["assignee"],
    )
