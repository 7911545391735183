"""Requests to one account of RingCentral's API, as the user whose JWT it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from textback.errors import MaybeSent, Refused
from textback.http import explain, next_page
from textback.services import Services
from textback_ringcentral.answers import (
    error_code,
    json_of,
    object_of,
    objects_of,
    retry_after,
)
from textback_ringcentral.settings import Settings
from textback_ringcentral.tokens import Tokens

ACCOUNT: Final = "/restapi/v1.0/account/~"
EXTENSION: Final = f"{ACCOUNT}/extension/~"
SUBSCRIPTION: Final = "/restapi/v1.0/subscription"
MOST_PAGES: Final = 50  # of one listing: a bound for what can't be foreseen

_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Api:
    """The account of one client."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self.tokens = Tokens(settings, services)

    def now(self) -> datetime:
        """The present moment."""
        return self._services.clock.now()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What is at a path, e.g. ``/restapi/v1.0/subscription``.

        Raises:
            Refused: RingCentral answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        return self._object(await self.request("GET", _with(path, query)))

    async def post(self, path: str, body: object = None) -> dict[str, Any]:
        """Make something, and what it became; raises as `get`."""
        return self._object(await self.request("POST", path, body))

    async def delete(self, path: str) -> None:
        """Remove something; what is gone already is no error.  Raises as `get`."""
        response = await self.request("DELETE", path)
        if not response.is_success and response.status_code != HTTPStatus.NOT_FOUND:
            raise self.refusal(response)

    async def records(
        self, path: str, query: Mapping[str, str] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the records of a listing, page by page; raises as `get`."""
        url = self._url(_with(path, query))
        for _ in range(MOST_PAGES):
            page = self._object(await self._request("GET", url))
            if not isinstance(page.get("records"), list):
                raise MaybeSent("RingCentral's answer has no records")
            for record in objects_of(page["records"]):
                yield record
            following = object_of(object_of(page.get("navigation")).get("nextPage")).get("uri")
            if not following:
                return
            url = next_page(self._settings.base_url, following)
        self._services.log.warning("ringcentral_listing_cut", listing=path, pages=MOST_PAGES)

    async def request(self, method: str, target: str, body: object = None) -> httpx.Response:
        """Any answer to one request.  A token that is refused is replaced, once.

        Raises:
            Refused: RingCentral gives no token.
            NotSent, MaybeSent: There was no whole answer.
        """
        return await self._request(method, self._url(target), body)

    async def _request(self, method: str, url: str, body: object = None) -> httpx.Response:
        token = await self.tokens.get()
        response = await self._send(method, url, body, token)
        if response.status_code == HTTPStatus.UNAUTHORIZED:  # nothing was done
            token = await self.tokens.instead_of(token)
            response = await self._send(method, url, body, token)
        return response

    def _url(self, target: str) -> str:
        return f"{self._settings.base_url}{target}"

    def refusal(self, response: httpx.Response) -> Refused:
        """The error for an answer that says no."""
        status, code = response.status_code, error_code(response)
        return Refused(
            f"{explain(response)} ({code or status})",
            permanent=response.is_client_error and status not in _LATER,
            retry_after=retry_after(response, self.now()),
            code=code or str(status),
        )

    async def _send(self, method: str, url: str, body: object, token: str) -> httpx.Response:
        return await self._services.http.request(
            method,
            url,
            json=body,
            headers={"authorization": f"Bearer {token}", "accept": "application/json"},
            timeout=self._settings.timeout_s,
        )

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        if not response.is_success:
            raise self.refusal(response)
        answer = json_of(response)
        if answer is None:
            raise MaybeSent("RingCentral's answer is not JSON")
        return answer


def _with(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path
