"""Requests to Calendly's API, version 2: https://developer.calendly.com/api-docs"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import attrs
import httpx

from textback.errors import MaybeSent, Refused
from textback.http import explain, retry_after
from textback.services import Services
from textback_calendly.settings import Settings

COUNT = 100  # entries of a listing at once, the most that Calendly gives
MOST_PAGES = 20
_NOT_FOREVER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@attrs.frozen(kw_only=True)
class Me:
    """Whose token it is: addresses of person and organization, and the person's page."""

    uri: str
    organization: str
    name: str
    page: str


@attrs.frozen(kw_only=True)
class Subscription:
    """A webhook subscription."""

    name: str
    url: str
    active: bool
    events: frozenset[str]


class Api:
    """What is asked of Calendly; all raise as `Api._ask`."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services

    @property
    def has_token(self) -> bool:
        """Whether anything can be asked."""
        return self._settings.access_token is not None

    async def me(self) -> Me:
        """Whose token it is."""
        told = _resource(await self._ask("GET", "/users/me"))
        return Me(
            uri=str(told.get("uri")),
            organization=str(told.get("current_organization")),
            name=str(told.get("name")),
            page=str(told.get("scheduling_url")),
        )

    async def appointment(self, name: str) -> Mapping[str, Any]:
        """A scheduled event, by the end of its address."""
        return _resource(await self._ask("GET", f"/scheduled_events/{quote(name, safe='')}"))

    async def event_types(self, me: Me) -> AsyncIterator[Mapping[str, Any]]:
        """The active event types that the scope in the settings has."""
        query = {"active": "true", **self._whose(me)}
        async for each in self._listing("/event_types", query):
            yield each

    async def subscriptions(self, me: Me) -> AsyncIterator[Subscription]:
        """The webhook subscriptions of the scope in the settings."""
        scope = self._settings.scope
        query = {"organization": me.organization, "scope": scope}
        if scope == "user":
            query["user"] = me.uri
        async for each in self._listing("/webhook_subscriptions", query):
            yield Subscription(
                name=name_of(each.get("uri")) or "",
                url=str(each.get("callback_url")),
                active=each.get("state") == "active",
                events=frozenset(each.get("events") or ()),
            )

    async def subscribe(self, me: Me, url: str, events: Sequence[str]) -> str:
        """Make a subscription; its name."""
        scope, key = self._settings.scope, self._settings.signing_key
        values = {
            "url": url,
            "events": list(events),
            "organization": me.organization,
            "scope": scope,
            "signing_key": key.value,
        }
        if scope == "user":
            values["user"] = me.uri
        made = _resource(await self._ask("POST", "/webhook_subscriptions", json=values))
        return name_of(made.get("uri")) or ""

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Delete a subscription."""
        await self._ask("DELETE", f"/webhook_subscriptions/{subscription.name}")

    def _whose(self, me: Me) -> dict[str, str]:
        if self._settings.scope == "user":
            return {"user": me.uri}
        return {"organization": me.organization}

    async def _listing(
        self, path: str, query: Mapping[str, str]
    ) -> AsyncIterator[Mapping[str, Any]]:
        token: str | None = None
        for _ in range(MOST_PAGES):
            more = {"page_token": token} if token else {}
            page = await self._ask("GET", path, query={**query, "count": str(COUNT), **more})
            for each in page.get("collection") or ():
                yield each
            token = (page.get("pagination") or {}).get("next_page_token")
            if not token:
                return
        self._services.log.warning("calendly_listing_cut", listing=path, pages=MOST_PAGES)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """What Calendly answers.

        Raises:
            Refused: It said no, or there is no token to ask with.
            NotSent, MaybeSent: There was no whole answer.
        """
        token = self._settings.access_token
        if token is None:
            raise Refused("Calendly can't be asked without access_token", permanent=True)
        response = await self._services.http.request(
            method,
            f"{self._settings.base_url}{path}",
            params=query,
            json=json,
            headers={"authorization": f"Bearer {token.value}"},
            timeout=self._settings.timeout_s,
        )
        if not response.is_success:
            raise _refusal(response, self._services.clock.now())
        if response.status_code == HTTPStatus.NO_CONTENT:
            return {}
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise MaybeSent("Calendly's answer can't be read")
        return answer


def name_of(uri: object) -> str | None:
    """The end of an address, which names the thing; None if it is no address.

    Only the end is used: the token goes to no host but that in the settings.
    """
    return uri.rstrip("/").rpartition("/")[2] or None if isinstance(uri, str) else None


def _refusal(response: httpx.Response, now: datetime) -> Refused:
    status = response.status_code
    return Refused(
        explain(response),
        permanent=response.is_client_error and status not in _NOT_FOREVER,
        retry_after=_wait_s(response, now),
        code=str(status),
    )


def _wait_s(response: httpx.Response, now: datetime) -> float | None:
    """Seconds until the limit begins anew.

    https://developer.calendly.com/api-docs/overview/rate-limits
    """
    asked = retry_after(response, now)
    if asked is not None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return asked
    reset = response.headers.get("x-ratelimit-reset", "")
    return float(reset) if reset.isascii() and reset.isdigit() else None


def _resource(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    resource = answer.get("resource")
    if not isinstance(resource, dict):
        raise MaybeSent("Calendly's answer has no resource")
    return resource
