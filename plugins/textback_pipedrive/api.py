"""Requests to one company's Pipedrive: API v2, and v1 for what v2 doesn't have yet.

https://developers.pipedrive.com/docs/api/v1 has both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from textback.errors import MaybeSent, Refused
from textback.http import explain, retry_after
from textback.services import Services
from textback_pipedrive.settings import Settings

PAGE_SIZE = 500  # the most that v2 gives at once
MOST_PAGES = 20  # of one listing: a bound for what can't be foreseen

_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)

Query = Mapping[str, Any]  # texts and whole numbers


class Api:
    """The company of one client."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._headers = {"x-api-token": settings.api_token.value, "accept": "application/json"}
        self._roots = {version: _root(settings.base_url, version) for version in ("v1", "v2")}

    async def get(self, path: str, query: Query | None = None) -> Any:
        """What is in ``data`` of an answer, e.g. of ``v2/persons/7``.

        Raises:
            Refused: Pipedrive answered no, or nothing that can be read.
            NotSent, MaybeSent: There was no whole answer.
        """
        return (await self._read(path, query)).get("data")

    async def entries(self, path: str, query: Query | None = None) -> list[dict[str, Any]]:
        """The records in ``data``, of a listing that has one page only.  Raises as `get`."""
        return _entries(await self._read(path, query))

    async def pages(self, path: str, query: Query | None = None) -> AsyncIterator[dict[str, Any]]:
        """Yield the entries of a listing of v2, page by page.  Raises as `get`."""
        asked = {"limit": PAGE_SIZE, **(query or {})}
        for _ in range(MOST_PAGES):
            body = await self._read(path, asked)
            for entry in _entries(body):
                yield entry
            following = (body.get("additional_data") or {}).get("next_cursor")
            if not following or following == asked.get("cursor"):
                return
            asked["cursor"] = following
        self._services.log.warning("a listing was cut off", listing=path, pages=MOST_PAGES)

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a record; what Pipedrive made of it.

        Raises:
            Refused: Pipedrive answered no: nothing was made.
            NotSent: Nothing was written.
            MaybeSent: Pipedrive failed, or its answer can't be read: it may have been made.
        """
        response = await self._ask("POST", path, json=body)
        if response.is_server_error or response.status_code == HTTPStatus.REQUEST_TIMEOUT:
            raise MaybeSent(
                f"{explain(response)}; it may have been done", code=str(response.status_code)
            )
        self._check(response)
        made = _json(response).get("data")
        if not isinstance(made, dict) or not isinstance(made.get("id"), int):
            raise MaybeSent("Pipedrive made something, but its answer can't be read")
        return made

    async def update(self, path: str, body: Mapping[str, Any]) -> None:
        """Change a record; the same again changes nothing.  Raises as `get`."""
        self._body(await self._ask("PATCH", path, json=body))

    async def _read(self, path: str, query: Query | None) -> dict[str, Any]:
        return self._body(await self._ask("GET", path, params=query))

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        version, _, resource = path.partition("/")
        return await self._services.http.request(
            method,
            f"{self._roots[version]}/{resource}",
            headers=self._headers,
            timeout=self._settings.timeout_s,
            **more,
        )

    def _body(self, response: httpx.Response) -> dict[str, Any]:
        self._check(response)
        body = _json(response)
        if not body:
            raise Refused("Pipedrive's answer is not JSON", permanent=False)
        return body

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        status = response.status_code
        # Who asks too much for too long gets 403, with a page instead of JSON.
        blocked = status == HTTPStatus.FORBIDDEN and not _json(response)
        raise Refused(
            explain(response) + _ADVICE.get(status, ""),
            permanent=not (response.is_server_error or status in _LATER or blocked),
            retry_after=self._retry_after(response),
            code=str(status),
        )

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Seconds to wait; Pipedrive says them in a header of its own."""
        said = retry_after(response, self._services.clock.now())
        if said is not None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return said
        reset = response.headers.get("x-ratelimit-reset", "")
        return float(reset) if reset.isascii() and reset.isdigit() else None


_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "; see that api_token is right",
    HTTPStatus.FORBIDDEN: "; the user of api_token may not do this",
    HTTPStatus.PAYMENT_REQUIRED: "; the company's subscription has to be paid",
}


def _entries(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records in an answer; Pipedrive may say null instead of none."""
    data = body.get("data")
    if data is None:
        return []
    if not isinstance(data, list):
        raise Refused("Pipedrive's answer is no list of records", permanent=False)
    return [each for each in data if isinstance(each, dict)]


def _root(base_url: str, version: str) -> str:
    """Where a version of the API is.

    On api.pipedrive.com it is /v1 and /api/v2, on a company's own domain /api/v1 and /api/v2.
    https://pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide
    """
    host = urlsplit(base_url).hostname or ""
    of_company = host.endswith(".pipedrive.com") and host != "api.pipedrive.com"
    return f"{base_url}/v1" if version == "v1" and not of_company else f"{base_url}/api/{version}"


def _json(response: httpx.Response) -> dict[str, Any]:
    """The body as a JSON object; empty if it isn't one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
