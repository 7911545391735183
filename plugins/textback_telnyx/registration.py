"""Whether US carriers know who sends the texts; those of unregistered senders are not delivered.

A local number must be assigned to a 10DLC campaign, a toll-free one must be verified:
https://developers.telnyx.com/docs/messaging/10dlc/quickstart,
https://developers.telnyx.com/docs/messaging/toll-free-verification
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from textback.errors import ProviderError, Refused
from textback.model import Finding, Severity
from textback.phones import region_of
from textback_telnyx.api import Api
from textback_telnyx.numbers import Number

ASSIGNED, VERIFIED = "ASSIGNED", "Verified"
UNDER_WAY = ("PENDING_ASSIGNMENT", "Waiting For Vendor", "Waiting For Telnyx", "In Progress")

# https://developers.telnyx.com/docs/messaging/toll-free-verification
TOLL_FREE = tuple(f"+1{code}" for code in ("800", "833", "844", "855", "866", "877", "888"))


async def check(api: Api, senders: Sequence[Number]) -> list[Finding]:
    """A finding for each sender that isn't registered, or of which that can't be known."""
    findings = []
    for sender in senders:
        if region_of(sender.number) != "US" and not sender.number.startswith(TOLL_FREE):
            continue
        try:
            findings += await _of(api, sender.number)
        except ProviderError as error:
            words = f"whether {sender.number} may text in the US can't be known ({error})"
            findings.append(Finding(Severity.WARNING, f"{words}; see the portal"))
    return findings


async def _of(api: Api, number: str) -> list[Finding]:
    free = number.startswith(TOLL_FREE)
    state = await (_toll_free(api, number) if free else _local(api, number))
    if state in (ASSIGNED, VERIFIED):
        return []
    if state in UNDER_WAY:
        return [Finding(Severity.ERROR, f"{number} isn't registered for US texts yet ({state})")]
    what = "isn't verified" if free else "is in no 10DLC campaign"
    where = "Toll-free verification" if free else "10DLC"
    words = f"{number} {what}, so US carriers block its texts ({state or 'nothing is filed'})"
    return [Finding(Severity.ERROR, f"{words}; register it in the portal, Messaging, {where}")]


async def _local(api: Api, number: str) -> str:
    """How far the number is with its campaign; empty if it has none."""
    try:
        answer = await api.plain(f"10dlc/phone_number_campaigns/{number.replace('+', '%2B')}")
    except Refused as error:
        if error.code in (str(HTTPStatus.NOT_FOUND.value), "10005"):
            return ""
        raise
    return str(answer.get("assignmentStatus") or "")


async def _toll_free(api: Api, number: str) -> str:
    """How far the verification of the number is; empty if none is filed."""
    query = {"page": "1", "page_size": "20", "phone_number": number}
    answer = await api.plain("messaging_tollfree/verification/requests", query)
    records = answer.get("records")
    states = [
        str(record.get("verificationStatus"))
        for record in (records if isinstance(records, list) else ())
        if isinstance(record, dict)
    ]
    return VERIFIED if VERIFIED in states else next(iter(states), "")
