"""The token of each request: that of a private integration, or an app's, which is renewed daily.

An app's access token lasts a day.  A refresh token gives a new pair and is used up by it, so the
pair is kept in the store, and only one process renews it at a time.
https://github.com/GoHighLevel/highlevel-api-docs, "OAuth 2.0"
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import attrs
import httpx

from textback.clock import micros, moment
from textback.config.secrets import Secret
from textback.errors import MaybeSent, Refused
from textback.http import explain, retry_after
from textback.services import Services
from textback_gohighlevel.settings import Settings

EARLY = timedelta(minutes=5)  # before its end a token isn't used any more
MAINTAINED = timedelta(hours=6)  # before its end a token is renewed while nobody waits
_KEY = "oauth"


@attrs.frozen(kw_only=True)
class Pair:
    """An access token with its end, and what renews it."""

    access: str = attrs.field(repr=False)
    refresh: str = attrs.field(repr=False)
    until: datetime


class Tokens:
    """What signs the requests of one sub-account."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._pair: Pair | None = None  # as this process knows it

    @property
    def renewable(self) -> bool:
        """Whether there is something to renew; a private integration's token just holds."""
        return self._settings.access_token is None

    async def current(self, *, left: timedelta = EARLY) -> str:
        """A token that holds for a while.

        Raises:
            Refused: The app's token can't be renewed.
            NotSent, MaybeSent: There was no answer to that.
        """
        if self._settings.access_token is not None:
            return self._settings.access_token.value
        if not self._holds(self._pair, left):
            self._pair = await self._renewed(left)
        assert self._pair is not None
        return self._pair.access

    async def after_refusal(self, refused: str) -> str | None:
        """Another token instead of one that wasn't accepted; None if there is none.

        Raises: As `current`.
        """
        if not self.renewable:
            return None
        self._pair = await self._renewed(EARLY, refused)
        return self._pair.access

    async def _renewed(self, left: timedelta, refused: str | None = None) -> Pair:
        async with self._services.state.lock(_KEY):
            kept = self._read(await self._services.state.get(_KEY))
            if kept is not None and self._holds(kept, left) and kept.access != refused:
                return kept  # somebody else has renewed it
            given = self._settings.refresh_token
            assert given is not None  # see Settings.__attrs_post_init__
            pair = await self._ask(kept.refresh if kept is not None else given.value)
            await self._services.state.set(
                _KEY,
                {
                    "access": pair.access,
                    "refresh": pair.refresh,
                    "until": micros(pair.until),
                    "began": self._began(),
                },
            )
            return pair

    async def _ask(self, refresh: str) -> Pair:
        try:
            response = await self._post(refresh)
        except MaybeSent:
            # It may be used up now.  GoHighLevel gives the same answer for a short while.
            response = await self._post(refresh)
        if not response.is_success:
            status = response.status_code
            later = response.is_server_error or status == HTTPStatus.TOO_MANY_REQUESTS
            assert self._settings.client_secret is not None  # see Settings.__attrs_post_init__
            words = explain(response, Secret(refresh), self._settings.client_secret)
            raise Refused(
                f"{words}; install the app again and put the new refresh_token into the client's "
                "file",
                permanent=not later,
                retry_after=retry_after(response, self._services.clock.now()),
                code=str(status),
            )
        return self._pair_in(response)

    async def _post(self, refresh: str) -> httpx.Response:
        secret = self._settings.client_secret
        assert secret is not None  # see Settings.__attrs_post_init__
        return await self._services.http.post(
            f"{self._settings.base_url}/oauth/token",
            data={
                "client_id": self._settings.client_id or "",
                "client_secret": secret.value,
                "grant_type": "refresh_token",
                "refresh_token": refresh,
                "user_type": "Location",
            },
            headers={"accept": "application/json"},
            timeout=self._settings.timeout_s,
        )

    def _pair_in(self, response: httpx.Response) -> Pair:
        try:
            told = response.json()
            lasts = timedelta(seconds=float(told["expires_in"]))
            return Pair(
                access=str(told["access_token"]),
                refresh=str(told["refresh_token"]),
                until=self._services.clock.now() + lasts,
            )
        except (ValueError, KeyError, TypeError):
            raise MaybeSent("GoHighLevel's answer to renewing the token can't be read") from None

    def _holds(self, pair: Pair | None, left: timedelta) -> bool:
        return pair is not None and pair.until - left > self._services.clock.now()

    def _read(self, kept: Any) -> Pair | None:
        """The pair in the store, if it came of the token in the client's file."""
        if not isinstance(kept, dict) or kept.get("began") != self._began():
            return None
        return Pair(access=kept["access"], refresh=kept["refresh"], until=moment(kept["until"]))

    def _began(self) -> str:
        """Which installation a pair comes of: another token in the file begins anew."""
        given = self._settings.refresh_token
        assert given is not None
        return hashlib.sha256(given.value.encode()).hexdigest()
