"""Of a mail that tells of records: whose, and which area, so that the right to them is asked as it leaves."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    # A JSON list of pairs of student, by the SIS's key as text, and area; null for a mail that tells of no record.
    op.add_column("mail", sa.Column("concerns", sa.Text()))


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
