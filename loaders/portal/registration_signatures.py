"""Signatures under registrations: who signed what, in which session, under what text, and the receipt of it."""

from dataclasses import dataclass
from datetime import datetime

from loaders.portal.transaction import Reading, Transaction


@dataclass(frozen=True, slots=True)
class NewSignature:
    """A signature to be: who, in which session, under what text, and the hash of all the answers as they were."""

    registration_id: int
    account_id: int
    session_id: int
    signed_at: datetime
    typed_name_sealed: str
    statement: str
    statement_hash: str
    answers_hash: str
    form_version: str
    receipt_sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """The last signature under a registration."""

    account_id: int
    signed_at: datetime
    typed_name_sealed: str
    statement: str
    statement_hash: str
    answers_hash: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature with its receipt, where there is one."""

    id: int
    registration_id: int
    account_id: int
    signed_at: datetime
    receipt_sealed: str | None


_SIGNED = "id, registration_id, account_id, signed_at, receipt_sealed"


async def add_signature(transaction: Transaction, new: NewSignature) -> int:
    """Adds a signature and says its id."""
    return await transaction.insert(
        "insert into registration_signature (registration_id, account_id, session_id, signed_at, typed_name_sealed, "
        "statement, statement_hash, answers_hash, form_version, receipt_sealed) values (:registration_id, :account_id, "
        ":session_id, :signed_at, :typed_name_sealed, :statement, :statement_hash, :answers_hash, :form_version, "
        ":receipt_sealed) returning id",
        {
            "registration_id": new.registration_id,
            "account_id": new.account_id,
            "session_id": new.session_id,
            "signed_at": new.signed_at,
            "typed_name_sealed": new.typed_name_sealed,
            "statement": new.statement,
            "statement_hash": new.statement_hash,
            "answers_hash": new.answers_hash,
            "form_version": new.form_version,
            "receipt_sealed": new.receipt_sealed,
        },
    )


async def signature_of(store: Reading, registration_id: int) -> Signature | None:
    """The last signature under a registration."""
    found = await store.rows(
        "select account_id, signed_at, typed_name_sealed, statement, statement_hash, answers_hash "
        "from registration_signature where registration_id = :id order by id desc limit 1",
        {"id": registration_id},
    )
    return Signature(**found[0]) if found else None


async def signatures_by(store: Reading, registration_id: int, account_id: int) -> list[Signed]:
    """The signatures of an account under a registration, in their order."""
    found = await store.rows(
        f"select {_SIGNED} from registration_signature where registration_id = :id and account_id = :account_id "
        "order by id",
        {"id": registration_id, "account_id": account_id},
    )
    return [Signed(**row) for row in found]


async def signature_by_id(store: Reading, signature_id: int) -> Signed | None:
    """The signature of an id."""
    found = await store.rows(f"select {_SIGNED} from registration_signature where id = :id", {"id": signature_id})
    return Signed(**found[0]) if found else None
