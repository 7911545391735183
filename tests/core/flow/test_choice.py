"""Which words and which lead a call gets; and which can never be got."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.config.fields import Some
from textback.config.hours import Holidays, read_hours
from textback.config.places import Hours, Location, MissedOutcome, When
from textback.config.settings import Answer, Client, FollowUp, LeadRule, Wording
from textback.flow import choice, follow_up, wording
from textback.flow.reach import reach, situations
from textback.flow.situation import Situation
from textback.model import Caller, Case, Outcome, PhoneNumber

DOWNTOWN, AIRPORT = PhoneNumber("+13035550100"), PhoneNumber("+13035550101")
NOW = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
MONDAY = Hours(mon=read_hours("08:00-17:00"), holidays=Holidays("US"))


def a_client(**settings):
    """A business with two lines."""
    return Client(
        **{
            "id": "acme",
            "file": "clients/acme.toml",
            "name": "Acme",
            "time_zone": ZoneInfo("America/Denver"),
            "lines": (DOWNTOWN, AIRPORT),
            **settings,
        }
    )


def a_situation(**fields):
    """Somebody unknown called in the hours, and nobody answered."""
    return Situation(
        **{
            "line": DOWNTOWN,
            "known": False,
            "outcome": Outcome.NO_ANSWER,
            "hours": "open",
            "vip": False,
            "language": "en",
            **fields,
        }
    )


def a_case(**caller):
    """A missed call of somebody of whom this is known."""
    return Case(
        id="c1",
        client="acme",
        number=PhoneNumber("+13035550123"),
        line=DOWNTOWN,
        opened_at=NOW,
        caller=Caller(**caller),
        outcome=Outcome.NO_ANSWER,
    )


def text(body, language=None, **when):
    return Wording(body=body, language=language, when=When(**when))


@pytest.mark.parametrize(
    ("when", "situation", "fits"),
    [
        ({}, {}, True),
        ({"line": Some([DOWNTOWN])}, {}, True),
        ({"line": Some([AIRPORT])}, {}, False),
        ({"line": Some([AIRPORT, DOWNTOWN])}, {}, True),
        ({"known": False}, {}, True),
        ({"known": True}, {}, False),
        ({"outcome": Some(["no_answer", "busy"])}, {}, True),
        ({"outcome": Some(["voicemail"])}, {}, False),
        ({"outcome": Some(["voicemail"])}, {"outcome": None}, False),
        ({"hours": "open"}, {}, True),
        ({"hours": "open"}, {"hours": "closed"}, False),
        ({"hours": "open"}, {"hours": "holiday"}, False),
        ({"hours": "closed"}, {"hours": "closed"}, True),
        ({"hours": "closed"}, {"hours": "holiday"}, True),
        ({"hours": "holiday"}, {"hours": "holiday"}, True),
        ({"hours": "holiday"}, {"hours": "closed"}, False),
        ({"vip": True}, {"vip": True}, True),
        ({"vip": True}, {}, False),
        ({"known": True, "hours": "closed"}, {"known": True, "hours": "closed"}, True),
        ({"known": True, "hours": "closed"}, {"known": True}, False),
    ],
)
def test_all_that_when_says_must_be_so(when, situation, fits):
    """For texts and leads alike; what isn't said doesn't matter."""
    for entry in (text("a", **when), LeadRule(when=When(**when))):
        chosen = choice.choose([entry], a_situation(**situation))
        assert (chosen is entry) == fits


@pytest.mark.parametrize(
    ("written", "spoken", "fits"),
    [
        (None, "es", True),
        ("es", "es", True),
        ("es", "es-mx", True),
        ("es-MX", "es-mx", True),
        ("es-MX", "es", False),
        ("es", "est", False),  # Estonian
        ("en", "es", False),
    ],
)
def test_a_language_is_for_those_who_speak_a_kind_of_it(written, spoken, fits):
    """By the parts of the tag, not by its letters."""
    assert bool(choice.choose([text("a", written)], a_situation(language=spoken))) == fits


def test_the_first_that_fits_wins():
    """Order in the file is order of preference."""
    busy = text("busy", outcome=Some(["busy"]))
    spanish, closed, always = text("es", "es"), text("closed", hours="closed"), text("always")
    texts = [busy, spanish, closed, always]

    def chosen(**situation):
        return choice.choose(texts, a_situation(**situation))

    assert chosen() is always
    assert chosen(hours="closed") is closed
    assert chosen(hours="closed", language="es") is spanish
    assert chosen(hours="closed", language="es", outcome=Outcome.BUSY) is busy
    assert choice.choose(texts[:1], a_situation()) is None


def test_a_caller_whom_no_text_fits_gets_the_built_in_one():
    """So does everybody if there is none."""
    only_known = a_client(text=(text("Hi again", known=True),))

    assert choice.first_text(only_known, a_case(known=True)) == "Hi again"
    assert choice.first_text(only_known, a_case()) == wording.DEFAULT_BODY
    assert choice.first_text(a_client(), a_case()) == wording.DEFAULT_BODY


def test_answers_to_keywords_are_in_the_callers_language():
    """Where nothing fits, the built-in ones."""
    client = a_client(
        answer=(
            Answer(to="stop", language="es", body="Alto"),
            Answer(to="help", body="Call {{ contact }}"),
        ),
    )
    mexican, stranger = a_case(language="es-MX"), a_case()

    assert choice.answer(client, mexican, "stop") == "Alto"
    assert choice.answer(client, stranger, "stop") == wording.STOPPED_BODY
    assert choice.answer(client, mexican, "help") == "Call {{ contact }}"
    assert choice.answer(a_client(), stranger, "help") == wording.HELP_BODY


@pytest.mark.parametrize(
    ("language", "body"),
    [("es-MX", "Todavía (México)"), ("es-AR", "Todavía"), ("fr", "Still?"), (None, "Still?")],
)
def test_follow_ups_are_in_the_callers_language(language, body):
    """The translation that is nearest to it, else the template itself."""
    each = FollowUp(
        after=timedelta(hours=2),
        body="Still?",
        translations={"es": "Todavía", "es-MX": "Todavía (México)"},
    )
    client = a_client(follow_up=(each,))

    assert follow_up.body_of(client, a_case(language=language), "follow_up/1") == body


def test_outcomes_that_can_be_named_are_those_that_are_missed():
    """A call that was answered gets no text."""
    assert set(get_args(MissedOutcome)) == {each.value for each in Outcome if each.missed}


class TestReach:
    """What `check` tells of texts and leads."""

    def test_everything_is_reached_and_nobody_is_left_out(self):
        """Special cases first, and one for all others."""
        texts = (
            text("a", hours="holiday"),
            text("b", "es", hours="closed"),
            text("c", hours="closed"),
            text("d", known=True),
            text("e"),
        )

        found = reach(a_client(hours=MONDAY, text=texts), texts)

        assert (found.unused, found.gap) == ((), None)

    @pytest.mark.parametrize(
        ("texts", "unused"),
        [
            ((text("a"), text("b", known=True)), 2),
            ((text("a", hours="closed"), text("b", hours="holiday"), text("c")), 2),
            ((text("a", "es"), text("b", "es-MX"), text("c")), 2),
            ((text("a", known=True), text("b", known=False), text("c")), 3),
            ((text("a", line=Some([DOWNTOWN, AIRPORT])), text("b", line=Some([AIRPORT]))), 2),
        ],
    )
    def test_what_comes_too_late_is_found(self, texts, unused):
        """An earlier one, or several together, fit whenever it does."""
        assert reach(a_client(hours=MONDAY, text=texts), texts).unused == (unused,)

    @pytest.mark.parametrize(
        ("texts", "gap"),
        [
            ((text("a", known=True),), "known = false"),
            ((text("a", hours="open"),), 'hours = "closed"'),
            ((text("a", line=Some([DOWNTOWN])),), 'line = "+13035550101"'),
            ((text("a", "es"),), "language en"),
            ((text("a", "es"), text("b", "en")), "another language"),
            ((text("a", vip=True, known=True),), "known = true, vip = false"),
        ],
    )
    def test_calls_that_nothing_is_for_are_named(self, texts, gap):
        """In the words of `when`."""
        assert reach(a_client(hours=MONDAY, text=texts), texts).gap == gap

    def test_together_they_may_be_for_everyone(self):
        """No fallback is missed where none is needed."""
        texts = (text("a", known=True), text("b", known=False))

        assert reach(a_client(text=texts), texts).gap is None

    def test_where_nothing_is_said_nothing_is_missing(self):
        """A client without texts or leads is told nothing of them."""
        assert reach(a_client(), ()).gap is None

    def test_out_of_hours_is_never_open(self):
        """Though the client has hours, or none."""
        texts = (text("a", hours="open", outcome=Some(["out_of_hours"])), text("b"))

        assert reach(a_client(hours=MONDAY), texts).unused == (1,)
        assert reach(a_client(), texts).unused == (1,)

    def test_holidays_of_one_location_count(self):
        """Lines are told apart if their hours are."""
        place = Location(lines=(AIRPORT,), hours=MONDAY)
        texts = (text("a", hours="holiday"), text("b"))

        assert reach(a_client(location=(place,)), texts).unused == ()

    @given(
        whens=st.lists(
            st.builds(
                When,
                known=st.sampled_from([None, True, False]),
                vip=st.sampled_from([None, True, False]),
                hours=st.sampled_from([None, "open", "closed", "holiday"]),
                outcome=st.sampled_from([Some(), Some(["busy"]), Some(["busy", "out_of_hours"])]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_a_gap_is_a_situation_without_a_text(self, whens):
        """And without a gap every situation has one."""
        texts = tuple(Wording(body="a", when=when) for when in whens)
        client = a_client(hours=MONDAY, text=texts)

        found = reach(client, texts)
        chosen = [choice.choose(texts, each) for each in situations(client, texts)]

        assert (found.gap is not None) == (None in chosen)
        for number, each in enumerate(texts, start=1):
            assert (number in found.unused) == all(one is not each for one in chosen)
