"""What the school orders here about access: blocks, switches of areas, and what is on file of students of age."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_DAY = sa.Date().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    _ordered(
        "access_block",
        sa.Column("guardian_id", sa.Text(), nullable=False),
        sa.Column("student_id", sa.Text(), nullable=False, index=True),
        sa.Column("starts_on", _DAY, nullable=False),
        sa.Column("ends_on", _DAY),
        # A code for staff, never the order itself: no paper of a court is kept here.
        sa.Column("reason", sa.Text(), nullable=False),
    )
    _ordered(
        "area_switch",
        # NULL: of every school.
        sa.Column("school_id", sa.Text()),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closes_at", _INSTANT, nullable=False),
        sa.Column("reopens_at", _INSTANT),
        sa.CheckConstraint("reopens_at is null or reopens_at > closes_at", name="area_switch_ends_after_it_begins"),
    )
    _ordered(
        "eligibility",
        sa.Column("student_id", sa.Text(), nullable=False, index=True),
        # NULL: towards every guardian.
        sa.Column("guardian_id", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_on", _DAY, nullable=False),
        sa.Column("ends_on", _DAY),
        sa.CheckConstraint("kind in ('CONSENT', 'DEPENDENT', 'REFUSAL')", name="eligibility_kind_is_known"),
    )
    op.create_table(
        "eligibility_notice",
        sa.Column("student_id", sa.Text(), primary_key=True),
        sa.Column("guardian_id", sa.Text(), primary_key=True),
        sa.Column("posted_at", _INSTANT, nullable=False),
    )
    # Counts the orders, so that every process sees with one short statement whether it must read them again.
    op.create_table(
        "access_version",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
    )
    op.execute("insert into access_version (id, orders) values (1, 0)")


def downgrade() -> None:
    """Refused: a store is brought back from its copy, never by dropping what families wrote."""
    raise NotImplementedError("The portal store only goes forward; restore a copy instead.")


def _ordered(name: str, *parts: "sa.schema.SchemaItem") -> None:
    """A table of orders: each was given by somebody of staff, and may have been taken back."""
    op.create_table(
        name,
        sa.Column("id", _ID, primary_key=True),
        *parts,
        sa.Column("ordered_by", _ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("ordered_at", _INSTANT, nullable=False),
        sa.Column("lifted_by", _ID, sa.ForeignKey("account.id")),
        sa.Column("lifted_at", _INSTANT),
        sa.CheckConstraint("(lifted_at is null) = (lifted_by is null)", name=f"{name}_lifting_is_whole"),
        sqlite_autoincrement=True,
    )
