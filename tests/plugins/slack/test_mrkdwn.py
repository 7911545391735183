"""Slack's markup, as people's messages have it, in plain words for a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_slack.mrkdwn import escape, mentions, plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Come at five", "Come at five"),
        ("5 &lt; 6 &amp;&amp; 7 &gt; 6", "5 < 6 && 7 > 6"),
        ("&amp;lt; stays", "&lt; stays"),
        ("see <https://bright.example/map>", "see https://bright.example/map"),
        ("see <http://bright.example|bright.example>", "see bright.example"),
        ("<https://bright.example/a?b=1&amp;c=2>", "https://bright.example/a?b=1&c=2"),
        ("<https://bright.example|our page>", "our page (https://bright.example)"),
        ("<https://bright.example/|https://bright.example>", "https://bright.example"),
        ("call <tel:+13035550100|303-555-0100>", "call 303-555-0100"),
        ("mail <mailto:desk@bright.example|desk@bright.example>", "mail desk@bright.example"),
        ("in <#C123|front-desk> or <#C124>", "in #front-desk or"),
        ("on <!date^1772472600^{date}|2 March>", "on 2 March"),
        ("three\nlines\n\nhere", "three\nlines\n\nhere"),
        ("at 10:30:00", "at 10:30:00"),
        (":nobody_knows: hi", ":nobody_knows: hi"),
    ],
)
def test_markup_becomes_what_was_typed(text, words):
    """Entities, addresses, channels, dates."""
    assert plain(text) == words


def test_emoji_are_characters():
    """The blocks of a message have them; skin tones, too."""
    emoji = [
        {"type": "emoji", "name": "tooth", "unicode": "1f9b7"},
        {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fd", "skin_tone": 4},
        {"type": "emoji", "name": "ours"},
        {"type": "emoji", "name": "bad", "unicode": "zz"},
    ]
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "Hi"}, *emoji]}
    blocks = [{"type": "rich_text", "elements": [section]}]

    assert plain("Hi :tooth: :wave::skin-tone-4: :ours:", blocks) == "Hi 🦷 👋🏽 :ours:"


@pytest.mark.parametrize(
    "text", ["<@U1>", "hi <@U1|ben>", "<!subteam^S1>", "<!here>", "<!channel>"]
)
def test_mentions_are_seen(text):
    """People, groups, everybody."""
    assert mentions(text)


@pytest.mark.parametrize("text", ["ben@bright.example", "&lt;@U1&gt;", "<#C1|x>", "<https://a.b>"])
def test_other_signs_are_no_mentions(text):
    """Addresses, channels, and what was typed with a keyboard."""
    assert not mentions(text)


@given(st.text())
def test_what_is_escaped_reads_as_it_was(words):
    """No construct is left in it, and Slack shows the same letters."""
    escaped = escape(words)

    assert "<" not in escaped
    assert ">" not in escaped
    assert plain(escaped).replace("\u2060", "") == words.strip().replace("\u2060", "")
