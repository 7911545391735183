"""From a template to the words of one text."""

# ruff: noqa: RUF001 (what people put into texts)

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.errors import ConfigError
from textback.flow import wording
from textback.flow.segments import Encoding, encoding, segments
from textback.flow.wording import (
    DEFAULT_BODY,
    HELP_BODY,
    LIMITS,
    MAX_CHARACTERS,
    STOPPED_BODY,
    check_template,
    render,
)

VALUES = {
    "first_name": "Anna",
    "name": "Anna Example",
    "business": "Bright Smile Dental",
    "line": "(303) 555-0100",
    "contact": "(303) 555-0101",
    "booking_link": "https://book.example/x?a=1&b=2",
}


@pytest.mark.parametrize(
    ("template", "with_value", "without"),
    [
        ("Hi {{ first_name }},", "Hi Anna,", "Hi,"),
        ("Hi {{ first_name }}, hello", "Hi Anna, hello", "Hi, hello"),
        ("Hi {{ first_name }}", "Hi Anna", "Hi"),
        ("Sorry {{ first_name }} and bye", "Sorry Anna and bye", "Sorry and bye"),
        ("Thanks, {{ first_name }}!", "Thanks, Anna!", "Thanks!"),
        ("Hello, {{ first_name }}, we", "Hello, Anna, we", "Hello, we"),
        ("{{ first_name }}, we missed you", "Anna, we missed you", "We missed you"),
        ("{{ first_name }} – we missed you", "Anna – we missed you", "We missed you"),
        ("Oh no. {{ first_name }}, sorry", "Oh no. Anna, sorry", "Oh no. Sorry"),
        ("{{ first_name }}: https://x.example/y", "Anna: https://x.example/y", "https://x.example/y"),
        ("Hi ({{ name }}), hello", "Hi (Anna Example), hello", "Hi, hello"),
        ('Hi "{{ name }}" hello', 'Hi "Anna Example" hello', "Hi hello"),
        ("Hi {{ first_name }} {{ name }}!", "Hi Anna Anna Example!", "Hi!"),
        ("To {{ name }}\nhello", "To Anna Example\nhello", "To\nhello"),
        ("Hi.\n{{ name }}\nBye.", "Hi.\nAnna Example\nBye.", "Hi.\nBye."),
        ("Hi{% if first_name %} dear {{ first_name }}{% endif %}.", "Hi dear Anna.", "Hi."),
        ("Hi {{ first_name | default('there') }},", "Hi Anna,", "Hi there,"),
        ("Hi {{ first_name | upper }},", "Hi ANNA,", "Hi,"),
        ("Hi {{ first_name if first_name else 'you' }},", "Hi Anna,", "Hi you,"),
        ("Call us. Book here: {{ booking_link }}", "Call us. Book here: {link}", "Call us."),
        ("Hi. Book at {{ booking_link | trim }} now! Bye.", "Hi. Book at {link} now! Bye.",
         "Hi. Bye."),
        ("We are {{ business }}.\n\n\nCall {{ contact }} now.\n\nBye", "We are {business}.\n\nCall "
         "{contact} now.\n\nBye", "Bye"),
        ("Wait ... what : ever ?  Yes", "Wait ... what : ever ? Yes", "Wait ... what : ever ? Yes"),
    ],
)  # fmt: skip
def test_a_value_and_no_value(template, with_value, without):
    """What isn't known leaves no hole; what the author wrote elsewhere stays as it is."""
    wanted = with_value.replace("{link}", VALUES["booking_link"])
    for name in ("business", "contact"):
        wanted = wanted.replace(f"{{{name}}}", VALUES[name])

    assert not check_template(template)
    assert render(template, VALUES) == wanted
    assert render(template, {}) == without
    assert render(template, dict.fromkeys(VALUES, " ")) == without


def test_a_business_with_full_stops_is_no_end_of_a_sentence():
    """No sentence is cut at one, and no second full stop follows."""
    template = "This is {{ business }}. At {{ business }} you book by {{ booking_link }}. Bye."

    assert render(template, {"business": "Dr. Smith Inc."}) == "This is Dr. Smith Inc. Bye."


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ frist_name }}", 'line 1: unknown name "frist_name"; did you mean "first_name"?'),
        (
            "Hi\n{{ zzz }}",
            'line 2: unknown name "zzz"; known are first_name, name, business, location, line, '
            "contact, booking_link",
        ),
        ("Hi {{ self }}", 'unknown name "self"'),
        ("Hi {{ first_name", "line 1: unexpected end of template"),
        ("Hi {{ first_name | shout }}", 'unknown filter "shout"; known are capitalize, default'),
        ("Hi {{ first_name | default }}", 'filter "default" takes 1 value in brackets'),
        ("Hi {{ first_name | upper(2) }}", 'filter "upper" takes no value in brackets'),
        ("Hi {{ first_name.upper() }}", "only names, filters and if"),
        ("{% for i in 'abc' %}{{ name }}{% endfor %}", "only names, filters and if"),
        ("{% set name = 'x' %}{{ name }}", "only names, filters and if"),
        ("{% filter upper %}x{% endfilter %}", "only names, filters and if"),
        ("{{ 'a' * 100000000000 }}", "only names, filters and if"),
        ("{% include '/etc/passwd' %}", "only names, filters and if"),
        ("{{ name if first_name }}", "if within {{ }} needs an else"),
        ("", "says nothing when no value is known"),
        ("{{ first_name }}!", "says nothing when no value is known"),
        ("x" * 1601, "is 1601 characters long; a text may have 1600"),
        ("a\x02b", "invisible control character"),
        ("{{ '\\x02' }} b", "invisible control character"),
        ("{{ " + "not " * 5000 + "name }}", "too complicated"),
        ("{% if name %}" * 120 + "x" + "{% endif %}" * 120, "too complicated"),
        ("{{ " + "9" * 5000 + " }}", "too complicated"),
    ],
)
def test_what_is_wrong_is_said_when_the_file_is_read(template, problem):
    """And not when a caller waits for the text."""
    assert any(problem in found for found in check_template(template)), check_template(template)
    with pytest.raises(ConfigError, match=re.escape(problem)):
        wording.compile(template)


def test_all_problems_at_once():
    """Each with its line."""
    found = check_template("{{ a_name }}\n{{ first_name | shout }}\n{{ line + 1 }}")

    assert [problem.partition(":")[0] for problem in found] == ["line 1", "line 2", "line 3"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("{{ business }}{% raw %}", "{{ business }}{% raw %}"),
        ("Anna\nReply YES to win", "Anna Reply YES to win"),
        ("A\x00n\x02n\x7fa", "A n n a"),
        ("\u202eanna\u2066 \ufeffb\u00adc", "anna bc"),
        ("Zoe\u0308", "Zoë"),
        ("نر\u200cگس", "نر\u200cگس"),
        ("Anna\ud800", "Anna"),
        ("a\u2028b\u00a0c", "a b c"),
    ],
)
def test_values_are_words_and_nothing_else(value, written):
    """No template, no line break, no character that changes the direction of reading."""
    assert render("Hi {{ name }}!", {"name": value}) == f"Hi {written}!"


def test_values_are_bounded():
    """A name of ten thousand characters is cut; half a link leads nowhere, so it goes."""
    assert render("Hi {{ first_name }}!", {"first_name": "é" * 10_000}) == f"Hi {'é' * 40}!"
    assert (
        render("Hi. Book: {{ booking_link }}", {"booking_link": "https://x/" + "a" * 491}) == "Hi."
    )
    with pytest.raises(ValueError, match="would have 1602 characters; a text may have 1600"):
        render("x" * 1597 + " {{ first_name }}", {"first_name": "Anna"})
    with pytest.raises(ValueError, match="no words"):
        render("{% if not name %}Hi{% endif %}", {"name": "Anna"})


def test_the_default_text():
    """It names the business, mentions the call, ends with the way out, and is one segment."""
    assert render(DEFAULT_BODY, VALUES) == (
        "Hi Anna, this is Bright Smile Dental. Sorry we missed your call. "
        "How can we help? Reply STOP to opt out"
    )
    longest = render(DEFAULT_BODY, {"first_name": "A" * 38, "business": "B" * 40})
    assert encoding(longest) is Encoding.GSM_7
    assert segments(longest) == 1


@pytest.mark.parametrize("body", [DEFAULT_BODY, HELP_BODY, STOPPED_BODY])
def test_our_own_texts(body):
    """They pass their own check, name the business, and travel in one GSM-7 segment."""
    assert not check_template(body)
    assert VALUES["business"] in render(body, VALUES)
    assert segments(render(body, VALUES)) == 1


PIECES = st.sampled_from(
    [
        *(f"{{{{ {name} }}}}" for name in LIMITS),
        *(
            "Hi",
            "we missed you",
            "Dr.",
            "call (",
            ")",
            ",",
            ".",
            "!",
            " ",
            "  ",
            "\n",
            "\r\n",
            "\t",
        ),
        *("{% if name %}", "{% endif %}", "{{ name | title }}", "{{ first_name | default('x') }}"),
    ]
)
ANY_VALUES = st.fixed_dictionaries({}, optional=dict.fromkeys(LIMITS, st.text(max_size=60)))


@given(pieces=st.lists(PIECES, max_size=12), values=ANY_VALUES)
def test_no_template_that_passes_can_fail_or_leave_a_hole(pieces, values):
    """Whatever is known of a caller: no double spaces, no marks, no control characters."""
    template = "Sorry. " + "".join(pieces)
    if check_template(template):
        return

    text = render(template, values)

    assert 0 < len(text) <= MAX_CHARACTERS
    assert not re.search(r"  | \n|\n |\n{3}|^\s|\s$", text)
    assert all(unicodedata.category(c) not in ("Cc", "Cs") for c in text if c != "\n")


@given(source=st.text("{}% |()'.-+*ifnameb\n", max_size=40))
def test_any_source_can_be_checked(source):
    """What is wrong is said; what isn't, renders."""
    if not check_template(source):
        assert render(source, {})
