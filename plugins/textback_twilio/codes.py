"""Twilio's error codes: why a text failed, in our words and in a person's.

https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import attrs

from textback.model import FailureReason


@attrs.frozen
class Meaning:
    """Why a text failed, the same for all providers, and what to say about it."""

    reason: FailureReason
    words: str


_UNREGISTERED = "the sending number isn't registered with the US carriers; register it at Twilio"
_FILTERED = "it was blocked on the way, as unwanted messages are"

# 30003 is a phone that is switched off or out of reach now: nothing that holds for ever.
MEANINGS = {
    20003: Meaning(FailureReason.AUTH, "it doesn't accept account_sid and auth_token"),
    20429: Meaning(FailureReason.RATE_LIMITED, "it has too many requests at once"),
    21211: Meaning(FailureReason.INVALID_NUMBER, "the number doesn't exist"),
    21408: Meaning(FailureReason.UNKNOWN, "texts to that country are not enabled for the account"),
    21606: Meaning(FailureReason.UNKNOWN, "the sending number can't send texts there"),
    21608: Meaning(FailureReason.UNKNOWN, "a trial account texts only numbers verified at Twilio"),
    21610: Meaning(FailureReason.OPTED_OUT, "the recipient opted out"),
    21612: Meaning(FailureReason.UNKNOWN, "it has no route from the sending number to this one"),
    21614: Meaning(FailureReason.UNREACHABLE, "the number is no mobile phone's"),
    30001: Meaning(FailureReason.RATE_LIMITED, "too many texts wait for the sending number"),
    30003: Meaning(FailureReason.TEMPORARY, "the phone can't be reached now"),
    30004: Meaning(FailureReason.FILTERED, _FILTERED),
    30005: Meaning(FailureReason.INVALID_NUMBER, "the number is unknown or no longer in use"),
    30006: Meaning(FailureReason.UNREACHABLE, "the number is a landline or can't get texts"),
    30007: Meaning(FailureReason.FILTERED, _FILTERED),
    30008: Meaning(FailureReason.UNKNOWN, "the carrier doesn't say why"),
    30032: Meaning(FailureReason.UNREGISTERED, "the toll-free number isn't verified; do so"),
    30034: Meaning(FailureReason.UNREGISTERED, _UNREGISTERED),
    30450: Meaning(FailureReason.FILTERED, "Twilio takes it for fraud by text pumping"),
}


def meaning(code: int | None) -> Meaning:
    """What a code means; what isn't in the table is looked up by a person."""
    if code is None:
        return Meaning(FailureReason.UNKNOWN, "it doesn't say why")
    known = MEANINGS.get(code)
    if known is not None:
        return known
    return Meaning(FailureReason.UNKNOWN, f"see https://www.twilio.com/docs/api/errors/{code}")
