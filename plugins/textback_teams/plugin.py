"""The plugin: each notice starts the workflow, which posts it."""

from __future__ import annotations

import socket

import attrs

from textback.hookspecs import hookimpl
from textback.model import Finding, Notice, Severity
from textback.services import Services
from textback_teams import answers, card
from textback_teams.settings import WORKFLOW_HOSTS, Settings, split


@attrs.frozen(eq=False)
class Teams:
    """Posts notices as Adaptive Cards; a workflow can't be answered."""

    api = 1

    settings: Settings
    services: Services

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """Post one notice.

        Raises:
            Refused: The workflow said no.  For good, but for 408, 429 and 5xx.
            NotSent, MaybeSent: It gave no answer; it is told again later.
        """
        response = await self.services.http.post(
            self.settings.url.value,
            content=card.message(notice),
            headers={"content-type": "application/json; charset=utf-8"},
            timeout=self.settings.timeout_s,
        )
        answers.read(response, self.services.clock.now())

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the address is one of a workflow and its host is known; nothing is posted."""
        parts = split(self.settings.url.value)
        assert parts is not None  # see Settings
        try:
            await self.services.in_thread(socket.getaddrinfo, parts.hostname, parts.port or 443)
        except OSError:
            words = f"{parts.hostname} can't be resolved; copy the workflow's address into url"
            return [Finding(Severity.ERROR, words)]
        if not f".{parts.hostname}".endswith(WORKFLOW_HOSTS):
            words = f"{parts.hostname} is not where Microsoft has workflows; see url"
            return [Finding(Severity.WARNING, words)]
        words = (
            f"notices go to a workflow at {parts.hostname}; whether it is switched on shows when "
            "they do"
        )
        return [Finding(Severity.OK, words)]
