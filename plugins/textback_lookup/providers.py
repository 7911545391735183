"""How each provider is asked about a number, and what its answer says.

Twilio: https://www.twilio.com/docs/lookup/v2-api
Telnyx: https://developers.telnyx.com/api-reference/number-lookup/lookup-phone-number-data
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from textback_lookup.settings import Settings

# https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence#type-property-values
_TWILIO_LINES = {
    "mobile": "mobile",
    "landline": "landline",
    "fixedVoip": "voip",
    "nonFixedVoip": "voip",
    "tollFree": "toll free",
    "sharedCost": "shared cost",
    "unknown": None,
}
# carrier.type; a number that may be either is not taken for a landline
_TELNYX_LINES = {"fixed line": "landline", "fixed line or mobile": None, "unknown": None}

# What the databases of names say of numbers that have none.
_NO_NAMES = frozenset(
    {"anonymous", "name unavailable", "not available", "out of area", "private", "toll free call"}
    | {"unavailable", "unknown", "unknown name", "wireless caller", "cell phone"}
)
MOST = 100  # characters of a name


@attrs.frozen(kw_only=True)
class Found:
    """What a provider knows of a number; also how it is remembered."""

    name: str | None = None
    line_type: str | None = None
    spam_score: float | None = None
    valid: bool = True


@attrs.frozen
class Question:
    """One request: where to, with which headers."""

    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)


def question(settings: Settings, number: str) -> Question:
    """Ask about a number, in E.164."""
    if settings.provider == "twilio":
        fields = [
            "line_type_intelligence",
            *(["caller_name"] if settings.name else []),
            *(["sms_pumping_risk"] if settings.spam_score else []),
        ]
        return _twilio(settings, number, f"?{urlencode({'Fields': ','.join(fields)})}")
    kinds = [("type", "carrier"), *([("type", "caller-name")] if settings.name else [])]
    return _telnyx(settings, f"number_lookup/{quote(number, safe='')}?{urlencode(kinds)}")


def free_question(settings: Settings, lines: Sequence[str]) -> Question:
    """Ask what shows whether we are known, and costs nothing.

    Twilio says for free whether a number is valid; Telnyx doesn't, but tells the balance.
    """
    if settings.provider == "twilio":
        return _twilio(settings, lines[0])  # a client has at least one
    return _telnyx(settings, "balance")


def _twilio(settings: Settings, number: str, query: str = "") -> Question:
    token = settings.auth_token.value if settings.auth_token else ""
    pair = base64.b64encode(f"{settings.account_sid}:{token}".encode()).decode()
    url = f"{settings.url}/v2/PhoneNumbers/{quote(number, safe='')}{query}"
    return Question(url, {"authorization": f"Basic {pair}"})


def _telnyx(settings: Settings, path: str) -> Question:
    key = settings.api_key.value if settings.api_key else ""
    return Question(f"{settings.url}/{path}", {"authorization": f"Bearer {key}"})


def accepts(settings: Settings, answer: Any) -> bool:
    """Whether the answer to a free question is one of the provider's."""
    if settings.provider == "twilio":
        return read(settings, answer) is not None
    return isinstance(answer, dict) and isinstance(answer.get("data"), dict)


def read(settings: Settings, answer: Any) -> Found | None:
    """What an answer says; None if it is no answer about a number."""
    if not isinstance(answer, dict):
        return None
    if settings.provider == "twilio":
        return _from_twilio(answer) if answer.get("phone_number") else None
    data = _part(answer, "data")
    return _from_telnyx(data) if data.get("phone_number") else None


def _from_twilio(answer: Mapping[str, Any]) -> Found:
    line = _part(answer, "line_type_intelligence").get("type")
    score = _part(answer, "sms_pumping_risk").get("sms_pumping_risk_score")
    return Found(
        name=_name(_part(answer, "caller_name").get("caller_name")),
        line_type=_TWILIO_LINES.get(line, line) if isinstance(line, str) else None,
        spam_score=_share(score),
        valid=answer.get("valid") is not False,
    )


def _from_telnyx(data: Mapping[str, Any]) -> Found:
    line = _part(data, "carrier").get("type") or _part(data, "portability").get("line_type")
    return Found(
        name=_name(_part(data, "caller_name").get("caller_name")),
        line_type=_TELNYX_LINES.get(line, line) if isinstance(line, str) else None,
        valid=data.get("valid_number") is not False,
    )


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}


def _name(told: Any) -> str | None:
    """A name in one line; None if it only says that there is none."""
    name = " ".join(told.split())[:MOST] if isinstance(told, str) else ""
    return None if not name or name.casefold() in _NO_NAMES else name


def _share(score: Any) -> float | None:
    """A score from 0 to 100 as one from 0 to 1; None if it isn't one.

    https://www.twilio.com/docs/lookup/v2-api/sms-pumping-risk
    """
    if not isinstance(score, int | float) or isinstance(score, bool):
        return None
    return min(max(score / 100, 0.0), 1.0)
