"""Vonage's words for how a leg or a text ended, in ours."""

from __future__ import annotations

from textback.model import Outcome, TextState

# https://developer.vonage.com/en/voice/voice-api/webhook-reference#event-webhook
UNDER_WAY = frozenset({"started", "ringing", "answered"})

ENDINGS = {
    "busy": Outcome.BUSY,
    "cancelled": Outcome.ABANDONED,  # by the caller, or when the time to ring was over
    "unanswered": Outcome.NO_ANSWER,
    "timeout": Outcome.NO_ANSWER,
    "rejected": Outcome.FAILED,  # by Vonage, before it rang
    "failed": Outcome.FAILED,
}
"""How a leg can end that nobody took; "completed" is the end of any leg."""

# Vonage has the text, which is what SENT says, as soon as it tells anything of it.
# https://developer.vonage.com/en/messages/concepts/messages-status-callbacks
MESSAGE_STATES = {
    "submitted": TextState.SENT,
    "delivered": TextState.DELIVERED,
    "read": TextState.DELIVERED,
    "rejected": TextState.FAILED,
    "undeliverable": TextState.FAILED,
    "failed": TextState.FAILED,
}

# https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
RECEIPT_STATES = {
    "accepted": TextState.SENT,
    "buffered": TextState.SENT,
    "submitted": TextState.SENT,
    "unknown": TextState.SENT,
    "delivered": TextState.DELIVERED,
    "expired": TextState.FAILED,
    "failed": TextState.FAILED,
    "rejected": TextState.FAILED,
    "undelivered": TextState.FAILED,
    "deleted": TextState.FAILED,
}


def of_leg(status: str, detail: str | None) -> Outcome:
    """How a leg ended that nobody took.

    Args:
        status: One of `ENDINGS`.
        detail: Vonage's further word; of a rejected call ``declined`` is one of a person.
    """
    return Outcome.DECLINED if detail == "declined" else ENDINGS[status]
