"""A Telnyx account as its API shows it: a test sets it up, and what is asked changes it."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import attrs
import httpx

from support.telnyx_exchange import APPLICATION, LINE

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/telnyx"
NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
PROFILE = "83d2343b-553f-4c5f-b8c8-fd27004f94bf"
OTHER = "+13035550109"
FALLBACK = "https://ring.bright-smile.example/telnyx"


@attrs.define
class Portal:
    """All is well with the account until a test says otherwise.

    Attributes:
        refused: Parts of addresses that answer with a status of their own.
    """

    application: dict = attrs.field(
        factory=lambda: {
            "application_name": "bright-smile",
            "active": True,
            "webhook_event_url": f"{ADDRESS}/voice",
            "webhook_event_failover_url": FALLBACK,
            "webhook_api_version": "2",
            "webhook_timeout_secs": 5,
            "outbound": {"outbound_voice_profile_id": "1293384261075731499"},
        }
    )
    profile: dict = attrs.field(
        factory=lambda: {
            "name": "bright-smile",
            "enabled": True,
            "webhook_url": f"{ADDRESS}/sms",
            "webhook_api_version": "2",
        }
    )
    numbers: dict = attrs.field(
        factory=lambda: {
            LINE: {"connection_id": APPLICATION, "messaging_profile_id": PROFILE},
            OTHER: {"connection_id": "others", "messaging_profile_id": "others"},
        }
    )
    forwarding: dict = attrs.field(factory=dict)
    campaign: dict | None = attrs.field(factory=lambda: {"assignmentStatus": "ASSIGNED"})
    toll_free: list = attrs.field(factory=list)
    refused: dict = attrs.field(factory=dict)
    date: datetime = NOW
    changed: list = attrs.field(factory=list)

    def __call__(self, request):
        path = request.url.path.removeprefix("/v2/")
        for part, status in self.refused.items():
            if part in path:
                code = "10005" if status == 404 else "10010"
                return httpx.Response(status, json={"errors": [{"code": code}]})
        if request.method == "PATCH":
            return self._change(path, json.loads(request.content))
        assert request.method == "GET"
        headers = {"date": format_datetime(self.date, usegmt=True)}
        return httpx.Response(200, json=self._show(path, request.url.params), headers=headers)

    def _show(self, path, query):
        match path.split("/"):
            case ["balance"]:
                return {"data": {"balance": "10.00"}}
            case ["phone_numbers"]:
                wanted = query["filter[phone_number]"]
                assert wanted.isdigit()
                return {
                    "data": [
                        {"id": number[-4:], "phone_number": number, **more}
                        for number, more in self.numbers.items()
                        if wanted in number
                    ],
                    "meta": {"total_pages": 1},
                }
            case ["phone_numbers", _, "voice"]:
                return {"data": {"call_forwarding": self.forwarding}}
            case ["call_control_applications", _]:
                return {"data": self.application}
            case ["messaging_profiles", _]:
                return {"data": self.profile}
            case ["10dlc", "phone_number_campaigns", _]:
                return self.campaign
            case ["messaging_tollfree", "verification", "requests"]:
                return {"records": [{"verificationStatus": each} for each in self.toll_free]}
        raise AssertionError(path)

    def _change(self, path, body):
        self.changed.append((path, body))
        match path.split("/"):
            case ["call_control_applications", _]:
                self.application.update(body)
            case ["messaging_profiles", _]:
                self.profile.update(body)
            case ["phone_numbers", ending, *_]:
                (number,) = [each for each in self.numbers if each.endswith(ending)]
                self.numbers[number].update(body)
        return httpx.Response(200, json={"data": {}})
