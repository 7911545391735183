"""Whether US carriers know who sends the texts; those of unregistered senders are not delivered.

A local number must be in a messaging service with a verified campaign, a toll-free one must be
verified itself: https://www.twilio.com/docs/messaging/compliance/a2p-10dlc,
https://www.twilio.com/docs/messaging/api/tollfree-verification-resource
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback.phones import region_of
from textback.services import Services
from textback_twilio.api import Api
from textback_twilio.numbers import Number
from textback_twilio.settings import Settings

VERIFIED, UNDER_WAY = "VERIFIED", ("PENDING", "IN_PROGRESS")  # of a campaign
APPROVED, UNDER_REVIEW = "TWILIO_APPROVED", ("PENDING_REVIEW", "IN_REVIEW")  # of a toll-free number

# https://www.twilio.com/docs/phone-numbers/toll-free
TOLL_FREE = tuple(f"+1{code}" for code in ("800", "833", "844", "855", "866", "877", "888"))

MOST_SERVICES = 20
"""So many messaging services are looked through for a number; each is a request."""

_HOW = "register it in the console, under Messaging, Regulatory Compliance; it takes days"


async def check(
    api: Api, settings: Settings, services: Services, senders: Sequence[Number]
) -> list[Finding]:
    """A finding for each sender that isn't registered, or of which that can't be known.

    Args:
        api: The account.
        settings: The plugin's.
        services: The plugin's.
        senders: The numbers that texts leave from, if no messaging service picks one.
    """
    if not services.plays("sender"):
        return []
    service = settings.messaging_service_sid
    if service is not None:
        if not any(region_of(line) == "US" for line in services.lines):
            return []
        return await _known(f"messaging service {service}", _service(api, service))
    findings = []
    for number in senders:
        if number.number.startswith(TOLL_FREE):
            findings += await _known(number.number, _toll_free(api, number))
        elif region_of(number.number) == "US":
            findings += await _known(number.number, _local(api, number.number))
    return findings


async def _known(sender: str, question: Awaitable[str | None]) -> list[Finding]:
    """The answer to a question, which is what is wrong; also if nobody can tell."""
    try:
        wrong = await question
    except ProviderError as error:
        words = f"whether {sender} may text in the US can't be known ({error}); see the console"
        return [Finding(Severity.WARNING, words)]
    return [Finding(Severity.ERROR, f"{sender} {wrong}")] if wrong else []


async def _service(api: Api, service: str) -> str | None:
    """What keeps the texts of a messaging service from US phones; None if nothing does."""
    campaigns = api.messaging(f"Services/{service}/Compliance/Usa2p", "compliance")
    states = {str(campaign.get("campaign_status")) async for campaign in campaigns}
    if VERIFIED in states:
        return None
    if states.intersection(UNDER_WAY):
        return "isn't registered for US texts yet: it is under way, and takes days"
    because = f" (campaign: {', '.join(sorted(states))})" if states else ""
    return f"isn't registered for US texts, so carriers block them{because}; {_HOW}"


async def _local(api: Api, number: str) -> str | None:
    """What keeps the texts of a local number from US phones; None if nothing does."""
    sids = [str(service.get("sid")) async for service in api.messaging("Services", "services")]
    for sid in sids[:MOST_SERVICES]:
        async for entry in api.messaging(f"Services/{sid}/PhoneNumbers", "phone_numbers"):
            if entry.get("phone_number") == number:
                return await _service(api, sid)
    if len(sids) > MOST_SERVICES:
        raise ProviderError(f"the account has {len(sids)} messaging services")
    return f"is in no messaging service, so it isn't registered for US texts; {_HOW}"


async def _toll_free(api: Api, number: Number) -> str | None:
    """What keeps the texts of a toll-free number from phones; None if nothing does."""
    query = {"TollfreePhoneNumberSid": number.sid}
    entries = api.messaging("Tollfree/Verifications", "verifications", query)
    states = {str(entry.get("status")) async for entry in entries}
    if APPROVED in states:
        return None
    if states.intersection(UNDER_REVIEW):
        return "isn't verified for US texts yet: it is under review, and takes days"
    return f"is a toll-free number that isn't verified, so carriers block its texts; {_HOW}"
