"""Appointments, by the booking tool's own id: those that came of cases, and all others it told of.

A booking may be known before it is told: because its cancellation came first, or because another
one says that it replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from textback.store.work import Row, Work, every, statement

_COLUMNS = """client, plugin, booking, case_id, starts_at, ends_at, title, cancelled, told_at,
    replaced_by"""

_KNOWN = statement(f"""
    INSERT INTO bookings (client, plugin, booking, title) VALUES (:client, :plugin, :booking, '')
    ON CONFLICT (client, plugin, booking) DO UPDATE SET title = bookings.title
    RETURNING {_COLUMNS}
""")
_KEEP = statement("""
    UPDATE bookings SET case_id = :case_id, starts_at = :starts_at, ends_at = :ends_at,
        title = :title, cancelled = :cancelled, told_at = :told_at, replaced_by = :replaced_by
    WHERE client = :client AND plugin = :plugin AND booking = :booking
""")
_OF_CASE = statement(f"""
    SELECT {_COLUMNS} FROM bookings
    WHERE client = :client AND case_id = :case_id ORDER BY starts_at, booking
""")


@attrs.frozen(kw_only=True)
class Appointment:
    """One booking, as far as it was told.

    Attributes:
        case_id: The case that it came of, if one was found.
        starts_at: None until its making was told.
        cancelled: It is no more, be it called off or moved.
        told_at: When it was last made or moved, by the tool's clock.
        replaced_by: The booking that stands in its place; empty if there is one, not known yet.
    """

    client: str
    plugin: str
    booking: str
    case_id: str | None = None
    starts_at: int | None = None
    ends_at: int | None = None
    title: str = ""
    cancelled: bool = False
    told_at: int = 0
    replaced_by: str | None = None

    @classmethod
    def of(cls, row: Row) -> Appointment:
        """An appointment from its row."""
        values = {field.name: row[field.name] for field in attrs.fields(cls)}
        return cls(**{**values, "cancelled": bool(row["cancelled"])})


def known(client: str, plugin: str, names: Sequence[str]) -> Work[dict[str, Appointment]]:
    """What is known of some bookings, by their ids; nobody else changes them meanwhile."""
    found = {}
    for name in sorted(set(names)):  # in order, so that nobody waits for one who waits
        (row,) = yield _KNOWN, {"client": client, "plugin": plugin, "booking": name}
        found[name] = Appointment.of(row)
    return found


def keep(appointment: Appointment) -> Work[None]:
    """Write down what is known now of a booking that `known` gave."""
    yield _KEEP, {**attrs.asdict(appointment), "cancelled": int(appointment.cancelled)}


def of_case(client: str, case_id: str) -> Work[Sequence[Row]]:
    """The bookings of a case."""
    return every(_OF_CASE, client=client, case_id=case_id)
