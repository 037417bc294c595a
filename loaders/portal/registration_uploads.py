"""Documents that families hand in with registrations: announced, received, examined, removed.

A file never exists without a row that names it, and a document that was received never without its file: the name is
noted before the file is written, and forgotten after the file was removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from loaders.portal.transaction import Reading, Row, Transaction


class UploadState(Enum):
    """How far a document is; RECEIVED until a scanner has found it CLEAN, or infected and so REFUSED."""

    EXPECTED = "EXPECTED"
    RECEIVED = "RECEIVED"
    CLEAN = "CLEAN"
    REFUSED = "REFUSED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A document to be: where it belongs, who announced it in which session, and what it is to be."""

    registration_id: int
    section: str
    field: str
    account_id: int
    session_id: int
    name_sealed: str
    media_type: str
    bytes: int
    token_hash: str
    token_expires_at: datetime
    announced_at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it is; `guardian_id` is whose account announced it, `stored_as` the name of its file."""

    id: int
    registration_id: int
    section: str
    field: str
    state: UploadState
    account_id: int
    session_id: int
    guardian_id: str | None
    name_sealed: str
    media_type: str
    bytes: int
    sha256: str | None
    stored_as: str | None
    token_expires_at: datetime | None
    received_at: datetime | None
    scanned_at: datetime | None


_SELECT = """select upload.id, upload.registration_id, upload.section, upload.field, upload.state, upload.account_id,
upload.session_id, account.guardian_id, upload.name_sealed, upload.media_type, upload.bytes, upload.sha256,
upload.stored_as, upload.token_expires_at, upload.received_at, upload.scanned_at
from registration_upload as upload join account on account.id = upload.account_id"""


async def add_upload(transaction: Transaction, new: NewUpload) -> int:
    """Announces a document and says its id."""
    return await transaction.insert(
        "insert into registration_upload (registration_id, section, field, state, account_id, session_id, name_sealed, "
        "media_type, bytes, token_hash, token_expires_at, announced_at) values (:registration_id, :section, :field, "
        "'EXPECTED', :account_id, :session_id, :name_sealed, :media_type, :bytes, :token_hash, :token_expires_at, "
        ":announced_at) returning id",
        {
            "registration_id": new.registration_id,
            "section": new.section,
            "field": new.field,
            "account_id": new.account_id,
            "session_id": new.session_id,
            "name_sealed": new.name_sealed,
            "media_type": new.media_type,
            "bytes": new.bytes,
            "token_hash": new.token_hash,
            "token_expires_at": new.token_expires_at,
            "announced_at": new.announced_at,
        },
    )


async def uploads_of(store: Reading, registration_id: int) -> list[Upload]:
    """The documents of a registration that are not removed, in the order in which they were announced."""
    found = await store.rows(
        f"{_SELECT} where upload.registration_id = :id and upload.state <> 'REMOVED' order by upload.id",
        {"id": registration_id},
    )
    return [_upload(row) for row in found]


async def upload_by_id(store: Reading, upload_id: int) -> Upload | None:
    """The document of an id, whatever its state."""
    found = await store.rows(f"{_SELECT} where upload.id = :id", {"id": upload_id})
    return _upload(found[0]) if found else None


async def upload_by_token(store: Reading, token_hash: str) -> Upload | None:
    """The document that is to be handed in at the address of this secret."""
    found = await store.rows(f"{_SELECT} where upload.token_hash = :token_hash", {"token_hash": token_hash})
    return _upload(found[0]) if found else None


async def claim_file(transaction: Transaction, upload: Upload, name: str) -> bool:
    """Notes the name under which its file will be written; False where another has noted one since it was read."""
    changed = await transaction.execute(
        "update registration_upload set stored_as = :name where id = :id and state = 'EXPECTED' "
        "and coalesce(stored_as, '') = :seen",
        {"id": upload.id, "name": name, "seen": upload.stored_as or ""},
    )
    return changed == 1


async def receive_upload(
    transaction: Transaction, upload_id: int, name: str, sha256: str, state: UploadState, now: datetime
) -> bool:
    """Takes a document whose file is there under that name; its address is used up. False where it is too late."""
    changed = await transaction.execute(
        "update registration_upload set state = :state, sha256 = :sha256, received_at = :now_at, token_hash = null "
        "where id = :id and state = 'EXPECTED' and stored_as = :name and token_expires_at > :now_at",
        {"id": upload_id, "name": name, "sha256": sha256, "state": state, "now_at": now},
    )
    return changed == 1


async def judge_upload(transaction: Transaction, upload_id: int, state: UploadState, now: datetime) -> bool:
    """Notes what a scanner found; RECEIVED where it could not say. False where the document is judged or gone."""
    changed = await transaction.execute(
        "update registration_upload set state = :state, scanned_at = :now_at where id = :id and state = 'RECEIVED'",
        {"id": upload_id, "state": state, "now_at": now},
    )
    return changed == 1


async def remove_upload(transaction: Transaction, upload_id: int) -> bool:
    """Takes a document away; its file goes afterwards. False where that was done before."""
    changed = await transaction.execute(
        "update registration_upload set state = 'REMOVED', token_hash = null where id = :id and state <> 'REMOVED'",
        {"id": upload_id},
    )
    return changed == 1


async def remove_uploads_of(transaction: Transaction, registration_id: int) -> int:
    """Takes all documents of a registration away; how many."""
    return await transaction.execute(
        "update registration_upload set state = 'REMOVED', token_hash = null "
        "where registration_id = :id and state <> 'REMOVED'",
        {"id": registration_id},
    )


async def uploads_to_scan(store: Reading, before: datetime, most: int) -> list[Upload]:
    """The documents that no scanner has judged, nor tried to since that instant; the longest waiting first."""
    found = await store.rows(
        f"{_SELECT} where upload.state = 'RECEIVED' and (upload.scanned_at is null or upload.scanned_at <= :before_at) "
        "order by upload.scanned_at is not null, upload.scanned_at, upload.id limit :most",
        {"before_at": before, "most": most},
    )
    return [_upload(row) for row in found]


async def leftovers(store: Reading, expired_before: datetime, most: int) -> Sequence[tuple[int, str | None]]:
    """Id and file of documents that were removed or refused, or announced and never handed in before that instant."""
    found = await store.rows(
        "select id, stored_as from registration_upload "
        "where (state in ('REMOVED', 'REFUSED') and stored_as is not null) "
        "or (state = 'EXPECTED' and token_expires_at <= :before_at) order by id limit :most",
        {"before_at": expired_before, "most": most},
    )
    return [(row["id"], row["stored_as"]) for row in found]


async def forget_file(transaction: Transaction, upload_id: int) -> None:
    """Notes that a leftover's file is gone; with one that was never handed in, all of it is forgotten."""
    await transaction.execute(
        "delete from registration_upload where id = :id and state = 'EXPECTED'", {"id": upload_id}
    )
    await transaction.execute(
        "update registration_upload set stored_as = null where id = :id and state in ('REMOVED', 'REFUSED')",
        {"id": upload_id},
    )


async def file_names(store: Reading) -> set[str]:
    """The names of all files that some document has."""
    found = await store.rows("select stored_as from registration_upload where stored_as is not null order by stored_as")
    return {row["stored_as"] for row in found}


def _upload(row: Row) -> Upload:
    return Upload(**{**row, "state": UploadState(row["state"])})
