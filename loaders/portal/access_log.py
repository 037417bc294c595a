"""What was done with an account and with its students' records: the account's own trail, and who else came by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody of staff opened or changed what is a student's (by the SIS's key as text) or an account's.

    Of the two, one is named.
    """

    happened_at: datetime
    actor_id: int
    actor_name: str
    actor_role: str
    action: str
    student_id: str | None = None
    account_id: int | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of an account's log; of its own trail with `actor` and `address`, of another's access with names."""

    source: int
    id: int
    happened_at: datetime
    action: str
    actor: str | None
    address: str | None
    actor_name: str | None
    actor_role: str | None
    student_id: str | None
    purpose: str | None


#: Where a line stands, newest first: its instant, 1 for an access and 0 for the own trail, and its number there.
Place = tuple[datetime, int, int]


async def add_access(transaction: Transaction, access: Access) -> None:
    """Writes down an access beside what it was for."""
    await transaction.execute(
        "insert into access_log (student_id, account_id, happened_at, actor_id, actor_name, actor_role, action, "
        "purpose) values (:student_id, :account_id, :happened_at, :actor_id, :actor_name, :actor_role, :action, "
        ":purpose)",
        {
            "student_id": access.student_id,
            "account_id": access.account_id,
            "happened_at": access.happened_at,
            "actor_id": access.actor_id,
            "actor_name": access.actor_name,
            "actor_role": access.actor_role,
            "action": access.action,
            "purpose": access.purpose,
        },
    )


async def opened_since(store: Reading, actor_id: int, account_ids: Sequence[int], since: datetime) -> set[int]:
    """Of these accounts those that a member of staff has opened since that instant."""
    found = await store.rows(
        "select distinct account_id from access_log where actor_id = :actor_id and action = 'OPENED' "
        "and account_id is not null and happened_at >= :since_at",
        {"actor_id": actor_id, "since_at": since},
    )
    return {row["account_id"] for row in found} & set(account_ids)


async def students_opened_since(store: Reading, actor_id: int, purpose: str, since: datetime) -> set[str]:
    """The students whose records a member of staff has opened for that purpose since that instant."""
    found = await store.rows(
        "select distinct student_id from access_log where actor_id = :actor_id and action = 'OPENED' "
        "and purpose = :purpose and student_id is not null and happened_at >= :since_at",
        {"actor_id": actor_id, "purpose": purpose, "since_at": since},
    )
    return {row["student_id"] for row in found}


async def log_of(
    store: Reading,
    account_id: int,
    students: Sequence[str],
    actions: Sequence[str],
    after: Place | None,
    limit: int,
) -> list[Logged]:
    """The lines behind a place: of the account's trail those with these actions, and accesses to these students."""
    inner, params = _lines(account_id, students, actions)
    behind = "where (happened_at, source, id) < (:after_at, :after_source, :after_id)" if after else ""
    at, source, number = after or (None, 0, 0)
    found = await store.rows(
        f"select * from ({inner}) as lines {behind} order by happened_at desc, source desc, id desc limit :n",
        {**params, "after_at": at, "after_source": source, "after_id": number, "n": limit},
    )
    return [
        Logged(
            source=row["source"],
            id=row["id"],
            happened_at=row["happened_at"],
            action=row["action"],
            actor=row["actor"],
            address=row["address"],
            actor_name=row["actor_name"],
            actor_role=row["actor_role"],
            student_id=row["student_id"],
            purpose=row["purpose"],
        )
        for row in found
    ]


async def count_of(store: Reading, account_id: int, students: Sequence[str], actions: Sequence[str]) -> int:
    """How many lines there are in all."""
    inner, params = _lines(account_id, students, actions)
    (row,) = await store.rows(f"select count(*) as n from ({inner}) as lines", params)
    return int(row["n"])


def _lines(account_id: int, students: Sequence[str], actions: Sequence[str]) -> tuple[str, Mapping[str, object]]:
    """Both sources as one; students are bound one by one, a family has few."""
    names = [f"student_{number}" for number in range(len(students))]
    words = [f"action_{number}" for number in range(len(actions))]
    among = f"student_id in ({', '.join(f':{name}' for name in names)})" if names else "1 = 0"
    known = f"action in ({', '.join(f':{word}' for word in words)})" if words else "1 = 0"
    sql = (
        "select 0 as source, id, happened_at, action, actor, address, null as actor_name, null as actor_role, "
        f"null as student_id, null as purpose from audit where account_id = :account_id and {known} "
        "union all select 1 as source, id, happened_at, action, null as actor, null as address, actor_name, "
        f"actor_role, student_id, purpose from access_log where account_id = :account_id or {among}"
    )
    params = {
        "account_id": account_id,
        **dict(zip(names, students, strict=True)),
        **dict(zip(words, actions, strict=True)),
    }
    return sql, params
