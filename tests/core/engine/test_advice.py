"""What `check` says of texts and leads that are allowed, but probably not meant."""

import pytest

from support.house import FOLLOW_UPS
from textback import plugins
from textback.config import load
from textback.engine.check import advice


def told(house, more):
    """The advice on a client with hours whose file says this, too."""
    hours = '[hours]\nmon = "08:00-17:00"\nholidays = "US"\n'
    house.write(more=hours + more)
    config = load(house.folder / "textback.toml", environ={})
    assert config.problems == ()
    return [
        finding.message
        for _, _, finding in advice(config, house.outside.plugins())
        if "[" in finding.message
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (FOLLOW_UPS, []),
        ('[[text]]\nbody = "Sorry"', []),
        (
            '[[text]]\nbody = "Hi"\nwhen = { hours = "open" }',
            ['no [[text]] is for calls with hours = "closed"; they get the built-in text'],
        ),
        (
            '[[text]]\nbody = "Hi"\n[[text]]\nbody = "Sorry"\nwhen = { hours = "holiday" }',
            ["text[2] is never used: an earlier one fits whenever it does"],
        ),
        (
            "[[lead]]\nwhen = { vip = true }",
            ["no [[lead]] is for calls with vip = false; the CRM is told neither tag nor stage"],
        ),
        (
            "[[lead]]\n[[lead]]\nwhen = { outcome = 'busy' }",
            ["lead[2] is never used: an earlier one fits whenever it does"],
        ),
    ],
)
def test_what_no_call_gets_and_calls_that_get_nothing(closed, more, words):
    """In the words of the file, with what happens instead."""
    assert told(closed, more) == words


def test_what_still_says_what_an_example_said(closed):
    """A placeholder is no account; by which plugin and setting."""
    sid = f"AC{'X' * 32}"
    closed.write(stack=f'[plugins.twilio]\naccount_sid = "{sid}"\nauth_token = "t"')
    config = load(closed.folder / "textback.toml", environ={})
    found = [(each, finding.message) for _, each, finding in advice(config, plugins.find(None))]
    assert ("twilio", f'account_sid still says "{sid}"; put in your own') in found


def test_mail_to_callers_without_a_postal_address(closed):
    """A plugin's settings say what they lack beside the client's other settings."""
    mail = '[plugins.email]\nhost = "mail.example"\nsender = "desk@bright.example"'
    follow_up = '[[follow_up]]\nafter = "1d"\nchannel = "email"\nbody = "Still here"'
    closed.write(stack=mail, more=follow_up)
    config = load(closed.folder / "textback.toml", environ={})
    found = [finding.message for _, each, finding in advice(config, plugins.find(None)) if each]
    assert found == [
        "postal_address is not set: follow-ups by e-mail don't go, the law asks for it"
    ]
