"""What carriers bill for a text."""

# ruff: noqa: RUF001 (what phones put into texts)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.flow.segments import Encoding, encoding, not_gsm, segments


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" + "€" * 80, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # the euro doesn't fit into the first part
        ("a" * 151 + "€" + "a" * 153, 2),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("ł" * 134, 2),
        ("ł" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),  # 33 a part: a pair is not split
        ("\n", 1),
    ],
)
def test_parts(body, parts):
    """The limits, and the characters of two that stand at them."""
    assert segments(body) == parts


def test_an_empty_text_has_no_parts():
    """It can't be sent, so it can't be counted."""
    with pytest.raises(ValueError, match="empty"):
        segments("")


def test_the_alphabet():
    """It has 127 characters besides the escape, and ten in its extension table."""
    every = [chr(code) for code in range(0x3000)]

    assert sum(encoding(character) is Encoding.GSM_7 for character in every) == 127 + 10
    assert "\x1b" in not_gsm("\x1b")
    assert not_gsm("Ç ç ` £ Å") == ("ç", "`")


def test_not_gsm_names_each_culprit_once():
    """For the message that says which characters make a text dear."""
    assert not_gsm("“We’re open” – “now”") == ("“", "’", "”", "–")
    assert not_gsm("We're open") == ()


@given(body=st.text(min_size=1, max_size=400))
def test_bounds(body):
    """Parts hold at most their size, and none is wasted but for a character that can't be split."""
    if encoding(body) is Encoding.GSM_7:
        size, alone, part = sum(1 + (c in "\f^{}\\[~]|€") for c in body), 160, 153
    else:
        size, alone, part = len(body.encode("utf-16-le", "surrogatepass")) // 2, 70, 67

    if size <= alone:
        assert segments(body) == 1
    else:
        assert -(-size // part) <= segments(body) <= -(-size // (part - 1))
    assert (not_gsm(body) == ()) is (encoding(body) is Encoding.GSM_7)
