"""The advisory locks on a Postgres database: each has a number of its own, or a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textback.store.work import Work, statement

MIGRATING: Final = 7483920
DUTY: Final = 7483921
INSTALLING: Final = 7483922
"""The queue's tables are made or brought up to date."""
COPYING: Final = 7483923
PAUSING: Final = 7483924
"""Shared by whoever decides, had alone by whoever pauses or resumes."""

_HOLD = statement("""
    SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
    FROM unnest(CAST(:names AS text[])) AS name
""")


def hold(names: Sequence[str]) -> Work[None]:
    """Be the only one with these names until the commit; on Postgres, where several write."""
    yield _HOLD, {"names": names}
