"""The watcher's last looks as bytes, which take a fifth of the room, and how far a source's changes were read."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table of looks anew, so that the next one is as a first, and that of marks."""
    op.drop_table("last_look")
    op.create_table(
        "last_look",
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("owner_id", sa.Text(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("standing_sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "source_mark",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("mark", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
