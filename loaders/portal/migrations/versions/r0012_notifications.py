"""Notifications: what guardians want to be told and how, what waits to be told, and what was told them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_DAY = sa.Date().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "notification_rule",
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), primary_key=True),
        # By the SIS's key as text; empty for a rule about all of the guardian's students, or about none.
        sa.Column("student_id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        # As text: a decimal number is exact on every engine.
        sa.Column("threshold", sa.Text()),
        sa.Column("direction", sa.Text()),
        sa.Column("days_ahead", sa.Integer()),
        sa.Column("set_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "notification_habit",
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        # Times of day as text, 21:00; both null where no hour is quiet.
        sa.Column("quiet_from", sa.Text()),
        sa.Column("quiet_until", sa.Text()),
        sa.Column("time_zone", sa.Text()),
        sa.Column("holds_in_school", sa.Integer(), nullable=False),
        sa.Column("shows_detail", sa.Integer(), nullable=False),
        sa.Column("digest_time", sa.Text(), nullable=False),
        sa.Column("digest_weekday", sa.Integer(), nullable=False),
        sa.Column("set_at", _INSTANT, nullable=False),
    )
    # One row: how far the change log was gone through, since when, and when the record was last looked through.
    op.create_table(
        "notification_place",
        sa.Column("id", sa.Integer(), sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("seq", _ID, nullable=False),
        sa.Column("begun_on", _DAY, nullable=False),
        sa.Column("looked_on", _DAY),
    )
    # What an account may have to be told of one thing by one rule: one row for good, so that nothing is told twice.
    op.create_table(
        "notice",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("student_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), sa.CheckConstraint("state in ('WAITING', 'TOLD', 'PASSED')"), nullable=False),
        # Of the last change that it knows, in the log; 0 for what comes from elsewhere.
        sa.Column("seq", _ID, nullable=False),
        sa.Column("version_before", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("previous_sealed", sa.Text()),
        sa.Column("first_at", _INSTANT, nullable=False),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        # A keyed tag of what stood there when it was last told or passed over, never the thing itself.
        sa.Column("seen_tag", sa.Text()),
        sa.Column("told_at", _INSTANT),
        sa.UniqueConstraint("account_id", "kind", "student_id", "entity", name="notice_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("notice_queue", "notice", ["state", "due_at", "account_id"])
    op.create_table(
        "notification",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("student_id", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        # The ids of what it tells of, as a JSON list, by which it is read with the rights of the moment.
        sa.Column("subject_ids", sa.Text(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("told_at", _INSTANT, nullable=False),
        sa.Column("read_at", _INSTANT),
        sqlite_autoincrement=True,
    )
    op.create_index("notification_list", "notification", ["account_id", "listed", "id"])


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
