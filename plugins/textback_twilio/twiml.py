"""TwiML: what Twilio is told to do with a call.

https://www.twilio.com/docs/voice/twiml
"""

from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from textback.events import WebhookResponse
from textback_twilio.settings import Settings

RETRIED = "#rc=2&rp=5xx,ct,rt"
"""Twilio repeats a request only if the address asks for it; the fragment is not sent or signed.
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides"""

PRESS_WITHIN_S = 8
CONSENT_WITHIN_S = 5
LONGEST_MESSAGE_S = 120
_NOTHING_MORE_S = 5  # of silence end a message


def answer(*verbs: str) -> WebhookResponse:
    """A document of these verbs as a response; none at all lets the call go on or end."""
    return WebhookResponse(200, document(*verbs), "text/xml; charset=utf-8")


def document(*verbs: str) -> str:
    """A whole TwiML document."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}<Response>{''.join(verbs)}</Response>"


def ring(settings: Settings, address: str, call: str) -> str:
    """Ring the business's phones; whoever takes it first gets the caller.

    ``answerOnBridge``: the caller hears it ring, and who gives up was never answered.  With
    ``detect = "status"`` nothing follows, so that the call's own status tells the result.
    """
    attributes = {"timeout": str(settings.ring_s), "answerOnBridge": "true"}
    if settings.detect != "status":
        attributes["action"] = f"{address}/dial{RETRIED}"
    if settings.whisper:
        number = {"url": f"{address}/whisper?call={quote(call, safe='')}"}
    else:  # an answer is known when it happens, not only when they have hung up
        number = {"statusCallback": f"{address}/status", "statusCallbackEvent": "answered"}
    return _dial(settings, attributes, number)


def sorry(settings: Settings, address: str) -> tuple[str, ...]:
    """What a caller hears whom nobody answered, perhaps a question and a beep, then the end."""
    asked = _ask_for_consent(settings, address)
    return (*_say(settings, settings.greeting), *asked, *farewell(settings, address))


def _ask_for_consent(settings: Settings, address: str) -> tuple[str, ...]:
    """Ask the caller to press 1 for texts; who doesn't hears what follows."""
    if not settings.consent_prompt:
        return ()
    attributes = {
        "numDigits": "1",
        "timeout": str(CONSENT_WITHIN_S),
        "action": f"{address}/consent{RETRIED}",
    }
    prompt = "".join(_say(settings, settings.consent_prompt))
    return (f"<Gather{_attributes(attributes)}>{prompt}</Gather>",)


def farewell(settings: Settings, address: str) -> tuple[str, ...]:
    """What follows the words: perhaps a beep for a message, then the end."""
    verbs: tuple[str, ...] = ()
    if settings.record:
        attributes = {
            "action": f"{address}/recording{RETRIED}",
            "maxLength": str(LONGEST_MESSAGE_S),
            "timeout": str(_NOTHING_MORE_S),
        }
        verbs = (f"<Record{_attributes(attributes)}/>",)
    return (*verbs, hang_up())


def ask_for_key(settings: Settings, address: str, call: str) -> tuple[str, ...]:
    """Ask who picked up to press 1; who doesn't is hung up on."""
    attributes = {
        "numDigits": "1",
        "timeout": str(PRESS_WITHIN_S),
        "action": f"{address}/whisper-digits?call={quote(call, safe='')}",
    }
    prompt = "".join(_say(settings, settings.whisper_prompt))
    return (f"<Gather{_attributes(attributes)}>{prompt}</Gather>", hang_up())


def hang_up() -> str:
    """End the call."""
    return "<Hangup/>"


def fallback_twiml(settings: Settings, address: str = "") -> str:
    """What Twilio keeps for the time when textback is down: calls still ring the business.

    Args:
        settings: The phones to ring; none for calls that the business has forwarded, which would
            only come back.
        address: This plugin's webhook address.  With it, an answered call is reported should
            textback be up again when it ends; without it, such a call could look like a missed one.
    """
    verbs: tuple[str, ...] = ()
    if settings.ring and settings.detect != "forwarded":
        told = {"statusCallback": f"{address}/status", "statusCallbackEvent": "answered completed"}
        attributes = {"timeout": str(settings.ring_s), "answerOnBridge": "true"}
        verbs = (_dial(settings, attributes, told if address else {}),)
    return document(*verbs, *_say(settings, settings.greeting))


def _dial(settings: Settings, attributes: dict[str, str], number: dict[str, str]) -> str:
    each = _attributes(number)
    numbers = "".join(f"<Number{each}>{escape(phone)}</Number>" for phone in settings.ring)
    return f"<Dial{_attributes(attributes)}>{numbers}</Dial>"


def _say(settings: Settings, words: str) -> tuple[str, ...]:
    if not words:
        return ()
    language = {"language": settings.language} if settings.language else {}
    return (f"<Say{_attributes(language)}>{escape(words)}</Say>",)


def _attributes(values: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())
