"""RingCentral's words and codes for what became of a text, in ours."""

from __future__ import annotations

from typing import Final

import attrs

from textback.model import FailureReason, TextState

# https://developers.ringcentral.com/guide/messaging/sms/sms-errors
STATES: Final = {
    "Queued": TextState.SENT,  # RingCentral has it
    "Sent": TextState.SENT,
    "Delivered": TextState.DELIVERED,
    "DeliveryFailed": TextState.FAILED,
    "SendingFailed": TextState.FAILED,
}


@attrs.frozen
class Meaning:
    """Why a text failed, the same for all providers, and what to say about it."""

    reason: FailureReason
    words: str


_OPTED_OUT = Meaning(FailureReason.OPTED_OUT, "the recipient opted out")
_NO_TEXTS = Meaning(FailureReason.UNREACHABLE, "the number is a landline or can't get texts")
_SPAM = Meaning(FailureReason.FILTERED, "it was blocked on the way, as unwanted messages are")
_NOT_SET_UP = Meaning(
    FailureReason.UNREGISTERED,
    "the sending number isn't set up for texts; register it in the admin portal",
)
_TOO_MANY = Meaning(FailureReason.RATE_LIMITED, "the account has sent as much as it may")
_NOT_NOW = Meaning(FailureReason.TEMPORARY, "it can't be delivered now")

# Of a text that was taken: https://developers.ringcentral.com/guide/messaging/sms/sms-errors
LATER: Final = {
    "SMS-RC-403": _TOO_MANY,
    "SMS-RC-410": _NO_TEXTS,
    "SMS-RC-413": _OPTED_OUT,
    "SMS-RC-430": _SPAM,
    "SMS-RC-503": _NOT_SET_UP,
    "SMS-RC-504": _NOT_SET_UP,
    "SMS-UP-410": _NO_TEXTS,
    "SMS-UP-413": _OPTED_OUT,
    "SMS-UP-414": _NOT_SET_UP,
    "SMS-UP-430": _SPAM,
    "SMS-UP-431": _SPAM,
    "SMS-UP-500": _NOT_NOW,
    "SMS-CAR-400": _NO_TEXTS,
    "SMS-CAR-410": _NOT_NOW,
    "SMS-CAR-411": Meaning(FailureReason.INVALID_NUMBER, "the number isn't in use"),
    "SMS-CAR-412": _NOT_NOW,
    "SMS-CAR-413": _OPTED_OUT,
    "SMS-CAR-414": _NOT_SET_UP,
    "SMS-CAR-430": _SPAM,
    "SMS-CAR-431": _SPAM,
    "SMS-CAR-435": _SPAM,
    "SMS-CAR-450": _TOO_MANY,
    "SMS-CAR-451": _TOO_MANY,
    "SMS-CAR-452": _TOO_MANY,
    "SMS-CAR-461": _NOT_SET_UP,
    "SMS-CAR-500": _NOT_NOW,
}

# Of a request that was refused: error codes of createSMSMessage in RingCentral's API reference.
AT_ONCE: Final = {
    "MSG-240": Meaning(FailureReason.UNKNOWN, "texts abroad aren't enabled for the account"),
    "MSG-241": Meaning(FailureReason.UNKNOWN, "the sending number is for faxes"),
    "MSG-242": _NOT_SET_UP,
    "MSG-243": Meaning(FailureReason.UNKNOWN, "the account has blocked this number"),
    "MSG-245": Meaning(
        FailureReason.UNKNOWN,
        "the sending number isn't the user's; have its texts assigned to the user whose JWT this "
        "is, or set from_number",
    ),
    "MSG-246": _NO_TEXTS,  # an extension
    "MSG-247": _NO_TEXTS,  # a short number
    "MSG-314": Meaning(FailureReason.UNKNOWN, "this kind of user can't send texts"),
    "MSG-367": _NOT_SET_UP,
    "MSG-384": _TOO_MANY,
    "MSG-397": Meaning(FailureReason.UNKNOWN, "toll-free texts aren't enabled for the account"),
    "MSG-403": Meaning(FailureReason.UNKNOWN, "a toll-free number can't send texts abroad"),
    "CMN-408": Meaning(FailureReason.AUTH, "the user may not send texts (OutboundSMS)"),
}

_UNKNOWN = Meaning(FailureReason.UNKNOWN, "see RingCentral's list of SMS errors")


def meaning(code: str | None) -> Meaning:
    """What a code means; what isn't in the tables is looked up by a person."""
    return LATER.get(code or "") or AT_ONCE.get(code or "") or _UNKNOWN
