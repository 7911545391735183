"""Finding cases by what decided them."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from support.house import CALLER, CLIENT
from textback.cli.cases import sentences
from textback.engine.ledger import story
from textback.engine.told import people
from textback.store import cases, clients, ledger

MANY = 100


async def decided(house, rule, client=CLIENT, most=MANY):
    places = await house.runtime.store.read(lambda: story.decided_by(client, rule, most))
    return [case for _, case, _ in places]


@pytest.fixture
async def three(house):
    """One caller is texted, opted out, and calls twice more; another is texted."""
    await house.missed()
    await house.write_in("STOP")
    await house.missed(caller="+13035550124")
    for _ in range(2):
        await house.let_pass(timedelta(days=20))
        await house.missed()
    await house.runtime.store.write(ledger.seal)
    now = house.runtime.ctx.now()
    await house.runtime.store.write(lambda: clients.seen([CLIENT], now))
    return house


async def test_cases_that_a_rule_decided(three):
    """Only where its answer counted, oldest first; the rule by either spelling."""
    places = await three.runtime.store.read(lambda: story.decided_by(CLIENT, "suppressed", MANY))
    told = await three.runtime.store.read(lambda: story.summaries(places))
    assert [case["end"] for case in told] == ["suppressed", "suppressed"]
    assert told[0]["opened_at"] < told[1]["opened_at"]
    assert await decided(three, "cool-down") == await decided(three, "cool_down") == []
    assert len(await decided(three, "suppressed", client="*")) == 2
    assert await decided(three, "suppressed", client="nobody") == []


async def test_the_newest_of_many(three):
    """As many as asked for."""
    (newest,) = await decided(three, "suppressed", most=1)
    assert newest == (await decided(three, "suppressed"))[-1]


async def test_a_case_is_found_by_what_a_text_to_the_team_calls_it(three):
    """Six letters of its name, if only one case begins so."""
    one, other = await decided(three, "suppressed")
    for name, found in (
        (one, one),
        (one[:6], one),
        (other[:6], other),
        (one[:5], None),
        ("", None),
    ):
        row = await three.runtime.store.read(lambda name=name: story.named(name))
        assert (row and row["case_id"]) == found


async def test_what_was_said_of_the_number_is_in_the_story(house):
    """Blocked for all clients while the case was open, and what was taken back again."""
    await house.missed()
    case = house.case()
    ctx = house.runtime.ctx
    await house.suppress(CALLER, scope="*")
    await house.runtime.store.write(
        lambda: people.lift(ctx.hash_of, [], "*", CALLER, "a mistake", ctx.now())
    )
    row = await house.runtime.store.read(lambda: cases.get(CLIENT, case["case_id"]))

    told = await house.runtime.store.read(lambda: story.read(row))

    lines = "\n".join(sentences(told, ZoneInfo("UTC")))
    assert "not to be texted any more, block (all clients): asked us to." in lines
    assert "taken back, block (all clients): a mistake." in lines
