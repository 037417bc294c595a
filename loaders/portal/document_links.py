"""Addresses of documents, each good once, and when a guardian first had which document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Row, Transaction

#: A student and a document's name within it, as texts.
Place = tuple[str, str]

#: How many rows one statement adds; a statement takes some hundred values on any engine.
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """An address that was given to one session: known by the hash of its secret."""

    token_hash: str
    session_id: int
    account_id: int
    student_id: str
    document: str
    expires_at: datetime
    used_at: datetime | None


async def add_links(
    transaction: Transaction,
    places: Sequence[tuple[str, Place]],
    *,
    session_id: int,
    account_id: int,
    expires_at: datetime,
) -> None:
    """Notes addresses, each a hash and the place it leads to, all for one session; a statement for two hundred."""
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        params: dict[str, object] = {"session_id": session_id, "account_id": account_id, "expires_at": expires_at}
        rows = []
        for n, (token_hash, (student_id, document)) in enumerate(some):
            params |= {f"hash_{n}": token_hash, f"student_{n}": student_id, f"document_{n}": document}
            rows.append(f"(:hash_{n}, :session_id, :account_id, :student_{n}, :document_{n}, :expires_at)")
        await transaction.execute(
            "insert into document_link (token_hash, session_id, account_id, student_id, document, expires_at) "
            f"values {', '.join(rows)}",
            params,
        )


async def link_by_hash(store: Reading, token_hash: str) -> DocumentLink | None:
    """The address that is known by this hash."""
    found = await store.rows(
        "select token_hash, session_id, account_id, student_id, document, expires_at, used_at from document_link "
        "where token_hash = :token_hash",
        {"token_hash": token_hash},
    )
    return _link(found[0]) if found else None


async def use_link(transaction: Transaction, token_hash: str, now: datetime) -> bool:
    """Uses an address up; False where that was done before, or its time is over: of several at once one has it."""
    changed = await transaction.execute(
        "update document_link set used_at = :now_at "
        "where token_hash = :token_hash and used_at is null and expires_at > :now_at",
        {"token_hash": token_hash, "now_at": now},
    )
    return changed == 1


async def note_view(transaction: Transaction, guardian_id: str, place: Place, now: datetime) -> None:
    """Notes that a guardian has had a document; the first time stays."""
    await transaction.execute(
        "insert into document_view (guardian_id, student_id, document, first_viewed_at) "
        "values (:guardian_id, :student_id, :document, :now_at) on conflict do nothing",
        {"guardian_id": guardian_id, "student_id": place[0], "document": place[1], "now_at": now},
    )


async def first_views(store: Reading, guardian_id: str, students: Sequence[str]) -> dict[Place, datetime]:
    """When the guardian first had which documents of these students."""
    names = [f"student_{n}" for n in range(len(students))]
    found = await store.rows(
        "select student_id, document, first_viewed_at from document_view where guardian_id = :guardian_id "
        f"and student_id in ({', '.join(f':{name}' for name in names)})",
        {"guardian_id": guardian_id, **dict(zip(names, students, strict=True))},
    )
    return {(row["student_id"], row["document"]): row["first_viewed_at"] for row in found}


async def forget_document_links(transaction: Transaction, now: datetime) -> int:
    """Deletes the addresses whose time is over; how many."""
    return await transaction.execute("delete from document_link where expires_at <= :now_at", {"now_at": now})


def _link(row: Row) -> DocumentLink:
    return DocumentLink(
        token_hash=row["token_hash"],
        session_id=row["session_id"],
        account_id=row["account_id"],
        student_id=row["student_id"],
        document=row["document"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
    )
