"""What templates cost: which are billed as several texts, for how much, and why."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from textback.config.settings import Client, FollowUp, Wording
from textback.flow.bills import bills

PLAIN = "Hi {{ first_name }}, sorry we missed you. Reply STOP to opt out"
LONG = PLAIN + " " + "We will be with you as soon as we can. " * 4


def a_client(**more):
    return Client(
        id="bright",
        file="clients/bright.toml",
        name="Bright Smile",
        time_zone=ZoneInfo("America/Denver"),
        lines=("+13035550100",),
        **more,
    )


def test_one_text_each():
    """What fits is not spoken of, emoji or not."""
    client = a_client(
        text=(Wording(body=PLAIN), Wording(body="Sorry 🦷! Reply STOP to opt out")),
        follow_up=(FollowUp(after=timedelta(hours=2), body="Still need us?"),),
    )

    assert list(bills(client)) == []


def test_too_long():
    """Each is named by its place in the file."""
    client = a_client(text=(Wording(body=PLAIN), Wording(body=LONG)))

    assert list(bills(client)) == ["text[2].body is billed as 2 texts"]


def test_price():
    """With a price the difference is said in money."""
    client = a_client(text=(Wording(body=LONG),), segment_price=0.0083)

    (words,) = bills(client)

    assert words.endswith("billed as 2 texts (0.0166 instead of 0.0083)")


def test_which_characters():
    """One picture more than halves what a text holds: it is shown."""
    (words,) = bills(a_client(text=(Wording(body=PLAIN + " 🦷 See you soon, truly"),)))

    assert "without 🦷 a text would hold 160 characters instead of 70" in words


@pytest.mark.parametrize(("channel", "count"), [("sms", 2), ("email", 0)])
def test_follow_ups(channel, count):
    """In all their languages; an e-mail may be as long as it likes."""
    step = FollowUp(after=timedelta(hours=2), body=LONG, channel=channel, translations={"es": LONG})

    told = list(bills(a_client(follow_up=(step,))))

    assert [words.split(" ")[0] for words in told] == [
        "follow_up[1].body",
        "follow_up[1].translations.es",
    ][:count]
