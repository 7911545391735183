"""What callers write, and what became of our texts.

https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from textback.errors import UnreadableWebhook
from textback.events import TextReceived, TextStatus
from textback.model import Media, TextState
from textback_telnyx.api import first_code
from textback_telnyx.codes import meaning
from textback_telnyx.outcomes import KEYWORDS, STATES
from textback_telnyx.webhook import Webhook, read_time


def told(webhook: Webhook, lines: Collection[str]) -> tuple[TextReceived | TextStatus, ...]:
    """The events of one webhook about a text.

    Raises:
        UnreadableWebhook: It lacks what belongs to it.
    """
    match webhook.kind:
        case "message.received":
            return (received(webhook.payload, webhook.at, lines),)
        case "message.sent" | "message.finalized":
            return _status(webhook)
    return ()


def received(payload: Mapping[str, Any], at: datetime, lines: Collection[str]) -> TextReceived:
    """A text from a caller, as a webhook or the message itself tells it.

    Raises:
        UnreadableWebhook: It doesn't say from whom or to whom.
    """
    message, sender = _id(payload), payload.get("from")
    number = sender.get("phone_number") if isinstance(sender, dict) else None
    recipients = [str(each.get("phone_number")) for each in _recipients(payload)]
    if not isinstance(number, str) or not recipients:
        raise UnreadableWebhook("a message doesn't say from whom or to whom")
    media = payload.get("media")
    return TextReceived(
        key=f"{message}/received",
        at=read_time(payload.get("received_at")) or at,
        number=number,
        # A group message has several; the one that is ours, if any is.
        line=next((each for each in recipients if each in lines), recipients[0]),
        body=str(payload.get("text") or ""),
        media=tuple(
            Media(
                url=each["url"],
                content_type=str(each.get("content_type") or "application/octet-stream"),
            )
            for each in (media if isinstance(media, list) else ())
            if isinstance(each, dict) and isinstance(each.get("url"), str)
        ),
        keyword=KEYWORDS.get(str(payload.get("autoresponse_type")).upper()),
        provider_id=message,
    )


def text_in(address: Any) -> str | None:
    """The id of ours that a status address carries, as we gave it to Telnyx."""
    if not isinstance(address, str):
        return None
    return next(iter(parse_qs(urlsplit(address).query).get("text", ())), None)


def _status(webhook: Webhook) -> tuple[TextStatus, ...]:
    """How far a text of ours is; "finalized" says that it is over, not how."""
    message, recipients = _id(webhook.payload), _recipients(webhook.payload)
    status = str(recipients[0].get("status")) if recipients else ""
    state = STATES.get(status)
    if state is None:
        raise UnreadableWebhook(f"the status of a message is none of {', '.join(STATES)}")
    code = first_code(webhook.payload.get("errors"))
    failed = state is TextState.FAILED
    return (
        TextStatus(
            key=f"{message}/{status}",
            at=webhook.at,
            state=state,
            # At the profile's address, where it is sent if ours fails, only the payload has it.
            text=webhook.query.get("text") or text_in(webhook.payload.get("webhook_url")),
            provider_id=message,
            reason=meaning(code).reason if failed else None,
            code=code if failed else None,
        ),
    )


def _id(payload: Mapping[str, Any]) -> str:
    message = payload.get("id")
    if not isinstance(message, str) or not message:
        raise UnreadableWebhook("a message has no id")
    return message


def _recipients(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    to = payload.get("to")
    return [each for each in to if isinstance(each, dict)] if isinstance(to, list) else []
