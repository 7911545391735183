"""One event of Telnyx's, as the readers see it; also one that was found in a list of events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from textback.errors import UnreadableWebhook
from textback.events import WebhookRequest
from textback_telnyx import signature


@attrs.frozen(kw_only=True)
class Webhook:
    """What Telnyx told.

    Attributes:
        kind: The type of the event, e.g. ``call.hangup``.
        at: When it happened.
        payload: What happened.
        query: What the address carried, e.g. the id of a text.
        age_s: Seconds from the event to its being sent, both by Telnyx's clock.
    """

    kind: str
    at: datetime
    payload: Mapping[str, Any] = attrs.field(repr=False)
    query: Mapping[str, str] = attrs.field(factory=dict)
    age_s: float = 0.0

    def need(self, name: str) -> str:
        """The value of a field that must be there.

        Raises:
            UnreadableWebhook: It is missing, empty or no text.
        """
        value = self.payload.get(name)
        if not isinstance(value, str) or not value:
            raise UnreadableWebhook(f"{self.kind} has no {name}")
        return value

    def text(self, name: str) -> str | None:
        """The value of a field that is text; None if it is missing, empty or something else."""
        value = self.payload.get(name)
        return value if isinstance(value, str) and value else None


def verified(request: WebhookRequest, public_key: str) -> Webhook:
    """An event that Telnyx signed for this account.

    Raises:
        WebhookRejected: It is not signed, or not lately.
        UnreadableWebhook: It is signed, but not in the form of API v2.
    """
    sent_at = signature.check(request, public_key)
    data = request.json.get("data") if isinstance(request.json, dict) else None
    kind = data.get("event_type") if isinstance(data, dict) else None
    payload = data.get("payload") if isinstance(data, dict) else None
    if not isinstance(kind, str) or not isinstance(payload, dict):
        raise UnreadableWebhook(
            "it is not an event of API v2; choose that version in the application or profile"
        )
    assert isinstance(data, dict)
    at = read_time(data.get("occurred_at")) or request.received_at
    return Webhook(
        kind=kind,
        at=at,
        payload=payload,
        query=request.query,
        age_s=sent_at - at.timestamp(),
    )


def read_time(stamp: Any) -> datetime | None:
    """A moment in ISO 8601, e.g. ``2018-02-02T22:25:27.521992Z``; None if it isn't one."""
    if not isinstance(stamp, str):
        return None
    try:
        at = datetime.fromisoformat(stamp)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
