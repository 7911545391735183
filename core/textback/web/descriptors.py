"""How many files and sockets this process may have open: as many as connections need."""

from __future__ import annotations

import resource
from typing import Final

from textback import http
from textback.services import Log

OTHERS: Final = http.CONNECTIONS + 200  # requests to providers; the store, logs, held connections
LEAST: Final = 100  # connections that are tried for, however low the limit is


def make_room(connections: int, log: Log) -> int:
    """Raise the soft limit as far as it takes and the hard limit permits.

    Args:
        connections: How many are wanted.
        log: Where it is said that there can't be so many, and what to do.

    Returns:
        How many there can be.
    """
    wanted = connections + OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _less(soft, wanted):
        soft = hard if _less(hard, wanted) else wanted
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if not _less(soft, wanted):
        return connections
    possible = max(LEAST, soft - OTHERS)
    log.warning(
        "too few files may be open",
        connections=possible,
        wanted=connections,
        todo=f"raise the hard limit of open files to {wanted} (ulimit -Hn, LimitNOFILE)",
    )
    return possible


def _less(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted
