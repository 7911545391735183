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
_HELD = statement(
    "SELECT state FROM texts WHERE client = :client AND text_id = :text_id",
    on_postgres="FOR UPDATE",
)
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
# Words of the team that wait to be sent, as the last part of a UNION.
_WAITING_WORDS = """
    SELECT 1 FROM steps
    WHERE client = :client AND subject = 'case/' || :case_id
        AND name LIKE 'text/%' AND name <> 'text/1'
    LIMIT 1
"""
_TALKING = statement(f"""
    SELECT 1 AS talking FROM texts
    WHERE client = :client AND case_id = :case_id AND kind IN ('received', 'reply')
    UNION ALL {_WAITING_WORDS}
""")
_BEGUN = statement(f"""
    SELECT 1 AS begun FROM texts
    WHERE client = :client AND case_id = :case_id AND (
        kind IN ('received', 'reply') OR (
            kind IN ('first', 'follow_up') AND state <> 'failed'
            AND (state <> 'queued' OR :shadow = 1)
        )
    )
    UNION ALL {_WAITING_WORDS}
""")
_HISTORY = statement("""
    SELECT
        max(CASE WHEN kind = 'first' AND at >= :cool AND case_id <> :case_id THEN at END)
            AS first_at,
        max(CASE WHEN kind = 'received' AND direction = 'in' THEN at END) AS wrote_at,
        count(CASE WHEN kind IN ('first', 'follow_up') AND at > :day THEN 1 END) AS in_day,
        min(CASE WHEN kind IN ('first', 'follow_up') AND at > :day THEN at END) AS day_from,
        count(CASE WHEN kind IN ('first', 'follow_up') AND at > :week THEN 1 END) AS in_week,
        min(CASE WHEN kind IN ('first', 'follow_up') AND at > :week THEN at END) AS week_from,
        count(CASE WHEN kind IN ('confirmation', 'help') AND direction = 'out' AND at > :day
            THEN 1 END) AS answers,
        count(CASE WHEN kind = 'reply' AND direction = 'out' AND at > :hour THEN 1 END) AS replies
    FROM texts
    WHERE client = :client AND number = :number AND at >= :since AND channel = 'sms'
        AND state <> 'failed' AND (state <> 'queued' OR :shadow = 1)
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


def held(client: str, text_id: str) -> Work[TextState | None]:
    """The state of a text, which nobody changes until the commit."""
    row = yield from one(_HELD, client=client, text_id=text_id)
    return TextState(row["state"]) if row is not None else None


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
    """Whether the caller wrote in a case, or the team, be it only to be sent soon.

    STOP, START and HELP are no words.
    """
    return bool((yield _TALKING, {"client": client, "case_id": case_id}))


def begun(client: str, case_id: str, *, shadow: bool) -> Work[bool]:
    """Whether a case is a conversation: somebody wrote, or was written to, or may have been.

    With *shadow* texts that only would have been sent count, too.
    """
    return bool((yield _BEGUN, {"client": client, "case_id": case_id, "shadow": int(shadow)}))


def history(
    client: str,
    number: str,
    case_id: str,
    *,
    hour: int,
    day: int,
    week: int,
    cool: int,
    since: int,
    shadow: bool,
) -> Work[Row]:
    """What was written to and by a number: what the rules count, in one look.

    Args:
        client: Whose texts.
        number: To and from whom.
        case_id: The case in which a first text is no earlier one.
        hour: When the last hour began.
        day: When the last 24 hours began.
        week: When the last seven days began.
        cool: From when on an earlier first text counts.
        since: From when on anything counts.
        shadow: Texts that only would have been sent count, too.
    """
    (row,) = yield (
        _HISTORY,
        {
            "client": client,
            "number": number,
            "case_id": case_id,
            "hour": hour,
            "day": day,
            "week": week,
            "cool": cool,
            "since": since,
            "shadow": int(shadow),
        },
    )
    return row
