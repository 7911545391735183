"""What the ledger has of a number is found without reading all of it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ledger_by_number", "ledger", ["client", "number_hash"])
