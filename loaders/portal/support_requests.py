"""Requests to the support desk: what a family that is stuck wrote, how far it is, and each step it has taken."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from loaders.portal.transaction import Reading, Row, Transaction


class SupportState(Enum):
    """How far a support request is."""

    NEW = "NEW"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    WAITING_FOR_PARENT = "WAITING_FOR_PARENT"
    RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True)
class NewSupportRequest:
    """A request to be, as it was typed; `account_id` is whose session it came from."""

    ticket: str
    account_id: int | None
    name: str
    home_address: str
    phone: str
    email: str | None
    students: tuple[str, ...]
    username: str | None
    text: str
    language: str
    submitted_at: datetime
    address: str
    reply_by_on: date


@dataclass(frozen=True, slots=True)
class SupportRequest:
    """A request as it is; a year after it was resolved, what the family typed is empty."""

    id: int
    ticket: str
    state: SupportState
    account_id: int | None
    name: str
    home_address: str
    phone: str
    email: str | None
    students: tuple[str, ...]
    username: str | None
    text: str
    language: str
    submitted_at: datetime
    reply_by_on: date
    answer: str | None
    answered_at: datetime | None
    reactivated: bool


@dataclass(frozen=True, slots=True)
class SupportStep:
    """A state that was reached: when, by whom (None: the family), and what was noted about it."""

    state: SupportState
    happened_at: datetime
    by: str | None
    note: str | None


#: Where a request stands in the queue: 0 overdue, 1 open, 2 resolved; then the day of the reply, then its number.
Place = tuple[int, date, int]

_COLUMNS = """id, ticket, state, account_id, name, home_address, phone, email, students, username, text, language,
submitted_at, reply_by_on, answer, answered_at, reactivated"""
_RANK = """case when state in ('NEW', 'ACKNOWLEDGED') and reply_by_on < :today then 0
when state <> 'RESOLVED' then 1 else 2 end"""


async def add_request(transaction: Transaction, request: NewSupportRequest) -> int:
    """Adds a request as NEW and says its id; ConstraintBroken where its ticket number is taken."""
    return await transaction.insert(
        "insert into support_request (ticket, state, account_id, name, home_address, phone, email, students, username, "
        "text, language, submitted_at, address, reply_by_on, changed_at) values (:ticket, 'NEW', :account_id, :name, "
        ":home_address, :phone, :email, :students, :username, :text, :language, :submitted_at, :address, :reply_by_on, "
        ":submitted_at) returning id",
        {
            "ticket": request.ticket,
            "account_id": request.account_id,
            "name": request.name,
            "home_address": request.home_address,
            "phone": request.phone,
            "email": request.email,
            "students": json.dumps(request.students),
            "username": request.username,
            "text": request.text,
            "language": request.language,
            "submitted_at": request.submitted_at,
            "address": request.address,
            "reply_by_on": request.reply_by_on,
        },
    )


async def add_step(
    transaction: Transaction, request_id: int, state: SupportState, now: datetime, account_id: int | None, note: str
) -> None:
    """Writes down that a state was reached; `account_id` is the member of staff's."""
    await transaction.execute(
        "insert into support_request_step (support_request_id, state, happened_at, account_id, note) "
        "values (:request_id, :state, :now_at, :account_id, :note)",
        {"request_id": request_id, "state": state, "now_at": now, "account_id": account_id, "note": note or None},
    )


async def move(transaction: Transaction, request: SupportRequest, state: SupportState, now: datetime) -> bool:
    """Brings a request into a state; False where somebody has moved it since it was read."""
    changed = await transaction.execute(
        "update support_request set state = :state, changed_at = :now_at where id = :id and state = :seen",
        {"id": request.id, "state": state, "seen": request.state, "now_at": now},
    )
    return changed == 1


async def set_answer(transaction: Transaction, request_id: int, answer: str, now: datetime) -> None:
    """Keeps what was answered, in the place of an earlier answer."""
    await transaction.execute(
        "update support_request set answer = :answer, answered_at = :now_at where id = :id",
        {"id": request_id, "answer": answer, "now_at": now},
    )


async def set_reactivated(transaction: Transaction, request_id: int) -> None:
    """Notes that an account was reactivated for it."""
    await transaction.execute("update support_request set reactivated = 1 where id = :id", {"id": request_id})


async def request_by_ticket(store: Reading, ticket: str) -> SupportRequest | None:
    """The request of a ticket number."""
    found = await store.rows(f"select {_COLUMNS} from support_request where ticket = :ticket", {"ticket": ticket})
    return _request(found[0]) if found else None


async def requests_of_account(store: Reading, account_id: int) -> list[SupportRequest]:
    """The requests that came from an account's sessions, the newest first; a hundred at the most."""
    found = await store.rows(
        f"select {_COLUMNS} from support_request where account_id = :account_id "
        "order by submitted_at desc, id desc limit 100",
        {"account_id": account_id},
    )
    return [_request(row) for row in found]


async def queued(
    store: Reading, states: Sequence[SupportState], today: date, after: Place | None, limit: int
) -> list[tuple[Place, SupportRequest]]:
    """The requests in these states behind a place, overdue ones first, then by the day of the reply, resolved last."""
    behind = f"and ({_RANK}, reply_by_on, id) > (:after_rank, :after_on, :after_id)" if after else ""
    rank, on, number = after or (0, today, 0)
    found = await store.rows(
        f"select {_COLUMNS}, {_RANK} as rank from support_request where {_in(states)} {behind} "
        "order by rank, reply_by_on, id limit :n",
        {"today": today, "after_rank": rank, "after_on": on, "after_id": number, "n": limit},
    )
    requests = [(row["rank"], _request(row)) for row in found]
    return [((rank, request.reply_by_on, request.id), request) for rank, request in requests]


async def count_queued(store: Reading, states: Sequence[SupportState]) -> int:
    """How many requests are in these states."""
    (row,) = await store.rows(f"select count(*) as n from support_request where {_in(states)}", {})
    return int(row["n"])


async def steps_of(store: Reading, request_id: int) -> list[SupportStep]:
    """The states that a request has reached, in their order."""
    found = await store.rows(
        "select step.state, step.happened_at, step.note, coalesce(account.name, account.username) as by_name "
        "from support_request_step as step left join account on account.id = step.account_id "
        "where step.support_request_id = :id order by step.id",
        {"id": request_id},
    )
    return [SupportStep(SupportState(row["state"]), row["happened_at"], row["by_name"], row["note"]) for row in found]


async def forget_support_requests(transaction: Transaction, resolved_before: datetime) -> int:
    """Empties what families typed into requests that were resolved before that instant, and the answers; how many."""
    return await transaction.execute(
        "update support_request set name = '', home_address = '', phone = '', email = null, students = '[]', "
        "username = null, text = '', address = '', answer = null "
        "where state = 'RESOLVED' and changed_at < :before_at and text <> ''",
        {"before_at": resolved_before},
    )


def _in(states: Sequence[SupportState]) -> str:
    """The condition that a request is in one of these states, which are words of ours and no input."""
    return f"state in ({', '.join(repr(state.value) for state in states) or 'null'})"


def _request(row: Row) -> SupportRequest:
    on = row["reply_by_on"]
    return SupportRequest(
        id=row["id"],
        ticket=row["ticket"],
        state=SupportState(row["state"]),
        account_id=row["account_id"],
        name=row["name"],
        home_address=row["home_address"],
        phone=row["phone"],
        email=row["email"],
        students=tuple(json.loads(row["students"])),
        username=row["username"],
        text=row["text"],
        language=row["language"],
        submitted_at=row["submitted_at"],
        reply_by_on=on if isinstance(on, date) else date.fromisoformat(on),
        answer=row["answer"],
        answered_at=row["answered_at"],
        reactivated=bool(row["reactivated"]),
    )
