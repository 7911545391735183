"""What went wrong with a request of the SDK, as textback's errors.

Each part of the SDK has exceptions of its own, without a common base; whatever has a status and a
body is an answer.  Connection errors are urllib3's and come through as they are, some of them
hidden behind an error of the SDK about the first.  None of their messages is passed on: they have
addresses, headers and bodies in them.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Any

import httpx
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from textback.errors import MaybeSent, NotSent, ProviderError, Refused
from textback.http import explain, retry_after

# https://developers.hubspot.com/docs/api-reference/error-handling
LOCKED_S = 2.0  # 423
ROLLING_S = 10.0  # the limit of ten seconds
SECONDLY_S = 1.0  # that of searches
UNTIL_TOMORROW_S = 3600.0  # the daily limit, where the account's midnight isn't known
MIGRATING = 477  # the account's data are moved to another place

_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.LOCKED, MIGRATING})
_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "; see access_token",
    HTTPStatus.FORBIDDEN: "; give the token its scopes",
}
_EMAIL = re.compile(r"[^\s@\"'(),:;]+@[^\s@\"'(),:;]+")
_EXISTING = re.compile(r"Existing ID:\s*(\d+)")
_CODES = re.compile(
    r"\b(CONFLICTING_UNIQUE_VALUE|INVALID_EMAIL|PROPERTY_DOESNT_EXIST|INVALID_OPTION"
    r"|READ_ONLY_VALUE|MISSING_SCOPES)\b"
)


class Missing(Refused):
    """There is no such record: deleted, or never there."""


class Conflict(Refused):
    """Another record has a value that must be unique.

    Attributes:
        existing: Its id, if HubSpot named it.
    """

    existing: str | None = None


def trouble(error: Exception, host: str, now: datetime, zone: tzinfo | None) -> ProviderError:
    """What an exception of a call of the SDK means.

    Args:
        error: As the SDK raised it.
        host: Where it asked, for messages.
        now: The present moment, for waits.
        zone: Of the account, whose daily limit ends at midnight; None if it isn't known.

    Raises:
        Exception: *error* itself, if it is none that comes of asking.
    """
    status = getattr(error, "status", None)
    if isinstance(status, int) and status > 0:
        return _answered(error, status, host, now, zone)
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotSent(f"{host} has a certificate that can't be trusted")
        if isinstance(cause, NewConnectionError | ConnectTimeoutError):
            return NotSent(f"{host} can't be reached ({type(cause).__name__})")
    for cause in causes:
        if isinstance(cause, HTTPError):
            kind = type(cause).__name__
            return MaybeSent(f"{host} took the request and gave no whole answer ({kind})")
    # Not JSON, not UTF-8, or not what the models of the SDK want; status 0 is the SDK's own.
    if status is not None or isinstance(error, ValueError | TypeError | AttributeError):
        return MaybeSent(f"{host} answered something that can't be read")
    raise error


def _answered(
    error: Any, status: int, host: str, now: datetime, zone: tzinfo | None
) -> ProviderError:
    response = _response(error, status, host)
    words = _EMAIL.sub("***", explain(response)) + _ADVICE.get(status, "")
    wait = retry_after(response, now)
    found = _CODES.search(response.text)
    code = found[0] if found else str(status)
    if status in _LATER:
        if wait is None:
            wait = _wait(response, now, zone)
        return Refused(words, permanent=False, retry_after=wait, code=code)
    if status == HTTPStatus.REQUEST_TIMEOUT or response.is_server_error:
        return MaybeSent(f"{words}; it may have been done", retry_after=wait, code=code)
    if status == HTTPStatus.NOT_FOUND:
        return Missing(words, permanent=True, code=code)
    if status == HTTPStatus.CONFLICT or code == "CONFLICTING_UNIQUE_VALUE":
        conflict = Conflict(words, permanent=True, code=code)
        named = _EXISTING.search(response.text)
        conflict.existing = named[1] if named else None
        return conflict
    return Refused(words + _scopes(response), permanent=True, code=code)


def _response(error: Any, status: int, host: str) -> httpx.Response:
    """The answer, in the form in which every plugin's are explained; its encoding is undone."""
    body = error.body or ""
    kept = {
        name: value
        for name, value in dict(error.headers or {}).items()
        if name.lower() in ("content-type", "retry-after")
    }
    return httpx.Response(
        status,
        headers=kept,
        content=body if isinstance(body, bytes) else body.encode(),
        request=httpx.Request("GET", f"https://{host}"),
    )


def _wait(response: httpx.Response, now: datetime, zone: tzinfo | None) -> float | None:
    """Seconds to wait, which HubSpot mostly leaves to its documentation."""
    if response.status_code == HTTPStatus.LOCKED:
        return LOCKED_S
    if response.status_code == MIGRATING:
        return None
    told = _json(response)
    policy = str(told.get("policyName") or told.get("message") or "").lower()
    if "daily" not in policy:
        return ROLLING_S if "ten_secondly" in policy else SECONDLY_S
    if zone is None:
        return UNTIL_TOMORROW_S
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return ((today + timedelta(days=1)).astimezone(now.tzinfo) - now).total_seconds()


def _scopes(response: httpx.Response) -> str:
    """The scopes that a token lacks, as far as HubSpot names them."""
    if response.status_code != HTTPStatus.FORBIDDEN:
        return ""
    named = re.findall(r"\b(?:crm|oauth)[a-z._-]*\.(?:read|write)\b", response.text)
    return f": {', '.join(dict.fromkeys(named))}" if named else ""


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        told = json.loads(response.content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came of."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        for inner in cause.args:
            if isinstance(inner, BaseException):
                yield inner
        cause = cause.__cause__ or cause.__context__
