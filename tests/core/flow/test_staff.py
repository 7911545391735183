"""Notices and questions in two texts' room, and answers taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback.flow import staff
from textback.flow.segments import segments
from textback.model import Case, Media, NoticeKind
from textback.testing import builders

LINKS = st.lists(st.text("abc/", min_size=1, max_size=400).map("https://x.example/".__add__))


@given(words=st.text(max_size=700), links=LINKS)
@settings(deadline=None, max_examples=60)
def test_a_notice_fits_whatever_was_written(words, links):
    """Two segments, with the case's name whole, and no link cut in half."""
    told = builders.a_notice(
        kind=NoticeKind.REPLY,
        case="k3x7abcdefgh",
        title="Anna wrote",
        text=words,
        media=tuple(map(Media, links)),
    )

    body = staff.notice(told)

    assert segments(body) <= 2
    assert body.endswith("begin with k3x7ab:")
    shown = [line for line in body.split("\n") if line.startswith("https://x.example/")]
    assert set(shown) <= {*links, *words.split("\n")}


def test_what_is_for_the_console_is_left_out():
    """A phone has no command line."""
    told = builders.a_notice(lines=("Anna called.", 'Answer with: textback reply k3 "..."'))

    assert "textback" not in staff.notice(told)


@pytest.mark.parametrize(
    ("body", "case", "words"),
    [
        ("Yes, at five", None, "Yes, at five"),
        ("k3x7ab: Yes", "k3x7ab", "Yes"),
        (" #K3X7AB :Yes: really\n", "k3x7ab", "Yes: really"),
        ("k3x7ab:", "k3x7ab", ""),
        ("at 5:30", None, "at 5:30"),
        ("See https://x.example", None, "See https://x.example"),
        ("no: sorry", None, "no: sorry"),
        ("tomorrow: at five", "tomorrow", "at five"),
    ],
)
def test_an_answer_is_taken_apart(body, case, words):
    """A name is one word of 4 to 12 of the characters that names are made of, and a colon."""
    assert staff.read(body) == staff.Said(case, words)


def test_a_question_lists_as_many_cases_as_fit():
    """However many are open."""
    case = builders.a_case()
    many = [
        Case(
            id=f"k3x{number:09d}", client="bright", number=case.number, line=case.line,
            opened_at=case.opened_at,
        )
        for number in range(20)
    ]  # fmt: skip

    asked = staff.which(many, "abcdef")

    assert segments(asked) <= 2
    assert "abcdef" in asked
    assert "Nothing was sent" in asked
    assert "k3x000" in asked
