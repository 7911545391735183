"""Vonage's error codes: why a text failed, in our words and in a person's."""

from __future__ import annotations

import attrs

from textback.model import FailureReason


@attrs.frozen
class Meaning:
    """Why a text failed, the same for all providers, and what to say about it."""

    reason: FailureReason
    words: str


_BARRED = Meaning(FailureReason.UNREACHABLE, "the number is on Vonage's block list")
_BUSY = Meaning(FailureReason.RATE_LIMITED, "the account sends more than it may")
_FILTERED = Meaning(FailureReason.FILTERED, "it was blocked on the way, as unwanted messages are")
_GONE = Meaning(FailureReason.INVALID_NUMBER, "the number is no longer in use")
INTERNAL = Meaning(FailureReason.UNKNOWN, "something failed at Vonage")
_INVALID = Meaning(FailureReason.UNKNOWN, "something in it is not as it should be")
_LATER = Meaning(FailureReason.TEMPORARY, "the phone can't be reached now")
_NETWORK = Meaning(FailureReason.TEMPORARY, "the carrier's network failed")
_NO_FUNDS = Meaning(FailureReason.NO_FUNDS, "the account has no money left; top it up")
_NO_SMS = Meaning(FailureReason.UNREACHABLE, "the number can't get texts")
_NOT_LISTED = Meaning(
    FailureReason.UNKNOWN, "a trial account texts only numbers that are listed in the dashboard"
)
_OPTED_OUT = Meaning(FailureReason.OPTED_OUT, "the recipient opted out")
_SENDER = Meaning(
    FailureReason.UNREGISTERED,
    "this sender isn't permitted there; in the US its number must be registered for 10DLC",
)
_SUSPENDED = Meaning(FailureReason.AUTH, "the account is suspended, or may not send texts")
_UNKNOWN = Meaning(FailureReason.UNKNOWN, "the carrier doesn't say why")

# https://developer.vonage.com/en/api-errors/sms
SENDING = {
    1: _BUSY,
    2: _INVALID,
    3: _INVALID,
    4: Meaning(FailureReason.AUTH, "it doesn't accept api_key and api_secret"),
    5: INTERNAL,
    6: Meaning(FailureReason.INVALID_NUMBER, "it doesn't know where such a number is"),
    7: _BARRED,
    8: _SUSPENDED,
    9: _NO_FUNDS,
    10: _BUSY,
    11: _SUSPENDED,
    12: Meaning(FailureReason.UNKNOWN, "it is too long"),
    14: Meaning(FailureReason.AUTH, "the account wants signed requests; ask its support"),
    15: _SENDER,
    22: _INVALID,
    23: _INVALID,
    29: _NOT_LISTED,
    32: _INVALID,
    33: _GONE,
}

# https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts#dlr-error-codes
RECEIPT = {
    1: _UNKNOWN,
    2: _LATER,
    3: _GONE,
    4: Meaning(FailureReason.UNREACHABLE, "the phone's owner has barred texts"),
    5: Meaning(FailureReason.UNKNOWN, "the number's change of carrier isn't complete"),
    6: _FILTERED,
    7: _LATER,
    8: _NETWORK,
    9: _OPTED_OUT,
    10: _INVALID,
    11: Meaning(FailureReason.UNKNOWN, "Vonage has no route to the number; ask its support"),
    12: _NO_SMS,
    13: Meaning(FailureReason.FILTERED, "it isn't meant for somebody of that age"),
    14: _NO_SMS,
    15: Meaning(FailureReason.TEMPORARY, "the recipient's prepaid card is empty"),
    50: _SENDER,
    51: _SENDER,
    52: _FILTERED,
    53: _FILTERED,
    54: _FILTERED,
    99: _UNKNOWN,
}

# https://developer.vonage.com/en/api-errors/messages
MESSAGES = {
    1000: _BUSY,
    1010: _INVALID,
    1020: _INVALID,
    1030: INTERNAL,
    1040: SENDING[6],
    1050: _BARRED,
    1060: _SUSPENDED,
    1070: _NO_FUNDS,
    1080: _SUSPENDED,
    1090: SENDING[12],
    1100: _NETWORK,
    1120: _SENDER,
    1130: _INVALID,
    1140: _SUSPENDED,
    1150: _INVALID,
    1160: _NOT_LISTED,
    1170: Meaning(FailureReason.INVALID_NUMBER, "the number doesn't exist"),
    1180: _LATER,
    1190: _GONE,
    1200: RECEIPT[5],
    1210: _FILTERED,
    1220: _LATER,
    1230: _NETWORK,
    1240: _OPTED_OUT,
    1241: Meaning(FailureReason.RATE_LIMITED, "the number got too many texts"),
    1250: RECEIPT[11],
    1260: _NO_SMS,
    1270: RECEIPT[13],
    1280: _NO_SMS,
    1290: RECEIPT[15],
    1330: _UNKNOWN,
    1331: _NETWORK,
}


def meaning(table: dict[int, Meaning], code: int | None) -> Meaning:
    """What a code means; what isn't in the table is looked up by a person."""
    if code is None:
        return Meaning(FailureReason.UNKNOWN, "it doesn't say why")
    where = "sms" if table is not MESSAGES else "messages"
    see = f"see https://developer.vonage.com/en/api-errors/{where}"
    return table.get(code, Meaning(FailureReason.UNKNOWN, see))
