"""Find calls whose webhooks never came, by listing the application's legs.

A listed leg says the same as its webhooks did, so it becomes the same events with the same keys.
What isn't listed is whether somebody pressed 1: a phone that was connected then counts as answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from textback.events import CallEvent
from textback_vonage import legs
from textback_vonage.api import Api
from textback_vonage.formats import international, read_time, whole
from textback_vonage.legs import Leg
from textback_vonage.outcomes import UNDER_WAY
from textback_vonage.settings import Settings

LONGEST_CALL = timedelta(hours=2)  # https://developer.vonage.com/en/api/voice, length_timer


async def calls(api: Api, settings: Settings, since: datetime) -> AsyncIterator[CallEvent]:
    """Yield what is known of the application's calls that ended since a moment.

    Raises:
        Refused, NotSent, MaybeSent: Vonage didn't say.
    """
    conversations = defaultdict[str, list[dict[str, Any]]](list)
    async for leg in api.legs(since - LONGEST_CALL):
        if isinstance(leg.get("conversation_uuid"), str) and isinstance(leg.get("uuid"), str):
            conversations[leg["conversation_uuid"]].append(leg)
    for told in conversations.values():
        times = [read_time(leg.get(name)) for leg in told for name in ("end_time", "start_time")]
        ended_at = max(filter(None, times), default=None)
        over = all(leg.get("status") not in UNDER_WAY for leg in told)
        if ended_at is None or ended_at < since or not over:
            continue  # what is still going on will tell itself
        called = any(leg.get("direction") == "inbound" for leg in told)
        for leg in told:
            for event in legs.told(_leg(leg, ended_at, called=called), settings):
                yield event


def _leg(told: dict[str, Any], ended_at: datetime, *, called: bool) -> Leg:
    detail = told.get("detail")
    return Leg(
        call=told["conversation_uuid"],
        uuid=told["uuid"],
        status=str(told.get("status")),
        inbound=told.get("direction") == "inbound",
        at=read_time(told.get("end_time")) or ended_at,  # no time is listed of what nobody took
        number=international(told.get("from")),
        to=international(told.get("to")),
        detail=detail if isinstance(detail, str) else None,
        began_at=read_time(told.get("start_time")),
        duration_s=whole(told.get("duration")),
        for_caller=called,
    )
