"""One verified webhook, as the readers of its topics see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import attrs

from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import WebhookRequest
from textback_twilio import signature
from textback_twilio.settings import Settings


@attrs.frozen(kw_only=True)
class Webhook:
    """What Twilio told, and what a reader needs to answer it.

    Attributes:
        address: This plugin's own webhook address, without a topic.
        fields: The form, or for GET the query.
        query: What the address carried, e.g. the id of a text.
    """

    settings: Settings
    address: str
    fields: Mapping[str, str]
    query: Mapping[str, str]
    received_at: datetime

    def need(self, name: str) -> str:
        """The value of a field that must be there.

        Raises:
            UnreadableWebhook: It is missing or empty.
        """
        value = self.fields.get(name)
        if not value:
            raise UnreadableWebhook(f"the field {name} is missing; is this the right topic?")
        return value

    def whole(self, name: str) -> int | None:
        """The value of a field that is a count; None if it is missing.

        Raises:
            UnreadableWebhook: It is something else.
        """
        value = self.fields.get(name)
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            raise UnreadableWebhook(f"the field {name} is not a whole number")
        return int(value)

    @property
    def at(self) -> datetime:
        """When it happened: Twilio's time stamp, else when it came in."""
        return read_time(self.fields.get("Timestamp")) or self.received_at


def verified(request: WebhookRequest, settings: Settings, address: str) -> Webhook:
    """A request that Twilio signed for this account.

    Raises:
        WebhookRejected: It is not signed, or is about another account.
        UnreadableWebhook: It doesn't say which account it is about.
    """
    signature.check(request, settings.tokens)
    fields = request.query if request.method == "GET" else request.form
    webhook = Webhook(
        settings=settings,
        address=address,
        fields=fields,
        query=request.query,
        received_at=request.received_at,
    )
    if webhook.need("AccountSid") != settings.account_sid:
        raise WebhookRejected("AccountSid is not the account_sid of this client's settings")
    return webhook


def read_time(stamp: str | None) -> datetime | None:
    """A moment in RFC 2822, e.g. ``Mon, 12 Jan 2026 16:04:11 +0000``; None if it isn't one."""
    if not stamp:
        return None
    try:
        at = parsedate_to_datetime(stamp)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
