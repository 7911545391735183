"""Topic ``calls``: how a call ended, as any phone system can tell it in a few lines of JSON."""

from __future__ import annotations

from textback.errors import UnreadableWebhook
from textback.events import CallEvent, Confidence, Happened, WebhookRequest
from textback.model import Outcome
from textback_webhook.fields import (
    LONGEST_ID,
    link,
    milliseconds,
    moment,
    number,
    object_of,
    optional,
    text,
    truth,
    word,
)

OUTCOMES = {
    "answered": Outcome.ANSWERED,
    "missed": Outcome.NO_ANSWER,
    "no_answer": Outcome.NO_ANSWER,
    "busy": Outcome.BUSY,
    "declined": Outcome.DECLINED,
    "abandoned": Outcome.ABANDONED,
    "voicemail": Outcome.VOICEMAIL,
    "failed": Outcome.FAILED,
    "out_of_hours": Outcome.OUT_OF_HOURS,
}
"""The words that ``status`` may be; "missed" is for systems that know no more than that."""

DIRECTIONS = ("inbound", "outbound")


def read(request: WebhookRequest) -> CallEvent:
    """The one event of a request that has been verified.

    The key is made of the call and what is said of it, so that it counts once however often and
    with whichever ``webhook-id`` it is posted.

    Raises:
        UnreadableWebhook: A field is missing or wrong; says which.
    """
    told = object_of(request)
    call, status = text(told, "id", most=LONGEST_ID), word(told, "status", tuple(OUTCOMES))
    outgoing = word(told, "direction", DIRECTIONS) == "outbound"
    caller, line = number(told, "from"), number(told, "to")
    if outgoing:
        caller, line = line, caller
    if line is None:
        side = "from" if outgoing else "to"
        raise UnreadableWebhook(f"{side} is missing: the number of the business")
    final = truth(told, "final", otherwise=True)
    return CallEvent(
        key=f"{call}/{status}" if final else f"{call}/{status}/provisional",
        call=call,
        happened=Happened.CONCLUDED,
        at=moment(told, "occurred_at"),
        caller=caller,
        line=line,
        outcome=OUTCOMES[status],
        outgoing=outgoing,
        confidence=Confidence.CERTAIN if final else Confidence.LIKELY,
        caller_name=optional(told, "caller_name"),
        duration_ms=milliseconds(told.get("duration")),
        recording_url=link(told, "recording_url"),
        evidence=f"status={status}",
    )
