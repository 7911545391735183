"""Send one text, and look for one whose sending was cut off."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import httpx

from textback.errors import DeliveryError, MaybeSent
from textback.model import CannotTell, FailureReason, Receipt, Text, TextState
from textback_twilio.api import Api, error_code, json_of
from textback_twilio.codes import meaning
from textback_twilio.outcomes import STATES
from textback_twilio.settings import Settings
from textback_twilio.webhook import read_time

EARLIER_S, LATER_S = 5, 60
"""How much earlier than our request, by Twilio's clock, a text may seem to be created, and how much
later than the latest answer.  Short, since the same words may be sent twice on purpose."""

TRIAL_PREFIX = "Sent from your Twilio trial account - "
"""What Twilio puts before the body as long as the account is on trial."""

_PAGE_SIZE = 50  # a listing to one number since one day is short
_GONE_FOR_GOOD = (FailureReason.INVALID_NUMBER, FailureReason.UNREACHABLE)


async def send(api: Api, settings: Settings, text: Text) -> Receipt:
    """Hand one text to Twilio.

    Raises:
        DeliveryError: Twilio said no; the text did not leave.
        NotSent: Nothing was written.
        MaybeSent: Twilio failed, or its answer can't be read: it may have the text.
    """
    form = {"To": text.to, **_sender(settings, text), "Body": text.body}
    if text.status_url:
        form["StatusCallback"] = text.status_url
    response = await api.post("Messages.json", form)
    if response.is_success:
        sid = (json_of(response) or {}).get("sid")
        if not isinstance(sid, str) or not sid:
            raise MaybeSent("Twilio took the text but its answer can't be read")
        return Receipt(sid)
    raise _refusal(api, response)


async def find(api: Api, settings: Settings, text: Text) -> Receipt | CannotTell:
    """Look for a text by its recipient, sender, body and time.

    Twilio knows no id of ours, and its listings lag: no hit proves nothing.

    Raises:
        Refused, NotSent, MaybeSent: It couldn't be asked.
    """
    tried_at = text.attempted_at
    if tried_at is None:
        return CannotTell()
    earliest = tried_at - timedelta(seconds=EARLIER_S)
    latest = tried_at + timedelta(seconds=settings.timeout_s + LATER_S)
    query = {"To": text.to, "DateSent>": f"{earliest:%Y-%m-%d}"}
    query |= {"From": sender} if (sender := _sender(settings, text).get("From")) else {}
    async for entry in api.pages("Messages.json", "messages", query, page_size=_PAGE_SIZE):
        created_at = read_time(entry.get("date_created"))
        if (
            str(entry.get("direction")).startswith("outbound")
            and entry.get("body") in (text.body, TRIAL_PREFIX + text.body)
            and created_at is not None
            and earliest <= created_at <= latest
        ):
            return Receipt(entry["sid"], STATES.get(str(entry.get("status")), TextState.SENT))
    return CannotTell()


def _sender(settings: Settings, text: Text) -> dict[str, str]:
    if settings.messaging_service_sid is not None:
        return {"MessagingServiceSid": settings.messaging_service_sid}
    return {"From": settings.from_number or text.line}


def _refusal(api: Api, response: httpx.Response) -> DeliveryError | MaybeSent:
    status, code = response.status_code, error_code(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:  # Twilio: such a request was not processed
        return DeliveryError(
            "Twilio has too many requests at once",
            permanent=False,
            try_next=True,
            retry_after=api.retry_after(response),
            code=str(code or status),
        )
    if not response.is_client_error or status == HTTPStatus.REQUEST_TIMEOUT:
        return MaybeSent(f"Twilio answered {status}; it may have taken the text", code=str(status))
    known = meaning(code)
    opted_out = known.reason is FailureReason.OPTED_OUT
    return DeliveryError(
        f"Twilio refused the text: {known.words} ({code or status})",
        permanent=True,
        try_next=not opted_out,
        opted_out=opted_out,
        unreachable=known.reason in _GONE_FOR_GOOD,
        code=str(code or status),
    )
