"""Topics ``sms`` and ``sms-status``: what callers write, and what became of our texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from textback.errors import UnreadableWebhook
from textback.events import Event, OptOut, Reading, TextReceived, TextStatus
from textback.model import FailureReason, Media, TextState
from textback_vonage.codes import MESSAGES, RECEIPT, Meaning, meaning
from textback_vonage.formats import international
from textback_vonage.outcomes import MESSAGE_STATES, RECEIPT_STATES
from textback_vonage.sending import error_code
from textback_vonage.webhook import Webhook

MOST_PARTS = 255  # of one SMS: 3GPP TS 23.040, section 9.2.3.24.1
_CHANNELS = ("sms", "mms")
_PICTURES = ("image", "audio", "video", "file", "vcard")


@attrs.frozen(kw_only=True)
class Part:
    """One part of a long text, which the SMS API brings one by one.

    Attributes:
        whole: The text as if the part were all of it.
        reference: What the parts of one text share; a phone begins anew after 255.
        number: From 1 on.
    """

    whole: TextReceived
    reference: str
    number: int
    of: int


def received(webhook: Webhook) -> TextReceived | Part | None:
    """A text from a caller, or a part of one; None for what came over another channel."""
    if "message_uuid" in webhook.fields:
        return _message(webhook)
    text = _event(
        webhook,
        webhook.need("messageId"),
        number=webhook.fields.get("msisdn"),
        body=webhook.maybe("text") or "",
    )
    if webhook.maybe("type") == "binary":
        return None
    if webhook.maybe("concat") != "true":
        return text
    number, of = (_count(webhook, name) for name in ("concat-part", "concat-total"))
    if not 1 <= number <= of <= MOST_PARTS:
        raise UnreadableWebhook("concat-part is not between 1 and concat-total")
    return Part(whole=text, reference=webhook.need("concat-ref"), number=number, of=of)


def status(webhook: Webhook) -> Reading:
    """How far a text of ours is; our id for it is in the reference, as we gave it to Vonage."""
    fields = webhook.fields
    if "message_uuid" in fields:
        if webhook.maybe("channel") not in (None, *_CHANNELS):
            return Reading()
        sid, word = webhook.need("message_uuid"), webhook.need("status")
        states, code = MESSAGE_STATES, error_code(fields.get("error"))
        known, number = meaning(MESSAGES, code), fields.get("to")
        text = webhook.maybe("client_ref")
    else:
        sid, word = webhook.need("messageId"), webhook.need("status")
        states, code = RECEIPT_STATES, error_code({"code": fields.get("err-code")})
        known, number = meaning(RECEIPT, code), fields.get("msisdn")
        text = webhook.maybe("client-ref")
    if word not in states:
        raise UnreadableWebhook(f"status is none of {', '.join(states)}")
    return Reading(
        status_events(
            f"{sid}/{word}",
            sid,
            states[word],
            known=known,
            code=code,
            at=webhook.at,
            number=international(number),
            text=text,
        )
    )


def status_events(
    key: str,
    sid: str,
    state: TextState,
    *,
    known: Meaning,
    code: int | None,
    at: datetime,
    number: str | None,
    text: str | None,
) -> tuple[Event, ...]:
    """A text's state, and an opt-out where that is why it failed.

    The opt-out is told apart, since it counts also if nobody here knows the text.
    """
    failed = state is TextState.FAILED
    status = TextStatus(
        key=key,
        at=at,
        state=state,
        text=text,
        provider_id=sid,
        number=number,
        reason=known.reason if failed else None,
        code=str(code) if failed and code else None,
    )
    if not failed or known.reason is not FailureReason.OPTED_OUT or number is None:
        return (status,)
    evidence = f"Vonage did not deliver a text: {known.words} ({code})"
    return (status, OptOut(key=f"{sid}/opt-out", at=at, number=number, evidence=evidence))


def received_key(sid: str) -> str:
    """The same for a text that its webhook told and one that was found by listing."""
    return f"{sid}/received"


def _message(webhook: Webhook) -> TextReceived | None:
    """A text by the Messages API, which joins the parts itself."""
    fields = webhook.fields
    if webhook.maybe("channel") not in (None, *_CHANNELS):
        return None
    content = fields.get("message")  # in the API's first version
    content = content.get("content") if isinstance(content, Mapping) else None
    old = content.get("text") if isinstance(content, Mapping) else None
    media = tuple(_media(fields))
    captions = [webhook.maybe("text"), old if isinstance(old, str) else None]
    return _event(
        webhook,
        webhook.need("message_uuid"),
        number=fields.get("from"),
        body=next(filter(None, captions), ""),
        media=media,
    )


def _event(
    webhook: Webhook, sid: str, *, number: Any, body: str, media: tuple[Media, ...] = ()
) -> TextReceived:
    caller, line = international(number), international(webhook.fields.get("to"))
    if caller is None or line is None:
        raise UnreadableWebhook("it doesn't say who wrote, or to which number")
    return TextReceived(
        key=received_key(sid),
        at=webhook.at,
        number=caller,
        line=line,
        body=body,
        media=media,
        provider_id=sid,
    )


def _media(fields: Mapping[str, Any]) -> list[Media]:
    found = [fields.get(kind) for kind in _PICTURES]
    urls = [each.get("url") for each in found if isinstance(each, Mapping)]
    return [Media(url=url) for url in urls if isinstance(url, str) and url]


def _count(webhook: Webhook, name: str) -> int:
    value = webhook.need(name)
    if not (value.isascii() and value.isdigit() and len(value) <= 3):
        raise UnreadableWebhook(f"the field {name} is not a whole number")
    return int(value)
