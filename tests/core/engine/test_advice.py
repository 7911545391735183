"""What `check` says of texts and leads that are allowed, but probably not meant."""

import pytest

from support.house import FOLLOW_UPS
from textback.config import load
from textback.engine.check import advice


def told(house, more):
    """The advice on a client with hours whose file says this, too."""
    hours = '[hours]\nmon = "08:00-17:00"\nholidays = "US"\n'
    house.write(more=hours + more)
    config = load(house.folder / "textback.toml", environ={})
    assert config.problems == ()
    return [finding.message for _, finding in advice(config) if "[" in finding.message]


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
