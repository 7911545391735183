"""Appointments that came of cases, by the booking tool's own id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textback.store.work import Row, Work, every, statement

_PUT = statement("""
    INSERT INTO bookings (client, plugin, booking, case_id, starts_at, ends_at, title)
    VALUES (:client, :plugin, :booking, :case_id, :starts_at, :ends_at, :title)
    ON CONFLICT (client, plugin, booking) DO UPDATE
    SET case_id = coalesce(excluded.case_id, bookings.case_id), starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, title = excluded.title
    RETURNING cancelled
""")
_CANCEL = statement("""
    INSERT INTO bookings (client, plugin, booking, title, cancelled)
    VALUES (:client, :plugin, :booking, '', 1)
    ON CONFLICT (client, plugin, booking) DO UPDATE SET cancelled = 1 RETURNING case_id
""")
_OF_CASE = statement("""
    SELECT plugin, booking, starts_at, ends_at, title, cancelled FROM bookings
    WHERE client = :client AND case_id = :case_id ORDER BY starts_at
""")


def put(values: Mapping[str, Any]) -> Work[bool]:
    """Keep a booking; False if its cancellation came first."""
    (row,) = yield _PUT, values
    return not row["cancelled"]


def cancel(client: str, plugin: str, booking: str) -> Work[str | None]:
    """Call a booking off, also one that we have not heard of yet; its case."""
    (row,) = yield _CANCEL, {"client": client, "plugin": plugin, "booking": booking}
    case_id: str | None = row["case_id"]
    return case_id


def of_case(client: str, case_id: str) -> Work[Sequence[Row]]:
    """The bookings of a case."""
    return every(_OF_CASE, client=client, case_id=case_id)
