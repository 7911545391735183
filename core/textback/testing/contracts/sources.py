"""What every source of calls does."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain, islice, permutations
from typing import Any, ClassVar, Final

import attrs
import httpx
import pytest

from textback.errors import MaybeSent, NotSent, ProviderError
from textback.events import CallEvent, Event, WebhookRequest
from textback.flow.detect import conclude
from textback.model import Outcome
from textback.plugins.anatomy import hooks_of
from textback.testing.builders import NOW
from textback.testing.contracts.fields import wrong_in
from textback.testing.contracts.webhooks import WebhookContract, reads_webhooks
from textback.testing.fixtures import Answer, Provider

ORDERS: Final = 24  # all of a call with four webhooks

FAILED_LISTINGS: Final[Mapping[str, Answer]] = {
    "not reached": NotSent("refused the connection"),
    "cut off": MaybeSent("gave no whole answer"),
    "429": httpx.Response(429, headers={"retry-after": "2"}, json={}),
    "500": httpx.Response(500, json={}),
    "no JSON": httpx.Response(200, html="<html>sign in</html>"),
}


@attrs.frozen(kw_only=True)
class Story:
    """All webhooks of one call, and how it ended.

    Attributes:
        name: How it went; shows in the tests' names.
        webhooks: In the order in which they are mostly sent, not yet signed.
        outcome: The verdict that the engine comes to; None while the call may still be answered.
    """

    name: str
    webhooks: tuple[WebhookRequest, ...]
    outcome: Outcome | None


@attrs.frozen(kw_only=True)
class Listed:
    """What the provider answers to the question for its calls, and what that tells.

    Attributes:
        response: The answer; a function of the request, if the calls come in pages.
        events: What all of it tells, in order.
    """

    response: Answer
    events: tuple[Event, ...]


class SourceContract(WebhookContract):
    """What every source does; give a fixture ``source``, and what `WebhookContract` asks for.

    A source without ``read_webhook`` needs no examples, one with ``list_calls`` needs `listed`.

    Attributes:
        stories: Calls as they come in, webhook by webhook; at least one that was missed, if calls
            come by webhook.
        listed: The calls that ``list_calls`` finds.
    """

    stories: ClassVar[Sequence[Story]] = ()
    listed: ClassVar[Listed | None] = None

    @pytest.fixture
    @abstractmethod
    def source(self) -> Any:
        """The plugin, made with `services`."""

    @pytest.fixture
    def plugin(self, source: Any) -> Any:
        """The same, under the name that all contracts share."""
        return source

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each example and each story is a test of its own."""
        super().pytest_generate_tests(metafunc)
        if "story" in metafunc.fixturenames:
            metafunc.parametrize("story", self.stories, ids=[each.name for each in self.stories])

    @reads_webhooks
    def test_there_is_a_missed_call(self, source: Any) -> None:
        """The one thing that a source is there for is shown."""
        del source
        missed = [each for each in self.stories if each.outcome and each.outcome.missed]
        assert missed, f"{type(self).__name__} has no story of a missed call"

    @reads_webhooks
    async def test_a_call_ends_the_same_in_any_order(self, source: Any, story: Story) -> None:
        """Webhooks overtake each other and come twice: the verdict is one and the same."""
        for order in _orders(story.webhooks):
            readings = [await self.read(source, request) for request in order]
            events = [event for reading in readings for event in reading.events]
            told = [each for each in events if isinstance(each, CallEvent)]
            assert len({each.call for each in told}) == 1, "all are about one call"
            conclusion = conclude(told)
            assert (conclusion.outcome if conclusion else None) is story.outcome

    async def test_lists_calls(self, source: Any, provider: Provider) -> None:
        """What the provider lists becomes events, with the keys that its webhooks would have."""
        if "list_calls" not in hooks_of(type(source)):
            pytest.skip("this source has no list_calls")
        assert self.listed is not None, "give listed: what the provider answers, and the events"
        provider.response = self.listed.response

        events = await _listing(source)

        assert tuple(events) == self.listed.events
        assert [wrong for event in events for wrong in wrong_in(event)] == []

    @pytest.mark.parametrize("failure", FAILED_LISTINGS)
    async def test_a_failed_listing_is_not_an_empty_one(
        self, source: Any, provider: Provider, failure: str
    ) -> None:
        """Else the calls of an outage would be taken for looked at."""
        if "list_calls" not in hooks_of(type(source)):
            pytest.skip("this source has no list_calls")
        provider.response = FAILED_LISTINGS[failure]
        with pytest.raises(ProviderError):
            await _listing(source)


def _orders(webhooks: tuple[WebhookRequest, ...]) -> Sequence[Sequence[WebhookRequest]]:
    """Some orders of some webhooks, at most `ORDERS`, each twice told in the last one."""
    shuffled = random.Random(0)  # noqa: S311 (the same ones each time)
    if len(webhooks) <= 4:
        some = list(islice(permutations(webhooks), ORDERS))
    else:
        some = [tuple(shuffled.sample(webhooks, len(webhooks))) for _ in range(ORDERS)]
    return [*some, tuple(chain(webhooks, reversed(webhooks)))]


async def _listing(source: Any) -> list[Event]:
    return [event async for event in source.list_calls(NOW - timedelta(hours=1))]
