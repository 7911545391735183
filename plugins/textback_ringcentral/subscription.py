"""The subscription that brings us notifications: made, renewed, and made anew when it is lost.

RingCentral ends a subscription whose address didn't answer well, and doesn't revive it.
https://developers.ringcentral.com/guide/notifications/webhooks/troubleshooting
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from textback.model import Change
from textback.services import Services
from textback_ringcentral.answers import object_of, objects_of, read_time
from textback_ringcentral.api import ACCOUNT, EXTENSION, SUBSCRIPTION, Api
from textback_ringcentral.settings import Settings
from textback_ringcentral.webhook import shared_word

LIFE: Final = timedelta(days=7)  # an account that is served no longer is soon told nothing
RENEWED: Final = LIFE / 2  # before its end

CALLS: Final = f"{ACCOUNT}/telephony/sessions"
TEXTS: Final = (
    f"{EXTENSION}/message-store/instant?type=SMS",
    f"{EXTENSION}/message-store?type=SMS&direction=Outbound",
)


@attrs.frozen(kw_only=True)
class Subscription:
    """One of those that RingCentral has for our address.

    Attributes:
        disabled: What it was to bring and doesn't, each with RingCentral's reason.
    """

    id: str
    address: str
    status: str
    ends_at: datetime | None
    disabled: tuple[tuple[str, str], ...]


def filters(services: Services) -> tuple[str, ...]:
    """What has to be brought to the plugin in its roles."""
    calls = (CALLS,) if services.plays("source") else ()
    return (*calls, *(TEXTS if texts_leave(services) else ()))


def texts_leave(services: Services) -> bool:
    """Whether the plugin sends texts, to callers or to the team, which both may answer."""
    return services.plays("sender") or services.plays("notifier")


async def of_ours(api: Api, address: str) -> list[Subscription]:
    """Those that lead to a webhook address, whatever their state.

    Raises:
        Refused, NotSent, MaybeSent: RingCentral didn't say.
    """
    found = [_read(each) async for each in api.records(SUBSCRIPTION)]
    return [each for each in found if each.address.partition("?")[0] == address]


def serves(subscription: Subscription, settings: Settings, services: Services, base: str) -> bool:
    """Whether a subscription brings all that it should, with a word that we know."""
    ours = address_of(settings, services, base)
    return subscription.status == "Active" and subscription.address == ours


def address_of(settings: Settings, services: Services, base: str) -> str:
    """Our address with a mark of what was agreed on: the word, and what is brought.

    By the mark a subscription is seen that was made with another secret or for other roles.
    RingCentral tells the filters in words of its own, and the word not at all.
    """
    agreed = "\n".join((shared_word(settings, base), *filters(services)))
    return f"{base}?agreed={hashlib.sha256(agreed.encode()).hexdigest()[:8]}"


async def keep(
    api: Api, settings: Settings, services: Services, base: str, *, dry_run: bool = False
) -> list[Change]:
    """See that there is one subscription that serves; what was changed for that.

    The new one comes before the old one goes: what both tell counts once.

    Raises:
        Refused: RingCentral said no, e.g. as it couldn't reach our address.
        NotSent, MaybeSent: There was no whole answer.
    """
    async with services.state.lock("subscription"):
        known = await of_ours(api, base)
        good = next((each for each in known if serves(each, settings, services, base)), None)
        wanted = filters(services)
        others = [each for each in known if each is not good]
        changes = [Change(f"subscription {each.id}", each.status, "removed") for each in others]
        if good is None and wanted:
            changes.insert(0, Change("subscription", None, f"{', '.join(wanted)} to {base}"))
        if dry_run:
            return changes
        if good is None and wanted:
            await api.post(SUBSCRIPTION, _order(settings, services, base))
        elif good is not None and _ends_soon(good, api):
            await api.post(f"{SUBSCRIPTION}/{good.id}/renew")
        for each in others:
            await api.delete(f"{SUBSCRIPTION}/{each.id}")
        return changes


def _order(settings: Settings, services: Services, base: str) -> dict[str, Any]:
    return {
        "eventFilters": list(filters(services)),
        "deliveryMode": {
            "transportType": "WebHook",
            "address": address_of(settings, services, base),
            "verificationToken": shared_word(settings, base),
        },
        "expiresIn": int(LIFE.total_seconds()),
    }


def _ends_soon(subscription: Subscription, api: Api) -> bool:
    return subscription.ends_at is None or subscription.ends_at - api.now() < RENEWED


def _read(told: dict[str, Any]) -> Subscription:
    return Subscription(
        id=str(told.get("id")),
        address=str(object_of(told.get("deliveryMode")).get("address") or ""),
        status=str(told.get("status")),
        ends_at=read_time(told.get("expirationTime")),
        disabled=tuple(
            (str(each.get("filter")), str(each.get("message") or each.get("reason") or ""))
            for each in objects_of(told.get("disabledFilters"))
        ),
    )
