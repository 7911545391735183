"""Texts to staff phones: what was sent to whom, and so what an answer from there is about."""

from __future__ import annotations

from collections.abc import Sequence

from textback.model import TextState
from textback.store.work import Row, Work, every, one, statement

_COLUMNS = "client, text_id, number, case_id, plugin, state, provider_id, at"

_PUT = statement("""
    INSERT INTO team_texts (client, text_id, number, case_id, plugin, state, at)
    VALUES (:client, :text_id, :number, :case_id, :plugin, 'sending', :at)
    ON CONFLICT (client, text_id) DO UPDATE SET state = 'sending', at = excluded.at
    WHERE team_texts.state IN ('failed', 'sending') RETURNING text_id
""")
_BECAME = statement("""
    UPDATE team_texts SET state = :state, provider_id = coalesce(:provider_id, provider_id)
    WHERE client = :client AND text_id = :text_id
""")
_GET = statement(f"""
    SELECT {_COLUMNS} FROM team_texts WHERE client = :client AND text_id = :text_id
""")
_RECENT = statement(f"""
    SELECT {_COLUMNS} FROM team_texts
    WHERE client = :client AND number = :number AND at > :since AND state <> 'failed'
    ORDER BY at DESC, text_id LIMIT :most
""")


def put(
    client: str, text_id: str, number: str, case_id: str | None, plugin: str, at: int
) -> Work[bool]:
    """Write the intent to text a staff phone; False if this text has left, or may have.

    After a crash it is sent again: a notice that comes twice is better than none.
    """
    rows = yield (
        _PUT,
        {
            "client": client,
            "text_id": text_id,
            "number": number,
            "case_id": case_id,
            "plugin": plugin,
            "at": at,
        },
    )
    return bool(rows)


def became(client: str, text_id: str, state: TextState, provider_id: str | None) -> Work[None]:
    """Write what a sender, or the provider's status, says of one."""
    yield (
        _BECAME,
        {"client": client, "text_id": text_id, "state": state.value, "provider_id": provider_id},
    )


def get(client: str, text_id: str) -> Work[Row | None]:
    """One text to the team."""
    return one(_GET, client=client, text_id=text_id)


def recent(client: str, number: str, since: int, most: int = 50) -> Work[Sequence[Row]]:
    """What a staff phone got after a moment, the newest first."""
    return every(_RECENT, client=client, number=number, since=since, most=most)
