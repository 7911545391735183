"""From what sources tell to one case: settle times, two sources, repeats, what is never texted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support.house import CALLER, CLIENT, FOLLOW_UPS, LINE, STACK, House
from textback.config import load
from textback.engine.starting.check import stored
from textback.engine.upkeep import forgetting
from textback.events import AnsweredBy, Confidence, Happened
from textback.model import Outcome

SETTLING = STACK.replace("[plugins.phones]", "[plugins.phones]\nsettle_s = 20")
TWO_SOURCES = '[plugins.pbx]\nuse = "phones"\n' + STACK
SECOND = timedelta(seconds=1)


async def test_a_missed_call_becomes_one_text_one_lead_and_one_notice(house: House) -> None:
    """However often it is told."""
    event = house.ended()

    for _ in range(10):
        await house.tell(event)
    await house.run()

    ((sender, text),) = house.sent
    assert (sender, text.to, text.line) == ("carrier", CALLER, LINE)
    assert house.ends() == ["sent"]
    assert [lead.number for lead in house.outside.leads.values()] == [CALLER]
    assert len(house.outside.notices) == 1
    assert await house.ledger_fault() is None


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.OUTGOING])
async def test_calls_that_were_not_missed_cause_nothing(house: House, outcome: Outcome) -> None:
    """No case, no text, no notice."""
    await house.missed(outcome=outcome)

    assert not house.outside.asked
    assert not house.outside.notices
    assert house.rows("SELECT * FROM cases") == []


async def test_a_settle_time_outlives_a_restart(closed: House) -> None:
    """The verdict falls at its time, by a process that was started meanwhile."""
    closed.write(stack=SETTLING)
    await closed.open()
    call = closed.event("CA1", Happened.LEG_ENDED, leg="L1", outcome=Outcome.NO_ANSWER)
    await closed.tell(call)
    assert await closed.run() == closed.clock.now() + 20 * SECOND

    await closed.reopen()
    await closed.let_pass(19 * SECOND)
    assert not closed.sent
    await closed.let_pass(SECOND)

    assert len(closed.sent) == 1


async def test_an_answer_within_the_settle_time_prevents_the_text(closed: House) -> None:
    """Also if it is told last."""
    closed.write(stack=SETTLING)
    await closed.open()
    await closed.tell(closed.event("CA1", Happened.LEG_ENDED, leg="L1", outcome=Outcome.NO_ANSWER))
    await closed.let_pass(10 * SECOND)

    await closed.tell(closed.picked_up(call="CA1"))
    await closed.let_pass(timedelta(days=1))

    assert not closed.outside.asked
    assert closed.rows("SELECT * FROM cases") == []


async def test_a_leg_that_rings_later_is_waited_for(closed: House) -> None:
    """A second phone rings when the settle time of the first is over: the miss isn't lost."""
    closed.write(stack=SETTLING)
    await closed.open()
    await closed.tell(
        closed.event("CA1", Happened.RINGING, leg="L1"),
        closed.event("CA1", Happened.LEG_ENDED, leg="L1", outcome=Outcome.NO_ANSWER),
    )
    await closed.let_pass(5 * SECOND)
    await closed.tell(closed.event("CA1", Happened.RINGING, leg="L2"))
    await closed.let_pass(25 * SECOND)
    assert not closed.sent

    await closed.tell(closed.event("CA1", Happened.LEG_ENDED, leg="L2", outcome=Outcome.NO_ANSWER))
    await closed.let_pass(25 * SECOND)

    assert len(closed.sent) == 1


async def test_a_call_of_which_nothing_more_is_told_is_given_up(house: House) -> None:
    """After some hours, without a text; no step is left."""
    await house.tell(house.event("CA1", Happened.RINGING, leg="L1"))

    await house.let_pass(timedelta(hours=5))

    assert not house.outside.asked
    assert house.states() == {"conclude": "cancelled"}


async def test_a_call_that_was_given_up_still_comes_to_its_end(house: House) -> None:
    """The source was down for hours, and tells after all that nobody took the call."""
    await house.tell(house.event("CA1", Happened.RINGING, leg="L1"))
    ended_at = house.clock.now() + timedelta(minutes=1)
    await house.let_pass(timedelta(hours=5))

    await house.tell(house.event("CA1", Happened.ENDED, at=ended_at))
    await house.run()

    assert not house.outside.asked
    assert house.ends() == ["suppressed"]
    assert len(house.outside.notices) == 1


async def test_two_sources_tell_of_one_call(closed: House) -> None:
    """Within a minute it is one call, one case and one text."""
    closed.write(stack=TWO_SOURCES)
    await closed.open()

    await closed.missed()
    await closed.let_pass(30 * SECOND)
    await closed.tell(closed.ended(Outcome.VOICEMAIL), plugin="pbx")
    await closed.run()

    assert len(closed.sent) == 1
    assert closed.ends() == ["sent"]
    assert closed.case()["calls"] == 1


async def test_of_two_sources_the_one_that_says_answered_is_right(closed: House) -> None:
    """The other one's miss, not yet settled, causes no text."""
    closed.write(stack=TWO_SOURCES.replace("[plugins.phones]", "[plugins.phones]\nsettle_s = 20"))
    await closed.open()
    await closed.tell(closed.event("CA1", Happened.LEG_ENDED, leg="L", outcome=Outcome.BUSY))

    await closed.tell(closed.picked_up(call="other"), plugin="pbx")
    await closed.let_pass(timedelta(days=1))

    assert not closed.outside.asked


async def test_a_caller_who_rings_again_within_the_minute_makes_a_second_call(
    closed: House,
) -> None:
    """Each source's second call is matched to the other's second call, not to the first."""
    closed.write(stack=TWO_SOURCES)
    await closed.open()
    await closed.tell(closed.ended(call="A1"))
    await closed.tell(closed.ended(call="B1"), plugin="pbx")
    await closed.let_pass(30 * SECOND)

    await closed.tell(closed.ended(call="A2"))
    await closed.tell(closed.ended(call="B2"), plugin="pbx")
    await closed.run()

    assert closed.ends() == ["sent", "joined"]
    same = closed.rows("SELECT call_id, same_as FROM calls WHERE same_as IS NOT NULL ORDER BY 1")
    assert [tuple(row.values()) for row in same] == [
        ("pbx/B1", "phones/A1"),
        ("pbx/B2", "phones/A2"),
    ]


async def test_a_second_missed_call_joins_and_the_team_is_told(house: House) -> None:
    """The caller is not texted again; the notice counts the calls."""
    await house.missed()
    await house.let_pass(timedelta(minutes=3))

    await house.missed()

    assert len(house.sent) == 1
    assert house.ends() == ["sent", "joined"]
    assert house.told()[1].endswith("called again (2)")


async def test_late_events_of_a_concluded_call_change_nothing(house: House) -> None:
    """They are kept with the call."""
    await house.missed(call="CA1")

    await house.tell(house.event("CA1", Happened.VOICEMAIL, recording_url="https://r.example/1"))
    await house.let_pass(timedelta(minutes=1))

    assert len(house.sent) == 1
    assert house.case()["calls"] == 1
    (call,) = house.rows("SELECT recording_url FROM calls")
    assert call["recording_url"] == "https://r.example/1"


async def test_a_message_that_is_told_after_its_caller_was_forgotten(house: House) -> None:
    """The team hears of it; nothing of what was erased is missed."""
    await house.missed(call="CA1")
    await forgetting.forget(house.runtime.ctx, "bright", CALLER)

    await house.tell(house.event("CA1", Happened.VOICEMAIL, recording_url="https://r.example/1"))
    await house.run()

    assert set(house.states("notify/%/voicemail/%").values()) == {"done"}
    assert not [row for row in house.rows("SELECT error FROM steps") if row["error"] == "TypeError"]


async def test_a_withheld_number_is_told_to_the_team_alone(house: House) -> None:
    """Each such call has a case of its own, suppressed, without a lead."""
    for _ in range(2):
        await house.missed(caller="anonymous")

    assert house.ends() == ["suppressed", "suppressed"]
    assert len(house.rows("SELECT * FROM cases")) == 2
    assert len(house.outside.notices) == 2
    assert not house.outside.leads
    assert not house.outside.asked


@pytest.mark.parametrize(
    ("settings", "caller"),
    [
        ('mode = "live"\nstaff_phones = ["+13035550123"]', CALLER),
        ('mode = "live"', LINE),
        ('mode = "test"\ntest_phones = ["+13035550124"]', CALLER),
    ],
    ids=["a colleague", "the business's own line", "nobody who tests"],
)
async def test_some_callers_are_never_texted(closed: House, settings: str, caller: str) -> None:
    """Their calls are recorded and told to the team."""
    closed.write(settings=settings)
    await closed.open()

    await closed.missed(caller=caller)

    assert not closed.outside.asked
    assert closed.ends() == ["suppressed"]
    assert len(closed.outside.notices) == 1


async def test_a_call_that_is_told_too_late_is_recorded_and_not_texted(house: House) -> None:
    """The limit is max_age, fifteen minutes if nothing is said."""
    await house.missed(at=house.clock.now() - timedelta(minutes=15, seconds=1))
    assert house.ends() == ["suppressed"]
    await house.missed(at=house.clock.now() - timedelta(minutes=15), caller="+13035550124")

    assert house.ends() == ["suppressed", "sent"]
    assert len(house.outside.notices) == 2


async def test_test_phones_are_texted_as_often_as_they_call(closed: House) -> None:
    """Each call is a case of its own; only the last one is open."""
    closed.write(settings=f'mode = "test"\ntest_phones = ["{CALLER}"]')
    await closed.open()

    for _ in range(3):
        await closed.missed()
        await closed.let_pass(SECOND)

    assert closed.ends() == ["sent"] * 3
    assert len(closed.sent) == 3
    assert len(closed.rows("SELECT * FROM cases WHERE closed_at IS NULL")) == 1


async def test_a_client_that_watches_texts_nobody(closed: House) -> None:
    """The text that would have gone is kept, the call has its end, the team is told."""
    closed.write(settings='mode = "shadow"')
    await closed.open()

    await closed.missed()
    await closed.let_pass(timedelta(days=20))

    assert not closed.outside.asked
    assert closed.ends() == ["shadowed"]
    first, *later = closed.texts()
    assert "Bright Smile Dental" in first["body"]
    assert [text["body"][:4] for text in later] == ["One:", "Two:", "Thre"]
    assert {text["state"] for text in (first, *later)} == {"queued"}
    assert len(closed.outside.notices) == 1


async def test_a_client_without_a_sender_says_so(closed: House) -> None:
    """The call ends as failed, in words, and is told to the team."""
    closed.write(stack="[plugins.phones]\n[plugins.team]", more=FOLLOW_UPS)
    await closed.open()

    await closed.missed()

    assert closed.ends() == ["failed"]
    assert "no plugin of this client can send texts" in closed.case()["because"]
    assert len(closed.outside.notices) == 1


async def test_a_menu_that_picks_up_is_no_answer(house: House) -> None:
    """A machine of the business took the call after the phones had rung: it is missed."""
    await house.tell(
        house.event("CA1", Happened.RINGING, leg="L1"),
        house.event("CA1", Happened.LEG_ENDED, leg="L1", outcome=Outcome.NO_ANSWER),
        house.event(
            "CA1",
            Happened.LEG_ANSWERED,
            leg="M",
            by=AnsweredBy.MACHINE,
            confidence=Confidence.CERTAIN,
        ),
    )
    await house.run()

    assert house.ends() == ["sent"]


@pytest.mark.parametrize("back", [False, True])
async def test_who_got_through_meanwhile_is_not_texted(closed: House, back: bool) -> None:
    """While the missed call settles, another one is answered, or the business rings back."""
    closed.write(stack=SETTLING)
    await closed.open()
    await closed.tell(closed.event("CA1", Happened.LEG_ENDED, leg="L1", outcome=Outcome.NO_ANSWER))
    await closed.let_pass(5 * SECOND)

    if back:
        await closed.tell(closed.event("CA2", Happened.STARTED, outgoing=True))
    await closed.tell(closed.picked_up(call="CA2"))
    await closed.let_pass(60 * SECOND)

    assert not closed.sent
    assert closed.ends() == ["suppressed", None]  # the call that got through has no end
    assert len(closed.outside.leads) == 1


OTHER = "+13035550199"  # a number of the same account, and nobody's line here


async def elsewhere(house: House) -> list[str]:
    """What `check` says of calls to numbers that are none of the lines."""
    config = load(house.folder / "textback.toml", environ={})
    return [
        f"{client}: {plugin}: {each.message}"
        for client, plugin, each in (await stored(config)).findings
    ]


async def test_a_call_to_somebody_else_is_left_alone(house: House) -> None:
    """No text, no lead, no notice; `check` says whose number is missing, once for all calls."""
    house.clock.advance_to(datetime.now(UTC))  # as that command's clock stands
    event = house.ended(line=OTHER)
    await house.tell(event, house.ended(line=OTHER))
    await house.tell(event)
    await house.reopen()
    await house.let_pass(timedelta(days=1))

    assert not house.outside.asked
    assert not house.outside.notices
    assert not house.outside.leads
    assert house.rows("SELECT * FROM cases") == []
    assert {row["because"] for row in house.rows("SELECT * FROM calls")} == {
        f"{OTHER} is none of the client's lines"
    }
    (said,) = await elsewhere(house)
    assert said.startswith(f"{CLIENT}: phones: 2 missed calls to {OTHER} in 7 days, not texted")


async def test_a_call_to_another_clients_line_needs_no_advice(closed: House) -> None:
    """Their account is one; the other client is told by its own plugin."""
    closed.write()
    closed.write(client="others", line=OTHER)
    await closed.open()
    closed.clock.advance_to(datetime.now(UTC))

    await closed.missed(line=OTHER)

    assert not closed.sent
    assert await elsewhere(closed) == []


async def test_a_line_that_was_forgotten_is_texted_from_then_on(closed: House) -> None:
    """What was left alone stays so; the next call isn't."""
    closed.write()
    await closed.open()
    await closed.missed(line=OTHER, caller="+13035550124")
    closed.write(line=f'{LINE}", "{OTHER}')
    await closed.reopen()

    await closed.missed(line=OTHER)

    ((_, text),) = closed.sent
    assert (text.to, text.line) == (CALLER, OTHER)
    assert await elsewhere(closed) == []


@pytest.mark.parametrize(
    "told",
    [
        {"line": "(303) 555-0100"},
        {"line": "sip:+13035550100@pbx.example"},
        {"line": None},
        {"line": "501"},
        {"line": "front desk"},
        {"line": OTHER, "forwarded_from": LINE},
        {"line": None, "forwarded_from": "3035550100"},
    ],
)
async def test_a_line_in_another_form_or_unknown_is_the_clients(
    house: House, told: dict[str, str | None]
) -> None:
    """As is one that was dialled, where the source knows the number it was forwarded to."""
    await house.missed(**told)

    ((_, text),) = house.sent
    assert text.line == LINE


async def test_a_line_abroad_is_read_as_one_of_its_country(closed: House) -> None:
    """Without its country code; the first line is elsewhere."""
    closed.write(line=f'{LINE}", "+442079460000')
    await closed.open()

    await closed.missed(line="020 7946 0000")

    ((_, text),) = closed.sent
    assert text.line == "+442079460000"


async def test_who_was_served_by_another_number_is_not_texted_on(house: House) -> None:
    """An answered call closes the case, whichever number of the account it was made to."""
    await house.missed()
    await house.tell(house.ended(Outcome.ANSWERED, line=OTHER))
    await house.let_pass(timedelta(days=2))

    assert len(house.sent) == 1
    assert house.case()["closed_because"] == "the caller got through"


async def test_what_settles_is_left_alone_as_well(closed: House) -> None:
    """The verdict falls later, by the step."""
    closed.write(stack=SETTLING)
    await closed.open()
    leg = {"leg": "L1", "outcome": Outcome.NO_ANSWER, "line": OTHER}
    await closed.tell(closed.event("CA1", Happened.LEG_ENDED, **leg))
    await closed.let_pass(timedelta(days=1))

    assert not closed.sent
    assert closed.rows("SELECT * FROM cases") == []
    assert closed.states("conclude") == {"conclude": "done"}
