"""A notice taken apart: every part once, and nothing that a stranger could do harm with."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.config.settings import Client
from textback.flow import notify
from textback.model import Caller, End, Media, NoticeKind, Outcome, TextState
from textback.telling import Link, clean, in_words, one_line, shorten, take_apart, without_mentions
from textback.testing.builders import BODY, LINE, NOW, a_call, a_case, a_notice

CLIENT = Client(
    id="bright", file="", name="Bright Smile", time_zone=ZoneInfo("America/Denver"), lines=(LINE,)
)
ANNA = Caller(name="Anna", known=True, url="https://crm.example.com/7", owner="Ben")
SENT = notify.Facts(
    client=CLIENT,
    case=a_case(caller=ANNA, end=End.SENT),
    at=NOW,
    call=a_call(recording_url="https://example.com/rec.mp3"),
    text=BODY,
    text_state=TextState.SENT,
    next_at=NOW,
)
PICTURE = Media("https://example.com/a.jpg", "image/jpeg")


def test_a_missed_call_as_the_engine_tells_it():
    """Told by facts, text, next and links; what is in none of them is left as a sentence."""
    told = take_apart(notify.missed_call(SENT))

    assert told.title == "Missed call from Anna (303) 555-0123"
    assert dict(told.facts) == {
        "Caller": "Anna",
        "Number": "(303) 555-0123",
        "When": "Mon 02 Mar 2026, 10:30 MST",
        "Outcome": "nobody answered",
        "Called": "(303) 555-0100",
        "Owner": "Ben",
    }
    assert (told.lead, told.text) == ("They were texted", BODY)
    assert told.next == "A follow-up is due Mon 02 Mar 2026, 10:30 MST."
    assert told.links == (
        Link("Open in the CRM", "https://crm.example.com/7"),
        Link("Recording", "https://example.com/rec.mp3"),
    )
    assert told.story == ("They are known.",)


@pytest.mark.parametrize(
    ("end", "because", "words"),
    [
        (End.SUPPRESSED, "the number is a landline", "They were not texted: the number is a"),
        (End.FAILED, "no sender took it", "Our text could not be sent: no sender took it."),
        (End.UNKNOWN, "no answer came", "It is not known whether our text left (no answer came)."),
        (None, "", "The text is on its way."),
    ],
)
def test_why_there_was_no_text(end, because, words):
    """In the engine's own sentence."""
    case = attrs.evolve(SENT.case, end=end, because=because)

    told = take_apart(notify.missed_call(attrs.evolve(SENT, case=case, text=None)))

    assert told.story[0] == "They are known."
    assert told.story[1].startswith(words)
    assert told.text is None


def test_a_text_that_was_only_shadowed_is_shown_as_such():
    """The lead of the text says that nobody got it."""
    case = attrs.evolve(SENT.case, end=End.SHADOWED)

    told = take_apart(notify.missed_call(attrs.evolve(SENT, case=case)))

    assert told.lead == "They would have been texted, but textback only watches"


def test_what_a_caller_wrote_is_a_text_and_no_sentence():
    """Even if it looks like one of ours; pictures are links, once."""
    wrote = "Recording: https://evil.example/x"
    facts = attrs.evolve(SENT, text=wrote, text_state=TextState.RECEIVED, media=(PICTURE,))

    told = take_apart(notify.replied(facts))

    assert told.text == wrote
    assert told.lead.startswith("Anna (303) 555-0123 wrote at Mon 02 Mar")
    assert [link.label for link in told.links] == ["Open in the CRM", "Picture"]
    assert len(told.story) == 1
    assert told.story[0].startswith("Answer with: textback reply")


@pytest.mark.parametrize(
    "notice",
    [
        notify.called_again(SENT, 2),
        notify.opted_out(SENT),
        notify.booked(SENT, notify.Appointment(starts_at=NOW, title="a cleaning")),
        notify.booking_moved(SENT, notify.Appointment(starts_at=NOW, was=NOW - timedelta(days=1))),
        notify.booking_cancelled(SENT, notify.Appointment(starts_at=NOW)),
        notify.troubled(attrs.evolve(SENT, text_state=TextState.FAILED), "the phone is off"),
        notify.left_voicemail(SENT),
    ],
)
def test_no_sentence_is_lost(notice):
    """Whatever the engine tells is in some part; the record by the name of what it opens."""
    told = take_apart(notice)
    everything = f"{told.title}\n{in_words(told)}".replace(":\n", ": ")  # before a text

    for line in notice.lines:
        assert line.replace("Contact (Ben): ", "Open in the CRM: ") in everything


def test_a_reason_that_is_in_no_sentence_is_added():
    """Of our text alone: a reason that is about the case's first call means nothing in a reply."""
    of_call = a_notice(text=None, reason="they opted out", lines=())
    of_reply = a_notice(kind=NoticeKind.REPLY, text="Hi", reason="they opted out", lines=("Hi",))

    assert take_apart(of_call).story == ("Why no text was sent: they opted out.",)
    assert take_apart(of_reply).story == ()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://a.example/x", "https://a.example/ x", "https://a/<b>", ""]
)
def test_only_web_addresses_are_links(url):
    """What else may stand in a CRM's or provider's field stays words."""
    lines = (f"Attachment: {url}",)

    told = take_apart(a_notice(url=url, media=(Media(url),), lines=lines))

    assert told.links == ()
    assert told.story == lines


def test_outcomes_without_words_leave_the_sentence():
    """An outcome that nobody has words for isn't a fact, so the first sentence stays."""
    told = take_apart(a_notice(outcome=Outcome.ANSWERED))

    assert "Outcome" not in dict(told.facts)
    assert told.story[0].startswith("(303) 555-0123 called")


def test_cleans_what_can_not_be_shown():
    """Controls, line separators, and what reverses the letters beside it; emoji stay whole."""
    hostile = "a\x00b\x1b[31m\tc\u202egnp.exe\u2066x\u2069\r\nd\u2028e\rf \ud83e 👩🏽‍⚕️ שלום"

    assert clean(hostile) == "ab[31m\tcgnp.exex\nd\ne\nf  👩🏽‍⚕️ שלום"
    assert one_line(hostile) == "ab[31m cgnp.exex d e f 👩🏽‍⚕️ שלום"


@given(st.text(), st.integers(1, 50))
def test_shortens_to_the_limit_and_never_in_the_middle_of_a_letter(words, limit):
    """Counted as UTF-16, the strictest of those that channels use."""
    short = shorten(words, limit)

    assert len(short.encode("utf-16-le")) <= 2 * limit
    assert short == words or (short.endswith("…") and words.startswith(short[:-1]))


@pytest.mark.parametrize(
    "words", ["@channel", "@everyone", "x@here", "hi @ben!", "<!here>", "<@U1>"]
)
def test_calls_nobody(words):
    """The letters are the same, but no channel finds a mention in them."""
    quiet = without_mentions(words)

    assert quiet != words
    assert quiet.replace("\u2060", "") == words


@pytest.mark.parametrize("words", ["anna@example.com", "5 @ 6", "a <b> c", "<called>"])
def test_leaves_other_signs_alone(words):
    """Addresses can be copied."""
    assert without_mentions(words) == words
