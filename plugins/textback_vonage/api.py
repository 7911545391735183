"""Requests to one account of Vonage's APIs.

Vonage's SDK makes the tokens and the shapes of what is sent.  The requests go over textback's own
HTTP, since the SDK's client (``vonage_http_client`` 1.5) sends a POST again, up to ten times, when
the connection breaks before the answer: the same text, to the same caller.  It also shares its
headers between threads, speaks to https alone, and writes bodies to the log.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import attrs
import httpx
from vonage_http_client.auth import Auth

from textback.errors import MaybeSent, NotSent, Refused
from textback.http import explain, next_page, retry_after
from textback.services import Services
from textback_vonage.settings import Settings

PAGE_SIZE = 100  # of calls and numbers, the most that Vonage gives at once
MOST_PAGES = 50  # of one listing: a bound for what can't be foreseen
TOKEN_FOR = timedelta(minutes=10)
"""The SDK's tokens are good for 15 minutes; to sign one takes some milliseconds of a processor."""

HANG_UP_S = 3.0  # Vonage waits 5 s for what to do next


@attrs.frozen(kw_only=True)
class Balance:
    """What is left on the account, and what time it was at Vonage; None if it didn't say.

    Attributes:
        euros: Less than nothing for an account with credit.
        reloads: Vonage tops it up by itself.
    """

    euros: float
    reloads: bool
    at: datetime | None


class Api:
    """The account of one client, and its application."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        pair = f"{settings.api_key}:{settings.api_secret.value}".encode()
        self._basic = {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
        self._token: tuple[datetime, str] | None = None

    # ── texts ───────────────────────────────────────────────────────────────────────────────────

    async def send_message(self, message: Mapping[str, Any]) -> httpx.Response:
        """Hand a message to the Messages API.

        Raises:
            NotSent, MaybeSent: There was no answer.
        """
        return await self._services.http.post(
            f"{self._settings.base_url}/v1/messages",
            json=message,
            headers=await self._bearer(),
            timeout=self._settings.timeout_s,
        )

    async def send_sms(self, form: Mapping[str, Any]) -> httpx.Response:
        """Hand a message to the SMS API, which takes key and secret in the form.

        Raises:
            NotSent, MaybeSent: There was no answer.
        """
        settings = self._settings
        return await self._services.http.post(
            f"{settings.rest_base_url}/sms/json",
            data={"api_key": settings.api_key, "api_secret": settings.api_secret.value, **form},
            timeout=settings.timeout_s,
        )

    async def records(self, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """Yield what the Reports API has of texts, page by page.

        Raises:
            Refused: Vonage answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        settings = self._settings
        asked = httpx.QueryParams({"account_id": settings.api_key, **query})
        url = f"{settings.base_url}/v2/reports/records?{asked}"
        for _ in range(MOST_PAGES):
            page = await self._get(url, self._basic)
            for record in _list(page, "records"):
                yield record
            following = _part(_part(page, "_links"), "next").get("href")
            if not following:
                return
            url = next_page(settings.base_url, following)
        self._services.log.warning("listing cut", listing="records", pages=MOST_PAGES)

    # ── calls ───────────────────────────────────────────────────────────────────────────────────

    async def hang_up(self, leg: str) -> None:
        """End one leg of a call.

        Raises:
            Refused: Vonage answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        response = await self._services.http.put(
            f"{self._settings.base_url}/v1/calls/{quote(leg, safe='')}",
            json={"action": "hangup"},
            headers=await self._bearer(),
            timeout=min(HANG_UP_S, self._settings.timeout_s),
        )
        self._agreed(response)

    async def legs(self, since: datetime) -> AsyncIterator[dict[str, Any]]:
        """Yield the legs of the application's calls that began since a moment.

        Raises:
            Refused: Vonage answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        for page_number in range(MOST_PAGES):
            query = {
                "date_start": f"{since:%Y-%m-%dT%H:%M:%SZ}",
                "page_size": str(PAGE_SIZE),
                "record_index": str(page_number * PAGE_SIZE),
            }
            asked = httpx.QueryParams(query)
            url = f"{self._settings.base_url}/v1/calls?{asked}"
            page = await self._get(url, await self._bearer())
            found = _list(_part(page, "_embedded"), "calls")
            for leg in found:
                yield leg
            if len(found) < PAGE_SIZE:
                return
        self._services.log.warning("listing cut", listing="calls", pages=MOST_PAGES)

    # ── how it is set up ────────────────────────────────────────────────────────────────────────

    async def balance(self) -> Balance:
        """The account's balance; raises as `records`."""
        response = await self._ask(f"{self._settings.rest_base_url}/account/get-balance")
        told = self._object(response)
        value = told.get("value")
        return Balance(
            euros=float(value) if isinstance(value, int | float) else 0.0,
            reloads=told.get("autoReload") is True,
            at=_date(response.headers.get("date")),
        )

    async def number(self, msisdn: str) -> dict[str, Any] | None:
        """How one number of the account is set up; None if the account hasn't got it.

        Args:
            msisdn: Without a plus.
        """
        asked = httpx.QueryParams({"pattern": msisdn, "search_pattern": "1", "size": "10"})
        response = await self._ask(f"{self._settings.rest_base_url}/account/numbers?{asked}")
        found = self._object(response).get("numbers") or []  # without any, the key is missing
        return next((each for each in found if each.get("msisdn") == msisdn), None)

    async def update_number(self, form: Mapping[str, str]) -> None:
        """Change how a number is set up; raises as `records`."""
        response = await self._services.http.post(
            f"{self._settings.rest_base_url}/number/update",
            data=dict(form),
            headers=self._basic,
            timeout=self._settings.timeout_s,
        )
        told = self._object(response)
        if str(told.get("error-code")) != "200":
            raise Refused(
                f"Vonage didn't change the number: {told.get('error-code-label')}",
                permanent=True,
                code=str(told.get("error-code")),
            )

    async def application(self) -> dict[str, Any]:
        """How the application is set up; raises as `records`."""
        return await self._get(self._application, self._basic)

    async def update_application(self, application: Mapping[str, Any]) -> None:
        """Set the application up anew, as a whole; raises as `records`."""
        response = await self._services.http.put(
            self._application,
            json=application,
            headers=self._basic,
            timeout=self._settings.timeout_s,
        )
        self._agreed(response)

    async def key_fits(self) -> None:
        """Make a request that the application's key must sign; raises as `records`."""
        url = f"{self._settings.base_url}/v1/calls?page_size=1"
        await self._get(url, await self._bearer())

    async def fallback(self, url: str) -> httpx.Response:
        """Fetch what Vonage would fetch with textback down, without any credentials.

        Raises:
            NotSent, MaybeSent: There was no whole answer.
        """
        return await self._services.http.get(url, timeout=self._settings.timeout_s)

    # ── how it is asked ─────────────────────────────────────────────────────────────────────────

    @property
    def _application(self) -> str:
        name = quote(self._settings.application_id or "", safe="")
        return f"{self._settings.base_url}/v2/applications/{name}"

    async def _bearer(self) -> dict[str, str]:
        """A token of the application, kept as long as it is fresh.

        Raises:
            NotSent: The key can't sign, so that nothing was asked.
        """
        now = self._services.clock.now()
        if self._token is None or now - self._token[0] >= TOKEN_FOR:
            self._token = (now, await self._services.in_thread(self._sign))
        return {"authorization": self._token[1]}

    def _sign(self) -> str:
        key = self._settings.private_key
        if key is None:
            raise NotSent("there is no application_id and private_key to sign with")
        try:  # from None: a traceback would have the key
            auth = Auth(application_id=self._settings.application_id, private_key=key.value)
            token: bytes = auth.create_jwt_auth_string()
        except Exception as error:  # noqa: BLE001 (whatever a broken key leads to)
            words = f"private_key can't be used ({type(error).__name__}); copy the file as it is"
            raise NotSent(words) from None
        return token.decode()

    async def _ask(self, url: str) -> httpx.Response:
        return await self._services.http.get(
            url, headers=self._basic, timeout=self._settings.timeout_s
        )

    async def _get(self, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
        response = await self._services.http.get(
            url, headers=headers, timeout=self._settings.timeout_s
        )
        return self._object(response)

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        """What a good answer holds; the error for any other."""
        self._agreed(response)
        answer = json_of(response)
        if answer is None:
            raise MaybeSent("Vonage's answer is not a JSON object")
        return answer

    def _agreed(self, response: httpx.Response) -> None:
        if not response.is_success:
            status = response.status_code
            raise Refused(
                explain(response),
                permanent=response.is_client_error and status not in NOT_FOR_EVER,
                retry_after=self.retry_after(response),
                code=str(status),
            )

    def retry_after(self, response: httpx.Response) -> float | None:
        """Seconds that Vonage asks us to wait; it doesn't always say."""
        return retry_after(response, self._services.clock.now())


NOT_FOR_EVER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)


def json_of(response: httpx.Response) -> dict[str, Any] | None:
    """The body as a JSON object; None if it isn't one."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _part(answer: dict[str, Any], name: str) -> dict[str, Any]:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}


def _list(answer: Any, name: str) -> list[dict[str, Any]]:
    entries = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise MaybeSent(f"Vonage's answer has no {name}")
    return [each for each in entries if isinstance(each, dict)]


def _date(stamp: str | None) -> datetime | None:
    if not stamp:
        return None
    try:
        return parsedate_to_datetime(stamp)
    except ValueError:
        return None
