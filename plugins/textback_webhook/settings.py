"""``[plugins.webhook]``: what the plugin can be told."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import attrs

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError
from textback_webhook.signature import WEAK_HEADER, key_of

_HOW = "make one with: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\""
_SHORTEST_TOKEN = 24  # characters


def _check_url(_: object, __: object, url: str | None) -> None:
    if url is None:
        return
    parts = _split(url)
    if parts is None or not parts.hostname or parts.scheme not in ("http", "https"):
        raise ConfigError("is not an address; write it in full, e.g. https://example.com/notices")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "has a user name or password in it; receivers check the signature instead"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConfigError("would send callers' numbers unencrypted; use https://")


def _check_secret(_: object, __: object, secret: Secret | None) -> None:
    if secret is not None:
        key_of(secret)


def _check_token(_: object, __: object, token: Secret | None) -> None:
    if token is not None and len(token.value) < _SHORTEST_TOKEN:
        raise ConfigError(
            f"is shorter than {_SHORTEST_TOKEN} characters; make one with: openssl rand -hex 24"
        )


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.webhook]``."""

    url: str | None = setting(
        "Where notices are posted: https, or http on this machine.  Needed as a notifier.",
        default=None,
        validator=_check_url,
    )
    secret: Secret | None = setting(
        'Signs the notices, and the calls that come in: "whsec_" and 24 to 64 bytes in base64.',
        default=None,
        validator=_check_secret,
    )
    weak_token: Secret | None = setting(
        f"For phone systems that can't sign: calls are taken if the header {WEAK_HEADER} is this. "
        "Weaker than a signature: whoever sees one request can make others.",
        default=None,
        validator=_check_token,
    )
    settle_s: float = setting(
        'Seconds that a call told with "final": false waits for a better word.',
        default=10.0,
        validator=[attrs.validators.ge(0), attrs.validators.le(600)],
    )
    max_per_s: float = setting(
        "Notices begun in a second, for this address.",
        default=10.0,
        validator=attrs.validators.gt(0),
    )
    max_at_once: int = setting(
        "Notices under way at once, for this address.",
        default=4,
        validator=attrs.validators.ge(1),
    )
    timeout_s: float = setting(
        "Seconds that the receiver may take to answer.",
        default=10.0,
        validator=[attrs.validators.gt(0), attrs.validators.le(30)],
    )

    @property
    def account(self) -> str | None:
        """Whose limits these are: the receiver's, by a digest: its address may hold a token."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:12] if self.url else None

    def check_roles(self, roles: tuple[str, ...]) -> None:
        """Say what is missing for the roles that the plugin plays.

        Raises:
            ConfigError: One of them can't be played.
        """
        if "notifier" in roles and self.url is None:
            raise ConfigError('needs url, to tell the team; or roles = ["source"], to take calls')
        if self.secret is None and ("notifier" in roles or self.weak_token is None):
            raise ConfigError(f"needs secret, to sign with; {_HOW}")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # out of range: ValueError
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
