"""Calendar feeds: the secret addresses under which families' calendars read a schedule."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "calendar_feed",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False, index=True),
        sa.Column("student_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False, unique=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        # Of the reading that was noted last: a calendar reads every hour, and that is no news.
        sa.Column("fetched_at", _INSTANT),
        sa.Column("fetched_from", sa.Text()),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
