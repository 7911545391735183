"""Consents, and when they were withdrawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of consents; what was an opt-out before is a withdrawal."""
    op.create_table(
        "consents",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("number_hash", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client", "number_hash", "basis"),
    )
    op.execute(
        "INSERT INTO consents (client, number_hash, basis, at, evidence)"
        " SELECT client, number_hash, 'withdrawn', since, '' FROM suppressions"
        " WHERE reason = 'opt_out'"
    )
