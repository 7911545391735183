"""Requests to Cal.com's API, version 2: https://cal.com/docs/api-reference/v2/introduction"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import attrs
import httpx

from textback.errors import MaybeSent, Refused
from textback.http import explain, retry_after
from textback.services import Services
from textback_calcom.settings import Settings

EVENT_TYPES_VERSION = "2024-06-14"  # without it, answers are in an older format
MOST = 250  # webhooks in one answer, which is all that Cal.com gives at once
_NOT_FOREVER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@attrs.frozen(kw_only=True)
class Webhook:
    """A webhook as Cal.com shows it.

    Attributes:
        secret: None if it has none; also if Cal.com doesn't show it, see *shows_secret*.
    """

    id: str
    url: str
    active: bool
    triggers: frozenset[str]
    template: str
    secret: str | None = attrs.field(repr=False)
    shows_secret: bool


class Api:
    """What `connect` and `check` ask; all raise as `Api._ask`."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        number = settings.event_type_id
        self._webhooks = f"/v2/event-types/{number}/webhooks" if number else "/v2/webhooks"

    @property
    def has_key(self) -> bool:
        """Whether anything can be asked."""
        return self._settings.api_key is not None

    async def me(self) -> Mapping[str, Any]:
        """Whose key it is."""
        return _object(await self._ask("GET", "/v2/me"))

    async def event_type(self, number: int) -> Mapping[str, Any] | None:
        """An event type by its number; None if there is none that the key may see."""
        try:
            return _object(await self._ask("GET", f"/v2/event-types/{number}", versioned=True))
        except Refused as error:
            if error.code == str(HTTPStatus.NOT_FOUND):
                return None
            raise

    async def event_types(self, username: str, slug: str) -> list[Mapping[str, Any]]:
        """The event types of one person under one name: one or none."""
        query = {"username": username, "eventSlug": slug}
        return _objects(await self._ask("GET", "/v2/event-types", query=query, versioned=True))

    async def webhooks(self) -> list[Webhook]:
        """The webhooks of the event type in the settings, else of the person."""
        found = _objects(await self._ask("GET", self._webhooks, query={"take": str(MOST)}))
        return [
            Webhook(
                id=str(each["id"]),
                url=str(each["subscriberUrl"]),
                active=bool(each["active"]),
                triggers=frozenset(each.get("triggers") or ()),
                template=each.get("payloadTemplate") or "",
                secret=each.get("secret") or None,
                shows_secret="secret" in each,
            )
            for each in found
        ]

    async def make_webhook(self, values: Mapping[str, Any]) -> None:
        """Add a webhook."""
        await self._ask("POST", self._webhooks, json=values)

    async def change_webhook(self, webhook: Webhook, values: Mapping[str, Any]) -> None:
        """Change some of a webhook."""
        await self._ask("PATCH", f"{self._webhooks}/{webhook.id}", json=values)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        versioned: bool = False,
    ) -> Any:
        """What Cal.com answers.

        Raises:
            Refused: It said no, or there is no key to ask with.
            NotSent, MaybeSent: There was no whole answer.
        """
        key = self._settings.api_key
        if key is None:
            raise Refused("Cal.com can't be asked without api_key", permanent=True)
        headers = {"authorization": f"Bearer {key.value}"}
        if versioned:
            headers["cal-api-version"] = EVENT_TYPES_VERSION
        response = await self._services.http.request(
            method,
            f"{self._settings.base_url}{path}",
            params=query,
            json=json,
            headers=headers,
            timeout=self._settings.timeout_s,
        )
        if not response.is_success:
            raise _refusal(response, self._services.clock.now())
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or "data" not in answer:
            raise MaybeSent("Cal.com's answer can't be read")
        return answer["data"]


def _refusal(response: httpx.Response, now: datetime) -> Refused:
    status = response.status_code
    return Refused(
        explain(response),
        permanent=response.is_client_error and status not in _NOT_FOREVER,
        retry_after=_wait_s(response, now),
        code=str(status),
    )


def _wait_s(response: httpx.Response, now: datetime) -> float | None:
    """Seconds that Cal.com asks us to wait, or until the last of its limits begins anew.

    ``X-RateLimit-Reset-NAME`` is in seconds since 1970, one header a limit:
    https://www.mintlify.com/calcom/cal.com/api/rate-limits
    """
    asked = retry_after(response, now)
    if asked is not None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return asked
    resets = [
        float(value) - now.timestamp()
        for name, value in response.headers.items()
        if name.startswith("x-ratelimit-reset") and value.isascii() and value.isdigit()
    ]
    return max(0.0, *resets) if resets else None


def _object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise MaybeSent("Cal.com's answer has no data")
    return data


def _objects(data: object) -> list[Mapping[str, Any]]:
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
