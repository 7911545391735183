"""Send one text, and look for one whose sending was cut off."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import httpx

from textback.errors import DeliveryError, MaybeSent
from textback.model import CannotTell, FailureReason, Receipt, Text, TextState
from textback_telnyx.api import Api, error_code, json_of
from textback_telnyx.codes import meaning
from textback_telnyx.outcomes import RECORDED_STATES
from textback_telnyx.settings import Settings
from textback_telnyx.texts import text_in

EARLIER = timedelta(minutes=5)  # by Telnyx's clock a record may seem older than our request

_GONE_FOR_GOOD = (FailureReason.INVALID_NUMBER, FailureReason.UNREACHABLE)
_PASSING = (FailureReason.RATE_LIMITED, FailureReason.TEMPORARY)


async def send(api: Api, settings: Settings, text: Text) -> Receipt:
    """Hand one text to Telnyx.

    Raises:
        DeliveryError: Telnyx said no; the text did not leave.
        NotSent: Nothing was written.
        MaybeSent: Telnyx failed, or its answer can't be read: it may have the text.
    """
    body = {
        "from": settings.from_number or text.line,
        "to": text.to,
        "text": text.body,
        "type": "SMS",
        **({"webhook_url": text.status_url} if text.status_url else {}),
    }
    response = await api.post("messages", body)
    if response.is_success:
        data = (json_of(response) or {}).get("data")
        message = data.get("id") if isinstance(data, dict) else None
        if not isinstance(message, str) or not message:
            raise MaybeSent("Telnyx took the text but its answer can't be read")
        return Receipt(message)
    raise _refusal(api, response)


async def find(api: Api, text: Text) -> Receipt | CannotTell:
    """Look for a text among the account's records, by the id of ours in its status address.

    Records come late, so no hit proves nothing.

    Raises:
        Refused, NotSent, MaybeSent: It couldn't be asked.
    """
    if text.attempted_at is None or not text.status_url:
        return CannotTell()
    since = text.attempted_at - EARLIER
    query = {
        "filter[record_type]": "messaging",
        "filter[direction]": "outbound",
        "filter[cld]": text.to,
        "filter[created_at][gte]": f"{since:%Y-%m-%dT%H:%M:%SZ}",
    }
    async for record in api.pages("detail_records", query):
        message = record.get("uuid")
        if text_in(record.get("delivery_status_webhook_url")) == text.id and message:
            state = RECORDED_STATES.get(str(record.get("status")), TextState.SENT)
            return Receipt(str(message), state)
    return CannotTell()


def _refusal(api: Api, response: httpx.Response) -> DeliveryError | MaybeSent:
    status, code = response.status_code, error_code(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return DeliveryError(
            "Telnyx has too many requests at once",
            permanent=False,
            try_next=True,
            retry_after=api.retry_after(response),
            code=code or str(status),
        )
    if not response.is_client_error or status == HTTPStatus.REQUEST_TIMEOUT:
        return MaybeSent(f"Telnyx answered {status}; it may have taken the text", code=str(status))
    known = meaning(code)
    opted_out = known.reason is FailureReason.OPTED_OUT
    return DeliveryError(
        f"Telnyx refused the text: {known.words} ({code or status})",
        permanent=known.reason not in _PASSING,
        try_next=not opted_out,
        opted_out=opted_out,
        unreachable=known.reason in _GONE_FOR_GOOD,
        code=code or str(status),
    )
