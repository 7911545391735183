"""Requests to one account of Telnyx's API, version 2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import httpx

from textback.errors import MaybeSent, Refused
from textback.http import retry_after
from textback.services import Services
from textback_telnyx.codes import meaning
from textback_telnyx.settings import Settings

PAGE_SIZE = 50  # detail records give no more at once
MOST_PAGES = 100  # of one listing: a bound for what can't be foreseen


class Api:
    """The account of one client."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._auth = {"authorization": f"Bearer {settings.api_key.value}"}

    async def post(
        self, resource: str, body: Mapping[str, Any], *, timeout_s: float | None = None
    ) -> httpx.Response:
        """Post JSON to a resource, e.g. ``messages``; the answer, whatever it says.

        Raises:
            NotSent, MaybeSent: There was no answer.
        """
        return await self._services.http.post(
            f"{self._settings.base_url}/{resource}",
            json=body,
            headers=self._auth,
            timeout=timeout_s or self._settings.timeout_s,
        )

    async def show(self, resource: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One resource.

        Raises:
            Refused: Telnyx answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        data = (await self.plain(resource, query)).get("data")
        if not isinstance(data, dict):
            raise MaybeSent("Telnyx's answer has no data")
        return data

    async def plain(self, resource: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A whole answer: those about registrations have no ``data``.  Raises as `show`."""
        url = f"{self._settings.base_url}/{resource}"
        response = await self._services.http.get(
            f"{url}?{urlencode(query)}" if query else url,
            headers=self._auth,
            timeout=self._settings.timeout_s,
        )
        return self.whole(response)

    async def update(self, resource: str, body: Mapping[str, Any]) -> None:
        """Change a resource.

        Raises:
            Refused: Telnyx answered no: nothing was changed.
            NotSent, MaybeSent: There was no whole answer.
        """
        response = await self._services.http.patch(
            f"{self._settings.base_url}/{resource}",
            json=body,
            headers=self._auth,
            timeout=self._settings.timeout_s,
        )
        self.whole(response)

    async def pages(
        self, resource: str, query: Mapping[str, str], *, size: int = PAGE_SIZE
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the entries of a listing, page by page.

        Raises:
            Refused: Telnyx answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        for number in range(1, MOST_PAGES + 1):
            numbered = {**query, "page[number]": str(number), "page[size]": str(size)}
            page = await self.plain(resource, numbered)
            entries, meta = page.get("data"), page.get("meta")
            if not isinstance(entries, list):
                raise MaybeSent("Telnyx's answer has no list")
            for entry in entries:
                if isinstance(entry, dict):
                    yield entry
            total = meta.get("total_pages") if isinstance(meta, dict) else None
            more = number < total if isinstance(total, int) else len(entries) >= size
            if not more:
                return
        self._services.log.warning("telnyx_listing_cut", listing=resource, pages=MOST_PAGES)

    async def clock(self) -> datetime | None:
        """What time it is at Telnyx; None if its answer doesn't tell.

        Raises:
            Refused: Telnyx answered no, e.g. to the key.
            NotSent, MaybeSent: There was no whole answer.
        """
        response = await self._services.http.get(
            f"{self._settings.base_url}/balance",
            headers=self._auth,
            timeout=self._settings.timeout_s,
        )
        self.whole(response)
        try:
            return parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return None

    def whole(self, response: httpx.Response) -> dict[str, Any]:
        """What a good answer holds.

        Raises:
            Refused: The answer is no.
            MaybeSent: It can't be read.
        """
        if not response.is_success:
            status, code = response.status_code, error_code(response)
            raise Refused(
                f"Telnyx answered {status}: {meaning(code).words}",
                permanent=response.is_client_error and status != HTTPStatus.TOO_MANY_REQUESTS,
                retry_after=self.retry_after(response),
                code=code or str(status),
            )
        answer = json_of(response)
        if answer is None:
            raise MaybeSent("Telnyx's answer is not JSON")
        return answer

    def retry_after(self, response: httpx.Response) -> float | None:
        """Seconds that Telnyx asks us to wait: by the usual header, or when its window ends.

        https://developers.telnyx.com/development/api-fundamentals/reliability/rate-limiting
        """
        asked = retry_after(response, self._services.clock.now())
        if asked is None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            reset = response.headers.get("x-ratelimit-reset", "")
            asked = float(reset) if reset.isascii() and reset.isdigit() else None
        return asked


def json_of(response: httpx.Response) -> dict[str, Any] | None:
    """The body as a JSON object; None if it isn't one."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def error_code(response: httpx.Response) -> str | None:
    """Telnyx's own code in an answer that says no; None if it has none."""
    return first_code((json_of(response) or {}).get("errors"))


def first_code(errors: Any) -> str | None:
    """The code of the first of some errors, in the two forms that Telnyx writes them."""
    if not isinstance(errors, list) or not errors:
        return None
    code = errors[0].get("code") if isinstance(errors[0], dict) else errors[0]
    return str(code) if code else None
