"""Accounts, their sessions, refresh tokens that were used, and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")

# The trail is only ever added to; the engine itself says so, whatever the code above it does.
_APPEND_ONLY = {
    "sqlite": (
        "create trigger audit_stays before update on audit begin select raise(abort, 'audit is append-only'); end",
        "create trigger audit_remains before delete on audit begin select raise(abort, 'audit is append-only'); end",
    ),
    "postgresql": (
        "create function audit_is_append_only() returns trigger language plpgsql as "
        "$$ begin raise exception 'audit is append-only'; end $$",
        "create trigger audit_stays before update or delete or truncate on audit "
        "for each statement execute function audit_is_append_only()",
    ),
}


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "account",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("username_key", sa.Text(), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("guardian_id", sa.Text()),
        sa.Column("staff_role", sa.Text()),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("disabled_at", _INSTANT),
        sa.CheckConstraint("(guardian_id is null) <> (staff_role is null)", name="account_is_guardian_or_staff"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "session",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("device_name", sa.Text()),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("token_expires_at", _INSTANT, nullable=False),
        sa.Column("refresh_hash", sa.Text(), unique=True),
        sa.Column("refresh_expires_at", _INSTANT),
        sa.Column("absolute_expires_at", _INSTANT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.Column("end_reason", sa.Text()),
        sa.CheckConstraint("client in ('WEB', 'MOBILE')", name="session_client_is_known"),
        sa.CheckConstraint("(refresh_hash is null) = (refresh_expires_at is null)", name="session_refresh_is_whole"),
        sa.CheckConstraint("(ended_at is null) = (end_reason is null)", name="session_end_has_a_reason"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "used_refresh",
        sa.Column("refresh_hash", sa.Text(), primary_key=True),
        sa.Column("session_id", _ID, sa.ForeignKey("session.id"), nullable=False, index=True),
        sa.Column("used_at", _INSTANT, nullable=False),
        sa.Column("refresh_expires_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("happened_at", _INSTANT, nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), index=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
