"""Requests to Slack: the methods of its Web API that are needed, and incoming webhooks."""

from __future__ import annotations

import re
from typing import Any

import attrs
import httpx

from textback.errors import MaybeSent, Refused
from textback.http import retry_after
from textback.services import Services
from textback_slack.codes import UNSURE, code_of, is_permanent, meaning, scopes_of
from textback_slack.settings import Settings


@attrs.frozen
class Thread:
    """A thread: its channel, and the ``ts`` of its first message, unique there."""

    channel: str
    ts: str


@attrs.frozen(kw_only=True)
class Bot:
    """The bot of the app, as its token knows it.

    Attributes:
        scopes: What the app may do; empty if Slack doesn't say.
        date: What time it is at Slack, as HTTP writes it.
    """

    name: str
    workspace: str
    scopes: frozenset[str]
    date: str


@attrs.frozen(eq=False)
class Api:
    """One bot, or one incoming webhook."""

    _settings: Settings
    _services: Services

    async def post(self, message: dict[str, Any], thread: str | None, *, broadcast: bool) -> Thread:
        """Post to the channel, as the bot; the thread that the message is in, or begins.

        Args:
            message: What is shown.
            thread: The ``ts`` of the message whose thread it belongs to.
            broadcast: Show it in the channel as well.

        Raises:
            Refused: Slack answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        where: dict[str, Any] = {"channel": self._settings.channel}
        if thread is not None:
            where |= {"thread_ts": thread, "reply_broadcast": broadcast}
        answer, _ = await self._ask("POST", "chat.postMessage", json={**where, **message})
        channel, ts = answer.get("channel"), answer.get("ts")
        if not (isinstance(channel, str) and isinstance(ts, str)):
            raise MaybeSent("Slack's answer doesn't say where the message is")
        placed = answer.get("message")
        if thread is not None and not (isinstance(placed, dict) and "thread_ts" not in placed):
            return Thread(channel, thread)
        return Thread(channel, ts)  # the thread's first message was deleted: this begins another

    async def say(self, thread: Thread, words: str) -> None:
        """Say our own words in a thread; raises as `post`."""
        where = {"channel": thread.channel, "thread_ts": thread.ts}
        await self._ask("POST", "chat.postMessage", json={**where, "text": words})

    async def bot(self) -> Bot:
        """Whose token it is; raises as `post`."""
        answer, response = await self._ask("GET", "auth.test")
        return Bot(
            name=str(answer.get("user")),
            workspace=str(answer.get("team")),
            scopes=frozenset(re.findall(r"[^\s,]+", response.headers.get("x-oauth-scopes", ""))),
            date=response.headers.get("date", ""),
        )

    async def channel(self) -> dict[str, Any]:
        """The channel as the bot sees it; raises as `post`."""
        answer, _ = await self._ask(
            "GET", "conversations.info", params={"channel": self._settings.channel}
        )
        found = answer.get("channel")
        return found if isinstance(found, dict) else {}

    async def person(self, user: str) -> dict[str, Any]:
        """A member of the workspace; raises as `post`."""
        answer, _ = await self._ask("GET", "users.info", params={"user": user})
        found = answer.get("user")
        return found if isinstance(found, dict) else {}

    async def _ask(
        self, verb: str, method: str, **arguments: Any
    ) -> tuple[dict[str, Any], httpx.Response]:
        """Call a method as the bot.  A no comes with status 200, and a word for why."""
        token = self._settings.bot_token
        assert token is not None  # only the bot has methods, see Settings
        headers = {"content-type": "application/json; charset=utf-8"} if "json" in arguments else {}
        response = await self._services.http.request(
            verb,
            f"{self._settings.base_url}/{method}",
            headers={"authorization": f"Bearer {token.value}", **headers},
            timeout=self._settings.timeout_s,
            **arguments,
        )
        answer = _object(response)
        if response.is_success and answer.get("ok") is True:
            return answer, response
        if response.is_success and answer.get("ok") is not False:
            raise MaybeSent("Slack's answer says neither yes nor no")
        raise self._refusal(response, code_of(answer.get("error")), scopes_of(answer.get("needed")))

    async def post_to_webhook(self, message: dict[str, Any]) -> None:
        """Post to the incoming webhook, which answers ``ok`` and no more.

        Raises:
            Refused: Slack answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        url = self._settings.webhook_url
        assert url is not None
        response = await self._services.http.post(
            url.value, json=message, timeout=self._settings.timeout_s
        )
        said = response.text.strip()
        if response.is_success and said == "ok":
            return
        if response.is_success:
            raise MaybeSent(f"Slack answered {response.status_code} without its ok")
        raise self._refusal(response, code_of(said))

    def _refusal(
        self, response: httpx.Response, code: str, needed: str = ""
    ) -> Refused | MaybeSent:
        status = response.status_code
        wait_s = retry_after(response, self._services.clock.now())
        said = "no" if response.is_success else str(status)
        words = f"Slack answered {said}: {meaning(code, needed)}"
        if code in UNSURE:
            return MaybeSent(words, retry_after=wait_s, code=code)
        return Refused(
            words,
            permanent=is_permanent(code, status),
            retry_after=wait_s,
            code=code or str(status),
        )


def _object(response: httpx.Response) -> dict[str, Any]:
    """The body as a JSON object; empty if it isn't one."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
