"""Exports of registrations: which are due, what went out with which file, and what a later one supersedes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loaders.portal.registrations import COLUMNS, Registration, read_registration
from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class Due:
    """A registration to be exported: approved, or taken back after it went out; since when, and who signed it.

    `before` is the file with which it last went out, and that file's export.
    """

    registration: Registration
    since: datetime
    signer_guardian_id: str | None
    before: str | None
    before_id: int | None


async def due(store: Reading, school_year: int, school_id: str | None) -> list[Due]:
    """The registrations of a year that are approved, and those that were taken back since they last went out.

    By their numbers; of one school where it is named.
    """
    columns = ", ".join(f"registration.{name}" for name in COLUMNS)
    found = await store.rows(
        f"select {columns}, last.file_name, last.id as export_id, "
        "(select max(step.happened_at) from registration_step as step "
        "  where step.registration_id = registration.id and step.state = registration.state) as since_at, "
        "(select account.guardian_id from registration_signature as signature "
        "  join account on account.id = signature.account_id where signature.id = (select max(id) "
        "    from registration_signature where registration_id = registration.id)) as signer "
        "from registration left join registration_export as last on last.id = (select max(export_id) "
        "  from registration_exported where registration_id = registration.id) "
        "left join registration_exported as sent on sent.export_id = last.id "
        "  and sent.registration_id = registration.id "
        "where registration.school_year = :school_year and (:school_id = '' or registration.school_id = :school_id) "
        "and (registration.state = 'APPROVED' or (registration.state in ('DENIED', 'WITHDRAWN') "
        "  and sent.version is not null and sent.version <> registration.version)) order by registration.id",
        {"school_year": school_year, "school_id": school_id or ""},
    )
    return [
        Due(
            read_registration({name: row[name] for name in COLUMNS}),
            row["since_at"],
            row["signer"],
            row["file_name"],
            row["export_id"],
        )
        for row in found
    ]


async def is_export(store: Reading, file_name: str) -> bool:
    """Whether a file of that name went out."""
    found = await store.rows(
        "select 1 as one from registration_export where file_name = :file_name", {"file_name": file_name}
    )
    return bool(found)


async def add_export(
    transaction: Transaction,
    school_year: int,
    file_name: str,
    sha256: str,
    now: datetime,
    supersedes_id: int | None,
) -> int:
    """Notes that a file was written and says the export's id; ConstraintBroken where there is one of that name."""
    return await transaction.insert(
        "insert into registration_export (school_year, file_name, sha256, written_at, supersedes_id) "
        "values (:school_year, :file_name, :sha256, :now_at, :supersedes_id) returning id",
        {
            "school_year": school_year,
            "file_name": file_name,
            "sha256": sha256,
            "now_at": now,
            "supersedes_id": supersedes_id,
        },
    )


async def add_exported(transaction: Transaction, export_id: int, sent: Sequence[tuple[int, int]]) -> None:
    """Notes which registrations went out with an export, each as which version."""
    for registration_id, version in sent:
        await transaction.execute(
            "insert into registration_exported (export_id, registration_id, version) "
            "values (:export_id, :registration_id, :version)",
            {"export_id": export_id, "registration_id": registration_id, "version": version},
        )
