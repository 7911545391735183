"""Requests to one account of Twilio's REST APIs: 2010-04-01, and messaging v1."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import attrs
import httpx

from textback.errors import MaybeSent, Refused
from textback.http import next_page, retry_after
from textback.services import Services
from textback_twilio.codes import meaning
from textback_twilio.settings import Settings
from textback_twilio.webhook import read_time

PAGE_SIZE = 1000  # the most that Twilio gives at once
MESSAGING_PAGE_SIZE = 100
MOST_PAGES = 50  # of one listing: a bound for what can't be foreseen


@attrs.frozen(kw_only=True)
class Account:
    """The account, and what time it was at Twilio when it told; None if it didn't say."""

    status: str
    kind: str
    at: datetime | None


class Api:
    """The account of one client.  Its addresses and headers are made once, for all texts."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._account = f"{settings.base_url}/2010-04-01/Accounts/{settings.account_sid}"
        pair = f"{settings.account_sid}:{settings.auth_token.value}".encode()
        self._auth = {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
        self._messaging = f"{settings.messaging_base_url}/v1"
        self._form = {**self._auth, "content-type": "application/x-www-form-urlencoded"}

    async def post(self, resource: str, form: Mapping[str, str]) -> httpx.Response:
        """Post a form to a resource of the account, e.g. ``Messages.json``.

        Raises:
            NotSent, MaybeSent: There was no answer.
        """
        return await self._services.http.post(
            f"{self._account}/{resource}",
            content=urlencode(form),
            headers=self._form,
            timeout=self._settings.timeout_s,
        )

    async def account(self) -> Account:
        """The account itself.

        Raises:
            Refused: Twilio answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        response = await self._get(f"{self._account}.json")
        told = self._object(response)
        return Account(
            status=str(told.get("status")),
            kind=str(told.get("type")),
            at=read_time(response.headers.get("date")),
        )

    async def update(self, resource: str, form: Mapping[str, str]) -> None:
        """Change a resource of the account, e.g. ``IncomingPhoneNumbers/PN....json``.

        Raises:
            Refused: Twilio answered no: nothing was changed.
            NotSent, MaybeSent: There was no whole answer.
        """
        self._object(await self.post(resource, form))

    async def service(self, sid: str) -> dict[str, Any]:
        """A messaging service; raises as `account`."""
        return self._object(await self._get(f"{self._messaging}/Services/{sid}"))

    async def update_service(self, sid: str, form: Mapping[str, str]) -> None:
        """Change a messaging service; raises as `update`."""
        response = await self._services.http.post(
            f"{self._messaging}/Services/{sid}",
            content=urlencode(form),
            headers=self._form,
            timeout=self._settings.timeout_s,
        )
        self._object(response)

    async def messaging(
        self, resource: str, name: str, query: Mapping[str, str] | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the entries of a listing of the messaging API, e.g. ``Services``.

        Raises:
            Refused: Twilio answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        parameters = urlencode({**(query or {}), "PageSize": str(MESSAGING_PAGE_SIZE)})
        url = f"{self._messaging}/{resource}?{parameters}"
        async for entry in self._listing(url, name, self._settings.messaging_base_url):
            yield entry

    async def pages(
        self, resource: str, name: str, query: Mapping[str, str], *, page_size: int = PAGE_SIZE
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the entries of a listing, page by page.

        Args:
            resource: For example ``Calls.json``.
            name: The list's name in the answer, e.g. ``calls``.
            query: What to list.
            page_size: How many are asked for at once, 1 to `PAGE_SIZE`.

        Raises:
            Refused: Twilio answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        parameters = urlencode({**query, "PageSize": str(page_size)})
        url = f"{self._account}/{resource}?{parameters}"
        async for entry in self._listing(url, name, self._settings.base_url):
            yield entry

    async def _listing(self, url: str, name: str, base_url: str) -> AsyncIterator[dict[str, Any]]:
        for _ in range(MOST_PAGES):
            page = self._object(await self._get(url))
            entries = page.get(name)
            if not isinstance(entries, list):
                raise MaybeSent(f"Twilio's answer has no {name}")
            for entry in entries:
                yield entry
            meta = page.get("meta")
            more = meta.get("next_page_url") if isinstance(meta, dict) else None
            following = page.get("next_page_uri") or more
            if not following:
                return
            url = next_page(base_url, following)
        self._services.log.warning("twilio_listing_cut", listing=name, pages=MOST_PAGES)

    async def _get(self, url: str) -> httpx.Response:
        return await self._services.http.get(
            url, headers=self._auth, timeout=self._settings.timeout_s
        )

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        """What a good answer holds; the error for any other."""
        if not response.is_success:
            status, code = response.status_code, error_code(response)
            raise Refused(
                f"Twilio answered {status}: {meaning(code).words}",
                permanent=response.is_client_error and status != HTTPStatus.TOO_MANY_REQUESTS,
                retry_after=self.retry_after(response),
                code=str(code or status),
            )
        answer = json_of(response)
        if answer is None:
            raise MaybeSent("Twilio's answer is not JSON")
        return answer

    def retry_after(self, response: httpx.Response) -> float | None:
        """Seconds that Twilio asks us to wait; it doesn't always say."""
        return retry_after(response, self._services.clock.now())


def json_of(response: httpx.Response) -> dict[str, Any] | None:
    """The body as a JSON object; None if it isn't one."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def error_code(response: httpx.Response) -> int | None:
    """Twilio's own code in an answer that says no; None if it has none."""
    code = (json_of(response) or {}).get("code")
    return code if isinstance(code, int) else None
