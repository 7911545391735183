"""The plugin: notices out, answers in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import attrs

from textback.errors import Refused, UnreadableWebhook, WebhookRejected
from textback.events import Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import Finding, Notice
from textback.services import Services
from textback_slack import answers, checking, messages
from textback_slack.api import Api, Thread
from textback_slack.codes import NO_THREAD, REFUSED_BLOCKS
from textback_slack.settings import Settings
from textback_slack.signature import verify
from textback_slack.threads import Threads

EVENTS = "events"
HINT = "An answer in this thread is texted to the caller"

T = TypeVar("T")


@attrs.frozen(eq=False)
class Slack:
    """Posts notices by a bot or an incoming webhook; texts what is answered in their threads."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)
    _threads: Threads = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @_threads.default
    def _make_threads(self) -> Threads:
        return Threads(self.settings, self.services)

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """Post one notice; as the bot, into the thread of its case.

        Raises:
            Refused: Slack answered no.
            NotSent, MaybeSent: There was no whole answer; it is told again later.
        """
        if self.settings.webhook_url is not None:
            await self._shown(messages.message(notice), self._api.post_to_webhook)
            return
        answered = self.settings.takes_answers and notice.number is not None
        message = messages.message(notice, hint=HINT if answered else "")
        broadcast = self.settings.broadcast and notice.kind in messages.NEEDS_SOMEBODY
        async with self._threads.alone(notice.case):
            root = await self._threads.of_case(notice.case)
            thread = await self._into(root, message, broadcast=broadcast)
            await self._threads.keep(notice.case, thread)

    async def _into(self, root: str | None, message: dict[str, Any], *, broadcast: bool) -> Thread:
        """Post into a thread, or begin one if there is none, or none any more."""

        async def post(message: dict[str, Any]) -> Thread:
            return await self._api.post(message, root, broadcast=broadcast)

        try:
            return await self._shown(message, post)
        except Refused as error:
            if root is None or error.code not in NO_THREAD:
                raise
        return await self._into(None, message, broadcast=False)

    async def _shown(
        self, message: dict[str, Any], post: Callable[[dict[str, Any]], Awaitable[T]]
    ) -> T:
        """Post as laid out; if Slack doesn't take the layout, in words alone."""
        try:
            return await post(message)
        except Refused as error:
            if error.code not in REFUSED_BLOCKS:
                raise
            self.services.log.warning("slack refused the layout of a notice", code=error.code)
        return await post(messages.without_blocks(message))

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify one request of the Events API and read it; its topic is ``events``.

        Raises:
            WebhookRejected: It isn't signed by Slack for this app, or was long ago.
            UnreadableWebhook: It has another topic, or isn't in Slack's format.
        """
        secret = self.settings.signing_secret
        if secret is None:
            raise WebhookRejected("signing_secret is not set, so that nothing can be verified")
        verify(request, secret)
        if request.topic != EVENTS:
            raise UnreadableWebhook(f'the address must end in "/{EVENTS}"')
        await checking.heard(self.services)
        return await answers.Answers(self.services, self._api, self._threads).read(request)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether notices can be posted and answers come; see `textback_slack.checking`."""
        return await checking.check(self._api, self.settings, self.services)
