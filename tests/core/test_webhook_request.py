"""What a plugin reads of a request can be stored, whatever its sender made of it."""

from __future__ import annotations

import pytest

from textback.errors import UnreadableWebhook
from textback.testing.builders import a_request


@pytest.mark.parametrize(
    "body",
    [
        rb'{"a": ["Yes \ud83e"], "\ud83e": {"b": "\u0000"}}',
        b'{"a": ["Yes \xed\xa0\xbe"], "\xed\xa0\xbe": {"b": "\\u0000"}}',
        '{"a": ["Yes \\ud83e"], "\\ud83e": {"b": "\\u0000"}}'.encode("utf-16"),
    ],
    ids=["escaped", "raw", "in another encoding"],
)
def test_half_an_emoji_and_nul_are_replaced_in_json(body: bytes) -> None:
    """A text that was cut is still a text; no database takes it as it is."""
    assert a_request(body).json == {"a": ["Yes \ufffd"], "\ufffd": {"b": "\ufffd"}}


def test_a_whole_emoji_stays() -> None:
    """Escaped as two halves, or as it is."""
    told = rb'{"a": "\ud83e\uddb7"}'
    assert a_request(told).json == a_request('{"a": "🦷"}'.encode()).json == {"a": "🦷"}


def test_nul_is_replaced_in_a_form_but_not_in_what_was_signed() -> None:
    """The signature covers it."""
    request = a_request(b"Body=a%00b")

    assert request.form == {"Body": "a\ufffdb"}
    assert request.pairs == [("Body", "a\0b")]


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_json_without_a_bottom_is_unreadable_or_read(depth: int) -> None:
    """Never an error of another kind."""
    try:
        assert a_request(b"[" * depth + rb'"\u0000"' + b"]" * depth).json
    except UnreadableWebhook:
        assert depth >= 500
