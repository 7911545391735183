"""What is posted in Slack, where, and what its answers mean."""

import asyncio
import json
from datetime import timedelta

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.errors import MaybeSent, Refused
from textback.model import Media, NoticeKind, TextState
from textback.testing.builders import a_notice
from textback_slack import messages

MISSED = a_notice(
    title="Missed call from Anna Example (303) 555-0123",
    lines=(
        "Anna Example (303) 555-0123 called (303) 555-0100 at Mon 02 Mar 2026, 10:30 MST: "
        "nobody answered.",
        "Recording: https://example.com/rec.mp3",
        "They were texted: Hi Anna",
        "A follow-up is due Mon 02 Mar 2026, 12:30 MST.",
    ),
    name="Anna Example",
    known=True,
    url="https://crm.example.com/contacts/7?a=1&b=2",
    text="Hi Anna",
    next="A follow-up is due Mon 02 Mar 2026, 12:30 MST.",
    media=(Media("https://example.com/a.jpg", "image/jpeg"),),
    key="call/1",
)
REPLIED = attrs.evolve(
    MISSED,
    kind=NoticeKind.REPLY,
    title="Anna Example (303) 555-0123 wrote",
    lines=("Anna Example (303) 555-0123 wrote at Mon 02 Mar 2026, 10:35 MST:", "At five?"),
    text="At five?",
    text_state=TextState.RECEIVED,
    media=(),
    next=None,
    key="reply/1",
)


def plain(text):
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text):
    return {"type": "mrkdwn", "text": text, "verbatim": True}


async def test_lays_a_notice_out(slack, workspace):
    """Caller, time, outcome, the text, what is next, the CRM and media; nothing said twice."""
    await slack.notify_team(MISSED)

    (posted,) = workspace.posted
    assert posted["channel"] == "C0123456789"
    assert posted["blocks"] == [
        {"type": "header", "text": plain("Missed call from Anna Example (303) 555-0123")},
        {
            "type": "section",
            "fields": [
                mrkdwn("*Caller*"),
                plain("Anna Example"),
                mrkdwn("*Number*"),
                mrkdwn("<tel:+13035550123|(303) 555-0123>"),
                mrkdwn("*When*"),
                plain("Mon 02 Mar 2026, 10:30 MST"),
                mrkdwn("*Outcome*"),
                plain("nobody answered"),
                mrkdwn("*Called*"),
                plain("(303) 555-0100"),
            ],
        },
        {"type": "section", "text": plain("They were texted:\nHi Anna")},
        {"type": "section", "text": plain("A follow-up is due Mon 02 Mar 2026, 12:30 MST.")},
        {
            "type": "section",
            "text": mrkdwn(
                "<https://crm.example.com/contacts/7?a=1&amp;b=2|Open in the CRM> · "
                "<https://example.com/rec.mp3|Recording> · <https://example.com/a.jpg|Picture>"
            ),
        },
        {
            "type": "context",
            "elements": [
                plain("Bright Smile Dental · An answer in this thread is texted to the caller")
            ],
        },
    ]
    assert posted["text"].startswith("Missed call from Anna Example (303) 555-0123\nCaller: Anna")
    assert not posted["unfurl_links"]
    assert not posted["unfurl_media"]


async def test_says_why_there_was_no_text(slack, workspace):
    """The sentence of the story, or the reason alone if the story has none."""
    lines = (*MISSED.lines[:1], "They were not texted: the number is a landline.")
    silent = attrs.evolve(MISSED, text=None, lines=lines, reason="the number is a landline")
    await slack.notify_team(silent)
    await slack.notify_team(attrs.evolve(silent, lines=MISSED.lines[:1]))

    first, second = (json.dumps(posted["blocks"]) for posted in workspace.posted)
    assert "They were not texted: the number is a landline." in first
    assert "Why no text was sent: the number is a landline." in second


HOSTILE = 'Eve <!channel> <@U0123> <https://evil.example|Bank> *b* _i_ `c` & @channel @here "x"'


@pytest.mark.parametrize("field", ["title", "name", "text", "reason", "next", "local_time"])
async def test_strangers_make_no_markup(slack, workspace, field):
    """Where Slack reads mrkdwn, a hostile word is escaped; elsewhere it is shown as it is."""
    await slack.notify_team(
        attrs.evolve(MISSED, lines=(f"He said: {HOSTILE}",), **{field: HOSTILE})
    )

    (posted,) = workspace.posted
    assert no_markup(posted["text"])
    for words in read_as_mrkdwn(posted["blocks"]):
        assert no_markup(words.replace("<tel:+13035550123|", "").replace("*Caller*", ""))
    assert posted["mrkdwn"] is False
    assert posted["parse"] == "none"


def read_as_mrkdwn(value):
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            assert value["verbatim"] is True
            yield value["text"]
        for each in value.values():
            yield from read_as_mrkdwn(each)
    elif isinstance(value, list):
        for each in value:
            yield from read_as_mrkdwn(each)


def no_markup(words):
    return all(
        bad not in words for bad in ("<!", "<@", "<https://evil", "@channel", "@here", "@everyone")
    )


async def test_a_hostile_address_makes_no_link_of_its_own(slack, workspace):
    """What is no web address isn't linked; a "|" can't change the label."""
    urls = ("javascript:alert(1)", "https://a.example/><!channel>", "https://a.example/x|Bank")
    media = tuple(Media(url, "image/png") for url in urls)
    await slack.notify_team(attrs.evolve(MISSED, media=media, url="https://crm.example/|Bank"))

    (posted,) = workspace.posted
    words = "".join(read_as_mrkdwn(posted["blocks"]))
    assert "javascript" not in words
    assert "<!channel>" not in words
    assert "|Bank>" not in words


@given(
    name=st.text(max_size=300),
    text=st.text(max_size=300) | st.sampled_from(["🦷" * 20_000, "half a \ud83e"]),
    lines=st.lists(st.text(max_size=200), max_size=8),
    urls=st.lists(st.text(max_size=50).map("https://example.com/{}".format), max_size=20),
)
def test_any_words_fit_into_slacks_limits(name, text, lines, urls):
    """Lengths, counts and the encoding, whatever a stranger is called or writes."""
    media = tuple(Media(url, "image/png") for url in urls)
    notice = attrs.evolve(MISSED, title=name, name=name, text=text, lines=tuple(lines), media=media)

    message = messages.message(notice)

    json.dumps(message, ensure_ascii=False).encode()
    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        if block["type"] == "header":
            assert 1 <= units(block["text"]["text"]) <= 150
        elif "fields" in block:
            assert 1 <= len(block["fields"]) <= 10
            assert all(1 <= units(field["text"]) <= 2000 for field in block["fields"])
        elif block["type"] == "section":
            assert 1 <= units(block["text"]["text"]) <= 3000
    assert no_markup(message["text"])


def units(words):
    return len(words.encode("utf-16-le")) // 2


async def test_one_case_is_one_thread(slack, workspace):
    """Later notices go into it, and what asks for action is seen in the channel too."""
    await slack.notify_team(MISSED)
    await slack.notify_team(REPLIED)
    await slack.notify_team(attrs.evolve(MISSED, kind=NoticeKind.OPTED_OUT))
    await slack.notify_team(attrs.evolve(MISSED, case="case2"))

    first, reply, opted_out, other = workspace.posted
    root = "1772472600.000001"
    assert "thread_ts" not in first
    assert (reply["thread_ts"], reply["reply_broadcast"]) == (root, True)
    assert (opted_out["thread_ts"], opted_out["reply_broadcast"]) == (root, False)
    assert "thread_ts" not in other


async def test_broadcast_can_be_switched_off(build, workspace):
    """Then later notices are in the thread alone."""
    slack = build(broadcast=False)
    await slack.notify_team(MISSED)
    await slack.notify_team(REPLIED)

    assert workspace.posted[1]["reply_broadcast"] is False


async def test_notices_of_the_same_moment_share_a_thread(slack, workspace):
    """Two steps that run at once don't begin two."""
    await asyncio.gather(slack.notify_team(MISSED), slack.notify_team(REPLIED))

    first, second = workspace.posted
    assert "thread_ts" not in first
    assert second["thread_ts"] == "1772472600.000001"


async def test_a_thread_is_forgotten_in_time(build, workspace, clock):
    """After `thread_days` without a notice, the case gets a new one; each notice renews it."""
    slack = build(thread_days=2)
    for days in (0, 1.5, 1.5, 2.5):
        clock.advance_to(clock.now() + timedelta(days=days))
        await slack.notify_team(MISSED)

    threads = [posted.get("thread_ts") for posted in workspace.posted]
    assert threads == [None, "1772472600.000001", "1772472600.000001", None]


async def test_another_channel_is_another_thread(build, workspace):
    """A thread of the channel that was set before isn't looked for in the new one."""
    await build().notify_team(MISSED)
    await build(channel="C9876543210").notify_team(MISSED)

    assert "thread_ts" not in workspace.posted[1]


@pytest.mark.parametrize("code", ["cannot_reply_to_message", "restricted_action_thread_locked"])
async def test_a_thread_that_is_closed_is_begun_anew(slack, workspace, code):
    """Slack refuses the thread, so the notice begins another, which the next ones join."""
    await slack.notify_team(MISSED)
    old = "1772472600.000001"
    workspace.says_no["chat.postMessage"] = lambda sent: (
        code if sent.get("thread_ts") == old else None
    )
    await slack.notify_team(REPLIED)
    await slack.notify_team(attrs.evolve(REPLIED, key="reply/2"))

    tries = [posted.get("thread_ts") for posted in workspace.posted]
    assert tries == [None, old, None, "1772472600.000002"]


async def test_a_thread_whose_first_message_was_deleted_is_left(slack, workspace):
    """Slack then posts to the channel without a word: that message begins the new thread."""
    await slack.notify_team(MISSED)
    workspace.deleted.add("1772472600.000001")
    await slack.notify_team(REPLIED)
    await slack.notify_team(attrs.evolve(REPLIED, key="reply/2"))

    assert workspace.posted[2]["thread_ts"] == "1772472600.000002"


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"])
async def test_without_the_layout_if_slack_refuses_it(slack, workspace, code):
    """The words arrive all the same."""
    workspace.says_no["chat.postMessage"] = lambda sent: code if "blocks" in sent else None
    await slack.notify_team(MISSED)

    assert "blocks" not in workspace.posted[1]
    assert "They were texted:\nHi Anna" in workspace.posted[1]["text"]


@pytest.mark.parametrize(
    ("code", "permanent", "words"),
    [
        ("not_in_channel", True, "write /invite"),
        ("channel_not_found", True, "see channel"),
        ("is_archived", True, "is archived"),
        ("invalid_auth", True, "token is not valid"),
        ("token_revoked", True, "token is not valid"),
        ("restricted_action", True, "rules forbid"),
        ("too_many_attachments", True, "too_many_attachments"),
        ("ratelimited", False, "ratelimited"),
        ("service_unavailable", False, "service_unavailable"),
        ("message_limit_exceeded", False, "message_limit_exceeded"),
    ],
)
async def test_ok_false_is_an_error(slack, workspace, code, permanent, words):
    """With status 200: for good, or passing; a person is told what to set."""
    workspace.says_no["chat.postMessage"] = code

    with pytest.raises(Refused, match=words) as caught:
        await slack.notify_team(MISSED)

    assert (caught.value.permanent, caught.value.code) == (permanent, code)
    assert len(workspace.posted) == 1


@pytest.mark.parametrize("code", ["fatal_error", "internal_error"])
async def test_an_error_in_the_middle_may_have_posted(slack, workspace, code):
    """Slack itself says that some of it may have been done."""
    workspace.says_no["chat.postMessage"] = code

    with pytest.raises(MaybeSent):
        await slack.notify_team(MISSED)


async def test_a_scope_that_is_missing_is_named(slack, workspace):
    """Slack says which; nothing else of its answer is repeated."""
    answer = {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "x"}
    workspace.says_no["chat.postMessage"] = httpx.Response(200, json=answer)

    with pytest.raises(Refused, match=r"missing_scope: chat:write") as caught:
        await slack.notify_team(MISSED)

    assert caught.value.permanent


async def test_waits_as_long_as_slack_asks(slack, workspace):
    """Status 429 with Retry-After."""
    answer = httpx.Response(429, headers={"retry-after": "30"})
    workspace.says_no["chat.postMessage"] = answer

    with pytest.raises(Refused) as caught:
        await slack.notify_team(MISSED)

    assert (caught.value.permanent, caught.value.retry_after) == (False, 30)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"ok": "yes"}', b'{"ok": true}', b'{"ok": true, "ts": "1"}'],
)
async def test_an_answer_that_says_nothing_may_be_a_yes(slack, workspace, body):
    """It is told again, and the thread isn't made up."""
    workspace.says_no["chat.postMessage"] = httpx.Response(200, content=body)

    with pytest.raises(MaybeSent):
        await slack.notify_team(MISSED)


async def test_an_incoming_webhook_gets_the_same_message(hook, workspace):
    """Blocks and words; neither channel nor thread, and no promise of an answer."""
    await hook.notify_team(MISSED)

    (posted,) = workspace.hooked
    assert posted["blocks"][-1]["elements"] == [plain("Bright Smile Dental")]
    assert "channel" not in posted
    assert workspace.asked == []


@pytest.mark.parametrize(
    ("status", "said", "permanent", "words"),
    [
        (400, "invalid_payload", True, "invalid_payload"),
        (403, "action_prohibited", True, "rules forbid"),
        (403, "invalid_token", True, "make a new one"),
        (404, "no_service", True, "make a new one"),
        (404, "channel_not_found", True, "see channel"),
        (410, "channel_is_archived", True, "is archived"),
        (302, "", True, "Slack answered 302"),
        (500, "rollup_error", False, "rollup_error"),
        (503, "<html>no</html>", False, "it doesn't say why"),
    ],
)
async def test_a_no_to_the_webhook_says_what_to_do(hook, workspace, status, said, permanent, words):
    """By the word in the body; what is no word of Slack's isn't repeated."""
    workspace.hook = httpx.Response(status, text=said)

    with pytest.raises(Refused, match=words) as caught:
        await hook.notify_team(MISSED)

    assert caught.value.permanent is permanent
    assert "html" not in str(caught.value)
    assert "XXXX" not in str(caught.value)


async def test_a_webhook_that_refuses_the_layout_gets_the_words(hook, workspace):
    """As with the bot."""
    no, yes = httpx.Response(400, text="invalid_blocks"), httpx.Response(200, text="ok")
    workspace.hook = lambda posted: no if "blocks" in posted else yes

    await hook.notify_team(MISSED)

    assert "blocks" not in workspace.hooked[1]


async def test_a_webhooks_200_without_ok_may_be_a_yes(hook, workspace):
    """A login page of some proxy, say."""
    workspace.hook = httpx.Response(200, text="<html>")

    with pytest.raises(MaybeSent):
        await hook.notify_team(MISSED)
