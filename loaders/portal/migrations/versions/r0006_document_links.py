"""Addresses of documents, each good once, and when a guardian first had which document."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "document_link",
        sa.Column("token_hash", sa.Text(), primary_key=True),
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("student_id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False, index=True),
        sa.Column("used_at", _INSTANT),
    )
    op.create_table(
        "document_view",
        sa.Column("guardian_id", sa.Text(), primary_key=True),
        sa.Column("student_id", sa.Text(), primary_key=True),
        sa.Column("document", sa.Text(), primary_key=True),
        sa.Column("first_viewed_at", _INSTANT, nullable=False),
    )


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
