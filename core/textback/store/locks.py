"""The advisory locks on a Postgres database: each has a number of its own."""

from __future__ import annotations

from typing import Final

MIGRATING: Final = 7483920
DUTY: Final = 7483921
INSTALLING: Final = 7483922
"""The queue's tables are made or brought up to date."""
COPYING: Final = 7483923
PAUSING: Final = 7483924
"""Shared by whoever decides, had alone by whoever pauses or resumes."""
