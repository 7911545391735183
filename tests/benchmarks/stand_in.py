"""A plugin that does the HTTP work of one call and nothing else: one lookup, three posts.

Copied into a deployment's ``plugins/`` folder, and used as it is by the floor, so that both do the
same requests with the same client library.
"""

from __future__ import annotations

import hmac
import json

import attrs

from textback.errors import WebhookRejected
from textback.events import CallEvent, Confidence, Happened, Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import Call, Caller, CrmRef, Lead, Notice, Outcome, Receipt, Text
from textback.services import Services


@attrs.frozen(kw_only=True)
class Settings:
    """Where the far side is."""

    base_url: str
    token: str = "benchmark"


@attrs.frozen(eq=False)
class StandIn:
    """Source, sender, CRM and notifier of a benchmark."""

    settings: Settings
    services: Services

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """One missed call, whose end is certain."""
        if not hmac.compare_digest(request.headers.get("x-token", ""), self.settings.token):
            raise WebhookRejected("wrong token")
        form = request.form
        event = CallEvent(
            key=form["CallSid"],
            call=form["CallSid"],
            happened=Happened.CONCLUDED,
            outcome=Outcome.NO_ANSWER,
            confidence=Confidence.CERTAIN,
            at=request.received_at,
            caller=form["From"],
            line=form["To"],
            evidence="DialCallStatus=no-answer",
        )
        return Reading(events=(event,))

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        """One lookup."""
        response = await self.services.http.get(f"{self.settings.base_url}/contacts/{call.caller}")
        return Caller(name=response.json()["name"], first_name="Anna", known=True)

    @hookimpl
    async def send_text(self, text: Text) -> Receipt:
        """The text."""
        response = await self.services.http.post(
            f"{self.settings.base_url}/texts",
            data={"To": text.to, "From": text.line, "Body": text.body, "Ref": text.id},
        )
        return Receipt(response.json()["id"])

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        """The lead."""
        content = json.dumps({"phone": lead.number, "tag": lead.tag, "stage": lead.stage})
        response = await self.services.http.post(
            f"{self.settings.base_url}/contacts", content=content, headers={"x-key": key}
        )
        return CrmRef(response.json()["id"])

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """The notice."""
        content = json.dumps({"title": notice.title, "lines": notice.lines})
        await self.services.http.post(f"{self.settings.base_url}/notices", content=content)
