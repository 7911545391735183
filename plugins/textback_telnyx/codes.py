"""Telnyx's error codes: why a text failed, in our words and in a person's.

https://developers.telnyx.com/docs/messaging/messages/error-codes
"""

from __future__ import annotations

import attrs

from textback.model import FailureReason


@attrs.frozen
class Meaning:
    """Why a text failed, the same for all providers, and what to say about it."""

    reason: FailureReason
    words: str


_KEY = Meaning(FailureReason.AUTH, "it doesn't accept api_key for this")
_SPAM = Meaning(FailureReason.FILTERED, "it was blocked on the way, as unwanted messages are")
_TOO_MANY = Meaning(FailureReason.RATE_LIMITED, "it has too many texts or requests at once")
_NOT_OURS = Meaning(FailureReason.UNKNOWN, "texts can't leave from the sending number; see Telnyx")

MEANINGS = {
    "10001": Meaning(FailureReason.UNKNOWN, "the sending number is inactive"),
    "10002": Meaning(FailureReason.INVALID_NUMBER, "the number is not valid"),
    "10009": _KEY,
    "10010": _KEY,
    "10011": _TOO_MANY,
    "10016": Meaning(FailureReason.INVALID_NUMBER, "the number is not in E.164"),
    "20002": _KEY,
    "20100": Meaning(FailureReason.NO_FUNDS, "the account's balance is used up"),
    "40001": Meaning(FailureReason.UNREACHABLE, "the number is a landline or can't get texts"),
    "40002": _SPAM,
    "40003": _SPAM,
    "40004": Meaning(FailureReason.UNKNOWN, "the recipient's carrier doesn't say why"),
    "40005": Meaning(FailureReason.TEMPORARY, "it expired before it was delivered"),
    "40006": Meaning(FailureReason.TEMPORARY, "the recipient's carrier can't be reached now"),
    "40008": Meaning(FailureReason.UNKNOWN, "the recipient's carrier didn't accept it"),
    "40009": Meaning(FailureReason.UNKNOWN, "its words can't be sent"),
    "40010": Meaning(
        FailureReason.UNREGISTERED,
        "the sending number isn't registered with the US carriers; register it at Telnyx",
    ),
    "40011": _TOO_MANY,
    "40012": Meaning(FailureReason.INVALID_NUMBER, "the number is not valid for texts"),
    "40013": _NOT_OURS,
    "40014": Meaning(FailureReason.TEMPORARY, "it waited too long to be sent"),
    "40015": _SPAM,
    "40016": _TOO_MANY,
    "40017": _SPAM,
    "40018": _TOO_MANY,
    "40300": Meaning(FailureReason.OPTED_OUT, "the recipient opted out"),
    "40305": _NOT_OURS,
    "40310": Meaning(FailureReason.INVALID_NUMBER, "the number can't be texted"),
    "40318": _TOO_MANY,
    "40329": Meaning(
        FailureReason.UNREGISTERED, "the toll-free number isn't verified; verify it at Telnyx"
    ),
    "40333": Meaning(FailureReason.NO_FUNDS, "the profile's spend limit is reached"),
}


def meaning(code: str | None) -> Meaning:
    """What a code means; what isn't in the table is looked up by a person."""
    if code is None:
        return Meaning(FailureReason.UNKNOWN, "it doesn't say why")
    known = MEANINGS.get(code)
    if known is not None:
        return known
    page = "https://developers.telnyx.com/development/api-fundamentals/api-errors"
    words = f"see {code} at {page}"
    return Meaning(FailureReason.UNKNOWN, words)
