"""Who sent a webhook: what `read_webhook` asks before anything else.

A provider that signs is verified by the plugin itself, with `same` and `check_age`.  One that signs
nothing is believed by what its user has set in `Proof`, and by nothing if that isn't set.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import attrs

from textback.config.fields import setting
from textback.config.secrets import Secret
from textback.errors import ConfigError, WebhookRejected
from textback.events import WebhookRequest
from textback.model import Finding, Severity

SHORTEST_KEY: Final = 24  # characters


def same(given: str, right: str) -> bool:
    """Whether two signatures, tokens or passwords are equal.

    The time that it takes says nothing of where they differ; any characters may be in them.
    """
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def check_age(request: WebhookRequest, signed_at: str, tolerance_s: float) -> None:
    """Let a request pass whose signed time is near that of its arrival.

    Args:
        request: The one.
        signed_at: Its time stamp as the provider writes it, in seconds since 1970.
        tolerance_s: How far it may be off, either way: clocks differ.

    Raises:
        WebhookRejected: It is too old, of the future, or no time.
    """
    try:
        at = datetime.fromtimestamp(float(signed_at), UTC)
    except (ValueError, OverflowError, OSError):
        raise WebhookRejected("the time stamp is not in seconds since 1970") from None
    if abs(request.received_at - at) > timedelta(seconds=tolerance_s):
        raise WebhookRejected(
            f"the time stamp is more than {tolerance_s:g} s off: it is old, or a clock is wrong"
        )


def basic_auth(request: WebhookRequest) -> tuple[str, str]:
    """User name and password of a request; two empty strings if it has none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return username, password


def _check_key(_: object, __: object, key: Secret | None) -> None:
    if key is None:
        return
    if len(key.value) < SHORTEST_KEY or not (key.value.isascii() and key.value.isalnum()):
        raise ConfigError(
            f"must have {SHORTEST_KEY} or more letters and digits; make one with: "
            "openssl rand -hex 24"
        )


def _check_password(_: object, __: object, password: Secret | None) -> None:
    if password is not None and len(password.value) < SHORTEST_KEY:
        raise ConfigError(
            f"is shorter than {SHORTEST_KEY} characters; make one with: openssl rand -hex 24"
        )


def _check_addresses(_: object, __: object, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        try:
            ip_network(address)
        except ValueError:
            raise ConfigError(
                f'has "{address}", which is no address or network, e.g. 192.0.2.7, 192.0.2.0/24'
            ) from None


@attrs.frozen(kw_only=True)
class Proof:
    """``[plugins.NAME.proof]``: by what the webhooks of a provider that signs nothing are believed.

    All that is set must be right, and something must be.  None of it proves what a webhook says or
    when it was sent: whoever sees one can make others.
    """

    key: Secret | None = setting(
        "Secret in the address: its last part, `.../TOPIC/KEY`, or `?key=KEY`.",
        default=None,
        validator=_check_key,
    )
    username: str | None = setting("User name that the provider sends.", default=None)
    password: Secret | None = setting(
        "Password that it sends with it.", default=None, validator=_check_password
    )
    addresses: tuple[str, ...] = setting(
        "Addresses and networks that it posts from, e.g. `192.0.2.0/24`.",
        default=(),
        validator=_check_addresses,
    )

    def __attrs_post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise ConfigError("username and password belong together; set both or none")
        if not self._set:
            raise ConfigError("is empty; set key, username and password, or addresses")

    def check(self, request: WebhookRequest) -> WebhookRequest:
        """Let a request pass that has all that is set.

        Returns:
            The same, without the key at the end of its topic.

        Raises:
            WebhookRejected: Something is missing or wrong.
        """
        if self.addresses and not self._comes_from_there(request.remote_ip):
            raise WebhookRejected("it comes from none of the addresses in proof.addresses")
        if self.username is not None and self.password is not None:
            username, password = basic_auth(request)
            # Both are always compared, so that the time says nothing about which one failed.
            right = same(username, self.username), same(password, self.password.value)
            if not all(right):
                raise WebhookRejected("user name or password is missing or wrong")
        if self.key is None:
            return request
        topic, _, last = request.topic.rpartition("/")
        at_the_end = same(last, self.key.value)
        if not at_the_end and not same(request.query.get("key", ""), self.key.value):
            raise WebhookRejected("the key in the address is missing or wrong")
        return attrs.evolve(request, topic=topic) if at_the_end else request

    def findings(self) -> list[Finding]:
        """What `check` of a plugin has to say of this: on what its webhooks are believed."""
        words = (
            f"webhooks are believed by {' and '.join(self._set)}, as this provider signs nothing"
        )
        return [Finding(Severity.WARNING, f"{words}: whoever sees one can make others")]

    @property
    def _set(self) -> list[str]:
        given = {
            "a key in the address": self.key,
            "user name and password": self.username,
            "where they come from": self.addresses,
        }
        return [words for words, value in given.items() if value]

    def _comes_from_there(self, remote_ip: str) -> bool:
        address = _plain(remote_ip)
        return address is not None and any(address in _network(each) for each in self.addresses)


def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)


def _plain(text: str) -> IPv4Address | IPv6Address | None:
    """An address; an IPv4 one that is written as IPv6 by itself."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
