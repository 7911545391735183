"""``[plugins.teams]``: the workflow that posts the notices."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError

WORKFLOW_HOSTS: Final = (
    ".logic.azure.com",
    ".api.powerplatform.com",
    ".logic.azure.us",
    ".api.powerplatform.us",
    ".logic.azure.cn",
    ".api.powerplatform.cn",
)
# https://devblogs.microsoft.com/microsoft365dev/retirement-of-office-365-connectors-within-microsoft-teams/
_CONNECTOR_HOSTS: Final = (".webhook.office.com", ".office.com", ".office365.com")


def _check_url(_: object, __: object, url: Secret) -> None:
    parts = split(url.value)
    if parts is None:
        raise ConfigError("is not an https address; copy it whole from the workflow")
    host = f".{parts.hostname}"
    if host.endswith(_CONNECTOR_HOSTS):
        raise ConfigError(
            "belongs to an Office 365 connector, and Microsoft has switched these off; make a "
            'workflow from "Send webhook alerts to a channel" and put its address here'
        )
    if host.endswith(WORKFLOW_HOSTS) and not parse_qs(parts.query).get("sig"):
        raise ConfigError('has no "sig=" in it; copy it whole from the workflow')


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.teams]`` of a client's file."""

    url: Secret = setting(
        "Address of the workflow's webhook; who has it can post, so it is a secret.",
        validator=_check_url,
    )
    # https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
    max_per_s: float = setting(
        "Requests begun in a second, for this workflow.",
        default=4.0,
        validator=validators.gt(0),
    )
    max_at_once: int = setting(
        "Requests under way at once, for this workflow.", default=4, validator=validators.ge(1)
    )
    timeout_s: float = setting(
        "Seconds that the workflow may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )

    @property
    def account(self) -> str:
        """Whose limits these are: the workflow's, by a digest of its address."""
        return hashlib.sha256(self.url.value.encode()).hexdigest()[:12]


def split(url: str) -> SplitResult | None:
    """An address that may be posted to: https, or http on this machine; None for any other."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # out of range: ValueError
    except ValueError:
        return None
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    return parts if safe and parts.hostname and parts.username is None else None


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
