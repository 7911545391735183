"""A Slack workspace: its Web API as far as notices need it, and what its Events API tells."""

from __future__ import annotations

import asyncio
import json
from itertools import count

import attrs
import httpx
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from textback.testing.builders import NOW, a_request

BOT_TOKEN = "xoxb-1234567890-abcdefghijklmnop"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
HOOK = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
CHANNEL = "C0123456789"
BOT = "U0BOT000001"
BEN = "U0BEN000001"


@attrs.define
class Workspace:
    """Answers Web API methods; keeps what was posted.

    Attributes:
        says_no: Errors by method, given instead of an answer.
        asked: Method and arguments of every request.
        hook: What the incoming webhook answers, or a function of what is posted to it.
        hooked: What was posted to it.
    """

    says_no: dict = attrs.field(factory=dict)
    asked: list = attrs.field(factory=list)
    deleted: set = attrs.field(factory=set)
    scopes: str = "chat:write,channels:read,channels:history,users:read"
    channel: dict = attrs.field(
        factory=lambda: {"id": CHANNEL, "name": "missed-calls", "is_member": True}
    )
    date: str = "Mon, 02 Mar 2026 17:30:00 GMT"
    hangs: bool = False
    hook: object = attrs.field(factory=lambda: httpx.Response(200, text="ok"))
    hooked: list = attrs.field(factory=list)
    _ts: object = attrs.field(factory=lambda: count(1))

    async def answer(self, request):
        if str(request.url) == HOOK:
            self.hooked.append(json.loads(request.content))
            return self.hook(self.hooked[-1]) if callable(self.hook) else self.hook
        method = request.url.path.removeprefix("/api/")
        arguments = json.loads(request.content) if request.content else dict(request.url.params)
        self.asked.append((method, arguments))
        if self.hangs:
            await asyncio.Event().wait()
        if request.headers["authorization"] != f"Bearer {BOT_TOKEN}":
            return httpx.Response(200, json={"ok": False, "error": "invalid_auth"})
        no = self.says_no.get(method)
        no = no(arguments) if callable(no) else no
        if isinstance(no, httpx.Response):
            return no
        if no is not None:
            return httpx.Response(200, json={"ok": False, "error": no})
        headers = {"x-oauth-scopes": self.scopes, "date": self.date}
        return httpx.Response(200, json=self.told(method, arguments), headers=headers)

    def told(self, method, arguments):
        """The yes of one method."""
        return {"ok": True, **getattr(self, method.replace(".", "_"))(arguments)}

    @property
    def posted(self):
        return [arguments for method, arguments in self.asked if method == "chat.postMessage"]

    def chat_postMessage(self, arguments):
        ts = f"1772472600.{next(self._ts):06}"
        thread = arguments.get("thread_ts")
        message = {"type": "message", "text": arguments["text"], "bot_id": "B1", "ts": ts}
        if thread is not None and thread not in self.deleted:
            message |= {"thread_ts": thread, "parent_user_id": BOT}
        return {"channel": arguments["channel"], "ts": ts, "message": message}

    def auth_test(self, _):
        return {"user": "textback", "team": "Bright Smile", "user_id": BOT, "bot_id": "B1"}

    def conversations_info(self, _):
        return {"channel": self.channel}

    def users_info(self, arguments):
        assert arguments == {"user": BEN}
        return {"user": {"name": "ben", "profile": {"real_name": "Ben  Carter"}}}


async def serve(workspace):
    """Answer over a real socket; the address of the API, and what stops it."""

    async def answer(request):
        url = f"http://slack.test/api/{request.match_info['method']}?{request.query_string}"
        asked = httpx.Request(
            request.method, url, headers=dict(request.headers), content=await request.read()
        )
        given = await workspace.answer(asked)
        return web.Response(
            status=given.status_code,
            body=given.content,
            headers={
                name: given.headers[name] for name in given.headers if name != "content-length"
            },
        )

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    return f"http://127.0.0.1:{port}/api", runner.cleanup


def signed(told, *, at=NOW, secret=SIGNING_SECRET, topic="events", headers=None, **more):
    """A request as Slack makes it, by Slack's own code."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    stamp = str(int(at.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    given = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    return a_request(body, topic=topic, headers={**given, **(headers or {})}, **more)


def written(text, *, thread, ts="1772472700.000100", event_id="Ev1", **more):
    """Ben writes in a thread: what the Events API tells of it.

    Fields as in https://docs.slack.dev/apis/events-api and .../reference/events/message
    """
    event = {
        "type": "message",
        "channel": CHANNEL,
        "channel_type": "channel",
        "user": BEN,
        "text": text,
        "ts": ts,
        "event_ts": ts,
        "thread_ts": thread,
        "parent_user_id": BOT,
        "team": "T1",
        **more,
    }
    return {
        "type": "event_callback",
        "team_id": "T1",
        "api_app_id": "A1",
        "event": {name: value for name, value in event.items() if value is not None},
        "event_id": event_id,
        "event_time": 1772472700,
        "authorizations": [{"team_id": "T1", "user_id": BOT, "is_bot": True}],
    }
