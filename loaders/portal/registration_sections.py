"""What is filled in of a registration: sealed answers, section by section, each with the version it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Transaction

#: In the place of a guardian: what belongs to the student, whichever guardian wrote it.
OF_STUDENT = ""


@dataclass(frozen=True, slots=True)
class SavedSection:
    """A section as it was last saved; `guardian_id` is whose household it is, or OF_STUDENT."""

    section: str
    guardian_id: str
    version: int
    answers_sealed: str
    saved_at: datetime
    saved_by: int


async def sections_of(store: Reading, registration_id: int, guardians: Sequence[str]) -> list[SavedSection]:
    """The student's sections of a registration, and those of these guardians' households."""
    names = {f"guardian{n}": guardian for n, guardian in enumerate((OF_STUDENT, *guardians))}
    listed = ", ".join(f":{name}" for name in names)
    found = await store.rows(
        "select section, guardian_id, version, answers_sealed, saved_at, saved_by from registration_section "
        f"where registration_id = :id and guardian_id in ({listed}) order by section, guardian_id",
        {"id": registration_id, **names},
    )
    return [SavedSection(**row) for row in found]


async def all_sections_of(store: Reading, registration_id: int) -> list[SavedSection]:
    """The student's sections of a registration, and those of every guardian's household."""
    found = await store.rows(
        "select section, guardian_id, version, answers_sealed, saved_at, saved_by from registration_section "
        "where registration_id = :id order by section, guardian_id",
        {"id": registration_id},
    )
    return [SavedSection(**row) for row in found]


async def put_section(transaction: Transaction, registration_id: int, saved: SavedSection) -> bool:
    """Saves a section as the version after the one that it was read at; False where it has another by now.

    `saved.version` is the new one: 1 is the first.
    """
    values = {
        "registration_id": registration_id,
        "section": saved.section,
        "guardian_id": saved.guardian_id,
        "answers_sealed": saved.answers_sealed,
        "saved_at": saved.saved_at,
        "saved_by": saved.saved_by,
    }
    if saved.version == 1:
        changed = await transaction.execute(
            "insert into registration_section (registration_id, section, guardian_id, version, answers_sealed, "
            "saved_at, saved_by) values (:registration_id, :section, :guardian_id, 1, :answers_sealed, :saved_at, "
            ":saved_by) on conflict do nothing",
            values,
        )
    else:
        changed = await transaction.execute(
            "update registration_section set version = :version, answers_sealed = :answers_sealed, "
            "saved_at = :saved_at, saved_by = :saved_by where registration_id = :registration_id "
            "and section = :section and guardian_id = :guardian_id and version = :seen",
            {**values, "version": saved.version, "seen": saved.version - 1},
        )
    return changed == 1


async def is_untouched(store: Reading, registration_id: int) -> bool:
    """Whether nobody has saved anything in it since it was started."""
    found = await store.rows(
        "select 1 as one from registration_section where registration_id = :id and (version > 1 or guardian_id = '') "
        "limit 1",
        {"id": registration_id},
    )
    return not found


async def documents_in(store: Reading, registration_id: int, section: str, guardian_id: str) -> set[tuple[str, str]]:
    """Field and id of the documents handed in for a section; those of a household by its guardian's account alone."""
    found = await store.rows(
        "select upload.field, upload.id from registration_upload as upload "
        "join account on account.id = upload.account_id where upload.registration_id = :id "
        "and upload.section = :section and upload.state in ('RECEIVED', 'CLEAN') "
        "and (:guardian_id = '' or account.guardian_id = :guardian_id) order by upload.id",
        {"id": registration_id, "section": section, "guardian_id": guardian_id},
    )
    return {(row["field"], str(row["id"])) for row in found}
