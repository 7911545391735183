"""Find calls and texts whose webhooks never came, by listing them at Telnyx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from textback.errors import UnreadableWebhook
from textback.events import Event, OptOut, TextStatus
from textback.model import TextState
from textback_telnyx import texts, voice
from textback_telnyx.api import Api, first_code
from textback_telnyx.codes import meaning
from textback_telnyx.outcomes import RECORDED_STATES
from textback_telnyx.settings import Settings
from textback_telnyx.webhook import Webhook, read_time

EVENTS_AT_ONCE = 250
_DEEP_ENOUGH = 4


async def calls(
    api: Api, settings: Settings, lines: Collection[str], since: datetime
) -> AsyncIterator[Event]:
    """Yield what webhooks told, or would have told, since a moment of the last 24 hours.

    The list has the webhooks themselves, delivered or not; events have the keys that they would
    have had then: https://developers.telnyx.com/api-reference/debugging/list-call-events

    Raises:
        Refused, NotSent, MaybeSent: Telnyx didn't say.
    """
    query = {"filter[type]": "webhook", "filter[occurred_at][gte]": _stamp(since)}
    if settings.application_id:
        query["filter[connection_id]"] = settings.application_id
    async for entry in api.pages("call_events", query, size=EVENTS_AT_ONCE):
        at, payload = read_time(entry.get("event_timestamp")), _payload_in(entry.get("metadata"))
        if at is None or at < since or payload is None:
            continue
        webhook = Webhook(kind=str(entry.get("name")), at=at, payload=payload)
        try:
            events = voice.told(webhook, settings, lines)
        except UnreadableWebhook:
            continue
        for event in events:
            yield event


async def messages(
    api: Api, settings: Settings, lines: Collection[str], since: datetime
) -> AsyncIterator[Event]:
    """Yield what was sent, received and opted out since a moment.

    Records of texts don't have their words; those of callers are asked for one by one, which
    Telnyx allows for ten days: https://developers.telnyx.com/api-reference/messages/retrieve-a-message

    Raises:
        Refused, NotSent, MaybeSent: Telnyx didn't say.
    """
    senders = {settings.from_number} if settings.from_number else set(lines)
    query = {"filter[record_type]": "messaging", "filter[created_at][gte]": _stamp(since)}
    async for record in api.pages("detail_records", query):
        message, at = record.get("uuid"), read_time(record.get("created_at"))
        if not isinstance(message, str) or at is None or at < since:
            continue
        if record.get("direction") == "inbound" and record.get("cld") in lines:
            told = await api.show(f"messages/{message}")
            with suppress(UnreadableWebhook):
                yield texts.received({**told, "id": message}, at, lines)
        elif record.get("direction") == "outbound" and record.get("cli") in senders:
            status = _status(message, record, at)
            if status is not None:
                yield status
    for sender in sorted(senders):
        query = {"filter[from]": str(sender), "created_at[gte]": _stamp(since)}
        async for entry in api.pages("messaging_optouts", query):
            opted_out = _opt_out(entry)
            if opted_out is not None:
                yield opted_out


def _status(message: str, record: Mapping[str, Any], at: datetime) -> TextStatus | None:
    status = str(record.get("status"))
    state = RECORDED_STATES.get(status)
    if state is None:
        return None
    code = first_code(record.get("errors"))
    failed = state is TextState.FAILED
    return TextStatus(
        key=f"{message}/{status}/list",
        at=read_time(record.get("completed_at")) or at,
        state=state,
        text=texts.text_in(record.get("delivery_status_webhook_url")),
        provider_id=message,
        number=str(record.get("cld")),
        reason=meaning(code).reason if failed else None,
        code=code if failed else None,
    )


def _opt_out(entry: Mapping[str, Any]) -> OptOut | None:
    number, stamp = entry.get("to"), entry.get("created_at")
    at = read_time(stamp)
    if not isinstance(number, str) or at is None:
        return None
    keyword = entry.get("keyword") or "no word"
    return OptOut(
        key=f"optout/{entry.get('from')}/{number}/{stamp}",
        at=at,
        number=number,
        evidence=f"Telnyx lists an opt-out ({keyword})",
    )


def _payload_in(metadata: Any, depth: int = _DEEP_ENOUGH) -> Mapping[str, Any] | None:
    """The payload of the webhook, wherever in the metadata it is; that isn't documented."""
    if not isinstance(metadata, dict) or not depth:
        return None
    if "call_session_id" in metadata and "call_leg_id" in metadata:
        return metadata
    found = (_payload_in(value, depth - 1) for value in metadata.values())
    return next((each for each in found if each is not None), None)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
