"""Which guardians were told that a student will soon be of age: each once."""

from datetime import datetime

from loaders.portal.transaction import Reading, Transaction


async def note_notice(transaction: Transaction, student_id: str, guardian_id: str, now: datetime) -> bool:
    """Notes that the guardian is told; False where that was done before."""
    changed = await transaction.execute(
        "insert into eligibility_notice (student_id, guardian_id, posted_at) "
        "values (:student_id, :guardian_id, :now_at) on conflict (student_id, guardian_id) do nothing",
        {"student_id": student_id, "guardian_id": guardian_id, "now_at": now},
    )
    return changed == 1


async def account_of_guardian(store: Reading, guardian_id: str) -> tuple[int, str | None] | None:
    """Id and language of the account of a guardian that can log in, the first of several; None where there is none."""
    found = await store.rows(
        "select id, language from account where guardian_id = :guardian_id and disabled_at is null order by id limit 1",
        {"guardian_id": guardian_id},
    )
    return (found[0]["id"], found[0]["language"]) if found else None
