"""What every notifier does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Final

import pytest

from textback.model import NoticeKind
from textback.testing.builders import a_notice
from textback.testing.contracts.hostile import HOSTILE, HOSTILE_NAMES, HOSTILE_TEXTS
from textback.testing.contracts.over_http import OverHttp, said_in
from textback.testing.fixtures import Provider

TITLE: Final = 'Anna "A" O\'Neil <called>'


class NotifierContract(OverHttp):
    """What every notifier over HTTP does; give `accepted` and a fixture ``notifier``."""

    async def ask(self, plugin: Any) -> Any:
        """Tell the team something."""
        return await plugin.notify_team(a_notice())

    @pytest.fixture
    @abstractmethod
    def notifier(self) -> Any:
        """The plugin, made with `services`."""

    @pytest.fixture
    def plugin(self, notifier: Any) -> Any:
        """The same, under the name that all contracts share."""
        return notifier

    def as_read(self, sent: str) -> str:
        """What the team sees of a string as it is sent: here, the string itself.

        Where the provider wants ``&lt;`` for ``<``, this is the reverse.
        """
        return sent

    def told(self, provider: Provider) -> str:
        """All that the team has been sent, as it reads it."""
        said = [self.as_read(each) for request in provider.requests for each in said_in(request)]
        return "\n".join(said)

    async def test_tells_title_and_text(self, notifier: Any, provider: Provider) -> None:
        """Who called and what the caller was sent are in what leaves, word for word."""
        self._accept(provider)
        await notifier.notify_team(a_notice(title=TITLE, text=HOSTILE, lines=(TITLE, HOSTILE)))
        told = self.told(provider)
        assert TITLE in told
        assert HOSTILE in told

    @pytest.mark.parametrize("words", HOSTILE_TEXTS)
    async def test_tells_what_the_caller_wrote(
        self, notifier: Any, provider: Provider, words: str
    ) -> None:
        """RTL, emoji and line breaks of a reply reach the team."""
        self._accept(provider)
        said = HOSTILE_TEXTS[words]
        await notifier.notify_team(a_notice(kind=NoticeKind.REPLY, text=said, lines=(said,)))
        assert said in self.told(provider)

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    async def test_tells_whatever_a_caller_is_called(
        self, notifier: Any, provider: Provider, name: str
    ) -> None:
        """A name that nobody should have hinders no notice; it may be cut."""
        self._accept(provider)
        called = HOSTILE_NAMES[name]
        await notifier.notify_team(
            a_notice(title=f"Missed call from {called}", name=called, lines=(f"{called} called.",))
        )
        assert self.told(provider)

    @pytest.mark.parametrize("kind", NoticeKind)
    async def test_tells_every_kind(
        self, notifier: Any, provider: Provider, kind: NoticeKind
    ) -> None:
        """Also of callers who withhold their number, and where no text was sent."""
        self._accept(provider)
        await notifier.notify_team(a_notice(kind=kind))
        await notifier.notify_team(
            a_notice(
                kind=kind,
                number=None,
                line=None,
                outcome=None,
                text=None,
                text_state=None,
                reason="The number was withheld.",
            )
        )
        assert self.told(provider)

    async def test_may_be_told_again(self, notifier: Any, provider: Provider) -> None:
        """After a crash the same notice comes once more: no error."""
        self._accept(provider)
        await notifier.notify_team(a_notice(key="call/1"))
        await notifier.notify_team(a_notice(key="call/1"))

    def _accept(self, provider: Provider) -> None:
        if self.over_http:
            provider.response = self.accepted
