"""Registration at the office: whose schools are whose, what was noted for whom, and what a signature was given to."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables and columns."""
    op.create_table(
        "staff_school",
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        # By the SIS's key as text: '' is every school.
        sa.Column("school_id", sa.Text(), primary_key=True),
    )
    # A note on a household is its guardian's alone to read: '' is one for everybody who may see the registration.
    op.add_column("registration_note", sa.Column("guardian_id", sa.Text(), nullable=False, server_default=""))
    # All that was answered as it was shown to whoever signed it, for later answers take the place of these.
    op.add_column("registration_signature", sa.Column("receipt_sealed", sa.Text()))
    op.create_table(
        "registration_remark",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("registration_id", _ID, sa.ForeignKey("registration.id"), nullable=False, index=True),
        sa.Column("written_at", _INSTANT, nullable=False),
        sa.Column("account_id", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("text_sealed", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
