"""Sessions for which the security set-up was put off: where a district allows it, for that session alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Adds the column."""
    op.add_column("session", sa.Column("setup_deferred_at", _INSTANT))


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
