"""Telnyx's words for how a leg or a text ended, in ours."""

from __future__ import annotations

from textback.events import AnsweredBy
from textback.model import Keyword, Outcome, TextState

# https://developers.telnyx.com/api-reference/callbacks/call-hangup, hangup_cause.  A phone that is
# hung up on while it rings tells "originator_cancel", or "normal_clearing" if a command did it; so
# does one after a talk, of which call.bridged tells.  ABANDONED decides nothing of the call.
OF_A_PHONE = {
    "timeout": Outcome.NO_ANSWER,
    "no_answer": Outcome.NO_ANSWER,
    "user_busy": Outcome.BUSY,
    "call_rejected": Outcome.DECLINED,
    "not_found": Outcome.FAILED,
    "unspecified": Outcome.FAILED,
    "originator_cancel": Outcome.ABANDONED,
    "normal_clearing": Outcome.ABANDONED,
    "time_limit": Outcome.ABANDONED,
}

# https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks, payload.to[].status.
# All but the failures mean that Telnyx has the text, which is what SENT says; one that is over
# without proof of delivery ("delivery_unconfirmed") stays SENT.
STATES = {
    "queued": TextState.SENT,
    "scheduled": TextState.SENT,
    "sending": TextState.SENT,
    "sent": TextState.SENT,
    "delivery_unconfirmed": TextState.SENT,
    "delivered": TextState.DELIVERED,
    "sending_failed": TextState.FAILED,
    "delivery_failed": TextState.FAILED,
    "expired": TextState.FAILED,
    "cancelled": TextState.FAILED,
}

# https://developers.telnyx.com/docs/messaging/messages/message-detail-records, status
RECORDED_STATES = {
    "delivered": TextState.DELIVERED,
    "gw_timeout": TextState.SENT,
    "dlr_unconfirmed": TextState.SENT,
    "dlr_timeout": TextState.SENT,
    "gw_reject": TextState.FAILED,
    "failed": TextState.FAILED,
}

# https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out, autoresponse_type: it
# knows words and languages that its users have added, so it beats our own reading.
KEYWORDS = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}


def who_answered(result: str) -> AnsweredBy:
    """Who picked up, by answering-machine detection, standard or premium.

    https://developers.telnyx.com/docs/voice/programmable-voice/answering-machine-detection
    """
    if result.startswith("human"):
        return AnsweredBy.HUMAN
    machine = result.startswith(("machine", "fax"))
    return AnsweredBy.MACHINE if machine else AnsweredBy.UNKNOWN
