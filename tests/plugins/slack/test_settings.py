"""What ``[plugins.slack]`` may be, and what is said of anything else."""

import traceback

import pytest

from support.slack_api import BOT_TOKEN, CHANNEL, HOOK, SIGNING_SECRET
from textback.config.secrets import Secret
from textback.errors import ConfigError
from textback_slack import Settings

BOT = {"bot_token": Secret(BOT_TOKEN), "channel": CHANNEL}


@pytest.mark.parametrize(
    ("given", "account"),
    [
        ({"webhook_url": Secret(HOOK)}, "T00000000/B00000000"),
        ({"webhook_url": Secret("http://127.0.0.1:8080/hook")}, "webhook"),
        (BOT, CHANNEL),
        (
            {**BOT, "signing_secret": Secret(SIGNING_SECRET), "base_url": "http://localhost/"},
            CHANNEL,
        ),
    ],
)
def test_either_way_will_do(given, account):
    """Limits are those of the channel, or of the webhook; the key isn't in their name."""
    assert Settings(**given).account == account


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs either webhook_url, or bot_token and channel"),
        ({"webhook_url": Secret(HOOK), **BOT}, "needs either"),
        ({"bot_token": Secret(BOT_TOKEN)}, "needs channel as well"),
        ({"channel": CHANNEL}, "needs bot_token as well"),
        (
            {"webhook_url": Secret(HOOK), "signing_secret": Secret(SIGNING_SECRET)},
            "signing_secret is of no use",
        ),
        ({**BOT, "signing_secret": Secret("short")}, "is not whole"),
        ({**BOT, "channel": "#missed-calls"}, "is not a channel's ID"),
        ({"bot_token": Secret("xoxp-of-a-person"), "channel": CHANNEL}, "is not a bot's token"),
        ({"webhook_url": Secret("hooks.slack.com/services/T/B/X")}, "is not an address"),
        ({"webhook_url": Secret("http://hooks.slack.com/services/T/B/X")}, "is not an address"),
        ({"webhook_url": Secret("https://hooks.slack.com:99999/x")}, "is not an address"),
        ({"webhook_url": Secret("https://hooks.slack.com/triggers/T/1/x")}, "to a workflow"),
        ({**BOT, "base_url": "http://slack.example/api"}, "is not an https address"),
    ],
)
def test_says_what_is_wrong_without_the_secret(given, words):
    """Neither the message nor its traceback has a secret in it."""
    with pytest.raises(ConfigError, match=words) as caught:
        Settings(**given)

    told = "".join(traceback.format_exception_only(caught.value))
    for value in given.values():
        assert not isinstance(value, Secret) or value.value not in told
