"""STOP, START, HELP, and numbers that somebody blocks."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from support.house import CALLER, STACK, House
from textback.engine.told import people
from textback.events import OptIn, OptOut
from textback.model import Keyword, Kind
from textback.store import Unit

BY_PROVIDER = STACK.replace("[plugins.carrier]", '[plugins.carrier]\nopt_out_replies = "provider"')
DAY = timedelta(days=1)


def kinds(house: House) -> list[str]:
    """The kinds of texts that were taken, in order."""
    return [text.kind.value for _, text in house.sent]


async def test_stop_is_confirmed_once_and_nothing_follows(house: House) -> None:
    """However often it is said; the next missed call is recorded and told, but not texted."""
    await house.missed()
    for _ in range(3):
        await house.write_in("STOP")
    await house.let_pass(3 * DAY)

    await house.missed()
    await house.let_pass(10 * DAY)

    assert kinds(house) == ["first", "confirmation"]
    assert house.ends() == ["sent", "suppressed"]
    assert "opted out" in house.rows("SELECT because FROM cases ORDER BY opened_at")[1]["because"]
    assert house.outside.notices[-1].kind.value == "missed_call"


async def test_a_provider_that_answers_stop_and_help_is_left_to_it(closed: House) -> None:
    """Its own answer and ours would be two."""
    closed.write(stack=BY_PROVIDER)
    await closed.open()
    await closed.missed()

    await closed.write_in("HELP")
    await closed.write_in("stop", keyword=Keyword.STOP)
    await closed.let_pass(7 * DAY)

    assert kinds(closed) == ["first"]
    assert len(closed.rows("SELECT * FROM suppressions WHERE reason = 'opt_out'")) == 1


async def test_a_confirmation_that_is_held_too_long_does_not_go(house: House) -> None:
    """A pause of more than five minutes: it would only puzzle."""
    await house.missed()
    await house.pause()
    await house.write_in("STOP")
    await house.let_pass(timedelta(minutes=5, seconds=1))

    await house.resume()
    await house.let_pass(DAY)

    assert kinds(house) == ["first"]


async def test_help_is_answered_even_to_those_who_opted_out(house: House) -> None:
    """With the business's name and how to reach it."""
    await house.missed()
    await house.write_in("STOP")

    await house.write_in("help!")

    assert kinds(house) == ["first", "confirmation", "help"]
    body = house.sent[-1][1].body
    assert "Bright Smile Dental" in body
    assert "303" in body


async def test_start_lets_texts_go_again(house: House) -> None:
    """The next missed call is texted; a new STOP is confirmed again."""
    await house.missed()
    await house.write_in("STOP")
    await house.write_in("START")
    await house.let_pass(2 * DAY)

    await house.missed()
    assert house.ends() == ["sent", "sent"]
    await house.write_in("STOP")

    assert kinds(house) == ["first", "confirmation", "first", "confirmation"]


async def test_opt_outs_that_the_provider_tells_of_count(house: House) -> None:
    """Also of callers who were never heard of; each is in the ledger."""
    at = house.clock.now()
    await house.tell(OptOut(key="O1", at=at, number=CALLER, evidence="list"), plugin="carrier")
    await house.missed()
    await house.tell(OptIn(key="O2", at=at, number=CALLER, evidence="list"), plugin="carrier")
    await house.let_pass(20 * DAY)
    await house.missed()

    assert house.ends() == ["suppressed", "sent"]
    said = [row["kind"] for row in house.rows("SELECT kind FROM ledger ORDER BY rowid")]
    assert said.index("suppressed") < said.index("resumed")


async def test_stop_to_a_text_of_the_team_holds_too(house: House) -> None:
    """A colleague's text to someone who opted out is not sent, and the team is told so."""
    await house.missed()
    await house.write_in("STOP")
    await house.write_as_team("just one more thing")
    await house.let_pass(timedelta(minutes=1))

    assert kinds(house) == ["first", "confirmation"]
    assert house.outside.notices[-1].kind.value == "failed"


@pytest.mark.parametrize("scope", ["bright", "*"])
async def test_a_blocked_number_is_not_texted(house: House, scope: str) -> None:
    """For one client or for all; what waits is cancelled."""
    await house.missed()

    await house.suppress(CALLER, scope=scope)
    await house.let_pass(7 * DAY)

    assert kinds(house) == ["first"]
    assert house.case()["closed_because"] == "the number is blocked"


@pytest.mark.parametrize("scope", ["bright", "*"])
async def test_a_block_between_decision_and_intent_stops_the_text(house: House, scope: str) -> None:
    """It was decided to send; the intent finds that this rests on an old version."""
    store = house.runtime.store
    write, count = store.write, 0

    async def block_before_the_case_is_opened(unit: Unit[Any]) -> Any:
        nonlocal count
        count += 1
        if count == 2:  # the first write is the webhook's own
            await house.suppress(CALLER, scope=scope)
        return await write(unit)

    store.write = block_before_the_case_is_opened  # type: ignore[method-assign]
    await house.missed()
    await house.let_pass(7 * DAY)

    assert not house.outside.asked
    assert house.ends() == ["suppressed"]


async def test_an_order_from_a_stranger_opens_no_conversation(house: House) -> None:
    """HELP without a call is answered; the call that comes later is texted like any other."""
    await house.write_in("HELP")
    assert len(house.sent) == 1
    assert not house.outside.leads

    await house.missed()

    assert [text.kind for _, text in house.sent] == [Kind.HELP, Kind.FIRST]


PLEASE = "Please stop texting me"
DOUBTFUL = "wrong number"


async def test_an_opt_out_in_the_callers_own_words_is_one(house: House) -> None:
    """Confirmed once, nothing follows, and the team and the ledger have the words."""
    await house.missed()
    await house.write_in(PLEASE)
    await house.write_in("I said no more texts!!")
    await house.let_pass(3 * DAY)
    await house.missed()

    assert kinds(house) == ["first", "confirmation"]
    assert house.ends() == ["sent", "suppressed"]
    told = next(each for each in house.outside.notices if each.kind.value == "opted_out")
    assert f"They wrote: {PLEASE}" in told.lines
    (row,) = house.rows("SELECT evidence FROM suppressions")
    assert row["evidence"] == f"wrote '{PLEASE}', read as 'stop texting'"
    assert await house.ledger_fault() is None


@pytest.mark.parametrize(
    ("body", "confirmed"), [("don't text me anymore", True), ("STOP please", False)]
)
async def test_a_provider_knows_only_its_own_words(
    closed: House, body: str, confirmed: bool
) -> None:
    """Other words are ours to confirm; but for those that it may have taken for its own."""
    closed.write(stack=BY_PROVIDER)
    await closed.open()
    await closed.missed()

    await closed.write_in(body)
    await closed.let_pass(7 * DAY)

    assert kinds(closed) == ["first", *(["confirmation"] if confirmed else [])]
    assert len(closed.rows("SELECT * FROM suppressions WHERE reason = 'opt_out'")) == 1


async def test_words_of_opting_out_from_a_stranger_open_no_conversation(house: House) -> None:
    """Somebody whom nobody texted: noted, confirmed, no lead."""
    await house.write_in("take me off your list")

    assert kinds(house) == ["confirmation"]
    assert not house.outside.leads
    assert house.case()["closed_because"] is not None


async def test_what_may_be_an_opt_out_holds_everything_but_people(house: House) -> None:
    """No follow-up, and no text for a later call; the team may ask, and is told how to decide."""
    await house.missed()
    await house.write_in(DOUBTFUL)
    await house.let_pass(10 * DAY)
    await house.missed()
    assert kinds(house) == ["first"]
    assert house.ends() == ["sent", "suppressed"]
    told = next(each for each in house.outside.notices if each.kind.value == "reply")
    assert told.title.endswith("wrote, and may want no more texts")
    assert (
        f"If it is one: textback suppress {CALLER} --client bright --reason opt_out" in told.lines
    )
    assert f"If not: textback suppress {CALLER} --client bright --lift" in told.lines

    await house.write_as_team("Shall we leave you alone?")

    assert kinds(house) == ["first", "reply"]


@pytest.mark.parametrize("decided", ["lift", "suppress", "START", "STOP"])
async def test_people_or_the_caller_decide(house: House, decided: str) -> None:
    """It was one, for good; or it was none, and the next missed call is texted."""
    await house.missed()
    await house.write_in(DOUBTFUL)
    ctx = house.runtime.ctx
    clients, args = list(ctx.clients.values()), ("bright", CALLER, "they said so", ctx.now())
    if decided == "lift":
        await house.runtime.store.write(lambda: people.lift(ctx.hash_of, clients, *args))
    elif decided == "suppress":
        await house.runtime.store.write(
            lambda: people.suppress(ctx.hash_of, clients, *args, reason="opt_out")
        )
    else:
        await house.write_in(decided)
    reasons = [row["reason"] for row in house.rows("SELECT reason FROM suppressions")]
    await house.let_pass(10 * DAY)
    await house.missed()

    assert reasons == ([] if decided in ("lift", "START") else ["opt_out"])
    ended = house.rows("SELECT content FROM ledger WHERE kind = 'resumed'")
    assert [json.loads(row["content"])["lifted"] for row in ended] == (
        [] if reasons else [[{"scope": "bright", "reason": "maybe_opt_out"}]]
    )
    assert house.ends()[-1] == ("suppressed" if reasons else "sent")


async def test_an_opt_out_may_count_for_all_clients(closed: House) -> None:
    """With `opt_out_scope`: what waits elsewhere is cancelled, until the caller writes START."""
    other = "+13035550101"
    closed.write(settings='mode = "live"\nopt_out_scope = "deployment"')
    closed.write(client="other", line=other)
    await closed.open()
    await closed.missed()
    await closed.tell(closed.ended(line=other), client="other")
    await closed.run()

    await closed.write_in("STOP")
    await closed.let_pass(10 * DAY)
    await closed.tell(closed.ended(line=other), client="other")
    await closed.run()
    assert kinds(closed) == ["first", "first", "confirmation"]
    assert closed.ends() == ["sent", "sent", "suppressed"]

    await closed.write_in("START")
    (row,) = closed.rows("SELECT content FROM ledger WHERE kind = 'resumed'")
    assert json.loads(row["content"])["lifted"] == [{"scope": "*", "reason": "opt_out"}]
    await closed.let_pass(10 * DAY)
    await closed.tell(closed.ended(line=other), client="other")
    await closed.run()
    assert closed.ends()[-1] == "sent"
