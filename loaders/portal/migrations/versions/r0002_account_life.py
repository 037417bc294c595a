"""An account's whole life: requests, keys, recovery, devices, second factors, support, mail, letters, the access log.

What opens something is kept as a hash (keys, tokens, recovery codes), what must be shown or sent again is sealed with a
key that is not in the store (a TOTP secret, a mail's text, letters), and what is only compared is a keyed tag (images).
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_DAY = sa.Date().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables and widens those of the first revision."""
    _widen()
    _activation()
    _recovery()
    _devices()
    _desk()
    _mail()


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")


def _widen() -> None:
    # A member of staff has no guardian's record: name, address and key in the SIS stand here. A guardian's stay there.
    for name in ("name", "email", "staff_id", "language"):
        op.add_column("account", sa.Column(name, sa.Text()))
    op.add_column("account", sa.Column("password_changed_at", _INSTANT))
    op.add_column("account", sa.Column("setup_done_at", _INSTANT))
    op.add_column("account", sa.Column("setup_deferrals", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("session", sa.Column("second_factor_at", _INSTANT))
    op.add_column("session", sa.Column("known_device_id", _ID))
    op.create_index("account_by_guardian", "account", ["guardian_id"])
    op.create_index("session_by_age", "session", ["ended_at", "absolute_expires_at"])
    op.execute("update account set staff_role = 'OFFICE' where staff_role = 'registrar'")


def _activation() -> None:
    _table(
        "portal_request",
        # Shown to the parent and spoken at the counter: random, never counted up.
        sa.Column("reference", sa.Text(), nullable=False, unique=True),
        _state("portal_request", "SUBMITTED ID_VERIFIED APPROVED DENIED KEY_SENT ACTIVATED EXPIRED"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relationship", sa.Text(), nullable=False),
        sa.Column("students", sa.Text(), nullable=False),
        sa.Column("home_address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("submitted_at", _INSTANT, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        # The kind of a photo ID, never its number or a scan.
        sa.Column("id_kind", sa.Text()),
        sa.Column("signature_witnessed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("guardian_id", sa.Text(), index=True),
        sa.Column("denial_reason", sa.Text()),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.CheckConstraint("delivery in ('EMAIL', 'POST')", name="portal_request_delivery_is_known"),
        sa.CheckConstraint("delivery = 'POST' or email is not null", name="portal_request_can_be_delivered"),
    )
    op.create_index("portal_request_queue", "portal_request", ["state", "submitted_at", "id"])
    _steps("portal_request")
    _table(
        "activation_key",
        sa.Column("key_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("portal_request_id", _ID, sa.ForeignKey("portal_request.id"), index=True),
        sa.Column("issued_by", _ID, sa.ForeignKey("account.id")),
        sa.Column("issued_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id")),
        sa.Column("revoked_at", _INSTANT),
        sa.CheckConstraint("(used_at is null) = (account_id is null)", name="activation_key_use_is_whole"),
    )
    live = sa.text("used_at is null and revoked_at is null")
    op.create_index(
        "activation_key_one_a_guardian",
        "activation_key",
        ["guardian_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    _table(
        "letter_job",
        _state("letter_job", "WAITING RUNNING DONE FAILED"),
        sa.Column("school_id", sa.Text()),
        sa.Column("portal_request_id", _ID, sa.ForeignKey("portal_request.id")),
        sa.Column("ordered_by", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("ordered_at", _INSTANT, nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("started_at", _INSTANT),
        sa.Column("finished_at", _INSTANT),
        sa.Column("error", sa.Text()),
        # The letters hold keys: sealed, and gone when they were fetched or their time is over.
        sa.Column("document_sealed", sa.Text()),
        sa.Column("document_expires_at", _INSTANT),
        sa.Column("fetched_at", _INSTANT),
    )
    op.create_index("letter_job_queue", "letter_job", ["state", "id"])


def _recovery() -> None:
    _table(
        "recovery_email",
        _account(),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False, index=True),
        sa.Column("set_at", _INSTANT, nullable=False),
        sa.Column("confirm_hash", sa.Text(), unique=True),
        sa.Column("confirm_expires_at", _INSTANT),
        sa.Column("confirmed_at", _INSTANT),
        # Mailed to the address before this one, which can take the change back.
        sa.Column("undo_hash", sa.Text(), unique=True),
        sa.Column("undo_expires_at", _INSTANT),
        sa.Column("ended_at", _INSTANT),
        sa.Column("end_reason", sa.Text()),
        sa.CheckConstraint("(ended_at is null) = (end_reason is null)", name="recovery_email_end_has_a_reason"),
    )
    holds = sa.text("confirmed_at is not null and ended_at is null")
    op.create_index(
        "recovery_email_one_an_account",
        "recovery_email",
        ["account_id"],
        unique=True,
        sqlite_where=holds,
        postgresql_where=holds,
    )
    op.create_table(
        "preference_set",
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("salt", sa.Text(), nullable=False),
        # Chosen images and their decoys, shuffled once and shown in this order ever after: fresh decoys would leak.
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("set_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "preference_tag",
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("tag", sa.Text(), primary_key=True),
    )
    _table(
        "password_reset",
        _account(),
        sa.Column("token_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("ended_at", _INSTANT),
        sa.Column("end_reason", sa.Text()),
        sa.Column("address", sa.Text(), nullable=False),
        sa.CheckConstraint("(ended_at is null) = (end_reason is null)", name="password_reset_end_has_a_reason"),
    )
    _table(
        "recovery_attempt",
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), index=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_at", _INSTANT, nullable=False, index=True),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('USERNAME', 'LINK', 'IMAGES', 'CODE')", name="recovery_attempt_kind_is_known"),
    )


def _devices() -> None:
    _table(
        "known_device",
        _account(),
        sa.Column("device_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("first_seen_at", _INSTANT, nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.UniqueConstraint("account_id", "device_hash", name="known_device_once_an_account"),
    )
    op.create_table(
        "second_factor",
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("confirmed_at", _INSTANT),
        # The time step of the last code that was taken: none is taken twice (RFC 6238, 5.2).
        sa.Column("last_step", sa.BigInteger(), nullable=False, server_default="0"),
    )
    _table(
        "recovery_code",
        _account(),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
        sa.UniqueConstraint("account_id", "code_hash", name="recovery_code_once_an_account"),
    )


def _desk() -> None:
    _table(
        "support_request",
        sa.Column("ticket", sa.Text(), nullable=False, unique=True),
        _state("support_request", "NEW ACKNOWLEDGED WAITING_FOR_PARENT RESOLVED"),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), index=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("home_address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("students", sa.Text(), nullable=False),
        sa.Column("username", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("submitted_at", _INSTANT, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reply_by_on", _DAY, nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_at", _INSTANT),
        sa.Column("reactivated", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("changed_at", _INSTANT, nullable=False),
    )
    op.create_index("support_request_queue", "support_request", ["state", "reply_by_on", "id"])
    _steps("support_request")
    _table(
        "access_log",
        # Whose record was opened: a student's, which every guardian with the right may read, or an account's own.
        sa.Column("student_id", sa.Text()),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id")),
        sa.Column("happened_at", _INSTANT, nullable=False),
        sa.Column("actor_id", _ID, sa.ForeignKey("account.id")),
        sa.Column("actor_name", sa.Text()),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text()),
        sa.CheckConstraint("(student_id is null) <> (account_id is null)", name="access_log_is_about_one"),
    )
    op.create_index("access_log_by_student", "access_log", ["student_id", "happened_at", "id"])
    op.create_index("access_log_by_account", "access_log", ["account_id", "happened_at", "id"])
    op.create_index("audit_by_account", "audit", ["account_id", "happened_at", "id"])


def _mail() -> None:
    _table(
        "mail",
        _state("mail", "WAITING SENT FAILED"),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), index=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        # May hold a link that opens something: sealed while it waits, gone once it was sent or given up.
        sa.Column("text_sealed", sa.Text()),
        sa.Column("html_sealed", sa.Text()),
        sa.Column("posted_at", _INSTANT, nullable=False),
        sa.Column("worthless_at", _INSTANT),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_try_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT),
        sa.Column("last_error", sa.Text()),
        sa.CheckConstraint("(state = 'WAITING') = (finished_at is null)", name="mail_end_is_dated"),
        sa.CheckConstraint("(state = 'WAITING') = (text_sealed is not null)", name="mail_text_goes_with_its_end"),
    )
    op.create_index("mail_queue", "mail", ["state", "next_try_at", "id"])


def _table(name: str, *parts: Any) -> None:
    op.create_table(name, sa.Column("id", _ID, primary_key=True), *parts, sqlite_autoincrement=True)


def _account() -> "sa.Column[Any]":
    return sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False, index=True)


def _state(table: str, states: str) -> "sa.Column[Any]":
    known = ", ".join(f"'{state}'" for state in states.split())
    check = sa.CheckConstraint(f"state in ({known})", name=f"{table}_state_is_known")
    return sa.Column("state", sa.Text(), check, nullable=False)


def _steps(table: str) -> None:
    """Each state that was reached: by whom, and when; the actor is NULL where it was the family itself, or time."""
    _table(
        f"{table}_step",
        sa.Column(f"{table}_id", _ID, sa.ForeignKey(f"{table}.id"), nullable=False, index=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("happened_at", _INSTANT, nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id")),
        sa.Column("note", sa.Text()),
    )
