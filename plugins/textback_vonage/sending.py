"""Send one text, through the API that the settings name."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import ValidationError
from vonage_messages import Sms
from vonage_sms import SmsMessage

from textback.errors import DeliveryError, MaybeSent
from textback.flow.segments import Encoding, encoding
from textback.model import FailureReason, Receipt, Text
from textback_vonage.api import NOT_FOR_EVER, Api, json_of
from textback_vonage.codes import INTERNAL, MESSAGES, SENDING, Meaning, meaning
from textback_vonage.formats import digits
from textback_vonage.settings import Settings

LONGEST_CALLBACK = 100  # characters: https://developer.vonage.com/en/api/sms, callback

_GONE_FOR_GOOD = (FailureReason.INVALID_NUMBER, FailureReason.UNREACHABLE)
_NO_OTHER = (FailureReason.OPTED_OUT, FailureReason.UNREACHABLE)


async def send(api: Api, settings: Settings, text: Text) -> Receipt:
    """Hand one text to Vonage; our id goes with it, and comes back with each status.

    Raises:
        DeliveryError: Vonage said no; the text did not leave, or not as a whole.
        NotSent: Nothing was written.
        MaybeSent: Vonage failed, or its answer can't be read: it may have the text.
    """
    if settings.api == "messages":
        return await _by_messages(api, settings, text)
    return await _by_sms(api, settings, text)


async def _by_messages(api: Api, settings: Settings, text: Text) -> Receipt:
    message = _shaped(
        Sms,
        to=digits(text.to),
        from_=digits(settings.from_number or text.line),
        text=text.body,
        client_ref=text.id,
        webhook_url=_status_address(text) or None,
        webhook_version="v1",
    )
    response = await api.send_message(message)
    if not response.is_success:
        raise _refusal(api, response, MESSAGES)
    uuid = (json_of(response) or {}).get("message_uuid")
    if not isinstance(uuid, str) or not uuid:
        raise MaybeSent("Vonage took the text but its answer can't be read")
    return Receipt(uuid)


async def _by_sms(api: Api, settings: Settings, text: Text) -> Receipt:
    """HTTP says 200 whatever happened: each part of the text has a status of its own."""
    callback = _status_address(text)
    form = _shaped(
        SmsMessage,
        to=digits(text.to),
        from_=digits(settings.from_number or text.line),
        text=text.body,
        type="text" if encoding(text.body) is Encoding.GSM_7 else "unicode",
        client_ref=text.id,
        callback=callback if 0 < len(callback) <= LONGEST_CALLBACK else None,
    )
    response = await api.send_sms(form)
    if not response.is_success:
        raise _refusal(api, response, SENDING)
    parts = (json_of(response) or {}).get("messages")
    if not isinstance(parts, list) or not parts:
        raise MaybeSent("Vonage's answer can't be read; it may have taken the text")
    told = [part for part in parts if isinstance(part, dict)]
    refused = [part for part in told if part.get("status") != "0"]
    if not refused:
        first = told[0].get("message-id") if told else None
        if not isinstance(first, str) or not first:
            raise MaybeSent("Vonage took the text but its answer can't be read")
        return Receipt(first)
    status = str(refused[0].get("status"))
    code = int(status) if status.isascii() and status.isdigit() else None
    if len(refused) < len(told):
        raise DeliveryError(
            f"Vonage took only {len(told) - len(refused)} of the text's {len(told)} parts: "
            f"{meaning(SENDING, code).words}; it isn't sent again, since a part of it has left",
            permanent=True,
            code=status,
        )
    raise _declined(meaning(SENDING, code), status)


def _status_address(text: Text) -> str:
    """Where the status is to be told; our id is in the reference, which is signed."""
    return text.status_url.partition("?")[0]


def _shaped(kind: Any, **values: Any) -> dict[str, Any]:
    """A message as the SDK writes it.

    Raises:
        DeliveryError: Vonage would not take such a one.
    """
    try:
        message: dict[str, Any] = kind(**values).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
    except ValidationError as error:  # its words have the text in them
        fields = {str(each["loc"][0]) for each in error.errors(include_input=False)}
        raise DeliveryError(
            f"Vonage doesn't take such a text: see {', '.join(sorted(fields))}",
            permanent=True,
            try_next=True,
            code="invalid",
        ) from None
    return message


def _refusal(
    api: Api, response: httpx.Response, table: dict[int, Meaning]
) -> DeliveryError | MaybeSent:
    status = response.status_code
    if status == 429:
        return DeliveryError(
            "Vonage has too many requests of the account at once",
            permanent=False,
            try_next=True,
            retry_after=api.retry_after(response),
            code=str(status),
        )
    if not response.is_client_error or status in NOT_FOR_EVER:
        return MaybeSent(f"Vonage answered {status}; it may have taken the text", code=str(status))
    # https://developer.vonage.com/en/api-errors#generic-errors
    known = {
        401: Meaning(FailureReason.AUTH, "it doesn't accept the application's private_key"),
        402: meaning(MESSAGES, 1070),
    }.get(status)
    code = error_code(json_of(response) or {})
    return _declined(known or meaning(table, code), str(code or status))


def _declined(known: Meaning, code: str) -> DeliveryError | MaybeSent:
    if known.reason is FailureReason.RATE_LIMITED:
        return DeliveryError(
            f"Vonage refused the text: {known.words} ({code})",
            permanent=False,
            try_next=True,
            code=code,
        )
    if known is INTERNAL:
        return MaybeSent(f"Vonage said that {known.words} ({code}); it may have the text")
    return DeliveryError(
        f"Vonage refused the text: {known.words} ({code})",
        permanent=True,
        try_next=known.reason not in _NO_OTHER,
        opted_out=known.reason is FailureReason.OPTED_OUT,
        unreachable=known.reason in _GONE_FOR_GOOD,
        code=code,
    )


def error_code(error: Any) -> int | None:
    """Vonage's own code in an error of the Messages API, in one of the forms that it had.

    ``{"type": "https://...#1000"}``, ``{"title": "1000"}`` or ``{"code": 1000}``.
    """
    if not isinstance(error, dict):
        return None
    for word in (error.get("code"), error.get("title"), str(error.get("type")).rpartition("#")[2]):
        text = "" if isinstance(word, bool) else str(word)
        if text.isascii() and text.isdigit() and len(text) <= 5:
            return int(text)
    return None
