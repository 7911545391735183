"""Whole calls as RingCentral tells them, in any order and twice, and the one verdict on each."""

import random
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.ringcentral_api import ANNA, BEN, CALLER, LINE, MENU, QUEUE, Story
from textback.events import Happened
from textback.flow.detect import facts
from textback.model import Outcome


def direct():
    """A call to a user's own number begins."""
    return Story().caller_is("Setup").user(2, "Setup").caller_is("Answered").user(2, "Proceeding")


def through_menu():
    """A call that the menu answers and passes on to a user."""
    return (
        Story()
        .caller_is("Setup")
        .party(2, "Setup", extension=MENU)
        .caller_is("Answered")
        .party(2, "Answered", extension=MENU)
        .party(2, "Disconnected", extension=MENU, reason="CallerInputRedirect")
        .user(3, "Setup")
        .user(3, "Proceeding")
    )


def queue():
    """A call to a queue with two agents, both of whom are rung."""
    return (
        Story()
        .caller_is("Setup")
        .party(2, "Setup", extension=QUEUE)
        .caller_is("Answered")
        .party(2, "Answered", extension=QUEUE)
        .user(3, "Proceeding", ANNA)
        .user(4, "Proceeding", BEN)
    )


STORIES = {
    "rings": (direct(), None),
    "nobody answers": (
        direct().user(2, "Disconnected", reason="NoAnswer", missedCall=True),
        Outcome.NO_ANSWER,
    ),
    "answered": (
        direct().user(2, "Answered").user(2, "Disconnected").caller_is("Disconnected"),
        Outcome.ANSWERED,
    ),
    "answered, and that notification is lost": (direct().user(2, "Hold"), Outcome.ANSWERED),
    "busy": (direct().user(2, "Disconnected", reason="TargetBusy"), Outcome.BUSY),
    "declined": (direct().user(2, "Disconnected", reason="Rejected"), Outcome.DECLINED),
    "the caller gives up": (
        direct().caller_is("Disconnected").user(2, "Disconnected", missedCall=True),
        Outcome.ABANDONED,
    ),
    "voicemail": (direct().user(2, "VoiceMail"), Outcome.VOICEMAIL),
    "voicemail to its end": (
        direct()
        .user(2, "VoiceMail")
        .user(2, "Disconnected", reason="Voicemail", missedCall=True)
        .caller_is("Disconnected"),
        Outcome.VOICEMAIL,
    ),
    "picked up while the message is left": (
        direct().user(2, "VMScreening").user(2, "Answered"),
        Outcome.ANSWERED,
    ),
    "the menu alone is no answer": (
        Story()
        .caller_is("Setup")
        .party(2, "Setup", extension=MENU)
        .caller_is("Answered")
        .party(2, "Answered", extension=MENU),
        None,
    ),
    "gives up in the menu": (
        Story()
        .caller_is("Setup")
        .party(2, "Answered", extension=MENU)
        .party(2, "Disconnected", extension=MENU)
        .caller_is("Disconnected"),
        Outcome.ABANDONED,
    ),
    "menu, then nobody": (
        through_menu().user(3, "Disconnected", reason="NoAnswer", missedCall=True),
        Outcome.NO_ANSWER,
    ),
    "menu, then answered": (through_menu().user(3, "Answered"), Outcome.ANSWERED),
    "the company's greeting": (
        Story()
        .caller_is("Setup")
        .party(2, "Answered")
        .party(2, "Disconnected")
        .caller_is("Disconnected"),
        Outcome.ABANDONED,
    ),
    "one agent missed it, the queue goes on": (
        queue()
        .user(3, "Disconnected", ANNA, reason="NoAnswer", missedCall=True)
        .user(4, "Disconnected", BEN, reason="NoAnswer", missedCall=True),
        None,
    ),
    "an agent takes it": (
        queue()
        .user(3, "Disconnected", ANNA, reason="AgentAnswered", missedCall=True)
        .user(4, "Answered", BEN)
        .party(2, "Disconnected", extension=QUEUE, reason="AgentAnswered"),
        Outcome.ANSWERED,
    ),
    "the queue gives up": (
        queue()
        .user(3, "Disconnected", ANNA, reason="NoAnswer", missedCall=True)
        .user(4, "Disconnected", BEN, reason="NoAnswer", missedCall=True)
        .party(2, "Disconnected", extension=QUEUE, reason="Timeout")
        .caller_is("Disconnected"),
        Outcome.NO_ANSWER,
    ),
    "the queue's mailbox": (
        queue()
        .user(3, "Disconnected", ANNA, reason="NoAnswer", missedCall=True)
        .user(4, "Disconnected", BEN, reason="NoAnswer", missedCall=True)
        .party(2, "VoiceMail", extension=QUEUE),
        Outcome.VOICEMAIL,
    ),
    "the caller gives up in the queue": (
        queue()
        .caller_is("Disconnected")
        .user(3, "Disconnected", ANNA, missedCall=True)
        .user(4, "Disconnected", BEN, missedCall=True)
        .party(2, "Disconnected", extension=QUEUE),
        Outcome.ABANDONED,
    ),
    "forwarded to a phone outside, answered": (
        direct()
        .user(2, "Disconnected", reason="BlindTransfer")
        .party(3, "Proceeding", to={"phoneNumber": "+13035550177"})
        .party(3, "Answered", to={"phoneNumber": "+13035550177"}),
        Outcome.ANSWERED,
    ),
    "forwarded to a phone outside, nobody": (
        direct()
        .user(2, "Disconnected", reason="BlindTransfer")
        .party(3, "Proceeding", to={"phoneNumber": "+13035550177"})
        .party(3, "Disconnected", to={"phoneNumber": "+13035550177"}, reason="NoAnswer"),
        Outcome.NO_ANSWER,
    ),
    "passed on by a colleague, who shows an extension": (
        direct()
        .user(2, "Disconnected", reason="BlindTransfer")
        .party(3, "Proceeding", extension=BEN, to={"phoneNumber": "102", "extensionId": BEN})
        .party(3, "Answered", extension=BEN, to={"phoneNumber": "102", "extensionId": BEN}),
        Outcome.ANSWERED,
    ),
    "a fax": (direct().user(2, "FaxReceive"), Outcome.ANSWERED),
}


@pytest.mark.parametrize("name", STORIES)
async def test_verdict(fold, name):
    """Each story has one, or none yet."""
    story, outcome = STORIES[name]
    found = await fold(story.told)
    assert (found and found.outcome) == outcome


@pytest.mark.parametrize("name", STORIES)
async def test_verdict_in_any_order_and_twice(fold, name):
    """Once the line was told, disorder and repeats change nothing."""
    story, outcome = STORIES[name]
    first, *rest = story.told
    for seed in range(8):
        shuffled = rest + rest
        random.Random(seed).shuffle(shuffled)
        found = await fold([first, *shuffled])
        assert (found and found.outcome) == outcome


async def test_what_is_known_of_the_call(notify):
    """Caller and line, and when it began and ended, by RingCentral's clock."""
    story = direct().user(2, "Disconnected", reason="NoAnswer").caller_is("Disconnected")
    events = [event for each in story.told for event in (await notify(each)).events]
    known = facts(events)
    assert (known.caller, known.line) == (CALLER, LINE)
    assert known.started_at.isoformat() == "2026-03-02T17:30:02.123000+00:00"
    assert known.ended_at.isoformat() == "2026-03-02T17:30:07.123000+00:00"


async def test_without_the_callers_own_party(fold, notify):
    """Of a party outside the account RingCentral needn't tell: the others have what is needed."""
    story = (
        Story().user(2, "Setup").user(2, "Proceeding").user(2, "Disconnected", reason="NoAnswer")
    )
    assert (await fold(story.told)).outcome is Outcome.NO_ANSWER
    events = (await notify(story.told[0])).events
    assert (events[0].happened, events[0].caller) == (Happened.STARTED, CALLER)


@pytest.mark.parametrize("order", list(permutations(range(2))))
async def test_other_lines_are_not_ours(fold, order):
    """Calls to the account's other numbers are no business of this client's."""
    story = (
        Story(called="+13035550188").caller_is("Setup").user(2, "Disconnected", reason="NoAnswer")
    )
    assert await fold([story.told[each] for each in order]) is None


async def test_answered_on_another_line(fold):
    """It closes the caller's case all the same: they got through."""
    story = Story(called="+13035550188").caller_is("Setup").user(2, "Answered")
    assert (await fold(story.told)).outcome is Outcome.ANSWERED


async def test_withheld_number(notify):
    """A caller who shows none is no caller without a call."""
    story = Story().caller_is("Setup")
    story.told[0]["body"]["parties"][0]["from"] = {"name": "Anonymous"}
    (event,) = (await notify(story.told[0])).events
    assert (event.caller, event.line) == (None, LINE)


def outgoing():
    story = Story(caller=LINE, called=CALLER)
    inside = {"from": {"phoneNumber": LINE, "extensionId": ANNA}, "to": {"phoneNumber": CALLER}}
    story.party(1, "Setup", outbound=True, **inside)
    story.told[-1]["body"]["parties"][0]["extensionId"] = ANNA
    return story.party(2, "Proceeding", **inside), inside


async def test_outgoing_is_never_missed(fold):
    """The far end is "Inbound" and has no extension, as a caller would."""
    story, inside = outgoing()
    story.party(2, "Disconnected", reason="NoAnswer", missedCall=True, **inside)
    assert (await fold(story.told)).outcome is Outcome.OUTGOING


async def test_call_back_that_is_taken(notify):
    """The one who was called is the caller of the case, and was reached."""
    story, inside = outgoing()
    story.party(2, "Answered", **inside)
    events = [event for each in story.told for event in (await notify(each)).events]
    assert [(e.happened, e.caller) for e in events] == [
        (Happened.STARTED, CALLER),
        (Happened.LEG_ANSWERED, CALLER),
    ]
    assert events[0].outgoing


async def test_colleagues_among_themselves(notify):
    """Nothing is told of them."""
    story = Story(caller="101", called="102")
    inside = {"from": {"phoneNumber": "101", "extensionId": ANNA}}
    story.party(2, "Setup", extension=BEN, **inside).party(2, "Answered", extension=BEN, **inside)
    assert [(await notify(each)).events for each in story.told] == [(), ()]


@pytest.mark.parametrize("kind", ["Conference", "RingOut", "GreetingsRecording"])
async def test_other_sessions(notify, kind):
    """A conference or a recorded greeting is no customer's call."""
    story = direct()
    for each in story.told:
        each["body"]["origin"]["type"] = kind
        assert (await notify(each)).events == ()


async def test_an_extension_is_looked_up_once(fold, platform):
    """Whether it is a person's is kept for a day."""
    for number in range(3):
        story = Story(session=f"s-{number}").caller_is("Setup").user(2, "Answered")
        assert (await fold(story.told)).outcome is Outcome.ANSWERED
    assert len(platform.asked(f"/extension/{ANNA}")) == 1


async def test_an_extension_that_nobody_knows(fold, platform):
    """It is taken for a person's: a text too few is cheaper than one to who was served."""
    platform.kinds.clear()
    assert (await fold(through_menu().told)).outcome is Outcome.ANSWERED


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    losers=st.lists(st.sampled_from(["NoAnswer", "AgentAnswered", "Rejected"]), max_size=3),
    data=st.data(),
)
async def test_whoever_loses_one_answer_wins(fold, losers, data):
    """In a queue, the losers' ends may come before and after the winner's answer."""
    story = queue().user(9, "Answered", BEN)
    for number, reason in enumerate(losers, 5):
        story.user(number, "Proceeding").user(number, "Disconnected", reason=reason)
    first, *rest = story.told
    order = data.draw(st.permutations(rest))
    assert (await fold([first, *order])).outcome is Outcome.ANSWERED
