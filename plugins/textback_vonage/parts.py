"""Join the parts of a long text, which the SMS API brings one by one and in any order.

What came is kept in the plugin's state.  A part after which others are still missing is answered
503, so that Vonage brings it again, after 5 seconds and then later each time, for a day:
https://api.support.vonage.com/hc/en-us/articles/360028543292.  So nothing here needs a timer, and
a part that never comes holds the others back for `PATIENCE` only: then they are told without it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import attrs

from textback.events import Reading, TextReceived, WebhookResponse
from textback.services import Services
from textback_vonage.formats import read_time
from textback_vonage.texts import Part, received, received_key
from textback_vonage.webhook import Webhook

PATIENCE = timedelta(minutes=2)
KEPT_S = 2 * 3600  # Vonage's tries are a quarter of an hour apart at the most
GAP = " [...] "

_NOT_YET = WebhookResponse(503, "waiting for the other parts")


async def read(webhook: Webhook, services: Services) -> Reading:
    """Topic ``sms``: a text from a caller, as a whole.

    Raises:
        UnreadableWebhook: It isn't one.
        StoreBusy: The part can't be kept now.
    """
    told = received(webhook)
    if told is None:
        return Reading()
    if isinstance(told, TextReceived):
        return Reading((told,))
    key = _key(told)
    async with services.state.lock(key):
        known = _with(await services.state.get(key), told, webhook)
        await services.state.set(key, known, ttl_s=KEPT_S)
    parts: dict[str, list[str]] = known["parts"]
    since = read_time(known["since"])
    overdue = since is not None and webhook.received_at - since >= PATIENCE
    if len(parts) < told.of and not overdue:
        return Reading((), _NOT_YET)
    return Reading((_joined(told, parts),))


def _key(part: Part) -> str:
    """The same for all parts of a text, without the numbers themselves."""
    whose = f"{part.whole.number}/{part.whole.line}/{part.reference}/{part.of}"
    return f"parts/{hashlib.sha256(whose.encode()).hexdigest()[:32]}"


def _with(known: Any, part: Part, webhook: Webhook) -> dict[str, Any]:
    """What is known of a text after one more part; begins anew where a reference is used again."""
    slot, told = str(part.number), [part.whole.provider_id or "", part.whole.body]
    if known is None or known["parts"].get(slot, told)[0] != told[0]:
        known = {"since": webhook.received_at.isoformat(), "parts": {}}
    return {**known, "parts": {**known["parts"], slot: told}}


def _joined(part: Part, parts: dict[str, list[str]]) -> TextReceived:
    """One text; its key is another one if a missing part still comes."""
    numbers = sorted(map(int, parts))
    sid, _ = parts[str(numbers[0])]
    body, expected = "", 1
    for number in numbers:
        body += (GAP if number != expected else "") + parts[str(number)][1]
        expected = number + 1
    if expected <= part.of:
        body += GAP.rstrip()
    whole = len(parts) == part.of
    key = received_key(sid) if whole else f"{received_key(sid)}/{len(parts)}-of-{part.of}"
    return attrs.evolve(part.whole, key=key, body=body, provider_id=sid)
