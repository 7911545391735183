"""Topics ``sms`` and ``sms-status``: what callers write, and what became of our texts."""

from __future__ import annotations

from datetime import datetime

from textback.errors import UnreadableWebhook
from textback.events import Reading, TextReceived, TextStatus
from textback.model import Keyword, Media, TextState
from textback_twilio import twiml
from textback_twilio.codes import meaning
from textback_twilio.outcomes import STATES
from textback_twilio.webhook import Webhook

MOST_MEDIA = 10  # https://www.twilio.com/docs/messaging/api/media-resource

# Advanced Opt-Out knows words and languages that its users have added: it beats our own reading.
_KEYWORDS = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}


def received(webhook: Webhook) -> Reading:
    """A text from a caller.  The answer is an empty document: anything else would be texted."""
    fields, sid = webhook.fields, webhook.need("MessageSid")
    count = min(webhook.whole("NumMedia") or 0, MOST_MEDIA)
    event = TextReceived(
        key=received_key(sid),
        at=webhook.at,
        number=webhook.need("From"),
        line=webhook.need("To"),
        body=fields.get("Body", ""),
        media=tuple(
            Media(
                url=webhook.need(f"MediaUrl{index}"),
                content_type=fields.get(f"MediaContentType{index}") or "application/octet-stream",
            )
            for index in range(count)
        ),
        keyword=_KEYWORDS.get(fields.get("OptOutType", "").upper()),
        provider_id=sid,
    )
    return Reading((event,), twiml.answer())


def status(webhook: Webhook) -> Reading:
    """How far a text of ours is; our id for it is in the address, as we gave it to Twilio."""
    sid, word = webhook.need("MessageSid"), webhook.need("MessageStatus")
    if word not in STATES:
        raise UnreadableWebhook(f"MessageStatus is none of {', '.join(STATES)}")
    text = webhook.query.get("text") or None
    key = f"{sid}/{word}"
    return Reading((status_of(key, sid, word, webhook.whole("ErrorCode"), webhook.at, text),))


def status_of(
    key: str, sid: str, word: str, code: int | None, at: datetime, text: str | None = None
) -> TextStatus:
    """A text's state from Twilio's word for it, one of `STATES`, and its error code, if any."""
    failed = STATES[word] is TextState.FAILED
    return TextStatus(
        key=key,
        at=at,
        state=STATES[word],
        text=text,
        provider_id=sid,
        reason=meaning(code).reason if failed else None,
        code=str(code) if failed and code else None,
    )


def received_key(sid: str) -> str:
    """The same for a text that its webhook told and one that was found by listing."""
    return f"{sid}/received"
