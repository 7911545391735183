"""What is written in a notice's thread: answers to the caller, if they are nothing else.

Every word of a thread would go to the caller, so what is meant for colleagues, or can't go as a
text, is held back, and the thread is told.  https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from textback.errors import ProviderError, UnreadableWebhook
from textback.events import Reading, TeamReply, WebhookRequest, WebhookResponse
from textback.services import Services
from textback.telling import one_line, shorten
from textback_slack import mrkdwn
from textback_slack.api import Api, Thread
from textback_slack.threads import DAY_S, Threads

LONGEST_TEXT: Final = 1_600  # characters that may be texted in the team's name
LONGEST_NAME: Final = 80
WITHIN_S: Final = 1.2
"""Slack waits 3 seconds for our answer, then it tells again; the one thing that we ask Slack
meanwhile may take so long."""

# https://docs.slack.dev/reference/events/message#subtypes ; all others are no new words of a person
_WRITTEN: Final = (None, "thread_broadcast", "file_share", "me_message")

_NOT_SENT: Final = "Not texted to the caller: "
FOR_COLLEAGUES: Final = f"{_NOT_SENT}it mentions someone here. Write it without the mention."
HAS_FILES: Final = f"{_NOT_SENT}files can't be texted. Write the words alone, or a link."
NO_WORDS: Final = f"{_NOT_SENT}there are no words in it."
TOO_LONG: Final = f"{_NOT_SENT}it is longer than {LONGEST_TEXT} characters."
FORGOTTEN: Final = (
    f"{_NOT_SENT}this thread is too old. Answer in the thread of the latest notice, or call."
)

_FINE: Final = Reading(response=WebhookResponse(200))


@attrs.frozen(eq=False)
class Answers:
    """Reads what Slack tells of one app."""

    _services: Services
    _api: Api
    _threads: Threads

    async def read(self, request: WebhookRequest) -> Reading:
        """What a verified request says: an answer, the handshake, or nothing for us.

        The key of an answer is its message.  So it counts once, whether Slack tells the same event
        again (``X-Slack-Retry-Num``, the same ``event_id``) or the message as another event.

        Raises:
            UnreadableWebhook: It isn't in Slack's format.
        """
        told = request.json
        match told:
            case {"type": "url_verification", "challenge": str(challenge)}:
                return Reading(response=WebhookResponse(200, challenge))
            case {"type": "event_callback", "event": {"type": "message"} as event}:
                answer = await self._answer(event, _bot_in(told))
                return attrs.evolve(_FINE, events=(answer,)) if answer else _FINE
            case {"type": "app_rate_limited"}:
                self._services.log.warning("slack holds events back: there are too many")
                return _FINE
            case {"type": str(kind)} if kind != "url_verification":
                return _FINE
        raise UnreadableWebhook("it is no event of Slack's")

    async def _answer(self, event: dict[str, Any], bot: str | None) -> TeamReply | None:
        user, subtype = event.get("user"), event.get("subtype")
        from_person = isinstance(user, str) and user not in ("", bot) and "bot_id" not in event
        if not from_person or subtype not in _WRITTEN:
            return None
        match event:
            case {"channel": str(channel), "thread_ts": str(root), "ts": str(ts)} if ts != root:
                thread, at = Thread(channel, root), _moment(ts)
            case _:
                return None
        case = await self._threads.case_of(thread)
        if case is None:
            if bot is not None and event.get("parent_user_id") == bot:
                await self._say(thread, ts, FORGOTTEN)
            return None
        text = str(event.get("text") or "").replace(f"<@{bot}>", "")
        body = mrkdwn.plain(text, event.get("blocks"))
        if problem := _problem(event, text, body):
            await self._say(thread, ts, problem)
            return None
        by = await self._name(str(user))
        return TeamReply(key=f"message:{channel}:{ts}", at=at, body=body, by=by, case=case)

    async def _name(self, user: str) -> str:
        """How a colleague is called; the ID if Slack doesn't say in time."""
        state, key = self._services.state, f"name/{user}"
        kept = await state.get(key)
        if isinstance(kept, str):
            return kept
        try:
            async with asyncio.timeout(WITHIN_S):
                person = await self._api.person(user)
        except (ProviderError, TimeoutError) as error:
            self._services.log.warning("slack did not tell a name", error=_shown(error))
            return user
        profile = person.get("profile")
        named = profile if isinstance(profile, dict) else {}
        names = (named.get("real_name"), named.get("display_name"), person.get("name"))
        name = next((one_line(each) for each in names if isinstance(each, str) and each), user)
        await state.set(key, shorten(name, LONGEST_NAME), ttl_s=DAY_S)
        return shorten(name, LONGEST_NAME)

    async def _say(self, thread: Thread, ts: str, words: str) -> None:
        """Tell the thread once that a message of it went nowhere, as far as that is possible."""
        if not await self._services.state.add(f"said/{thread.channel}/{ts}", True, ttl_s=DAY_S):
            return
        self._services.log.info("a message in a thread was not texted", because=words)
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._api.say(thread, words)
        except (ProviderError, TimeoutError) as error:
            self._services.log.warning("slack did not take a hint", error=_shown(error))


def _problem(event: dict[str, Any], text: str, body: str) -> str | None:
    """Why a message isn't texted; None if it is."""
    if mrkdwn.mentions(text):
        return FOR_COLLEAGUES
    if event.get("files"):
        return HAS_FILES
    if not body:
        return NO_WORDS
    return TOO_LONG if len(body) > LONGEST_TEXT else None


def _bot_in(told: dict[str, Any]) -> str | None:
    """Our bot's user ID: the event is visible to it."""
    match told.get("authorizations"):
        case [{"user_id": str(user), "is_bot": True}, *_]:
            return user
    return None


def _moment(ts: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        raise UnreadableWebhook("ts is no time stamp") from None


def _shown(error: Exception) -> str:
    return str(error) or type(error).__name__
