"""Bookings know which one stands in their place, and how old the last word on them is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; whatever is told of a booking from now on is newer than what is known of it."""
    op.add_column(
        "bookings", sa.Column("told_at", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("bookings", sa.Column("replaced_by", sa.Text(), nullable=True))
