"""NCCOs: what Vonage is told to do with a call.

https://developer.vonage.com/en/voice/voice-api/ncco-reference
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from textback.events import WebhookResponse
from textback.model import PhoneNumber
from textback_vonage.formats import digits, is_number
from textback_vonage.settings import Settings
from textback_vonage.webhook import Rung

Action = Mapping[str, Any]

PRESS_WITHIN_S = 8  # 10 at the most
CONSENT_WITHIN_S = 5
LONGEST_MESSAGE_S = 120
SILENCE_S = 5  # ends a message; 3 to 10


def answer(actions: Iterable[Action]) -> WebhookResponse:
    """What Vonage does next; without any action, the call ends."""
    return WebhookResponse(200, json.dumps(list(actions)), "application/json")


def ring(settings: Settings, address: str, rung: Rung, caller: str | None) -> list[Action]:
    """Ring one phone; the answer to its event says what follows if nobody takes it.

    One ``connect`` alone: whether Vonage goes on to the next action when a phone is taken, and
    would ring a second one beside it, is told in different ways.

    Args:
        settings: The plugin's.
        address: This plugin's own webhook address.
        rung: The phone.
        caller: What it shows, without a plus; None if that isn't known.
    """
    endpoint: dict[str, Any] = {"type": "phone", "number": digits(settings.ring[rung.index])}
    if settings.whisper:
        endpoint["onAnswer"] = {"url": f"{address}/whisper?{rung.query}"}
    connect: dict[str, Any] = {
        "action": "connect",
        "eventType": "synchronous",
        "eventUrl": [f"{address}/event?{rung.query}"],
        "timeout": settings.ring_s,
        **({"from": caller} if caller else {"randomFromNumber": True}),
        "endpoint": [endpoint],
    }
    if not settings.whisper:
        return [connect]
    # Who didn't press 1 is hung up on, and then this asks how to go on.
    onward = {"action": "notify", "payload": {}, "eventUrl": [f"{address}/next?{rung.query}"]}
    return [connect, onward]


def shown(settings: Settings, caller: str | None, line: str) -> str:
    """Which number a phone shows that rings: the caller's, if it is a number.

    Vonage permits that while the caller is on the line:
    https://developer.vonage.com/en/voice/voice-api/guides/numbers#outgoing-caller-id
    """
    if settings.caller_id == "caller" and caller and is_number(digits(caller)):
        return digits(caller)
    return digits(line)


def sorry(settings: Settings, address: str, call: str) -> list[Action]:
    """What a caller hears whom nobody answered, perhaps a question and a beep, then the end."""
    asked = _ask_for_consent(settings, address, call)
    return [*_talk(settings, settings.greeting), *asked, *farewell(settings, address, call)]


def _ask_for_consent(settings: Settings, address: str, call: str) -> list[Action]:
    """Ask the caller to press 1 for texts; the answer to the event says what follows."""
    if not settings.consent_prompt:
        return []
    return [
        *_talk(settings, settings.consent_prompt, bargeIn=True),
        {
            "action": "input",
            "type": ["dtmf"],
            "dtmf": {"maxDigits": 1, "timeOut": CONSENT_WITHIN_S},
            "eventUrl": [f"{address}/consent?{Rung(call=call, index=0).query}"],
        },
    ]


def farewell(settings: Settings, address: str, call: str) -> list[Action]:
    """What follows the words: perhaps a beep for a message, then the end."""
    actions: list[Action] = []
    if settings.record:
        actions.append(
            {
                "action": "record",
                "eventUrl": [f"{address}/recording?{Rung(call=call, index=0).query}"],
                "beepStart": True,
                "endOnSilence": SILENCE_S,
                "timeOut": LONGEST_MESSAGE_S,
            }
        )
    return actions


def ask_for_key(settings: Settings, address: str, rung: Rung) -> list[Action]:
    """Ask who picked up to press 1."""
    return [
        *_talk(settings, settings.whisper_prompt, bargeIn=True),
        {
            "action": "input",
            "type": ["dtmf"],
            "dtmf": {"maxDigits": 1, "timeOut": PRESS_WITHIN_S},
            "eventUrl": [f"{address}/whisper-digits?{rung.query}"],
        },
    ]


def fallback_ncco(settings: Settings, line: PhoneNumber) -> str:
    """A file for the time when textback is down: calls still ring the business's first phone.

    It names no address of ours, so Vonage tells the application's event address of what becomes
    of the call, and textback reads that if it is up again by then.

    Args:
        settings: The phones; without any, callers hear the greeting.
        line: What the phone shows: a file can't know who calls.
    """
    actions: list[Action] = []
    if settings.ring and settings.detect == "dial":
        actions.append(
            {
                "action": "connect",
                "timeout": settings.ring_s,
                "from": digits(line),
                "endpoint": [{"type": "phone", "number": digits(settings.ring[0])}],
            }
        )
    else:
        actions += _talk(settings, settings.greeting)
    return json.dumps(actions)


def _talk(settings: Settings, words: str, **more: Any) -> list[Action]:
    if not words:
        return []
    language = {"language": settings.language} if settings.language else {}
    return [{"action": "talk", "text": words, **language, **more}]
