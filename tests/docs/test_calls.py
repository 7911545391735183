"""The page for authors of sources: what it says of calls is what comes of them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from textback.events import AnsweredBy, CallEvent, Confidence, Happened
from textback.flow.detect import conclude
from textback.model import Outcome
from textback.testing.builders import NOW

PAGE = Path(__file__).parents[2] / "docs/authors/calls.md"
ROW = re.compile(r"^\| (?P<told>`.+`) \| (?P<outcome>\w*) ?\| (?P<judged>.+) \|$", re.MULTILINE)
ROWS = [row.groups() for row in ROW.finditer(PAGE.read_text("utf-8"))]


def event(number, words):
    """``LEG_ENDED a BUSY !`` as an event."""
    name, *others = words.split()
    more = {"confidence": Confidence.CERTAIN} if "!" in others else {}
    for word in others:
        if word in Outcome.__members__:
            more["outcome"] = Outcome[word]
        elif word in AnsweredBy.__members__:
            more["by"] = AnsweredBy[word]
        elif word != "!":
            more["leg"] = word
    return CallEvent(
        key=str(number),
        call="c1",
        happened=Happened[name],
        at=NOW + timedelta(seconds=number),
        **more,
    )


@pytest.mark.parametrize(("told", "outcome", "judged"), ROWS, ids=[row[0] for row in ROWS])
def test_the_call_comes_to_what_the_table_says(told, outcome, judged):
    """In any order: here in that of the table, and backwards."""
    events = [event(number, words) for number, words in enumerate(re.findall(r"`(.+?)`", told))]

    for order in (events, events[::-1]):
        found = conclude(order)
        if judged == "not yet":
            assert (found, outcome) == (None, "")
        else:
            assert found.outcome == outcome
            assert found.certain == {"at once": True, "settled": False}[judged]


def test_the_table_has_each_kind_of_event():
    """Nothing that a source can tell is left out."""
    told = " ".join(row[0] for row in ROWS)

    assert len(ROWS) > 12
    assert [each.name for each in Happened if each.name not in told] == []
    assert [each.name for each in AnsweredBy if each.name not in told] == []
