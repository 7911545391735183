"""Have Cal.com tell us of bookings: make the webhook with our address, or mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textback.config.secrets import Secret
from textback.errors import Refused
from textback.model import Addresses, Change
from textback_calcom.api import Api, Webhook
from textback_calcom.reading import TRIGGERS
from textback_calcom.settings import Settings

_OURS = "as in the client's file"


async def connect(
    api: Api, settings: Settings, addresses: Addresses, *, dry_run: bool
) -> list[Change]:
    """Set what differs and say what it was; with *dry_run*, only say so.

    Other webhooks are left alone.

    Raises:
        Refused: Cal.com said no, or there is no API key.
        NotSent, MaybeSent: There was no whole answer.
    """
    if not api.has_key:
        raise Refused(
            f"set api_key, or make the webhook at Cal.com by hand, to {addresses.base}",
            permanent=True,
        )
    url = addresses.base
    found = next((each for each in await api.webhooks() if each.url == url), None)
    secret = settings.webhook_secret
    if found is None:
        values = {
            "subscriberUrl": url,
            "active": True,
            "triggers": list(TRIGGERS),
            "secret": secret.value,
        }
        if not dry_run:
            await api.make_webhook(values)
        return [Change("webhook", None, url)]
    faults = differences(found, secret)
    if faults and not dry_run:
        await api.change_webhook(found, _mended(found, secret, faults))
    return [Change(f"webhook: {what}", *values) for what, values in faults.items()]


def differences(webhook: Webhook, secret: Secret) -> Mapping[str, tuple[str | None, str]]:
    """What of our webhook isn't as it must be: what it is, and what it should be, in words.

    More triggers than ours do no harm.
    """
    faults: dict[str, tuple[str | None, str]] = {}
    if not webhook.active:
        faults["enabled"] = ("no", "yes")
    missing = sorted(set(TRIGGERS) - webhook.triggers)
    if missing:
        before = ", ".join(sorted(webhook.triggers)) or None
        faults["triggers"] = (before, ", ".join(sorted(webhook.triggers | set(TRIGGERS))))
    if webhook.shows_secret and webhook.secret != secret.value:
        faults["secret"] = ("another" if webhook.secret else None, _OURS)
    if webhook.template:
        faults["custom payload"] = ("set", "none")
    return faults


def _mended(webhook: Webhook, secret: Secret, faults: Mapping[str, object]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "active": True,
        "triggers": sorted(webhook.triggers | set(TRIGGERS)),
        "secret": secret.value,
    }
    if "custom payload" in faults:
        values["payloadTemplate"] = ""
    return values
