"""Online registration: drafts and what became of them, signatures, reviews, documents and exports.

What families write is sealed with a key that is not in the store: health, households and the names of files among it.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_DAY = sa.Date().with_variant(sa.Text(), "sqlite")
_STATES = "DRAFT SUBMITTED IN_REVIEW NEEDS_CHANGES HOLD APPROVED DENIED WITHDRAWN EXPORTED"


def upgrade() -> None:
    """Creates the tables of registrations."""
    _registration()
    _review()
    _documents()
    _exports()


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")


def _registration() -> None:
    known = ", ".join(f"'{state}'" for state in _STATES.split())
    _table(
        "registration",
        sa.Column("state", sa.Text(), sa.CheckConstraint(f"state in ({known})", name="registration_state_is_known"),
                  nullable=False),
        sa.Column("school_year", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        # Null for a student whom the source does not know yet: then only who started it sees it.
        sa.Column("student_id", sa.Text()),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("form_version", sa.Text(), nullable=False),
        # Counts what was done to it as a whole, so that of two who act at once the second is told.
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.Column("submitted_at", _INSTANT),
        sa.Column("review_by_on", _DAY),
        sa.Column("assignee_id", _ID, sa.ForeignKey("account.id")),
        sa.Column("reason_sealed", sa.Text()),
    )  # fmt: skip
    live = sa.text("student_id is not null and state <> 'WITHDRAWN'")
    op.create_index(
        "registration_one_a_year",
        "registration",
        ["student_id", "school_year"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_index("registration_by_guardian", "registration", ["guardian_id", "school_year"])
    op.create_index("registration_queue", "registration", ["state", "review_by_on", "id"])
    op.create_table(
        "registration_section",
        sa.Column("registration_id", _ID, sa.ForeignKey("registration.id"), primary_key=True, autoincrement=False),
        sa.Column("section", sa.Text(), primary_key=True),
        # A guardian's own household stands beside the other's: '' is what belongs to the student.
        sa.Column("guardian_id", sa.Text(), primary_key=True, server_default=""),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answers_sealed", sa.Text(), nullable=False),
        sa.Column("saved_at", _INSTANT, nullable=False),
        sa.Column("saved_by", _ID, sa.ForeignKey("account.id"), nullable=False),
    )
    _table(
        "registration_step",
        _of_registration(),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("happened_at", _INSTANT, nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id")),
        sa.Column("note_sealed", sa.Text()),
    )
    _table(
        "registration_signature",
        _of_registration(),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("session_id", _ID, sa.ForeignKey("session.id"), nullable=False),
        sa.Column("signed_at", _INSTANT, nullable=False),
        sa.Column("typed_name_sealed", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("statement_hash", sa.Text(), nullable=False),
        sa.Column("answers_hash", sa.Text(), nullable=False),
        sa.Column("form_version", sa.Text(), nullable=False),
    )


def _review() -> None:
    _table(
        "registration_note",
        _of_registration(),
        sa.Column("step_id", _ID, sa.ForeignKey("registration_step.id"), nullable=False, index=True),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer()),
        sa.Column("field", sa.Text()),
        sa.Column("text_sealed", sa.Text(), nullable=False),
    )


def _documents() -> None:
    _table(
        "registration_upload",
        _of_registration(),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(),
                  sa.CheckConstraint("state in ('EXPECTED', 'RECEIVED', 'CLEAN', 'REFUSED', 'REMOVED')",
                                     name="registration_upload_state_is_known"),
                  nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("session_id", _ID, sa.ForeignKey("session.id"), nullable=False),
        sa.Column("name_sealed", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text()),
        # The file's name in the folder of uploads: random, and nothing of the family's.
        sa.Column("stored_as", sa.Text(), unique=True),
        sa.Column("token_hash", sa.Text(), unique=True),
        sa.Column("token_expires_at", _INSTANT),
        sa.Column("announced_at", _INSTANT, nullable=False),
        sa.Column("received_at", _INSTANT),
        sa.Column("scanned_at", _INSTANT),
    )  # fmt: skip


def _exports() -> None:
    _table(
        "registration_export",
        sa.Column("school_year", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False, unique=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("written_at", _INSTANT, nullable=False),
        sa.Column("supersedes_id", _ID, sa.ForeignKey("registration_export.id")),
    )
    op.create_table(
        "registration_exported",
        sa.Column("export_id", _ID, sa.ForeignKey("registration_export.id"), primary_key=True, autoincrement=False),
        sa.Column("registration_id", _ID, sa.ForeignKey("registration.id"), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def _table(name: str, *parts: Any) -> None:
    op.create_table(name, sa.Column("id", _ID, primary_key=True), *parts, sqlite_autoincrement=True)


def _of_registration() -> "sa.Column[Any]":
    return sa.Column("registration_id", _ID, sa.ForeignKey("registration.id"), nullable=False, index=True)
