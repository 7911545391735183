"""Twilio's words for how a call, a leg or a text ended, in ours."""

from __future__ import annotations

from textback.model import Outcome, TextState

# https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus ; "answered" is a conference's word
OUTCOMES = {
    "completed": Outcome.ANSWERED,
    "answered": Outcome.ANSWERED,
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "failed": Outcome.FAILED,
    "canceled": Outcome.ABANDONED,
}

UNDER_WAY = frozenset({"queued", "initiated", "ringing", "in-progress"})
"""Words for a call that has not ended."""

# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
# All but the failures mean that Twilio has the text, which is what SENT says; "scheduled" and the
# like matter only for a text whose own answer was lost.
STATES = {
    "accepted": TextState.SENT,
    "scheduled": TextState.SENT,
    "queued": TextState.SENT,
    "sending": TextState.SENT,
    "sent": TextState.SENT,
    "partially_delivered": TextState.SENT,
    "delivered": TextState.DELIVERED,
    "read": TextState.DELIVERED,
    "undelivered": TextState.FAILED,
    "failed": TextState.FAILED,
    "canceled": TextState.FAILED,
}


def of_whole_call(status: str, *, connected: bool) -> Outcome:
    """The outcome of an incoming call whose own status is all that is known.

    Args:
        status: One of the final ones, see `OUTCOMES`.
        connected: It was, for a second or more.
    """
    outcome = OUTCOMES[status]
    if outcome is Outcome.ANSWERED and not connected:
        return Outcome.ABANDONED
    return outcome
