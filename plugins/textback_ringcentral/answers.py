"""What RingCentral's answers have in common: JSON, error codes, limits, times."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx

from textback.http import retry_after as _retry_after


def json_of(response: httpx.Response) -> dict[str, Any] | None:
    """The body as a JSON object; None if it isn't one."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def error_code(response: httpx.Response) -> str | None:
    """RingCentral's own code in an answer that says no, e.g. ``MSG-245``."""
    code = (json_of(response) or {}).get("errorCode")
    return code if isinstance(code, str) and code else None


def wrong_parameters(response: httpx.Response) -> set[str]:
    """The names of the parameters that an answer complains of."""
    errors = (json_of(response) or {}).get("errors")
    told = errors if isinstance(errors, list) else []
    return {str(each.get("parameterName")) for each in told if isinstance(each, dict)}


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that we are asked to wait; where it isn't said, the whole window of the limit.

    https://developers.ringcentral.com/guide/basics/rate-limits
    """
    asked = _retry_after(response, now)
    if asked is not None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return asked
    window = response.headers.get("x-rate-limit-window", "")
    return float(window) if window.isascii() and window.isdigit() else None


def read_time(stamp: object) -> datetime | None:
    """A moment in ISO 8601, e.g. ``2020-06-23T01:05:43.940Z``; None if it isn't one."""
    if not isinstance(stamp, str):
        return None
    try:
        at = datetime.fromisoformat(stamp)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def object_of(value: object) -> dict[str, Any]:
    """A part of an answer that should be an object; an empty one if it isn't."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[dict[str, Any]]:
    """The objects in a part of an answer that should be a list of them."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """A part of an answer that should be a word or a number; None if it is missing or empty."""
    return str(value) if value not in (None, "") else None
