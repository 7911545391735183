"""Commands to a live call: each an HTTP request, each with an id under which it is done once.

Telnyx ignores a command whose id it has seen within 60 seconds for the same leg, and advises to
repeat one that fails or is slow: https://developers.telnyx.com/docs/voice/programmable-voice/command-retries
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from textback.errors import ProviderError, Refused
from textback_telnyx import marks
from textback_telnyx.api import Api
from textback_telnyx.marks import Answered, Phone
from textback_telnyx.settings import Settings

COMMAND_WITHIN_S = 1.5
"""Somebody is on the phone, and Telnyx waits for the answer to its webhook."""

TRIES = 2  # by ourselves; then Telnyx repeats the webhook, and with it the command
PRESS_WITHIN_MS = 8000
CONSENT_WITHIN_MS = 5000

# No other phone or command will do better: the webhook fails, and Telnyx asks the fallback.
_OF_THE_ACCOUNT = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED)


class AccountRefused(Refused):
    """Telnyx takes no commands of this account at all."""


class Commands:
    """Tells Telnyx what to do with the legs of a call.

    All raise `Refused` if Telnyx says no to this command (mostly as the leg is gone),
    `AccountRefused` if it says no to all, and other kinds of `ProviderError` if it may be repeated.
    """

    def __init__(self, api: Api, settings: Settings) -> None:
        self._api = api
        self._settings = settings

    async def transfer(
        self, phone: Phone, to: str, *, shown: str | None, command_id: str | None = None
    ) -> None:
        """Ring one phone for a caller; Telnyx connects them if it is picked up.

        https://developers.telnyx.com/api-reference/call-commands/transfer-call

        Args:
            phone: What its leg is to be marked with.
            to: Its number.
            shown: The number that it shows; that of the line if None.
            command_id: Instead of one of our own.
        """
        body = {
            "to": to,
            "timeout_secs": self._settings.ring_s,
            "target_leg_client_state": marks.write(phone),
            **({"from": shown} if shown else {}),
            **({"command_id": command_id} if command_id else {}),
        }
        await self._act(phone.leg, "transfer", body, f"transfer/{shown}")

    async def dial(
        self, phone: Phone, to: str, *, application: str, shown: str | None
    ) -> str | None:
        """Ring one of several phones for a caller; whoever is first is connected by `bridge`.

        https://developers.telnyx.com/api-reference/call-commands/dial.  *diversion* lets the
        number of a caller who is on the line now be shown as if it were our own.

        Returns:
            The phone's leg, if Telnyx says.
        """
        body = {
            "connection_id": application,
            "to": to,
            "from": shown or phone.line,
            **({"diversion": phone.line} if shown else {}),
            "link_to": phone.leg,
            "timeout_secs": self._settings.ring_s,
            "client_state": marks.write(phone),
        }
        answer = await self._tell("calls", body, f"{phone.leg}/dial/{phone.index}/{shown}")
        leg = (answer.get("data") or {}).get("call_control_id")
        return leg if isinstance(leg, str) else None

    async def answer(self, leg: str, mark: Answered) -> None:
        """Take the caller's call; what for, the event that follows tells."""
        # One id, whichever phone it is for: of two that are picked up at once the first gets it.
        await self._act(leg, "answer", {"client_state": marks.write(mark)}, "answer")

    async def bridge(self, leg: str, phone: str) -> None:
        """Connect a caller who has been answered with a phone that was picked up."""
        body = {"call_control_id": phone, "prevent_double_bridge": True}
        await self._act(leg, "bridge", body, "bridge")

    async def speak(self, leg: str, words: str) -> None:
        """Say something to a caller."""
        body = {"payload": words, **self._voice, "client_state": marks.write(Answered())}
        await self._act(leg, "speak", body, "speak")

    async def ask_for_key(self, leg: str) -> None:
        """Ask who picked up to press 1."""
        body = {
            "payload": self._settings.whisper_prompt,
            **self._voice,
            "minimum_digits": 1,
            "maximum_digits": 1,
            "maximum_tries": 1,
            "timeout_millis": PRESS_WITHIN_MS,
        }
        await self._act(leg, "gather_using_speak", body, "ask")

    async def ask_for_consent(self, leg: str) -> None:
        """Ask a caller to press 1 for texts."""
        body = {
            "payload": self._settings.consent_prompt,
            **self._voice,
            "minimum_digits": 1,
            "maximum_digits": 1,
            "maximum_tries": 1,
            "timeout_millis": CONSENT_WITHIN_MS,
            "client_state": marks.write(Answered(asked=True)),
        }
        await self._act(leg, "gather_using_speak", body, "consent")

    async def hang_up(self, leg: str) -> None:
        """End a leg."""
        await self._act(leg, "hangup", {}, "hangup")

    async def give_busy_tone(self, leg: str) -> None:
        """End a caller's leg that was not answered."""
        await self._act(leg, "reject", {"cause": "USER_BUSY"}, "reject")

    @property
    def _voice(self) -> dict[str, str]:
        return {"voice": self._settings.voice, "language": self._settings.language}

    async def _act(self, leg: str, action: str, body: Mapping[str, Any], purpose: str) -> None:
        await self._tell(f"calls/{quote(leg, safe='')}/actions/{action}", body, f"{leg}/{purpose}")

    async def _tell(self, resource: str, body: Mapping[str, Any], purpose: str) -> dict[str, Any]:
        whole = {"command_id": str(uuid5(NAMESPACE_URL, purpose)), **body}
        for _ in range(TRIES - 1):
            try:
                return await self._once(resource, whole)
            except ProviderError as error:
                if error.permanent or error.retry_after is not None:
                    raise
        return await self._once(resource, whole)

    async def _once(self, resource: str, body: Mapping[str, Any]) -> dict[str, Any]:
        response = await self._api.post(resource, body, timeout_s=COMMAND_WITHIN_S)
        if response.status_code in _OF_THE_ACCOUNT:
            raise AccountRefused(
                f"Telnyx takes no commands: it answered {response.status_code}; see api_key",
                permanent=True,
                code=str(response.status_code),
            )
        return self._api.whole(response)


def may_be_repeated(error: ProviderError) -> bool:
    """Whether the same command may succeed later, or at least the fallback may do better."""
    return not error.permanent or isinstance(error, AccountRefused)
