"""The provider's side: it takes texts, counts them, lists calls, and breaks connections."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import attrs

from support import twilio_api

TROUBLE = (
    (0.02, twilio_api.BREAK_AFTER),
    (0.02, twilio_api.BREAK_BEFORE),
    (0.01, twilio_api.BUSY),
)
"""How often what goes wrong with a text."""


@attrs.define
class Provider(twilio_api.TwilioApi):
    """Twilio's far side, with its bad moments, and with the calls that it has seen.

    Attributes:
        calls: Those that are listed, as Twilio lists them.
        legs: To the business, by their call.
    """

    calls: list[dict[str, object]] = attrs.field(factory=list)
    legs: dict[str, dict[str, object]] = attrs.field(factory=dict)

    def saw_call(self, sid: str, caller: str, line: str, status: str) -> None:
        """A call has ended; its one leg had the status."""
        at = format_datetime(datetime.now(UTC))
        answered = status == "completed"
        whole = {
            "sid": sid,
            "from": caller,
            "to": line,
            "direction": "inbound",
            "status": "completed",
            "start_time": at,
            "end_time": at,
            "duration": "30" if answered else "0",
            "parent_call_sid": None,
        }
        leg = {**whole, "sid": f"{sid}-leg", "status": status, "parent_call_sid": sid}
        self.calls.append(whole)
        self.legs[sid] = {**leg, "direction": "outbound-dial"}

    def _listing(self, path: str, target: str) -> tuple[int, dict[str, object]]:
        if not path.endswith("/Calls.json"):
            return super()._listing(path, target)
        query = parse_qs(urlsplit(target).query)
        if "ParentCallSid" in query:
            leg = self.legs.get(query["ParentCallSid"][0])
            found = [leg] if leg is not None else []
        else:
            found = [call for call in self.calls if call["to"] == query["To"][0]]
        return 200, {"calls": found, "next_page_uri": None}


def provider(rng: random.Random) -> Provider:
    """One with its bad moments."""

    def behave(form: dict[str, str]) -> str:
        chance = rng.random()
        for share, trouble in TROUBLE:
            chance -= share
            if chance < 0:
                return trouble
        return twilio_api.OK

    return Provider(behave=behave)
