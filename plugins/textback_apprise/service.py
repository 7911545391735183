"""One service of Apprise's, asked in a thread: yes, no, or no answer in time.

Apprise says no more than that.  It writes addresses, tokens and whole messages into its logs, and
urllib3 paths, which for many services are their passwords: both are kept quiet.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import Final

import apprise

from textback.config.secrets import Secret

_LOGS: Final = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")


class Outcome(Enum):
    """What became of one notification."""

    TAKEN = "taken"
    REFUSED = "refused"  # or not reached: Apprise doesn't tell these apart
    LATE = "late"


class Service:
    """One URL.  All of it blocks: to be called in threads.

    Attributes:
        name: Apprise's name for the service, e.g. ``Discord``; never a part of the URL.
    """

    def __init__(self, url: Secret) -> None:
        """Read a URL; the first one loads all of Apprise's services.

        Raises:
            ValueError: Apprise doesn't understand it.
        """
        quieten()
        asset = apprise.AppriseAsset(
            app_id="textback",
            app_desc="textback",
            storage_mode=apprise.PersistentStoreMode.MEMORY,
        )
        made = apprise.Apprise.instantiate(url.value, asset=asset)
        if made is None:
            raise ValueError("Apprise doesn't understand the URL")
        self.name = str(made.service_name)
        self._apprise = apprise.Apprise(asset=asset)
        self._apprise.add(made)

    def tell(self, title: str, body: str, kind: apprise.NotifyType, timeout_s: float) -> Outcome:
        """Send one notification, as plain text."""
        quieten()
        result = self._apprise.notify(
            title=title,
            body=body,
            notify_type=kind,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=timeout_s,
        )
        if result:
            return Outcome.TAKEN
        late = result.status is apprise.AppriseResultStatus.TIMEOUT
        return Outcome.LATE if late else Outcome.REFUSED


def quieten() -> None:
    """Keep the libraries from logging, whatever levels anybody has set meanwhile."""
    for name in _LOGS:
        logging.getLogger(name).disabled = True
