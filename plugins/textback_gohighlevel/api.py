"""Requests to one sub-account: each part of the API wants to be asked for by its version.

https://marketplace.gohighlevel.com/docs/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import httpx

from textback.errors import MaybeSent, Refused
from textback.http import explain, retry_after
from textback.services import Services
from textback_gohighlevel.settings import Settings
from textback_gohighlevel.tokens import Tokens

RECORDS: Final = "2021-07-28"
"""Version of contacts, opportunities, locations and users."""

CONVERSATIONS: Final = "2021-04-15"
"""Version of conversations."""

_DAY_S = 3600.0  # after a day's requests are used up: an hour is soon enough to look again
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)

Query = Mapping[str, Any]


class Refusal(Refused):
    """GoHighLevel's no, with what it says about it.

    Attributes:
        said: The answer's body; empty if it is no JSON.
    """

    def __init__(
        self, message: str, *, permanent: bool, retry_after: float | None, code: str, said: Query
    ) -> None:
        super().__init__(message, permanent=permanent, retry_after=retry_after, code=code)
        self.said = said


class Api:
    """The sub-account of one client."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self.tokens = Tokens(settings, services)
        self.location = settings.location_id

    async def get(
        self, path: str, query: Query | None = None, *, version: str = RECORDS
    ) -> dict[str, Any]:
        """What a resource holds, e.g. ``contacts/abc``.

        Raises:
            Refusal: GoHighLevel answered no.
            Refused: It answered nothing that can be read.
            NotSent, MaybeSent: There was no whole answer.
        """
        return self._body(await self._ask("GET", path, version, params=query))

    async def find(self, path: str, name: str) -> dict[str, Any] | None:
        """One record, by its name in the answer; None if there is none with this id.

        Raises: As `get`.
        """
        response = await self._ask("GET", path, RECORDS)
        # A contact that isn't there is answered 400, with these words.
        words = str(_json(response).get("message") or "")
        gone = response.status_code == HTTPStatus.BAD_REQUEST and "not found" in words.lower()
        if gone or response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return None
        found = self._body(response).get(name)
        return found if isinstance(found, dict) else None

    async def tell(self, path: str, body: Query, *, method: str = "POST") -> dict[str, Any]:
        """Ask for what changes nothing the second time.  Raises as `get`."""
        return self._body(await self._ask(method, path, RECORDS, json=body))

    async def create(self, path: str, body: Query, *, version: str = RECORDS) -> dict[str, Any]:
        """Make something; the whole answer.

        Raises:
            Refusal: GoHighLevel answered no: nothing was made.
            NotSent: Nothing was written.
            MaybeSent: It failed, or its answer can't be read: it may have been made.
        """
        response = await self._ask("POST", path, version, json=body)
        if response.is_server_error or response.status_code == HTTPStatus.REQUEST_TIMEOUT:
            raise MaybeSent(
                f"{explain(response)}; it may have been done", code=str(response.status_code)
            )
        self._check(response)
        made = _json(response)
        if not made:
            raise MaybeSent("GoHighLevel did something, but its answer can't be read")
        return made

    async def _ask(self, method: str, path: str, version: str, **more: Any) -> httpx.Response:
        token = await self.tokens.current()
        response = await self._send(method, path, version, token, more)
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        another = await self.tokens.after_refusal(token)  # whoever isn't let in has done nothing
        return await self._send(method, path, version, another, more) if another else response

    async def _send(
        self, method: str, path: str, version: str, token: str, more: Mapping[str, Any]
    ) -> httpx.Response:
        return await self._services.http.request(
            method,
            f"{self._settings.base_url}/{path}",
            headers={
                "authorization": f"Bearer {token}",
                "version": version,
                "accept": "application/json",
            },
            timeout=self._settings.timeout_s,
            **more,
        )

    def _body(self, response: httpx.Response) -> dict[str, Any]:
        self._check(response)
        body = _json(response)
        if not body:
            raise Refused("GoHighLevel's answer is not JSON", permanent=False)
        return body

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        status = response.status_code
        raise Refusal(
            explain(response) + _ADVICE.get(status, ""),
            permanent=not (response.is_server_error or status in _LATER),
            retry_after=_wait_s(response, self._services.clock.now()),
            code=str(status),
            said=_json(response),
        )


_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "; see that the token is this sub-account's",
    HTTPStatus.FORBIDDEN: "; see that the token has the scopes that the plugin's page names",
}


def _wait_s(response: httpx.Response, now: datetime) -> float | None:
    """Seconds to wait; GoHighLevel says in headers of its own which limit was met."""
    said = retry_after(response, now)
    if said is not None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return said
    if response.headers.get("x-ratelimit-daily-remaining") == "0":
        return _DAY_S
    interval = response.headers.get("x-ratelimit-interval-milliseconds", "")
    return int(interval) / 1000 if interval.isascii() and interval.isdigit() else None


def _json(response: httpx.Response) -> dict[str, Any]:
    """The body as a JSON object; empty if it isn't one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
