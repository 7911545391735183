"""Access tokens: got for the JWT credential, kept for all processes, got anew when they end.

https://developers.ringcentral.com/guide/authentication/jwt-flow
"""

from __future__ import annotations

import base64
from typing import Final
from urllib.parse import urlencode

from textback.errors import MaybeSent, Refused
from textback.http import explain
from textback.services import Services
from textback_ringcentral.answers import json_of, retry_after
from textback_ringcentral.settings import Settings

GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EARLY_S: Final = 120.0  # before its end a token isn't used any more: clocks differ, requests last
LIFE_S: Final = 3600.0  # if the answer doesn't say


class Tokens:
    """The token of one account.  RingCentral keeps few at once, so all processes share it."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._key = f"token/{settings.account}"
        pair = f"{settings.client_id}:{settings.client_secret.value}".encode()
        self._headers = {
            "authorization": f"Basic {base64.b64encode(pair).decode()}",
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }

    async def get(self) -> str:
        """The token to use now.

        Raises:
            Refused: RingCentral gives none.
            NotSent, MaybeSent: There was no whole answer.
        """
        kept: str | None = await self._services.state.get(self._key)
        return kept or await self.instead_of(None)

    async def instead_of(self, refused: str | None) -> str:
        """A token after RingCentral refused one; raises as `get`.

        Of several that were refused the same one, the first gets a new one for all.
        """
        async with self._services.state.lock(self._key):
            kept: str | None = await self._services.state.get(self._key)
            if kept is not None and kept != refused:
                return kept
            token, life_s = await self._ask()
            await self._services.state.set(self._key, token, ttl_s=max(life_s - EARLY_S, 1.0))
            return token

    async def _ask(self) -> tuple[str, float]:
        response = await self._services.http.post(
            f"{self._settings.base_url}/restapi/oauth/token",
            content=urlencode({"grant_type": GRANT, "assertion": self._settings.jwt.value}),
            headers=self._headers,
            timeout=self._settings.timeout_s,
        )
        if not response.is_success:
            raise Refused(
                f"{explain(response, self._settings.jwt)}; see client_id, client_secret and jwt",
                permanent=response.status_code in (400, 401, 403),
                retry_after=retry_after(response, self._services.clock.now()),
                code=str(response.status_code),
            )
        answer = json_of(response) or {}
        token, life_s = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token:
            raise MaybeSent("RingCentral's answer has no access token")
        return token, float(life_s) if isinstance(life_s, int) else LIFE_S
