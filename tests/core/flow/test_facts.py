"""What is known of a call besides its outcome."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.events import AnsweredBy, CallEvent, Happened
from textback.flow.detect import facts

START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)


def told(happened, at, **known):
    return CallEvent(
        key=f"{happened}/{at}",
        call="CA1",
        happened=happened,
        at=START + timedelta(seconds=at),
        **known,
    )


CALL = [
    told(Happened.STARTED, 0, caller="+13035550123", line="+13035550100", caller_name="A EXAMPLE"),
    told(Happened.RINGING, 1, leg="a", caller="+13035550100", line="+13035550177"),
    told(Happened.LEG_ENDED, 21, leg="a", caller="+13035550100", duration_ms=20_000),
    told(Happened.VOICEMAIL, 90, recording_url="https://recordings.example/1"),
    told(Happened.ENDED, 60, caller="anonymous", duration_ms=60_000, forwarded_from="+13035550190"),
    told(Happened.CONCLUDED, 22, duration_ms=21_000),
]


@given(events=st.permutations(CALL + CALL))
def test_facts_are_the_same_in_any_order(events):
    """The call's own events are believed before its legs', earlier ones before later ones."""
    found = facts(events)

    assert found.caller == "+13035550123"
    assert found.line == "+13035550100"
    assert found.name == "A EXAMPLE"
    assert found.started_at == START
    assert found.ended_at == START + timedelta(seconds=60)
    assert found.duration_ms == 60_000
    assert found.recording_url == "https://recordings.example/1"
    assert found.forwarded_from == "+13035550190"


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        (CALL[:2], None),
        (CALL[:3], 21),
        ([*CALL[:2], told(Happened.LEG_ANSWERED, 25, by=AnsweredBy.MACHINE)], 25),
        ([*CALL[:2], told(Happened.LEG_ANSWERED, 25, by=AnsweredBy.HUMAN)], None),
        ([*CALL[:3], CALL[5]], 22),
        ([*CALL, told(Happened.ENDED, 75)], 60),
    ],
)
def test_the_end_is_the_truest_that_was_told(events, seconds):
    """The caller's hang-up, else the verdict, else the last leg; told twice, the earlier one."""
    expected = None if seconds is None else START + timedelta(seconds=seconds)

    assert facts(events).ended_at == expected


def test_what_nobody_told_is_none():
    """A bare event still makes facts; legs are believed where nothing else is told."""
    found = facts([told(Happened.RINGING, 3, leg="a", caller="+13035550123")])

    assert (found.caller, found.line, found.duration_ms) == ("+13035550123", None, None)
    assert found.started_at == START + timedelta(seconds=3)


def test_no_events_is_an_error():
    """There is no such call."""
    with pytest.raises(ValueError, match="without events"):
        facts([])
