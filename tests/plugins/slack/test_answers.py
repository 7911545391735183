"""What the team writes in a notice's thread, as Slack tells it: signed by Slack's own code."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from support.slack_api import BEN, BOT, SIGNING_SECRET, signed, written
from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import WebhookResponse
from textback.testing.builders import NOW, a_notice
from textback_slack import answers

ROOT = "1772472600.000001"


@pytest.fixture
async def slack(slack):
    """The plugin after one notice, whose thread is `ROOT`."""
    await slack.notify_team(a_notice())
    return slack


async def read(slack, told, **how):
    reading = await slack.read_webhook(signed(told, **how))
    assert reading.response == WebhookResponse(200)
    return reading.events


async def test_an_answer_reaches_the_case(slack, workspace):
    """Its words, who wrote them, the case of the thread, and when."""
    (answer,) = await read(slack, written("Come at five &amp; bring it!", thread=ROOT))

    assert answer.body == "Come at five & bring it!"
    assert (answer.by, answer.case, answer.number) == ("Ben Carter", "case1", None)
    assert answer.at == datetime(2026, 3, 2, 17, 31, 40, 100, tzinfo=UTC)
    assert answer.key == "message:C0123456789:1772472700.000100"


async def test_the_same_message_has_the_same_key(slack):
    """Told again by a retry, or as another event: it counts once."""
    told = written("Come at five", thread=ROOT)
    retry = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    (first,) = await read(slack, told)
    (again,) = await read(slack, told, headers=retry, at=NOW + timedelta(seconds=60))
    (other,) = await read(slack, written("Come at five", thread=ROOT, event_id="Ev2"))
    (more,) = await read(slack, written("Come at five", thread=ROOT, ts="1772472701.000100"))

    assert first == again == other
    assert more.key != first.key


async def test_a_reply_to_a_later_notice_is_the_same_case(slack):
    """It carries the thread's first message, as all messages of a thread do."""
    await slack.notify_team(a_notice(key="reply/1"))

    (answer,) = await read(slack, written("Yes", thread=ROOT, subtype="thread_broadcast"))

    assert answer.case == "case1"


@pytest.mark.parametrize(
    "more",
    [
        {"user": BOT},
        {"bot_id": "B1"},
        {"bot_id": "B2", "subtype": "bot_message", "user": None},
        {"subtype": "message_changed", "message": {"text": "Come at six"}},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"thread_ts": None},
        {"ts": ROOT},
        {"user": None},
        {"channel": "C9999999999"},
    ],
)
async def test_nothing_else_is_an_answer(slack, workspace, more):
    """Bots, us among them; edits and deletions; the channel itself; other channels."""
    before = len(workspace.asked)

    told = written("Come at five", thread=ROOT, **{"parent_user_id": None, **more})

    assert await read(slack, told) == ()
    assert len(workspace.asked) == before


async def test_other_events_are_taken_and_mean_nothing(slack):
    """Slack stops telling an app that refuses its events."""
    reaction = {"type": "event_callback", "event": {"type": "reaction_added"}, "event_id": "Ev1"}
    assert await read(slack, reaction) == ()
    assert await read(slack, {"type": "app_rate_limited", "minute_rate_limited": 1}) == ()


async def test_another_threads_words_are_none_of_ours(slack, workspace):
    """Colleagues talk in threads of their own; nothing is said in them."""
    told = written("Lunch?", thread="1772472600.999999", parent_user_id=BEN)

    assert await read(slack, told) == ()
    assert len(workspace.posted) == 1


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("<@U0ANNA0001> can you call her?", {}, answers.FOR_COLLEAGUES),
        ("<!here> who takes it?", {}, answers.FOR_COLLEAGUES),
        ("<!subteam^S1|@desk> please", {}, answers.FOR_COLLEAGUES),
        ("see this", {"files": [{"id": "F1"}], "subtype": "file_share"}, answers.HAS_FILES),
        ("", {}, answers.NO_WORDS),
        ("x" * 1601, {}, answers.TOO_LONG),
    ],
)
async def test_what_can_not_go_is_said_in_the_thread_once(slack, workspace, text, more, told):
    """Nobody believes that the caller was answered; a retry says nothing more."""
    for _ in range(2):
        assert await read(slack, written(text, thread=ROOT, **more)) == ()

    _, said = workspace.posted
    assert said == {"channel": "C0123456789", "thread_ts": ROOT, "text": told}


async def test_calling_the_bot_is_no_mention(slack):
    """ "@textback come at five" is for the caller."""
    (answer,) = await read(slack, written(f"<@{BOT}> come at five", thread=ROOT))

    assert answer.body == "come at five"


async def test_a_thread_that_was_forgotten_says_so(build, workspace, clock):
    """After its time nobody knows whose it was: the colleague is told, and nobody texted."""
    slack = build(thread_days=1)
    await slack.notify_team(a_notice())
    clock.advance_to(NOW + timedelta(days=2))

    at = NOW + timedelta(days=2)
    told = written("Come at five", thread=ROOT)
    assert await read(slack, told, at=at, received_at=at) == ()
    assert workspace.posted[1]["text"] == answers.FORGOTTEN


@pytest.mark.parametrize("no", ["missing_scope", "user_not_found", httpx.Response(503)])
async def test_without_a_name_the_id_will_do(slack, workspace, no):
    """An answer isn't lost because Slack can't say who wrote it."""
    workspace.says_no["users.info"] = no

    (answer,) = await read(slack, written("Come at five", thread=ROOT))

    assert answer.by == BEN


async def test_a_slow_slack_keeps_no_answer_back(slack, workspace, monkeypatch):
    """Slack itself waits three seconds for us, and then tells again."""
    monkeypatch.setattr(answers, "WITHIN_S", 0.01)
    workspace.hangs = True

    (answer,) = await read(slack, written("Come at five", thread=ROOT))
    assert await read(slack, written("<!here>", thread=ROOT, ts="1772472701.1")) == ()

    assert answer.by == BEN


async def test_a_name_is_asked_for_once(slack, workspace):
    """It is kept for a day."""
    for n in range(3):
        await read(slack, written("Yes", thread=ROOT, ts=f"177247270{n}.000100"))

    assert [method for method, _ in workspace.asked].count("users.info") == 1


async def test_the_handshake_is_answered(slack):
    """The challenge comes back as it is, if it is signed."""
    told = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY"}

    reading = await slack.read_webhook(signed(told))

    assert reading.response == WebhookResponse(200, "3eZbrw1aBm2rZgRNFdxV2595E9CY")
    assert reading.events == ()


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "another secret of another app"},
        {"at": NOW - timedelta(minutes=5, seconds=1)},
        {"at": NOW + timedelta(minutes=5, seconds=1)},
        {"headers": {"X-Slack-Signature": ""}},
        {"headers": {"X-Slack-Signature": "v0=0"}},
        {"headers": {"X-Slack-Signature": "v1=é"}},
        {"headers": {"X-Slack-Request-Timestamp": ""}},
        {"headers": {"X-Slack-Request-Timestamp": "²"}},
        {"headers": {"X-Slack-Request-Timestamp": "soon"}},
    ],
)
async def test_what_slack_did_not_sign_is_refused(slack, how):
    """Another secret, an old request, a missing or changed header; the handshake, too."""
    for told in (written("Come", thread=ROOT), {"type": "url_verification", "challenge": "x"}):
        with pytest.raises(WebhookRejected):
            await slack.read_webhook(signed(told, **how))


async def test_a_changed_body_is_refused(slack):
    """The signature is over all of it."""
    genuine = signed(written("Come at five", thread=ROOT))
    forged = signed(written("Send money", thread=ROOT))
    object.__setattr__(forged, "headers", genuine.headers)

    with pytest.raises(WebhookRejected):
        await slack.read_webhook(forged)


async def test_without_a_signing_secret_everything_is_refused(build):
    """Nothing can be verified, so nothing is read."""
    slack = build(signing_secret=None)

    with pytest.raises(WebhookRejected, match="signing_secret"):
        await slack.read_webhook(signed(written("Come", thread=ROOT), secret=SIGNING_SECRET))


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"type": 1}',
        b'{"type": "url_verification"}',
        json.dumps(written("Come", thread=ROOT, ts="soon")).encode(),
    ],
)
async def test_what_is_no_event_is_unreadable(slack, body):
    """Signed, and not in Slack's format."""
    with pytest.raises(UnreadableWebhook):
        await slack.read_webhook(signed(body))


async def test_only_the_topic_events_is_read(slack):
    """A request to another address is told so."""
    with pytest.raises(UnreadableWebhook, match="/events"):
        await slack.read_webhook(signed(written("Come", thread=ROOT), topic="commands"))
