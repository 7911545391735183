"""Orders to the program, and words to the business."""

# ruff: noqa: RUF001 (letters that only look like others are the point)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.flow.keywords import keyword_of
from textback.model import Keyword

STOPS = [
    *("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE"),
    *("OPTOUT", "OPT OUT", "OPT-OUT", "REMOVE", "TD", "ARRET", "ARRÊT"),
]
STARTS = ["START", "UNSTOP"]
HELPS = ["HELP", "INFO"]
ORDERS = [
    *((word, Keyword.STOP) for word in STOPS),
    *((word, Keyword.START) for word in STARTS),
    *((word, Keyword.HELP) for word in HELPS),
]


@pytest.mark.parametrize(("word", "keyword"), ORDERS)
@pytest.mark.parametrize(
    "shape", ["{}", " {}. ", "\n{}!!!\n", "“{}”", "🛑 {} 🛑🏽", "{}\u200b", "*{}*"]
)
def test_orders(word, keyword, shape):
    """Each word of a provider or regulator, as people send it."""
    for written in (word, word.lower(), word.title()):
        assert keyword_of(shape.format(written)) is keyword


def test_an_order_may_be_repeated():
    """Somebody who says it twice means it."""
    assert keyword_of("STOP stop!! Stop") is Keyword.STOP
    assert keyword_of("stop start") is None


@pytest.mark.parametrize(
    "body", ["st\u00adop", "ＳＴＯＰ", "Ｓｔｏｐ．", "arre\u0302t", "opt  \t out"]
)
def test_spelling_that_only_looks_different(body):
    """Full-width letters, invisible characters and combining accents change nothing."""
    assert keyword_of(body) is Keyword.STOP


@pytest.mark.parametrize(
    "body",
    [
        "stop by at five?",
        "please don't stop",
        "stopped",
        "Can I cancel my appointment?",
        "the end",
        "help me",
        "startup",
        "no",
        "",
        "   ",
        "🛑",
        "?!",
        "stop " * 1000,
    ],
)
def test_words_to_the_business(body):
    """Only a whole message is an order."""
    assert keyword_of(body) is None


def test_yes_is_an_order_only_from_somebody_who_opted_out():
    """From anyone else it answers a question."""
    assert keyword_of("Yes!") is None
    assert keyword_of("Yes!", opted_out=True) is Keyword.START
    assert keyword_of("yes please", opted_out=True) is None


@given(
    body=st.text(max_size=20) | st.sampled_from([*STOPS, *STARTS, *HELPS, "yes"]),
    opted_out=st.booleans(),
)
def test_padding_changes_nothing(body, opted_out):
    """Any text can be read, and spaces and punctuation around it don't count."""
    said = keyword_of(body, opted_out=opted_out)

    assert keyword_of(f" -- {body}. ", opted_out=opted_out) is said
