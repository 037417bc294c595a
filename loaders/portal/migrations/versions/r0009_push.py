"""Push: devices that families want to be told on, the outbox of what they are told, and letters given up."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "push_device",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False, index=True),
        # The log-in that it belongs to: with its end, but not with its mere lapse, the device is told nothing more.
        sa.Column("session_id", _ID, sa.ForeignKey("session.id"), nullable=False, index=True),
        sa.Column("platform", sa.Text(), sa.CheckConstraint("platform in ('WEB_PUSH', 'FCM', 'APNS')"), nullable=False),
        # Whoever has the address can reach the device: it is found by its hash, and read by the holder of the seal.
        sa.Column("address_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("address_sealed", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("registered_at", _INSTANT, nullable=False),
        sa.Column("reached_at", _INSTANT),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "push",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        # No key of another table: what was told stays known when the device is gone, and ids are never used again.
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("rule_key", sa.Text(), nullable=False),
        # Whose record it tells of, by the SIS's key as text, and which area: the right is asked again as it leaves.
        sa.Column("student_id", sa.Text()),
        sa.Column("area", sa.Text()),
        sa.Column("payload_sealed", sa.Text()),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("posted_at", _INSTANT, nullable=False),
        sa.Column("worthless_at", _INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_try_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT),
        sa.Column("last_error", sa.Text()),
        sa.CheckConstraint("state in ('WAITING', 'SENT', 'FAILED', 'DROPPED')", name="push_state"),
        sa.CheckConstraint("(state = 'WAITING') = (finished_at is null)", name="push_end_is_dated"),
        sa.CheckConstraint("(state = 'WAITING') = (payload_sealed is not null)", name="push_text_goes_with_its_end"),
        sa.UniqueConstraint("device_id", "event_key", "rule_key", name="push_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("push_queue", "push", ["state", "next_try_at", "id"])
    op.create_index("push_end", "push", ["finished_at"])
    op.create_table(
        "dead_letter",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("kind", sa.Text(), sa.CheckConstraint("kind in ('MAIL', 'PUSH')"), nullable=False),
        # Of the mail or the push that was given up.
        sa.Column("letter_id", _ID, nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), index=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("posted_at", _INSTANT, nullable=False),
        sa.Column("died_at", _INSTANT, nullable=False),
        sa.Column("worthless_at", _INSTANT),
        # What it said, sealed as before; null where another try is pointless.
        sa.Column("content_sealed", sa.Text()),
        sa.Column("html_sealed", sa.Text()),
        sa.UniqueConstraint("kind", "letter_id", name="dead_letter_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("dead_letter_end", "dead_letter", ["died_at"])


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
