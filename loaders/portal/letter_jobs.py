"""Letter jobs: the orders to print activation keys, how far each is, and the sealed letters until they are fetched."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loaders.portal.transaction import Reading, Row, Transaction


class LetterState(Enum):
    """How far a letter job is."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class NewLetterJob:
    """A letter job to be; what is to be written is sealed, for it will hold keys."""

    school_id: str | None
    portal_request_id: int | None
    ordered_by: int
    ordered_at: datetime
    total: int
    document_sealed: str


@dataclass(frozen=True, slots=True)
class LetterJob:
    """A letter job as it is; `document_sealed` holds the work while it runs, then the PDF until it is fetched."""

    id: int
    state: LetterState
    school_id: str | None
    portal_request_id: int | None
    ordered_by: int
    ordered_at: datetime
    total: int
    done: int
    finished_at: datetime | None
    error: str | None
    document_sealed: str | None
    document_expires_at: datetime | None
    fetched_at: datetime | None


_SELECT = """
select id, state, school_id, portal_request_id, ordered_by, ordered_at, total, done, finished_at, error,
    document_sealed, document_expires_at, fetched_at
from letter_job
"""


async def add_letter_job(transaction: Transaction, job: NewLetterJob) -> int:
    """Adds a job that waits, and says its id."""
    return await transaction.insert(
        "insert into letter_job (state, school_id, portal_request_id, ordered_by, ordered_at, total, document_sealed) "
        "values ('WAITING', :school_id, :portal_request_id, :ordered_by, :ordered_at, :total, :document_sealed) "
        "returning id",
        {
            "school_id": job.school_id,
            "portal_request_id": job.portal_request_id,
            "ordered_by": job.ordered_by,
            "ordered_at": job.ordered_at,
            "total": job.total,
            "document_sealed": job.document_sealed,
        },
    )


async def letter_job(store: Reading, job_id: int) -> LetterJob | None:
    """The job of an id."""
    found = await store.rows(f"{_SELECT} where id = :id", {"id": job_id})
    return _job(found[0]) if found else None


async def next_letter_job(store: Reading) -> LetterJob | None:
    """The job to go on with: one that was begun before those that wait, the oldest first."""
    found = await store.rows(
        f"{_SELECT} where state in ('WAITING', 'RUNNING') "
        "order by case state when 'RUNNING' then 0 else 1 end, id limit 1",
        {},
    )
    return _job(found[0]) if found else None


async def advance_job(transaction: Transaction, job: LetterJob, done: int, sealed: str, now: datetime) -> bool:
    """Notes how far a job is, with the work as it is then; False where somebody else has carried it on meanwhile."""
    changed = await transaction.execute(
        "update letter_job set state = 'RUNNING', done = :done, document_sealed = :sealed, "
        "started_at = coalesce(started_at, :now_at) where id = :id and state = :seen and done = :seen_done",
        {
            "id": job.id,
            "seen": job.state.value,
            "seen_done": job.done,
            "done": done,
            "sealed": sealed,
            "now_at": now,
        },
    )
    return changed == 1


async def finish_job(
    transaction: Transaction, job: LetterJob, total: int, sealed: str | None, now: datetime, expires_at: datetime
) -> bool:
    """Ends a job with its document, or none where there was nothing to write; False where somebody else has."""
    changed = await transaction.execute(
        "update letter_job set state = 'DONE', total = :total, done = :total, document_sealed = :sealed, "
        "document_expires_at = :expires_at, finished_at = :now_at, started_at = coalesce(started_at, :now_at) "
        "where id = :id and state = :seen and done = :seen_done",
        {
            "id": job.id,
            "seen": job.state.value,
            "seen_done": job.done,
            "total": total,
            "sealed": sealed,
            "expires_at": expires_at,
            "now_at": now,
        },
    )
    return changed == 1


async def fail_job(transaction: Transaction, job: LetterJob, error: str, now: datetime) -> None:
    """Gives a job up; what was written of it is gone."""
    await transaction.execute(
        "update letter_job set state = 'FAILED', error = :error, document_sealed = null, finished_at = :now_at "
        "where id = :id and state in ('WAITING', 'RUNNING')",
        {"id": job.id, "error": error, "now_at": now},
    )


async def take_document(transaction: Transaction, job_id: int, now: datetime) -> LetterJob | None:
    """The job with its document, which is gone from the store then; None where there is none, or none any more."""
    found = await transaction.rows(
        f"{_SELECT} where id = :id and state = 'DONE' and document_sealed is not null "
        "and document_expires_at > :now_at",
        {"id": job_id, "now_at": now},
    )
    changed = await transaction.execute(
        "update letter_job set document_sealed = null, fetched_at = :now_at "
        "where id = :id and state = 'DONE' and document_sealed is not null and document_expires_at > :now_at",
        {"id": job_id, "now_at": now},
    )
    return _job(found[0]) if found and changed == 1 else None


async def forget_letters(transaction: Transaction, now: datetime) -> int:
    """Deletes the letters that nobody has fetched in their time; how many documents."""
    return await transaction.execute(
        "update letter_job set document_sealed = null "
        "where state = 'DONE' and document_sealed is not null and document_expires_at <= :now_at",
        {"now_at": now},
    )


def _job(row: Row) -> LetterJob:
    return LetterJob(
        id=row["id"],
        state=LetterState(row["state"]),
        school_id=row["school_id"],
        portal_request_id=row["portal_request_id"],
        ordered_by=row["ordered_by"],
        ordered_at=row["ordered_at"],
        total=row["total"],
        done=row["done"],
        finished_at=row["finished_at"],
        error=row["error"],
        document_sealed=row["document_sealed"],
        document_expires_at=row["document_expires_at"],
        fetched_at=row["fetched_at"],
    )
