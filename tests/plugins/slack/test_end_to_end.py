"""Slack through the real engine: notices over a socket, an answer back by a signed event."""

from datetime import timedelta

import httpx
import pytest

from support.house import CALLER, LINE, STACK, House
from support.outside import Outside
from support.slack_api import BOT_TOKEN, CHANNEL, SIGNING_SECRET, serve, signed, written
from textback.plugins import Found
from textback.store.migrate import migrate
from textback.web.app import public_app
from textback_slack import Slack

ROOT = "1772472600.000001"


class WithSlack(Outside):
    """Everything outside but Slack, which is asked over HTTP."""

    def plugins(self):
        return {**super().plugins(), "slack": Found.of("slack", Slack)}


@pytest.fixture
async def house(tmp_path, workspace):
    """A client whose team is told in Slack."""
    base_url, stop = await serve(workspace)
    empty = tmp_path / "empty.db"
    migrate(f"sqlite:///{empty}")
    place = tmp_path / "house"
    place.mkdir()
    made = House(place, empty)
    made.outside = WithSlack()
    made.write(
        stack=f"""{STACK}
[plugins.slack]
bot_token = "{BOT_TOKEN}"
channel = "{CHANNEL}"
signing_secret = "{SIGNING_SECRET}"
base_url = "{base_url}"
max_per_s = 1000
"""
    )
    await made.open()
    yield made
    await made.close()
    await stop()


@pytest.fixture
async def slack(house):
    """Slack, as it tells of events: the status of our answer."""
    app = public_app(house.runtime.ctx, house.runtime.engine, left_out={}, renamed={}, admin=False)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://hooks.example") as http:

        async def tell(event, **how):
            request = signed(event, at=house.clock.now(), **how)
            answer = await http.post(
                "/hooks/bright/slack/events", content=request.body, headers=request.headers
            )
            return answer.status_code, answer.text

        yield tell


async def test_an_answer_in_the_thread_reaches_the_caller_once(house, slack, workspace):
    """Told three times, texted once, from the line; what waits is cancelled, and `why` says who."""
    await house.missed()
    await house.let_pass(timedelta(seconds=10))
    assert workspace.posted[0]["blocks"][0]["text"]["text"] == "Missed call from (303) 555-0123"

    event = written("Come at five &amp; bring the form", thread=ROOT)
    retry = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    told = [await slack(event), await slack(event, headers=retry), await slack(event)]
    await house.let_pass(timedelta(days=4))

    assert told == [(200, "")] * 3
    assert [(text.to, text.line, text.body) for _, text in house.sent[1:]] == [
        (CALLER, LINE, "Come at five & bring the form")
    ]
    (step,) = house.rows("SELECT * FROM steps WHERE name = 'text/2'")
    assert "Ben Carter by slack" in step["detail"]


async def test_the_conversation_stays_in_one_thread(house, slack, workspace):
    """The caller answers, and calls again: the team reads on where it was."""
    await house.missed()
    await house.let_pass(timedelta(seconds=10))
    await slack(written("Come at five", thread=ROOT))
    await house.let_pass(timedelta(seconds=10))
    await house.write_in("Great, see you!")
    await house.missed()
    await house.let_pass(timedelta(seconds=10))

    titles = [each["blocks"][0]["text"]["text"] for each in workspace.posted]
    assert titles[1] == "(303) 555-0123 wrote"
    assert "called again" in titles[2]
    assert [each.get("thread_ts") for each in workspace.posted] == [None, ROOT, ROOT]


async def test_an_answer_to_somebody_who_opted_out_does_not_go(house, slack, workspace):
    """The same rules as for every text; and the thread is told."""
    await house.missed()
    await house.let_pass(timedelta(seconds=10))
    await house.write_in("STOP")
    await slack(written("Sorry, are you sure?", thread=ROOT))
    await house.let_pass(timedelta(seconds=10))

    bodies = [text.body for _, text in house.sent]
    assert "Sorry, are you sure?" not in bodies
    titles = [each["blocks"][0]["text"]["text"] for each in workspace.posted]
    assert titles[1:] == ["(303) 555-0123 opted out", "A text to (303) 555-0123 failed"]
    assert {each["thread_ts"] for each in workspace.posted[1:]} == {ROOT}


async def test_a_forged_answer_reaches_nobody(house, slack):
    """Signed with another secret: 401, and nothing is stored."""
    await house.missed()
    await house.let_pass(timedelta(seconds=10))

    status, _ = await slack(written("Send money", thread=ROOT), secret="another apps secret")
    await house.let_pass(timedelta(seconds=10))

    assert status == 401
    assert len(house.sent) == 1
    assert house.rows("SELECT * FROM inbox WHERE plugin = 'slack'") == []


async def test_slack_down_delays_no_text(house, workspace):
    """The caller is texted; the notice comes once Slack is back."""
    workspace.says_no["chat.postMessage"] = httpx.Response(503)
    await house.missed()
    await house.let_pass(timedelta(seconds=10))
    assert len(house.sent) == 1

    workspace.says_no.clear()
    await house.let_pass(timedelta(minutes=30))
    assert house.states("notify/slack%") == {"notify/slack/call/1": "done"}
