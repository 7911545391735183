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
from textback.services import State
from textback_calendly.api import Api, Me, Subscription
from textback_calendly.reading import EVENTS
from textback_calendly.settings import Settings

_REMEMBERED = "subscription"  # in the plugin's state: a name, and the hash of a key

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
        if found:
            await api.unsubscribe(found)
        try:
            name = await api.subscribe(me, url, EVENTS)
        except Refused as error:
            raise explained(error) from None
        kept = {"name": name, "key": _hash(settings.signing_key)}
        await state.set(_REMEMBERED, kept)
    if not found:
        return [Change("webhook subscription", None, url)]
    return [Change(f"webhook subscription: {what}", *words) for what, words in faults.items()]


async def find(api: Api, me: Me, url: str) -> Subscription | None:
    """The subscription with an address."""
    async for each in api.subscriptions(me):
        if each.url == url:
            return each
    return None


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
