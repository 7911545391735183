"""Notices by signed webhook: what is posted, how it is signed, what the answers mean."""

import json
from datetime import UTC, datetime, timedelta, timezone

import attrs
import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from textback.config.secrets import Secret
from textback.errors import Refused
from textback.model import (
    Media,
    Notice,
    NoticeKind,
    Outcome,
    PhoneNumber,
    Severity,
    TextState,
)
from textback_webhook.payload import message_id
from textback_webhook.signature import sign

NOTICE = Notice(
    kind=NoticeKind.MISSED_CALL,
    client="bright-smile",
    client_name="Bright Smile Dental",
    case="c1",
    at=datetime(2026, 3, 2, 5, tzinfo=timezone(timedelta(hours=-7))),
    local_time="Mon 02 Mar 2026, 05:00 MST",
    title="Missed call from José (303 555-0123)",
    lines=("José called.", "They were texted: Hi José"),
    number=PhoneNumber("+13035550123"),
    line=PhoneNumber("+13035550100"),
    name="José",
    known=True,
    outcome=Outcome.NO_ANSWER,
    text="Hi José",
    text_state=TextState.SENT,
    media=(Media("https://example.com/a.jpg", "image/jpeg"),),
    key="call/1",
)


async def test_posts_the_whole_notice(webhook, receiver):
    """Every field by its name; times in UTC, letters as they are."""
    await webhook.notify_team(NOTICE)

    (request,) = receiver.requests
    assert (request.method, str(request.url)) == ("POST", "https://hooks.example.com/textback")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "type": "notice.missed_call",
        "version": 1,
        "timestamp": "2026-03-02T12:00:00Z",
        "data": {
            "kind": "missed_call",
            "client": "bright-smile",
            "client_name": "Bright Smile Dental",
            "case": "c1",
            "at": "2026-03-02T12:00:00Z",
            "local_time": "Mon 02 Mar 2026, 05:00 MST",
            "title": "Missed call from José (303 555-0123)",
            "lines": ["José called.", "They were texted: Hi José"],
            "number": "+13035550123",
            "line": "+13035550100",
            "name": "José",
            "known": True,
            "url": None,
            "owner": None,
            "outcome": "no_answer",
            "calls": 1,
            "text": "Hi José",
            "text_state": "sent",
            "reason": None,
            "next": None,
            "media": [{"url": "https://example.com/a.jpg", "content_type": "image/jpeg"}],
            "key": "call/1",
        },
    }


async def test_the_official_library_verifies_it(webhook, receiver, secret):
    """The receiver's side is the reference implementation."""
    await webhook.notify_team(NOTICE)

    (request,) = receiver.requests
    told = Oracle(secret).verify(request.content, dict(request.headers))
    assert told["data"]["case"] == "c1"


async def test_signs_as_the_official_library_does(secret):
    """The other direction: the same words for the same message."""
    at = datetime(2026, 3, 2, 12, 0, 0, 700_000, tzinfo=UTC)

    headers = sign(Secret(secret), "m1", at, '{"name":"José"}'.encode())

    assert headers["webhook-signature"] == Oracle(secret).sign("m1", at, '{"name":"José"}')
    assert headers["webhook-timestamp"] == str(int(at.timestamp()))


async def test_a_repeat_has_the_same_id(webhook, receiver):
    """A receiver that keeps the ids it has seen acts once, whatever happened in between."""
    await webhook.notify_team(NOTICE)
    later = attrs.evolve(NOTICE, at=NOTICE.at + timedelta(minutes=5), calls=2)
    await webhook.notify_team(attrs.evolve(later, text_state=TextState.DELIVERED))

    first, second = (request.headers["webhook-id"] for request in receiver.requests)
    assert first == second


def test_different_notices_have_different_ids():
    """Other client, case, kind or key; without a key, another moment.  None has a full stop."""
    keyless = attrs.evolve(NOTICE, key="")
    notices = [
        NOTICE,
        attrs.evolve(NOTICE, client="dr.bright"),
        attrs.evolve(NOTICE, case="c2"),
        attrs.evolve(NOTICE, kind=NoticeKind.REPLY, key="reply/1"),
        attrs.evolve(NOTICE, kind=NoticeKind.REPLY, key="reply/2"),
        keyless,
        attrs.evolve(keyless, at=NOTICE.at + timedelta(microseconds=1)),
    ]

    ids = {message_id(notice) for notice in notices}

    assert len(ids) == len(notices)
    assert not any("." in each for each in ids)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_taken(webhook, receiver, status):
    """What the receiver says beside it doesn't matter."""
    receiver.response = httpx.Response(status, text="thank you")

    await webhook.notify_team(NOTICE)

    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "permanent", "advice"),
    [
        (301, True, "put the new address into url"),
        (308, True, "put the new address into url"),
        (400, True, "hooks.example.com answered"),
        (401, True, "same secret"),
        (404, True, "hooks.example.com answered"),
        (410, True, "no more notices"),
        (408, False, "hooks.example.com answered"),
        (429, False, "hooks.example.com answered"),
        (500, False, "hooks.example.com answered"),
        (503, False, "hooks.example.com answered"),
    ],
)
async def test_a_no_says_whether_it_is_for_good(webhook, receiver, status, permanent, advice):
    """And what to do, with the receiver's words, without the path, which may hold a token."""
    receiver.response = httpx.Response(
        status, text="not today", headers={"location": "https://elsewhere.example"}
    )

    with pytest.raises(Refused, match=advice) as caught:
        await webhook.notify_team(NOTICE)

    assert caught.value.permanent is permanent
    assert caught.value.code == str(status)
    assert f"hooks.example.com answered {status}: not today" in str(caught.value)
    assert "/textback" not in str(caught.value)


async def test_waits_as_long_as_it_is_asked_to(webhook, receiver):
    """Retry-After reaches the engine."""
    receiver.response = httpx.Response(429, headers={"retry-after": "90"})

    with pytest.raises(Refused) as caught:
        await webhook.notify_team(NOTICE)

    assert caught.value.retry_after == 90


async def test_check_resolves_the_host_and_posts_nothing(build, receiver):
    """A name that can't exist is an error that names the setting."""
    (fine,) = await build("https://localhost/notices").check()
    (wrong,) = await build("https://hooks.invalid/notices").check()

    assert (fine.severity, wrong.severity) == (Severity.OK, Severity.ERROR)
    assert "hooks.invalid can't be resolved" in wrong.message
    assert "url" in wrong.message
    assert receiver.requests == []
