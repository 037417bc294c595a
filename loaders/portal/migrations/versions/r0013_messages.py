"""Messages that staff send from here: what was ordered, to whom it was given, its files, and what families have read.

What a message says, and what its files hold, is sealed with a key that is not in the store.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables, and lets an account be a teacher's of the SIS."""
    _messages()
    _deliveries()
    _files()
    op.create_table(
        "message_mark",
        sa.Column("guardian_id", sa.Text(), primary_key=True),
        # The SIS's own key of a message of its own.
        sa.Column("message_id", sa.Text(), primary_key=True),
        # Null where the guardian has marked it as unread.
        sa.Column("read_at", _INSTANT),
    )
    op.create_table(
        "inbox_version",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
    )
    op.add_column("account", sa.Column("teacher_id", sa.Text()))


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")


def _messages() -> None:
    op.create_table(
        "posted_message",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("state", sa.Text(),
                  sa.CheckConstraint("state in ('WAITING', 'SENDING', 'SENT', 'WITHDRAWN', 'FAILED')",
                                     name="posted_message_state_is_known"),
                  nullable=False),
        sa.Column("scope", sa.Text(),
                  sa.CheckConstraint("scope in ('DISTRICT', 'SCHOOL', 'COURSE', 'STUDENT', 'PERSONAL')",
                                     name="posted_message_scope_is_known"),
                  nullable=False),
        # The SIS's keys: of the school, section, student or guardian, and of the student whom a personal one is about.
        sa.Column("target_id", sa.Text()),
        sa.Column("about_id", sa.Text()),
        sa.Column("content_sealed", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Integer(), nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("sender_name", sa.Text(), nullable=False),
        sa.Column("sender_role", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("ordered_at", _INSTANT, nullable=False),
        # From when on it is given to families, and until when they see it.
        sa.Column("sent_at", _INSTANT, nullable=False),
        sa.Column("shown_until_at", _INSTANT),
        # The guardian up to whom it was given, in the order of the SIS's keys; what was begun is gone on with there.
        sa.Column("place", sa.Text()),
        sa.Column("total", sa.Integer()),
        sa.Column("delivered", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("withheld", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("finished_at", _INSTANT),
        sa.Column("withdrawn_at", _INSTANT),
        sqlite_autoincrement=True,
    )  # fmt: skip
    named = sa.text("idempotency_key is not null")
    op.create_index(
        "posted_message_once",
        "posted_message",
        ["account_id", "idempotency_key"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )
    op.create_index("posted_message_queue", "posted_message", ["state", "sent_at", "id"])


def _deliveries() -> None:
    op.create_table(
        "message_delivery",
        sa.Column("guardian_id", sa.Text(), primary_key=True),
        sa.Column("message_id", _ID, sa.ForeignKey("posted_message.id"), primary_key=True, autoincrement=False),
        # As they stand in the message: by these an inbox is in order.
        sa.Column("pinned", sa.Integer(), nullable=False),
        sa.Column("sent_at", _INSTANT, nullable=False),
        # The students whom it concerns, as a list in JSON: what is read with it need not be joined.
        sa.Column("students", sa.Text(), nullable=False),
        sa.Column("read_at", _INSTANT),
    )
    op.create_index("message_delivery_inbox", "message_delivery", ["guardian_id", "pinned", "sent_at", "message_id"])
    op.create_index("message_delivery_of_message", "message_delivery", ["message_id"])
    op.create_table(
        "message_student",
        sa.Column("guardian_id", sa.Text(), primary_key=True),
        sa.Column("message_id", _ID, primary_key=True, autoincrement=False),
        sa.Column("student_id", sa.Text(), primary_key=True),
    )


def _files() -> None:
    op.create_table(
        "message_file",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False, index=True),
        # Null until the file is sent with a message.
        sa.Column("message_id", _ID, sa.ForeignKey("posted_message.id"), index=True),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.Text(), nullable=False),
        sa.Column("content_sealed", sa.Text(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sqlite_autoincrement=True,
    )
