"""``[plugins.apprise]``: which services are told."""

from __future__ import annotations

import hashlib
import re

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S.*")


def _check_urls(_: object, __: object, urls: tuple[Secret, ...]) -> None:
    """The shape alone: to read them, Apprise loads all its services, which takes a second."""
    for place, url in enumerate(urls, 1):
        if not _URL.fullmatch(url.value):
            raise ConfigError(
                f'entry {place} is not an Apprise URL, e.g. "ntfys://ntfy.example/topic"; '
                "see https://github.com/caronc/apprise/wiki"
            )


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.apprise]`` of a client's file."""

    urls: tuple[Secret, ...] = setting(
        "One URL for each service that is told, as Apprise writes them; they hold the passwords.",
        validator=[validators.min_len(1), _check_urls],
    )
    # Services differ, and Apprise doesn't tell their limits: these are ours.
    max_per_s: float = setting(
        "Requests begun in a second, all services together.",
        default=5.0,
        validator=validators.gt(0),
    )
    max_at_once: int = setting(
        "Services that are told at once.", default=4, validator=validators.ge(1)
    )
    timeout_s: float = setting(
        "Seconds that one service may take.",
        default=10.0,
        validator=[validators.gt(0), validators.le(60)],
    )

    @property
    def account(self) -> str:
        """Whose limits these are: those of all services together, by a digest of the URLs."""
        told = "\n".join(url.value for url in self.urls)
        return hashlib.sha256(told.encode()).hexdigest()[:12]
