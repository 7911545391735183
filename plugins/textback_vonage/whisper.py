"""Press 1: who picks up a phone is asked to, so that a mailbox doesn't count as an answer.

Vonage asks for an NCCO that is run for the one who picked up, before the two are joined.  No action
in it can refuse the call, so that a phone without the key is hung up on through the API.  The
caller's own NCCO then asks how it goes on (``notify``), which is answered from a mark that was set
before the hanging up.
"""

from __future__ import annotations

from textback.errors import ProviderError, StoreError, UnreadableWebhook
from textback.events import Confidence, Reading
from textback.model import Outcome
from textback.services import Services
from textback_vonage import legs, ncco, voice
from textback_vonage.api import Api
from textback_vonage.formats import pressed_keys
from textback_vonage.legs import Leg
from textback_vonage.webhook import Rung, Webhook

MARK_S = 3600
_NOBODY = "picked up, and nobody pressed 1"


def picked_up(webhook: Webhook) -> Reading:
    """Topic ``whisper``: somebody or something picked up and is asked to press 1."""
    ask = ncco.ask_for_key(webhook.settings, webhook.address, _which(webhook))
    return Reading((), ncco.answer(ask), live=True)


async def answered(webhook: Webhook, api: Api, services: Services) -> Reading:
    """Topic ``whisper-digits``: with a 1 the two are connected, with anything else not."""
    rung = _which(webhook)
    leg = Leg(
        call=rung.call,
        uuid=webhook.need("uuid"),
        status="answered",
        inbound=False,
        at=webhook.at,
        number=None,
        to=None,
        rung=rung,
    )
    if pressed_keys(webhook.fields.get("dtmf")) == "1":
        return Reading((legs.pressed(leg),), live=True)
    try:
        await services.state.set(_mark(rung), True, ttl_s=MARK_S)
        await api.hang_up(leg.uuid)
    except (ProviderError, StoreError) as error:  # the caller hears the mailbox, and is texted
        services.log.warning("not hung up", call=rung.call, error=str(error))
    ended = legs.ended(leg, Outcome.NO_ANSWER, _NOBODY)
    if not legs.is_last(rung, webhook.settings.ring):
        return Reading((ended,), live=True)
    concluded = legs.verdict(leg, Outcome.NO_ANSWER, Confidence.CERTAIN, _NOBODY)
    return Reading((ended, concluded), live=True)


async def onward(webhook: Webhook, services: Services) -> Reading:
    """Topic ``next``: after a phone that nobody pressed 1 at, the next one, or the greeting.

    After a talk there is no mark, and the call ends.
    """
    rung = _which(webhook)
    try:
        declined = await services.state.get(_mark(rung))
    except StoreError as error:
        services.log.warning("not known whether it was taken", error=str(error))
        declined = None
    if not declined:
        return Reading((), live=True)
    return Reading((), ncco.answer(voice.onward(webhook, rung, None)), live=True)


def _which(webhook: Webhook) -> Rung:
    if webhook.rung is None:
        raise UnreadableWebhook("the address doesn't say which phone it is about")
    return webhook.rung


def _mark(rung: Rung) -> str:
    return f"declined/{rung.call}/{rung.index}"
