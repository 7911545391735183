"""``check``: what is wrong at Slack, found without posting anything."""

from datetime import timedelta

import httpx
import pytest

from support.slack_api import signed
from textback.config.secrets import Secret
from textback.model import Severity
from textback.testing.builders import NOW

HANDSHAKE = {"type": "url_verification", "challenge": "x"}


async def findings(slack, workspace):
    found = await slack.check()
    assert workspace.posted == []
    assert workspace.hooked == []
    return {finding.message: finding.severity for finding in found}


async def test_all_is_well(slack, workspace):
    """One OK that names the channel and the workspace."""
    await slack.read_webhook(signed(HANDSHAKE))

    assert await findings(slack, workspace) == {
        "notices go to #missed-calls of Bright Smile": Severity.OK
    }


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        ({"says_no": {"auth.test": "invalid_auth"}}, Severity.ERROR, "token is not valid"),
        ({"says_no": {"auth.test": httpx.Response(503)}}, Severity.ERROR, "answered 503"),
        (
            {"says_no": {"conversations.info": "channel_not_found"}},
            Severity.ERROR,
            "C0123456789: Slack answered no: the channel doesn't exist",
        ),
        (
            {"says_no": {"conversations.info": "missing_scope"}},
            Severity.WARNING,
            "give the app channels:read",
        ),
        ({"channel": {"is_member": False}}, Severity.ERROR, "write there: /invite @textback"),
        ({"channel": {"is_archived": True}}, Severity.ERROR, "is archived"),
        (
            {"scopes": "chat:write,users:read"},
            Severity.ERROR,
            "has not the scope channels:history",
        ),
        (
            {"channel": {"is_member": True, "is_private": True}},
            Severity.ERROR,
            "has not the scope groups:history",
        ),
        ({"scopes": "channels:history"}, Severity.WARNING, "scope users:read"),
        ({"date": "Mon, 02 Mar 2026 17:20:00 GMT"}, Severity.ERROR, "clock is 600 s off"),
    ],
)
async def test_says_what_is_wrong(slack, workspace, change, severity, words):
    """And what to do."""
    await slack.read_webhook(signed(HANDSHAKE))
    for name, value in change.items():
        setattr(workspace, name, value)

    found = await findings(slack, workspace)

    assert [level for message, level in found.items() if words in message] == [severity]
    assert (Severity.OK in found.values()) is (severity is not Severity.ERROR)


async def test_says_that_slack_does_not_know_our_address(slack, workspace):
    """Until something signed has come to it; a forgery doesn't count."""
    found = await findings(slack, workspace)
    (told,) = [each for each, level in found.items() if level is Severity.WARNING]
    assert told.startswith("nothing has come from Slack to http://127.0.0.1:8000/hooks/")

    await slack.read_webhook(signed(HANDSHAKE, received_at=NOW + timedelta(seconds=9)))
    assert Severity.WARNING not in (await findings(slack, workspace)).values()


async def test_says_that_answers_go_nowhere(build, workspace):
    """Without a signing secret."""
    found = await findings(build(signing_secret=None), workspace)

    assert "signing_secret is not set: what is answered in a thread stays in Slack" in found


@pytest.mark.parametrize(
    ("url", "severity", "words"),
    [
        ("http://localhost/hook", Severity.WARNING, "localhost is not Slack's"),
        ("https://hooks.invalid/hook", Severity.ERROR, "hooks.invalid can't be resolved"),
    ],
)
async def test_an_incoming_webhook_is_looked_at_from_outside(
    build, workspace, url, severity, words
):
    """Nothing is posted to it, so all that can be looked at is its host."""
    hook = build(webhook_url=Secret(url), bot_token=None, channel=None, signing_secret=None)

    ((message, found),) = (await findings(hook, workspace)).items()

    assert (found, words in message) == (severity, True)
