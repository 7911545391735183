"""Texts, out and in.  A text's state never moves backwards: its rank only grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textback.model import TextState
from textback.store.work import Row, Work, every, one, statement

_COLUMNS = """client, text_id, case_id, step, kind, direction, channel, number, line, address,
    subject, body, state, rank, plugin, provider_id, at, state_at, reason, error, segments, media"""

_PUT = statement("""
    INSERT INTO texts (client, text_id, case_id, step, kind, direction, channel, number, line,
        address, subject, body, state, rank, plugin, provider_id, at, state_at, segments, media)
    VALUES (:client, :text_id, :case_id, :step, :kind, :direction, :channel, :number, :line,
        :address, :subject, :body, :state, :rank, :plugin, :provider_id, :at, :at, :segments,
        :media)
    ON CONFLICT (client, text_id) DO NOTHING RETURNING text_id
""")
_ADVANCE = statement("""
    UPDATE texts SET state = :state, rank = :rank, state_at = :now,
        provider_id = coalesce(:provider_id, provider_id), reason = :reason, error = :error
    WHERE client = :client AND text_id = :text_id AND rank < :rank RETURNING text_id
""")
_KNOWN = statement("""
    UPDATE texts SET provider_id = :provider_id
    WHERE client = :client AND text_id = :text_id AND provider_id IS NULL
""")
_GET = statement(f"SELECT {_COLUMNS} FROM texts WHERE client = :client AND text_id = :text_id")
_BY_PROVIDER = statement(f"""
    SELECT {_COLUMNS} FROM texts
    WHERE client = :client AND plugin = :plugin AND provider_id = :provider_id
""")
_UNSETTLED = statement(f"""
    SELECT {_COLUMNS} FROM texts
    WHERE client = :client AND number = :number AND at <= :until AND plugin = :plugin
        AND direction = 'out' AND channel = 'sms' AND state IN ('sending', 'unknown')
    ORDER BY at LIMIT 1
""")
_OF_CASE = statement(f"""
    SELECT {_COLUMNS} FROM texts WHERE client = :client AND case_id = :case_id ORDER BY at, text_id
""")
_OF_STEP = statement(f"""
    SELECT {_COLUMNS} FROM texts
    WHERE client = :client AND case_id = :case_id AND step = :step AND direction = 'out'
    ORDER BY at, text_id
""")
_TALKING = statement("""
    SELECT 1 AS talking FROM texts
    WHERE client = :client AND case_id = :case_id AND kind IN ('received', 'reply') LIMIT 1
""")
_FIRSTS = statement("""
    SELECT max(at) AS at FROM texts
    WHERE client = :client AND number = :number AND at >= :since AND kind = 'first'
        AND case_id <> :case_id AND state <> 'failed'
        AND (state <> 'queued' OR :shadow = 1)
""")


def put(values: Mapping[str, Any]) -> Work[bool]:
    """Write a new text: the intent to send it, or one that came in.

    Only an e-mail has an ``address`` and a ``subject``.
    """
    return bool((yield _PUT, {"address": None, "subject": None, **values}))


def advance(
    client: str,
    text_id: str,
    state: TextState,
    now: int,
    *,
    provider_id: str | None = None,
    reason: str | None = None,
    error: str | None = None,
) -> Work[bool]:
    """Move a text forward; False if it was as far already.  The provider's id is kept anyway."""
    key = {"client": client, "text_id": text_id}
    rows = yield (
        _ADVANCE,
        {
            **key,
            "state": state.value,
            "rank": state.rank,
            "now": now,
            "provider_id": provider_id,
            "reason": reason,
            "error": error,
        },
    )
    if not rows and provider_id is not None:
        yield _KNOWN, {**key, "provider_id": provider_id}
    return bool(rows)


def get(client: str, text_id: str) -> Work[Row | None]:
    """One text."""
    return one(_GET, client=client, text_id=text_id)


def by_provider(client: str, plugin: str, provider_id: str) -> Work[Row | None]:
    """The text that a provider knows under its own id."""
    return one(_BY_PROVIDER, client=client, plugin=plugin, provider_id=provider_id)


def unsettled(client: str, plugin: str, number: str, until: int) -> Work[Row | None]:
    """The oldest text to a number of which nobody knows whether this plugin sent it."""
    return one(_UNSETTLED, client=client, plugin=plugin, number=number, until=until)


def of_case(client: str, case_id: str) -> Work[Sequence[Row]]:
    """All texts of a case, oldest first."""
    return every(_OF_CASE, client=client, case_id=case_id)


def of_step(client: str, case_id: str, step: str) -> Work[Sequence[Row]]:
    """The attempts of one step, oldest first."""
    return every(_OF_STEP, client=client, case_id=case_id, step=step)


def talking(client: str, case_id: str) -> Work[bool]:
    """Whether the caller or the team wrote in a case; STOP, START and HELP are no words."""
    return bool((yield _TALKING, {"client": client, "case_id": case_id}))


def last_first_text(
    client: str, number: str, since: int, case_id: str, *, shadow: bool
) -> Work[int | None]:
    """When this number last got a first text in another case, since a moment.

    With *shadow*, texts that only would have been sent count, too.
    """
    (row,) = yield (
        _FIRSTS,
        {
            "client": client,
            "number": number,
            "since": since,
            "case_id": case_id,
            "shadow": int(shadow),
        },
    )
    at: int | None = row["at"]
    return at
