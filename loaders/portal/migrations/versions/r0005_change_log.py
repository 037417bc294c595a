"""The change log, the last looks at the source that it is made from, and leases of what one process does for all."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    # One row. Its lock makes the order of the numbers the order of the commits: a reader never skips one that comes in
    # late. `forgotten` is the last number that is no longer held.
    op.create_table(
        "change_log",
        sa.Column("id", sa.Integer(), sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("head", _NUMBER, nullable=False),
        sa.Column("forgotten", _NUMBER, nullable=False),
    )
    op.create_table(
        "change",
        sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        # Whom it concerns, by the SIS's keys as text: a student, or a guardian alone.
        sa.Column("student_id", sa.Text()),
        sa.Column("guardian_id", sa.Text()),
        sa.Column("entity", sa.Text(), nullable=False),
        # Keyed tags of what stands there now and stood there before, never the thing itself.
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("version_before", sa.Text(), nullable=False),
        sa.Column("previous_sealed", sa.Text()),
        sa.Column("corrects", _NUMBER),
        sa.Column("retracts", sa.Integer(), nullable=False),
        sa.Column("occurred_at", _INSTANT, nullable=False),
        sa.CheckConstraint("(student_id is null) <> (guardian_id is null)", name="change_concerns_one"),
    )
    op.create_index("change_by_student", "change", ["student_id", "seq"])
    op.create_index("change_by_guardian", "change", ["guardian_id", "seq"])
    op.create_table(
        "last_look",
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("owner_id", sa.Text(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("standing_sealed", sa.Text(), nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
    )


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")
