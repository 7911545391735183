"""The plugin ``simulator``: calls, texts, a CRM, a team and bookings of a simulated carrier.

It speaks real HTTP with a `textback.testing.carrier.Carrier`.  Without an address it takes every
text and sends it nowhere, so that a client's file works before any account exists.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import attrs
import httpx
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import (
    ConfigError,
    DeliveryError,
    MaybeSent,
    ProviderError,
    Refused,
    UnreadableWebhook,
    WebhookRejected,
)
from textback.events import Event, Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.http import explain, retry_after
from textback.model import (
    Absent,
    Activity,
    Call,
    Caller,
    CannotTell,
    Case,
    CrmRef,
    Finding,
    Lead,
    Notice,
    Receipt,
    Severity,
    Text,
)
from textback.services import Services
from textback.testing import signing, wire

T = TypeVar("T")


def _without_slash(url: str | None) -> str | None:
    return url.rstrip("/") if url else None


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.simulator]`` of a client's file; nothing has to be set."""

    url: str | None = setting(
        "Where the simulated carrier is; if not set, texts are taken and go nowhere.",
        default=None,
        converter=_without_slash,
    )
    secret: Secret | None = setting(
        "Signs the carrier's webhooks; needed unless all is on this machine.", default=None
    )
    settle_s: float = setting(
        "Seconds that the end of a call waits for events that are late.",
        default=0.2,
        validator=[validators.ge(0), validators.le(60)],
    )
    timeout_s: float = setting(
        "Seconds that the carrier may take to answer.",
        default=5.0,
        validator=[validators.gt(0), validators.le(30)],
    )

    def __attrs_post_init__(self) -> None:
        if self.secret is None and self.url is not None and not _is_loopback(self.url):
            raise ConfigError("needs a secret, as the carrier is on another machine")


@attrs.frozen(eq=False)
class Simulator:
    """A carrier, a CRM, a team's inbox and a booking tool, all simulated."""

    api = 1

    settings: Settings
    services: Services

    # ── what happens there ──────────────────────────────────────────────────────────────────────

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify and read the carrier's events, of whatever kind.

        Raises:
            WebhookRejected: The signature is missing or wrong, or there is no secret although
                textback can be reached from other machines.
            UnreadableWebhook: It is not in the carrier's format.
        """
        signing.verify(self._secret(), request)
        return Reading(wire.read_events(request.json))

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        """The events of all calls since a moment."""
        if self.settings.url is None:
            return
        stamp = quote(since.astimezone(UTC).isoformat())
        response = await self.services.http.get(f"{self.settings.url}/calls?since={stamp}")
        if not response.is_success:
            raise self._refusal(response)
        for event in wire.read_events(_json(response)):
            yield event

    # ── texts ───────────────────────────────────────────────────────────────────────────────────

    @hookimpl
    async def send_text(self, text: Text) -> Receipt:
        """Hand one text to the carrier; our id goes with it.

        Raises:
            DeliveryError: The carrier said no.
            NotSent: Nothing was written.
            MaybeSent: The carrier failed, or its answer can't be read: it may have the text.
        """
        if self.settings.url is None:
            return Receipt(f"nowhere-{text.id}")
        response = await self._post("texts", wire.write(text))
        if response.is_success:
            return _receipt(response)
        status = response.status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS or (
            response.is_client_error and status != HTTPStatus.REQUEST_TIMEOUT
        ):
            busy = status == HTTPStatus.TOO_MANY_REQUESTS
            raise DeliveryError(
                explain(response),
                permanent=not busy,
                try_next=True,
                retry_after=self._retry_after(response),
                code=str(status),
            )
        raise MaybeSent(f"{explain(response)}; it may have taken the text", code=str(status))

    @hookimpl
    async def find_text(self, text: Text) -> Receipt | Absent | CannotTell:
        """Ask for a text by our id; this carrier can surely say that it never got it.

        Raises:
            NotSent, MaybeSent: It couldn't be asked.
        """
        if self.settings.url is None:
            return Absent()
        response = await self.services.http.get(f"{self.settings.url}/texts/{quote(text.id)}")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return Absent()
        return _receipt(response) if response.is_success else CannotTell()

    # ── the CRM ─────────────────────────────────────────────────────────────────────────────────

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        """Who has the caller's number, as far as the CRM knows."""
        if self.settings.url is None or call.caller is None:
            return None
        response = await self.services.http.get(
            f"{self.settings.url}/contacts/{quote(call.caller)}"
        )
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not response.is_success:
            raise self._refusal(response)
        return _read(Caller, response)

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        """Find or make the contact.

        Raises:
            Refused: The CRM said no; for good, but for 408, 429 and 5xx.
            NotSent, MaybeSent: It gave no answer; it is told again later.
        """
        if self.settings.url is None:
            return CrmRef(lead.number)
        response = await self._post("contacts", {"lead": wire.write(lead), "key": key})
        if not response.is_success:
            raise self._refusal(response)
        return _read(CrmRef, response)

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        """Write an activity to the contact's record; errors as for `save_contact`."""
        told = {"ref": wire.write(ref), "activity": wire.write(activity), "key": key}
        await self._tell("activities", told)

    # ── the team, and the booking tool ──────────────────────────────────────────────────────────

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """Put a notice into the team's inbox; errors as for `save_contact`."""
        await self._tell("notices", wire.write(notice))

    @hookimpl
    async def booking_link(self, case: Case) -> str | None:
        """The page where this caller books."""
        return f"{self.settings.url}/book/{case.id}" if self.settings.url else None

    @hookimpl
    async def check(self) -> list[Finding]:
        """Say that this is no real carrier; nothing is asked."""
        where = f"to {self.settings.url}" if self.settings.url else "nowhere"
        return [Finding(Severity.WARNING, f"texts go {where}: this is a simulation")]

    # ── how it is asked ─────────────────────────────────────────────────────────────────────────

    def _secret(self) -> str:
        """What signs the webhooks.

        Raises:
            WebhookRejected: There is none, and others than this machine could send webhooks.
        """
        if self.settings.secret is not None:
            return self.settings.secret.value
        if not _is_loopback(self.services.address):
            raise WebhookRejected(
                f"plugins.{self.services.plugin} has no secret, and the one for development is "
                "only taken where server.public_url is on this machine"
            )
        return signing.DEVELOPMENT_SECRET

    async def _post(self, path: str, body: Any) -> httpx.Response:
        return await self.services.http.post(f"{self.settings.url}/{path}", json=body)

    async def _tell(self, path: str, body: Any) -> None:
        if self.settings.url is None:
            return
        response = await self._post(path, body)
        if not response.is_success:
            raise self._refusal(response)

    def _refusal(self, response: httpx.Response) -> Refused:
        status = response.status_code
        later = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
        return Refused(
            explain(response),
            permanent=response.is_client_error and status not in later,
            retry_after=self._retry_after(response),
            code=str(status),
        )

    def _retry_after(self, response: httpx.Response) -> float | None:
        return retry_after(response, self.services.clock.now())


def _receipt(response: httpx.Response) -> Receipt:
    receipt = _read(Receipt, response)
    if not receipt.provider_id:
        raise MaybeSent("the carrier's answer has no id")
    return receipt


def _read(kind: type[T], response: httpx.Response) -> T:
    """What the carrier answered.

    Raises:
        MaybeSent: It can't be read, so that nobody knows what was done.
    """
    try:
        return wire.read(kind, response.json())
    except (ValueError, UnreadableWebhook):
        raise MaybeSent("the carrier's answer can't be read") from None


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise ProviderError("the carrier's answer is not JSON") from None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
