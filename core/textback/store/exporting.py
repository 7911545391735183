"""Everything that is stored of one client, table by table, as plain values.

Left out are what only this machine needs (leases, versions) and what plugins keep for themselves,
which may hold tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from textback.store.schema import metadata
from textback.store.work import Row, Statement, Work, every, statement

TABLES: Final = (
    *("cases", "calls", "texts", "team_texts", "steps", "bookings", "contacts", "contact_log"),
    *("crm_refs", "suppressions", "consents", "ledger", "inbox"),
)
AT_A_TIME: Final = 500


@attrs.frozen
class Table:
    """One table, read in portions in the order of its key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    query: Statement

    def after(self, client: str, last: Row | None) -> Work[Sequence[Row]]:
        """The next portion, after the *last* row of the one before."""
        place = {column: last[column] if last is not None else "" for column in self.key}
        return every(self.query, client=client, most=AT_A_TIME, **place)

    def values(self, row: Row) -> dict[str, Any]:
        """A row as plain values: times are microseconds since 1970, structures JSON text."""
        return {column: row[column] for column in self.columns}


def tables() -> list[Table]:
    """The tables in the order in which they are exported."""
    return [_table(name) for name in TABLES]


def _table(name: str) -> Table:
    table = metadata.tables[name]
    columns = tuple(c.name for c in table.columns if c.name not in ("client", "version"))
    key = tuple(c.name for c in table.primary_key.columns if c.name != "client")
    named, places = ", ".join(key), ", ".join(f":{column}" for column in key)
    real = "AND created_at IS NOT NULL" if name == "contacts" else ""
    query = statement(f"""
        SELECT {", ".join(columns)} FROM {name}
        WHERE client = :client AND ({named}) > ({places}) {real} ORDER BY {named} LIMIT :most
    """)
    return Table(name, columns, key, query)
