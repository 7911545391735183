"""How many texts a client has sent in an hour, and as how many parts they are billed on a day."""

from __future__ import annotations

from textback.store.contacts import Stale
from textback.store.work import Work, every, statement

TEXTS, SEGMENTS = "texts", "segments"

_ADD = statement("""
    INSERT INTO counters (client, name, period, since, count)
    VALUES (:client, :name, :period, :now, :more)
    ON CONFLICT (client, name, period) DO UPDATE SET count = counters.count + :more
    WHERE counters.count + :more <= :most
    RETURNING count
""")
_GIVE_BACK = statement("""
    UPDATE counters SET count = count - :less
    WHERE client = :client AND name = :name AND period = :period AND count >= :less
""")
_OF = statement("""
    SELECT name, count FROM counters
    WHERE client = :client AND name IN ('texts', 'segments') AND period IN (:hour, :day)
""")


def of(client: str, *, hour: str, day: str) -> Work[dict[str, int]]:
    """What has been counted in an hour and on a day; what is not there is zero."""
    rows = yield from every(_OF, client=client, hour=hour, day=day)
    return {row["name"]: row["count"] for row in rows}


def add(client: str, name: str, period: str, more: int, most: int, now: int) -> Work[None]:
    """Count more, unless that would be too many.

    Raises:
        Stale: It would: others have counted since it was decided.
    """
    values = {"client": client, "name": name, "period": period, "more": more, "most": most}
    if not (yield _ADD, {**values, "now": now}):
        raise Stale(f"{client} has sent as many {name} as it may")


def give_back(client: str, name: str, period: str, less: int) -> Work[None]:
    """Count less: what was counted for did not happen."""
    yield _GIVE_BACK, {"client": client, "name": name, "period": period, "less": less}
