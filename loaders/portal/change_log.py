"""The change log: what has changed in the school's system, in one order, named by keys and never by content.

A number is given under the lock of one row, which is held until the commit: so the order of the numbers is the order of
the commits on every engine, and who has read up to a number has missed nothing before it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.many import among, insert_all
from loaders.portal.transaction import Reading, Row, Transaction


@dataclass(frozen=True, slots=True)
class LogState:
    """Which log it is, its last number, and the last number that it holds no more."""

    epoch: str
    head: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change to be logged. It concerns a student, or a guardian alone, by the SIS's keys as text.

    `entity` names the thing within its owner; the versions are keyed tags of it, empty where it is not there.
    `corrects` is the number of the change before of the same thing, `retracts` whether it is taken back.
    """

    kind: str
    student_id: str | None
    guardian_id: str | None
    entity: str
    version: str
    version_before: str
    previous_sealed: str | None
    corrects: int | None
    retracts: bool
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class LoggedChange(NewChange):
    """A change with its number."""

    seq: int


@dataclass(frozen=True, slots=True)
class Latest:
    """The last change of a thing that the log holds."""

    seq: int
    version: str
    version_before: str


@dataclass(frozen=True, slots=True)
class Whose:
    """Which changes are asked for: of each of these sets of kinds those of these students, and those of a guardian."""

    students: Sequence[tuple[Sequence[str], Sequence[str]]]
    guardian: str | None = None
    guardian_kinds: Sequence[str] = ()


_INSERTED = (
    "seq",
    "kind",
    "student_id",
    "guardian_id",
    "entity",
    "version",
    "version_before",
    "previous_sealed",
    "corrects",
    "occurred_at",
    "retracts",
)


async def log_state(store: Reading) -> LogState | None:
    """How the log stands; None where none was begun."""
    found = await store.rows("select epoch, head, forgotten from change_log where id = 1", {})
    return LogState(found[0]["epoch"], found[0]["head"], found[0]["forgotten"]) if found else None


async def begin_log(transaction: Transaction) -> LogState:
    """How the log stands; a new one, under a new name, where there is none."""
    await transaction.execute(
        "insert into change_log (id, epoch, head, forgotten) values (1, :epoch, 0, 0) on conflict (id) do nothing",
        {"epoch": secrets.token_hex(8)},
    )
    state = await log_state(transaction)
    if state is None:
        raise RuntimeError("The log was begun and is not there.")
    return state


async def rename_log(transaction: Transaction) -> None:
    """Gives the log another name: a store that was brought back from a copy gives numbers again that clients know."""
    await transaction.execute("update change_log set epoch = :epoch where id = 1", {"epoch": secrets.token_hex(8)})


async def append(transaction: Transaction, changes: Sequence[NewChange]) -> int:
    """Logs the changes in their order, and says the last number; the row's lock makes others wait for the commit."""
    (row,) = await transaction.rows(
        "update change_log set head = head + :n where id = 1 returning head", {"n": len(changes)}
    )
    head: int = row["head"]
    rows = [
        (number, *(getattr(change, column) for column in _INSERTED[1:-1]), int(change.retracts))
        for number, change in enumerate(changes, head - len(changes) + 1)
    ]
    await insert_all(transaction, "change", _INSERTED, rows)
    return head


async def latest_of(
    transaction: Reading, kinds: Sequence[str], owners: Sequence[str], *, guardian: bool
) -> dict[tuple[str, str], Latest]:
    """The last change of each thing of some students, or of some guardians, by the owner and the thing's name."""
    owner = "guardian_id" if guardian else "student_id"
    whose, bound = among(owner, owners)
    of_kind, known = among("kind", kinds)
    found = await transaction.rows(
        f"select {owner} as owner_id, entity, seq, version, version_before from change "
        f"where {whose} and {of_kind} order by seq",
        {**bound, **known},
    )
    return {
        (row["owner_id"], row["entity"]): Latest(row["seq"], row["version"], row["version_before"]) for row in found
    }


async def changes_after(store: Reading, after: int, limit: int) -> list[LoggedChange]:
    """Everybody's changes behind a number, in order."""
    found = await store.rows(
        f"{_SELECT} where change.seq > :after order by change.seq limit :n", {"after": after, "n": limit}
    )
    return [_logged(row) for row in found]


async def changes_of(store: Reading, whose: Whose, after: int, upto: int, limit: int) -> list[LoggedChange]:
    """Some people's changes behind a number and up to another, in order."""
    where, params = _whose(whose)
    found = await store.rows(
        f"{_SELECT} where change.seq > :after and change.seq <= :upto and {where} order by change.seq limit :n",
        {"after": after, "upto": upto, "n": limit, **params},
    )
    return [_logged(row) for row in found]


async def log_of(
    store: Reading, whose: Whose, after: int | None, limit: int
) -> tuple[LogState, list[LoggedChange]] | None:
    """How the log stands, and some people's changes behind a number, in order, or from the log's beginning.

    In one statement, so that the two agree; None where no log was begun.
    """
    where, params = _whose(whose)
    found = await store.rows(
        f"select change_log.epoch, change_log.head, change_log.forgotten, {_COLUMNS} from change_log left join change "
        f"on change.seq > coalesce(:after, change_log.forgotten) and {where} where change_log.id = 1 "
        "order by change.seq limit :n",
        {"after": after, "n": limit, **params},
    )
    if not found:
        return None
    state = LogState(found[0]["epoch"], found[0]["head"], found[0]["forgotten"])
    return state, [_logged(row) for row in found if row["seq"] is not None]


async def count_changes(store: Reading, whose: Whose) -> int:
    """How many of some people's changes the log holds."""
    where, params = _whose(whose)
    (row,) = await store.rows(f"select count(*) as n from change where {where}", params)
    return int(row["n"])


async def forget_changes(transaction: Transaction, before: datetime, least: int) -> int:
    """Deletes what is older than that instant, as long as the last `least` changes stay; how many it deleted."""
    (row,) = await transaction.rows(
        "select max(seq) as last from change where occurred_at < :before_at "
        "and seq <= (select head from change_log where id = 1) - :least",
        {"before_at": before, "least": least},
    )
    if row["last"] is None:
        return 0
    await transaction.execute(
        "update change_log set forgotten = :last where id = 1 and forgotten < :last", {"last": row["last"]}
    )
    return await transaction.execute("delete from change where seq <= :last", {"last": row["last"]})


_COLUMNS = (
    "change.seq, change.kind, change.student_id, change.guardian_id, change.entity, change.version, "
    "change.version_before, change.previous_sealed, change.corrects, change.retracts, change.occurred_at"
)
_SELECT = f"select {_COLUMNS} from change"


def _whose(whose: Whose) -> tuple[str, dict[str, object]]:
    """Keys are bound one by one, a family has few."""
    conditions, params = ["1 = 0"], dict[str, object]()
    for number, (kinds, students) in enumerate(whose.students):
        if kinds and students:
            whom, bound = among("student_id", students, number)
            of_kind, known = among("kind", kinds, number)
            conditions.append(f"({whom} and {of_kind})")
            params |= {**bound, **known}
    if whose.guardian is not None and whose.guardian_kinds:
        of_kind, known = among("kind", whose.guardian_kinds, len(whose.students))
        conditions.append(f"(guardian_id = :guardian_id and {of_kind})")
        params |= {"guardian_id": whose.guardian, **known}
    return f"({' or '.join(conditions)})", params


def _logged(row: Row) -> LoggedChange:
    return LoggedChange(
        kind=row["kind"],
        student_id=row["student_id"],
        guardian_id=row["guardian_id"],
        entity=row["entity"],
        version=row["version"],
        version_before=row["version_before"],
        previous_sealed=row["previous_sealed"],
        corrects=row["corrects"],
        retracts=bool(row["retracts"]),
        occurred_at=row["occurred_at"],
        seq=row["seq"],
    )
