"""Have Calendly tell us of bookings: subscribe with our address and key.

A subscription can't be changed, and there is only one with an address: one that isn't as it must be
is deleted and made anew.  Its key is never shown, so what it was given is remembered by its hash.
https://developer.calendly.com/docs/webhooks/overview
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus

from textback.config.secrets import Secret
from textback.errors import Refused
from textback.model import Addresses, Change
from textback.services import Services, State
from textback_calendly.api import Api, Me, Subscription
from textback_calendly.reading import EVENTS
from textback_calendly.settings import Settings

_REMEMBERED = "subscription"
"""In the plugin's state: the name of the subscription that we made, and the hash of its key.  The
name is empty while the old one is deleted and the new one isn't made."""

_ADVICE: Mapping[str, str] = {
    str(HTTPStatus.FORBIDDEN): (
        'webhooks need a paid plan, and scope = "organization" needs a token of its owner or of '
        "an administrator"
    ),
    str(HTTPStatus.CONFLICT): (
        "another subscription has this address, made by another person or for another scope; "
        "delete it there"
    ),
}


async def connect(
    api: Api, settings: Settings, state: State, addresses: Addresses, *, dry_run: bool
) -> list[Change]:
    """Subscribe, if it isn't done, and say what was; with *dry_run*, only say so.

    Other subscriptions are left alone.

    Raises:
        Refused: Calendly said no, or there is no access token.
        NotSent, MaybeSent: There was no whole answer.
    """
    if not api.has_token:
        raise Refused("needs access_token: Calendly has no page for webhooks", permanent=True)
    url, me = addresses.base, await api.me()
    found = await find(api, me, url)
    faults = await differences(found, settings.signing_key, state) if found else {}
    if found and not faults:
        return []
    if not dry_run:
        await _subscribe(api, me, url, settings, state, instead_of=found)
    if not found:
        return [Change("webhook subscription", None, url)]
    return [Change(f"webhook subscription: {what}", *words) for what, words in faults.items()]


async def renew(api: Api, settings: Settings, services: Services) -> None:
    """Make our subscription anew if Calendly has disabled it.

    One that somebody else has deleted stays so.
    """
    me, url, state = await api.me(), services.address, services.state
    found = await find(api, me, url)
    broken_off = found is None and (await state.get(_REMEMBERED) or {}).get("name") == ""
    if broken_off or (found is not None and not found.active):
        await _subscribe(api, me, url, settings, state, instead_of=found)
        services.log.warning("calendly_webhook_renewed", url=url)


async def find(api: Api, me: Me, url: str) -> Subscription | None:
    """The subscription with an address."""
    async for each in api.subscriptions(me):
        if each.url == url:
            return each
    return None


async def _subscribe(
    api: Api,
    me: Me,
    url: str,
    settings: Settings,
    state: State,
    *,
    instead_of: Subscription | None,
) -> None:
    key = _hash(settings.signing_key)
    if instead_of is not None:
        await state.set(_REMEMBERED, {"name": "", "key": key})  # in case it goes no further
        await api.unsubscribe(instead_of)
    try:
        name = await api.subscribe(me, url, EVENTS)
    except Refused as error:
        raise explained(error) from None
    await state.set(_REMEMBERED, {"name": name, "key": key})


async def differences(found: Subscription, key: Secret, state: State) -> dict[str, tuple[str, str]]:
    """What of our subscription isn't as it must be: what it is, and what it should be, in words.

    Whether it has our key is known only if `connect` made it.
    """
    faults = {}
    if not found.active:  # Calendly does that to one that failed for a day
        faults["state"] = ("disabled", "active")
    if not found.events.issuperset(EVENTS):
        faults["events"] = (", ".join(sorted(found.events)), ", ".join(EVENTS))
    remembered = await state.get(_REMEMBERED) or {}
    if remembered.get("name") == found.name and remembered.get("key") != _hash(key):
        faults["signing key"] = ("another", "as in the client's file")
    return faults


def explained(error: Refused) -> Refused:
    """The same error with what to do, where that is known."""
    advice = _ADVICE.get(error.code or "")
    if advice is None:
        return error
    return Refused(f"{error}; {advice}", permanent=error.permanent, code=error.code)


def _hash(key: Secret) -> str:
    return hashlib.sha256(key.value.encode()).hexdigest()
