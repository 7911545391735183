"""Send one text, and look for one whose sending was cut off."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Final

import httpx

from textback.errors import DeliveryError, MaybeSent, NotSent, Refused
from textback.model import CannotTell, FailureReason, PhoneNumber, Receipt, Text, TextState
from textback_ringcentral.answers import (
    error_code,
    json_of,
    object_of,
    objects_of,
    read_time,
    retry_after,
    wrong_parameters,
)
from textback_ringcentral.api import EXTENSION, Api
from textback_ringcentral.codes import STATES, meaning
from textback_ringcentral.settings import Settings
from textback_ringcentral.texts import PER_PAGE, STORE, stamp

EARLIER_S, LATER_S = 5, 60
"""How much earlier than our request, by RingCentral's clock, a text may seem to be made, and how
much later than the latest answer.  Short: the same words may be sent twice on purpose."""

LONGEST: Final = 1000  # UTF-16 units; createSMSMessage in RingCentral's API reference
_GONE_FOR_GOOD: Final = (FailureReason.INVALID_NUMBER, FailureReason.UNREACHABLE)


async def send(api: Api, settings: Settings, text: Text) -> Receipt:
    """Hand one text to RingCentral.

    Raises:
        DeliveryError: RingCentral said no, or the text is too long for it; it did not leave.
        NotSent: Nothing was written.
        MaybeSent: RingCentral failed, or its answer can't be read: it may have the text.
    """
    length = len(text.body.encode("utf-16-le")) // 2
    if length > LONGEST:
        words = f"the text has {length} characters, and RingCentral takes {LONGEST}"
        raise DeliveryError(words, permanent=True, try_next=True)
    await _let_in(api)
    body = {
        "from": {"phoneNumber": _sender(settings, text)},
        "to": [{"phoneNumber": text.to}],
        "text": text.body,
    }
    response = await api.request("POST", f"{EXTENSION}/sms", body)
    if not response.is_success:
        raise _refusal(api, response)
    message = json_of(response) or {}
    id_ = message.get("id")
    if not id_:
        raise MaybeSent("RingCentral took the text but its answer can't be read")
    state = STATES.get(str(message.get("messageStatus")), TextState.SENT)
    if state is TextState.FAILED:
        raise _failure(str(message.get("deliveryErrorCode") or ""))
    return Receipt(str(id_), state)


async def find(api: Api, settings: Settings, text: Text) -> Receipt | CannotTell:
    """Look for a text by its recipient, sender, words and time.

    RingCentral knows no id of ours, and listings lag: no hit proves nothing.

    Raises:
        Refused, NotSent, MaybeSent: It couldn't be asked.
    """
    tried_at = text.attempted_at
    if tried_at is None:
        return CannotTell()
    earliest = tried_at - timedelta(seconds=EARLIER_S)
    latest = tried_at + timedelta(seconds=settings.timeout_s + LATER_S)
    query = {
        "messageType": "SMS",
        "direction": "Outbound",
        "dateFrom": stamp(earliest),
        "phoneNumber": text.to,
        "perPage": str(PER_PAGE),
    }
    async for message in api.records(STORE, query):
        made_at = read_time(message.get("creationTime"))
        to = [each.get("phoneNumber") for each in objects_of(message.get("to"))]
        sender = object_of(message.get("from")).get("phoneNumber")
        if (
            message.get("direction") == "Outbound"
            and message.get("subject") == text.body
            and (to, sender) == ([text.to], _sender(settings, text))
            and made_at is not None
            and earliest <= made_at <= latest
        ):
            state = STATES.get(str(message.get("messageStatus")), TextState.SENT)
            return Receipt(str(message.get("id")), state)
    return CannotTell()


async def _let_in(api: Api) -> None:
    """Have a token first: whatever goes wrong with that, the text did not leave."""
    try:
        await api.tokens.get()
    except MaybeSent as error:
        raise NotSent(f"there is no access token: {error}") from None
    except Refused as error:
        raise DeliveryError(
            str(error),
            permanent=error.permanent,
            try_next=True,
            retry_after=error.retry_after,
            code=error.code,
        ) from None


def _sender(settings: Settings, text: Text) -> PhoneNumber:
    return settings.from_number or text.line


def _failure(code: str) -> DeliveryError:
    known = meaning(code)
    opted_out = known.reason is FailureReason.OPTED_OUT
    return DeliveryError(
        f"RingCentral refused the text: {known.words} ({code})",
        permanent=True,
        try_next=not opted_out,
        opted_out=opted_out,
        unreachable=known.reason in _GONE_FOR_GOOD,
        code=code or None,
    )


def _refusal(api: Api, response: httpx.Response) -> DeliveryError | MaybeSent:
    status, code = response.status_code, error_code(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:  # throttled before anything is done
        return DeliveryError(
            "RingCentral has too many requests of this user",
            permanent=False,
            try_next=True,
            retry_after=retry_after(response, api.now()),
            code=code or str(status),
        )
    if not response.is_client_error or status == HTTPStatus.REQUEST_TIMEOUT:
        return MaybeSent(
            f"RingCentral answered {status}; it may have taken the text", code=code or str(status)
        )
    if code == "CMN-101" and "to" in wrong_parameters(response):
        return DeliveryError(
            "RingCentral refused the text: the number doesn't exist (CMN-101)",
            permanent=True,
            try_next=True,
            unreachable=True,
            code=code,
        )
    return _failure(code or str(status))
