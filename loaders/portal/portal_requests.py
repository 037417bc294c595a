"""Portal requests: the form by which a parent asks for an activation key, and each state that it has reached."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from loaders.contract import GradeLevel, RelationshipKind
from loaders.portal.transaction import Reading, Row, Transaction


class RequestState(Enum):
    """How far a portal request has come."""

    SUBMITTED = "SUBMITTED"
    ID_VERIFIED = "ID_VERIFIED"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    KEY_SENT = "KEY_SENT"
    ACTIVATED = "ACTIVATED"
    EXPIRED = "EXPIRED"


class KeyDelivery(Enum):
    """How an activation key reaches its guardian."""

    EMAIL = "EMAIL"
    POST = "POST"


class PhotoIdKind(Enum):
    """The kind of photo ID that was seen; its number is written down nowhere."""

    DRIVERS_LICENSE = "DRIVERS_LICENSE"
    PASSPORT = "PASSPORT"
    STATE_ID = "STATE_ID"
    MILITARY_ID = "MILITARY_ID"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class RequestedStudent:
    """A student as the form names them."""

    name: str
    school_name: str
    grade_level: GradeLevel | None


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A portal request to be, as it was typed; unsigned."""

    reference: str
    name: str
    relationship: RelationshipKind
    students: tuple[RequestedStudent, ...]
    home_address: str
    phone: str
    email: str | None
    delivery: KeyDelivery
    language: str
    submitted_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class PortalRequest:
    """A portal request as it is; `guardian_id` is the SIS's key as text, once staff have matched it."""

    id: int
    reference: str
    state: RequestState
    name: str
    relationship: RelationshipKind
    students: tuple[RequestedStudent, ...]
    home_address: str
    phone: str
    email: str | None
    delivery: KeyDelivery
    language: str
    submitted_at: datetime
    id_kind: PhotoIdKind | None
    signature_witnessed: bool
    guardian_id: str | None
    denial_reason: str | None


@dataclass(frozen=True, slots=True)
class RequestStep:
    """A state that a request reached: when, by which member of staff (None: the family itself, or time), and why."""

    state: RequestState
    happened_at: datetime
    by: str | None
    note: str | None


#: How long a form waits for its parent to come with a photo ID.
WAITS = timedelta(days=90)

_SELECT = """
select id, reference, state, name, relationship, students, home_address, phone, email, delivery, language,
    submitted_at, id_kind, signature_witnessed, guardian_id, denial_reason
from portal_request
"""

# A set travels as one text: `,SUBMITTED,DENIED,`; the queue is short, and its index still gives the order.
_IN_STATES = "cast(:states as text) like '%,' || state || ',%'"
_BEHIND = "(submitted_at > :after_at or (submitted_at = :after_at and id > :after_id))"


async def add_request(transaction: Transaction, request: NewRequest) -> int:
    """Adds a request as SUBMITTED and says its id; ConstraintBroken where its reference is taken."""
    return await transaction.insert(
        "insert into portal_request (reference, state, name, relationship, students, home_address, phone, email, "
        "delivery, language, submitted_at, address, changed_at) values (:reference, 'SUBMITTED', :name, "
        ":relationship, :students, :home_address, :phone, :email, :delivery, :language, :submitted_at, :address, "
        ":submitted_at) returning id",
        {
            "reference": request.reference,
            "name": request.name,
            "relationship": request.relationship.value,
            "students": _students_text(request.students),
            "home_address": request.home_address,
            "phone": request.phone,
            "email": request.email,
            "delivery": request.delivery.value,
            "language": request.language,
            "submitted_at": request.submitted_at,
            "address": request.address,
        },
    )


async def add_step(
    transaction: Transaction,
    request_id: int,
    state: RequestState,
    now: datetime,
    *,
    account_id: int | None = None,
    note: str | None = None,
) -> None:
    """Writes down that a request reached a state, and by whom."""
    await transaction.execute(
        "insert into portal_request_step (portal_request_id, state, happened_at, account_id, note) "
        "values (:request_id, :state, :now_at, :account_id, :note)",
        {"request_id": request_id, "state": state.value, "now_at": now, "account_id": account_id, "note": note},
    )


async def move_request(
    transaction: Transaction, request: PortalRequest, to: RequestState, now: datetime, reason: str | None = None
) -> bool:
    """Moves a request on, with the reason where it is denied; False where somebody else has moved it meanwhile."""
    changed = await transaction.execute(
        "update portal_request set state = :to_state, denial_reason = :reason, changed_at = :now_at "
        "where id = :id and state = :seen",
        {"id": request.id, "seen": request.state.value, "to_state": to.value, "reason": reason, "now_at": now},
    )
    return changed == 1


async def identify(
    transaction: Transaction, request: PortalRequest, id_kind: PhotoIdKind, guardian_id: str, now: datetime
) -> bool:
    """Notes that a photo ID was seen, the form signed, and whose it is; False where the request has moved meanwhile."""
    changed = await transaction.execute(
        "update portal_request set state = 'ID_VERIFIED', id_kind = :id_kind, signature_witnessed = 1, "
        "guardian_id = :guardian_id, changed_at = :now_at where id = :id and state = :seen",
        {
            "id": request.id,
            "seen": request.state.value,
            "id_kind": id_kind.value,
            "guardian_id": guardian_id,
            "now_at": now,
        },
    )
    return changed == 1


async def request_by_reference(store: Reading, reference: str) -> PortalRequest | None:
    """The request of a reference."""
    found = await store.rows(f"{_SELECT} where reference = :reference", {"reference": reference})
    return _request(found[0]) if found else None


async def request_by_id(store: Reading, request_id: int) -> PortalRequest | None:
    """The request of an id."""
    found = await store.rows(f"{_SELECT} where id = :id", {"id": request_id})
    return _request(found[0]) if found else None


async def requests(
    store: Reading, states: Sequence[RequestState], after: tuple[datetime, int] | None, limit: int
) -> list[PortalRequest]:
    """The requests in these states behind a place, the one that has waited longest first."""
    params = {"states": _states_text(states), "n": limit}
    if after is None:
        found = await store.rows(f"{_SELECT} where {_IN_STATES} order by submitted_at, id limit :n", params)
    else:
        found = await store.rows(
            f"{_SELECT} where {_IN_STATES} and {_BEHIND} order by submitted_at, id limit :n",
            {**params, "after_at": after[0], "after_id": after[1]},
        )
    return [_request(row) for row in found]


async def count_requests(store: Reading, states: Sequence[RequestState]) -> int:
    """How many requests are in these states."""
    (row,) = await store.rows(
        f"select count(*) as n from portal_request where {_IN_STATES}", {"states": _states_text(states)}
    )
    return int(row["n"])


async def steps_of(store: Reading, request_id: int) -> list[RequestStep]:
    """The states that a request has reached, first to last."""
    return (await steps_of_requests(store, [request_id])).get(request_id, [])


async def steps_of_requests(store: Reading, request_ids: Sequence[int]) -> dict[int, list[RequestStep]]:
    """The states that each of these requests has reached, first to last; a page of them is bound one by one."""
    if not request_ids:
        return {}
    names = [f"id_{number}" for number in range(len(request_ids))]
    found = await store.rows(
        "select portal_request_step.portal_request_id, portal_request_step.state, portal_request_step.happened_at, "
        "coalesce(account.name, account.username) as by_name, portal_request_step.note "
        "from portal_request_step left join account on account.id = portal_request_step.account_id "
        f"where portal_request_step.portal_request_id in ({', '.join(f':{name}' for name in names)}) "
        "order by portal_request_step.id",
        dict(zip(names, request_ids, strict=True)),
    )
    steps: dict[int, list[RequestStep]] = {}
    for row in found:
        steps.setdefault(row["portal_request_id"], []).append(
            RequestStep(RequestState(row["state"]), row["happened_at"], row["by_name"], row["note"])
        )
    return steps


async def expire_requests(transaction: Transaction, now: datetime) -> int:
    """Marks EXPIRED whose key is past its time unused, and what nobody has carried on for 90 days; how many."""
    found = await transaction.rows(
        "update portal_request set state = 'EXPIRED', changed_at = :now_at "
        "where state in ('APPROVED', 'KEY_SENT') "
        "and exists (select 1 from activation_key where activation_key.portal_request_id = portal_request.id) "
        "and not exists (select 1 from activation_key where activation_key.portal_request_id = portal_request.id "
        "and revoked_at is null and (used_at is not null or expires_at > :now_at)) "
        "or state in ('SUBMITTED', 'ID_VERIFIED') and changed_at < :waited_since_at returning id",
        {"now_at": now, "waited_since_at": now - WAITS},
    )
    for row in found:
        await add_step(transaction, row["id"], RequestState.EXPIRED, now)
    return len(found)


async def forget_portal_requests(transaction: Transaction, before: datetime) -> int:
    """Empties what families typed into requests that ended before that instant; how many."""
    return await transaction.execute(
        "update portal_request set name = '', relationship = 'OTHER', students = '[]', home_address = '', phone = '', "
        "email = case when email is null then null else '' end, address = '', denial_reason = null "
        "where state in ('DENIED', 'ACTIVATED', 'EXPIRED') and changed_at < :before_at and name <> ''",
        {"before_at": before},
    )


def _states_text(states: Sequence[RequestState]) -> str:
    return f",{','.join(state.value for state in states)},"


def _students_text(students: Sequence[RequestedStudent]) -> str:
    return json.dumps(
        [[each.name, each.school_name, each.grade_level.value if each.grade_level else None] for each in students]
    )


def _request(row: Row) -> PortalRequest:
    return PortalRequest(
        id=row["id"],
        reference=row["reference"],
        state=RequestState(row["state"]),
        name=row["name"],
        relationship=RelationshipKind(row["relationship"]),
        students=tuple(
            RequestedStudent(name, school_name, GradeLevel(level) if level else None)
            for name, school_name, level in json.loads(row["students"])
        ),
        home_address=row["home_address"],
        phone=row["phone"],
        email=row["email"],
        delivery=KeyDelivery(row["delivery"]),
        language=row["language"],
        submitted_at=row["submitted_at"],
        id_kind=PhotoIdKind(row["id_kind"]) if row["id_kind"] else None,
        signature_witnessed=bool(row["signature_witnessed"]),
        guardian_id=row["guardian_id"],
        denial_reason=row["denial_reason"],
    )
